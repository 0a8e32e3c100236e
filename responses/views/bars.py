"""Numbers of ``insight`` as charts: words, colours, and where each bar leads. It reads nothing from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from responses import charts
from responses.exchanges import Outcome
from responses.insight import periods, trends
from responses.insight.breakers import Opening
from responses.insight.issue import Bars
from responses.insight.periods import Slot
from responses.insight.splits import Group
from responses.insight.trends import RECOVERED, REFUSED, Trend
from responses.ordergroove import codes
from responses.templatetags import badges
from responses.templatetags.times import span
from responses.views import links
from responses.views.frame import Frame

SPECIAL = {
    REFUSED: charts.Series("unknown", "Accepted, then failed"),
    RECOVERED: charts.Series("recovered", "Retried, then fine"),
}
"""Strands that are no outcome: they are said where they happened, and take no room where they never did."""
_HEIGHT, _LOW = 220, 120


def trend(frame: Frame, found: Trend, openings: Sequence[Opening] = ()) -> charts.Trend:
    """Return the stacked bars of a period. Each bar, and each of its pieces, leads to its responses.

    ``openings`` are marked: then a breaker was open.
    """
    strands = [
        (nth, name)
        for nth, name in enumerate(trends.STRANDS)
        if name not in SPECIAL or any(counts[nth] for counts in found.counts)
    ]
    labels = charts.ticks([slot.starts_at for slot in found.slots])
    anywhere = links.responses(frame)
    buckets = []
    for slot, counts, label in zip(found.slots, found.counts, labels, strict=True):
        values = tuple(counts[nth] for nth, _ in strands)
        here = links.within(anywhere, slot)
        leads = here and any(values)
        urls = tuple(
            f"{here}&{links.of_strand(name)}" if leads and value else ""
            for (_, name), value in zip(strands, values, strict=True)
        )
        buckets.append(charts.Bucket(title(slot), values, tick=label, url=here, urls=urls))
    stretches = [mark for one in openings if (mark := stretch(one, found.slots, now=frame.now)) is not None]
    return charts.trend([series_of(name) for _, name in strands], buckets, height=_HEIGHT, stretches=stretches)


def stretch(opening: Opening, slots: Sequence[Slot], *, now: datetime) -> charts.Stretch | None:
    """Return where a chart shows that sending had stopped, and say from when to when."""
    first, last = slots[0].starts_at, slots[-1].ends_at
    whole = (last - first).total_seconds()
    start, end = opening.start or first, opening.end or now
    since = f"{start.astimezone(first.tzinfo):%a %H:%M}" if opening.start else "before"
    until = f"{end.astimezone(first.tzinfo):%H:%M}" if opening.end else "now"
    lasted = f" ({span(int((end - start).total_seconds()))})" if opening.start else ""
    return charts.stretch(
        (start - first).total_seconds() / whole,
        (end - first).total_seconds() / whole,
        f"Breaker open, {since} to {until}{lasted}: nothing was sent again but probes.",
    )


def failures(frame: Frame, found: Bars, *, issue_id: int, outcome: Outcome, words: str) -> charts.Trend:
    """Return the bars of one issue; ``words`` say what they count, in the legend."""
    labels = charts.ticks([slot.starts_at for slot in found.slots])
    anywhen = links.responses(frame, issue=issue_id)
    buckets = [
        charts.Bucket(title(slot), (number,), tick=label, url=links.within(anywhen, slot))
        for slot, number, label in zip(found.slots, found.failures, labels, strict=True)
    ]
    return charts.trend([charts.Series(outcome.word, words)], buckets, height=_LOW, lines=3)


def by_code(frame: Frame, groups: Sequence[Group]) -> list[charts.Row]:
    """Return the split by status code."""
    return [_code_row(frame, group) for group in groups]


def by_endpoint(frame: Frame, groups: Sequence[Group]) -> list[charts.Row]:
    """Return the split by endpoint."""
    return [
        charts.Row(
            group.key or f"{group.groups} others",
            _parts(group),
            url=links.responses(frame, endpoint=group.key, period=frame.period.key) if group.key else "",
            note=f"{group.failures:,} failed" if group.failures else "",
        )
        for group in groups
    ]


def title(slot: Slot) -> str:
    """Return a slot's time in words: ``Sun 22 Nov, 14:00 to 15:00``."""
    start, end = slot.starts_at, slot.ends_at
    day = f"{start:%a} {start.day} {start:%b}"
    if slot.unit is periods.MINUTE:
        return f"{day}, {start:%H:%M}"
    if start.date() != end.date() and (start.hour, end.hour) == (0, 0) and slot.end - slot.first > 22:
        return day
    return f"{day}, {start:%H:%M} to {end:%H:%M}"


def series_of(strand: str) -> charts.Series:
    """Return the colour and the words of a strand."""
    return SPECIAL.get(strand) or charts.Series(strand, badges.OUTCOMES[strand].word)


def _code_row(frame: Frame, group: Group) -> charts.Row:
    if not group.key:
        return charts.Row(f"{group.groups} others", _parts(group))
    status_code = int(group.key)
    name = codes.about(status_code).name if status_code else ""
    filters = {"code": group.key} if status_code else {"outcome": "no_answer"}
    url = links.responses(frame, **filters, period=frame.period.key)
    return charts.Row(group.key if status_code else "No answer", _parts(group), url=url, note=name)


def _parts(group: Group) -> tuple[charts.Part, ...]:
    return tuple(
        charts.Part(outcome.word, badges.OUTCOMES[outcome.word].word, number) for outcome, number in group.parts
    )
