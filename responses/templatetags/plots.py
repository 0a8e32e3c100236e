"""Draws charts as SVG that follows the theme by classes: no script, no ``style``. Geometry comes from ``charts``."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from responses import charts

register = template.Library()

NOTHING = SafeString()
MOST_MARKS = 3
MINOR = SafeString(' class="minor"')
UNREACHABLE = SafeString('tabindex="-1" aria-hidden="true"')


def spoken(series: Sequence[charts.Series], bucket: charts.Bucket) -> str:
    """One bar in words: ``14:00 to 15:00: 812 responses, 12 Needs a fix``. The loud parts, then the rest."""
    parts = [f"{value:,} {series[nth].label}" for nth, value in enumerate(bucket.values) if value]
    return f"{bucket.title}: {', '.join(parts) if parts else 'nothing'}"


def linked(url: str, inner: str, *, css: str, reach: str) -> str:
    """``inner`` as an SVG link where it leads somewhere. All arguments but ``url`` are markup."""
    if not url:
        return f'<g class="{css}">{inner}</g>'
    return f'<a class="{css}" href="{escape(url)}" {reach}>{inner}</a>'


def bar_of(plot: charts.Trend, bar: charts.Bar, tones: Sequence[str]) -> str:
    """One bar: what can be pointed at from top to bottom, then its segments.

    Hundreds of pieces a chart: put together by hand. Only the bars, not their segments, are stops for the keyboard.
    """
    words = escape(spoken(plot.series, bar.bucket))
    title = f"<title>{words}</title>"
    slot = f'<rect class="slot" x="{bar.slot_x}%" y="0" width="{bar.slot_width}%" height="{plot.height}"/>{title}'
    drawn = [linked(bar.bucket.url, slot, css="bar", reach=f'aria-label="{words}"')]
    for piece in bar.segments:
        rect = f'<rect x="{bar.x}%" y="{piece.y}" width="{bar.width}%" height="{piece.height}"/>{title}'
        url = piece.url or bar.bucket.url
        drawn.append(linked(url, rect, css=f"segment fill-{tones[piece.series]}", reach=UNREACHABLE))
    return f'<g class="column">{"".join(drawn)}</g>'


def trend_svg(plot: charts.Trend, label: str) -> SafeString:
    """The bars with their axes: a narrow SVG for the numbers, a wide one for the bars."""
    total = plot.height + 26
    numbers = format_html_join(
        "",
        '<text x="100%" y="{}" dy="0.32em" text-anchor="end">{}</text>',
        ((round(tick.position + 6, 1), tick.label) for tick in plot.up),
    )
    lines = format_html_join(
        "",
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>',
        ((tick.position,) for tick in plot.up),
    )
    times = format_html_join(
        "",
        '<line class="tick{2}" x1="{0}%" x2="{0}%" y1="{3}" y2="{4}"/>'
        '<text class="tick{2}" x="{0}%" y="{5}">{1}</text>',
        (
            (tick.position, tick.label, " minor" if tick.is_minor else "", plot.height, plot.height + 4, total - 9)
            for tick in plot.across
        ),
    )
    marked = format_html_join(
        "",
        '<g class="stretch"><rect x="{0}%" y="-6" width="{1}%" height="{2}"/>'
        '<rect class="stretch-top" x="{0}%" y="-6" width="{1}%" height="4"/><title>{3}</title></g>',
        (
            (round(one.start * 100, 3), round((one.end - one.start) * 100, 3), plot.height + 6, one.title)
            for one in plot.stretches
        ),
    )
    tones = [escape(one.key) for one in plot.series]
    bars = SafeString("".join(bar_of(plot, bar, tones) for bar in plot.bars))
    return format_html(
        '<div class="plot"><svg class="plot-numbers" height="{0}" aria-hidden="true">{1}</svg>'
        '<svg class="plot-bars" height="{0}" role="group" aria-label="{2}" data-bars>'
        '<g transform="translate(0 6)">{3}{4}{5}{6}</g></svg></div>',
        total + 6, numbers, label, marked, lines, times, bars,
    )  # fmt: skip


def legend(plot: charts.Trend) -> SafeString:
    """What each colour means, and how many of it the chart holds."""
    entries = format_html_join(
        "",
        '<li><span class="swatch sw-{}"></span>{} <span class="num">{}</span></li>',
        ((one.key, one.label, f"{plot.totals[nth]:,}") for nth, one in reversed(list(enumerate(plot.series)))),
    )
    return format_html('<ul class="legend">{}</ul>', entries)


def marks(plot: charts.Trend) -> SafeString:
    """The marked times in words, the latest first: colour never stands alone."""
    if not plot.stretches:
        return NOTHING
    entries = format_html_join("", "<li>{}</li>", ((one.title,) for one in reversed(plot.stretches[-MOST_MARKS:])))
    more = len(plot.stretches) - MOST_MARKS
    rest = format_html('<li class="muted">and {} before</li>', more) if more > 0 else NOTHING
    return format_html('<ul class="plot-marks">{}{}</ul>', entries, rest)


def table_row(bucket: charts.Bucket) -> str:
    """One bar as a row of figures."""
    name = str(escape(bucket.title))
    if bucket.url:
        name = f'<a href="{escape(bucket.url)}">{name}</a>'
    numbers = "".join(f'<td class="num">{value:,}</td>' for value in bucket.values)
    return f'<tr><th scope="row">{name}</th>{numbers}</tr>'


def table(plot: charts.Trend, label: str, table_id: str) -> SafeString:
    """The same numbers as a table, for those who cannot see the chart or want to copy them."""
    head = format_html_join("", '<th scope="col" class="num">{}</th>', ((one.label,) for one in plot.series))
    rows = SafeString("".join(table_row(bar.bucket) for bar in plot.bars if bar.bucket.total))
    return format_html(
        '<details class="plot-table" id="{}"><summary>Show as a table</summary>'
        '<div class="scroll" tabindex="0" role="region" aria-label="{}">'
        '<table class="table table-sm"><thead><tr><th scope="col">Time</th>{}</tr></thead>'
        "<tbody>{}</tbody></table></div></details>",
        table_id, label, head, rows,
    )  # fmt: skip


@register.simple_tag
def trend_chart(plot: charts.Trend, label: str, chart_id: str = "trend", *, with_table: bool = True) -> SafeString:
    """Stacked bars with legend and a table of the same numbers. ``label`` says what the chart shows."""
    return format_html(
        '<figure class="chart-box" id="{}">{}{}{}{}</figure>',
        chart_id,
        legend(plot),
        trend_svg(plot, label),
        marks(plot),
        table(plot, label, f"{chart_id}-table") if with_table else NOTHING,
    )


@register.simple_tag
def spark(values: Sequence[int], label: str, key: str = "needs_fix", width: int = 96, height: int = 24) -> SafeString:
    """Small bars in a row, for a list. ``label`` is what a screen reader says in their place."""
    return format_html(
        '<svg class="spark fill-{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<path class="base" d="M0 {}.5h{}"/><path d="{}"/></svg>',
        key, width, height + 1, width, height + 1, label, height, width,
        charts.spark_bars(values, width=width, height=height),
    )  # fmt: skip


@register.simple_tag
def spark_line(values: Sequence[float], label: str, key: str = "brand") -> SafeString:
    """A small line with its area, as wide as its box, for a card."""
    points = charts.spark_line(values, width=120, height=36)
    if not points:
        return NOTHING
    line = "L".join(f"{x} {y}" for x, y in points)
    return format_html(
        '<svg class="spark-line stroke-{0}" viewBox="0 0 120 36" preserveAspectRatio="none" role="img"'
        ' aria-label="{1}"><path class="area fill-{0}" d="M0 36L{2}L120 36Z"/>'
        '<path class="line" vector-effect="non-scaling-stroke" d="M{2}"/></svg>',
        key, label, line,
    )  # fmt: skip


@register.simple_tag
def time_line(line: charts.TimeLine, label: str) -> SafeString:
    """Marks along one line: a schedule, or what became of a request. Scrolls in its own box on a phone."""
    base = 20 + line.lanes * 32
    marks = format_html_join(
        "",
        '<g class="mark-{}">{}<title>{}</title></g>',
        (
            (
                one.mark.key,
                placed_mark(one, base=base),
                one.mark.title or f"{one.mark.label} {one.mark.note}".strip(),
            )
            for one in line.marks
        ),
    )
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{0}"><svg class="time-line" height="{1}" role="img"'
        ' aria-label="{2}"><line class="rail" x1="1%" x2="99%" y1="{3}" y2="{3}"/>{5}{4}</svg></div>',
        label, base + (30 if line.across else 16),
        f"{label}: " + "; ".join(f"{one.mark.label} {one.mark.note}".strip() for one in line.marks),
        base, marks, ticks_below(line, base=base),
    )  # fmt: skip


def ticks_below(line: charts.TimeLine, *, base: int) -> SafeString:
    """The times below a line, each with a short stroke through it."""
    return format_html_join(
        "",
        '<g{6}><line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>'
        '<text x="{0}%" y="{3}" text-anchor="{4}">{5}</text></g>',
        (
            (
                tick.position,
                base - 4,
                base + 9,
                base + 22,
                "end" if tick.position > 96 else "middle",
                tick.label,
                MINOR if tick.is_minor else NOTHING,
            )
            for tick in line.across
        ),
    )


def placed_mark(one: charts.Placed, *, base: int) -> SafeString:
    """One mark: a dot on the line, a stem, and two lines of words above."""
    top = base - 18 - one.lane * 32
    return format_html(
        '<line class="stem" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/><circle cx="{0}%" cy="{2}" r="5"/>'
        '<text class="what" x="{0}%" y="{3}" text-anchor="{5}">{6}</text>'
        '<text class="when" x="{0}%" y="{4}" text-anchor="{5}">{7}</text>',
        one.x, top + 6, base, top - 13, top, one.anchor, one.mark.label, one.mark.note,
    )  # fmt: skip


@register.simple_tag
def partial_bar(created: int, failed: int, unknown: int = 0) -> SafeString:
    """``2/3`` and a bar of its parts: created, failed, unknown. Up to 12 items each is a block of its own."""
    total = created + failed + unknown
    words = ", ".join(
        f"{value} {word}" for value, word in ((created, "created"), (failed, "failed"), (unknown, "unknown")) if value
    )
    parts = [charts.Part("success", "created", created), charts.Part("needs_fix", "failed", failed)]
    found = charts.pieces([*parts, charts.Part("unknown", "unknown", unknown)], whole=total)
    shown = format_html_join(
        "",
        '<rect class="fill-{}" x="{}%" y="0" width="{}%" height="8"/>',
        ((piece.part.key, piece.start, piece.length) for piece in found),
    )
    gaps = format_html_join(
        "",
        '<line class="gap" x1="{0}%" x2="{0}%" y1="0" y2="8"/>',
        ((round(nth * 100 / total, 2),) for nth in range(1, total)) if total <= 12 else (),
    )
    return format_html(
        '<span class="partial-bar" title="{0}"><span class="num" aria-hidden="true">{1}/{2}</span>'
        '<svg height="8" role="img" aria-label="{1} of {2}: {0}">{3}{4}</svg></span>',
        words or "no items", created, total, shown, gaps,
    )  # fmt: skip


@register.simple_tag
def split_bars(rows: Sequence[charts.Row], label: str, empty: str = "Nothing in this period.") -> SafeString:
    """Rows of bars against the largest: calls by code, by endpoint. Each row leads to its responses."""
    if not rows:
        return format_html('<p class="muted">{}</p>', empty)
    largest = max(row.total for row in rows)
    return format_html(
        '<ol class="split" aria-label="{}">{}</ol>',
        label,
        format_html_join("", "{}", ((split_row(row, largest),) for row in rows)),
    )


def split_row(row: charts.Row, largest: int) -> SafeString:
    """One row: name, number, bar."""
    name = format_html('<a href="{}">{}</a>', row.url, row.label) if row.url else format_html("{}", row.label)
    bar = format_html_join(
        "",
        '<rect class="fill-{}" x="{}%" y="0" width="{}%" height="6"><title>{}</title></rect>',
        (
            (piece.part.key, piece.start, max(piece.length, 0.6), f"{piece.part.label}: {piece.part.value:,}")
            for piece in charts.pieces(row.parts, whole=largest)
        ),
    )
    return format_html(
        '<li><span class="split-name">{}</span><span class="split-note">{}</span><span class="num">{}</span>'
        '<svg height="6" aria-hidden="true">{}</svg></li>',
        name, row.note, f"{row.total:,}", bar,
    )  # fmt: skip


@register.simple_tag
def donut(parts: Sequence[charts.Part], label: str, middle: str = "", note: str = "") -> SafeString:
    """Shares of a whole as a ring, with the one figure that matters in the middle and a legend beside it."""
    found = charts.pieces(parts, whole=sum(part.value for part in parts))
    rings = format_html_join(
        "",
        '<circle class="ring stroke-{}" cx="60" cy="60" r="48" pathLength="100" stroke-dasharray="{} 100"'
        ' stroke-dashoffset="-{}"><title>{}</title></circle>',
        ((piece.part.key, piece.length, piece.start, f"{piece.part.label}: {piece.part.value:,}") for piece in found),
    )
    entries = format_html_join(
        "",
        '<li><span class="swatch sw-{}"></span>{} <span class="num">{}</span></li>',
        (
            (
                part.key,
                format_html('<a href="{}">{}</a>', part.url, part.label) if part.url else part.label,
                f"{part.value:,}",
            )
            for part in parts
        ),
    )
    return format_html(
        '<div class="donut"><svg viewBox="0 0 120 120" width="132" height="132" role="img" aria-label="{}">'
        '<circle class="ring-base" cx="60" cy="60" r="48"/><g transform="rotate(-90 60 60)">{}</g>'
        '<text class="middle" x="60" y="{}">{}</text><text class="note" x="60" y="78">{}</text></svg>'
        '<ul class="legend">{}</ul></div>',
        label, rings, 60 if note else 66, middle, note, entries,
    )  # fmt: skip
