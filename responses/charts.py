"""The geometry of charts: plain data in, positions out. Knows no markup, no colours and no Django.

Across, positions are percentages, so that a chart fits any width while its text keeps its size; down, they are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec


class Series(msgspec.Struct, frozen=True):
    """One colour of a stacked chart: ``key`` is the style sheet's tone (an outcome's word), ``label`` its legend."""

    key: str
    label: str


class Bucket(msgspec.Struct, frozen=True):
    """One bar: a stretch of time and a count for each series, in the order of the series."""

    title: str
    """The stretch in words: ``22 Nov, 14:00 to 15:00``."""
    values: tuple[int, ...]
    tick: str = ""
    """The label below the axis; most buckets have none."""
    url: str = ""
    urls: tuple[str, ...] = ()
    """Where each segment leads; empty where they lead nowhere of their own."""

    @property
    def total(self) -> int:
        """All series together."""
        return sum(self.values)


class Segment(msgspec.Struct, frozen=True):
    """One coloured piece of a bar."""

    series: int
    value: int
    y: float
    height: float
    url: str


class Bar(msgspec.Struct, frozen=True):
    """One bar's place: ``slot_x`` and ``slot_width`` are what can be pointed at, ``x`` and ``width`` what is drawn."""

    bucket: Bucket
    slot_x: float
    slot_width: float
    x: float
    width: float
    segments: tuple[Segment, ...]


class Tick(msgspec.Struct, frozen=True):
    """A label and its line. Minor ones are left out where there is little room."""

    position: float
    label: str
    is_minor: bool = False


class Stretch(msgspec.Struct, frozen=True):
    """A time that is marked behind the bars, from ``start`` to ``end``: shares of the whole width, 0 to 1."""

    start: float
    end: float
    title: str
    """What held then, with its times, in words."""


class Trend(msgspec.Struct, frozen=True):
    """A stacked bar chart, ready to be drawn ``height`` pixels high."""

    height: int
    series: tuple[Series, ...]
    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    totals: tuple[int, ...]
    """Of each series, for the legend."""
    stretches: tuple[Stretch, ...] = ()
    """Marked times; none has no width."""


LEAST_BETWEEN_TICKS = 7.0
"""Per cent of a time line: the words below it must not touch."""
LEAST_SEGMENT = 2.0
"""Pixels: one error among ten thousand successes must still be seen."""
LEAST_STRETCH = 0.006
"""Share of the width: a minute in a month must still be seen."""


def nice_step(most: int, lines: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that needs no more than ``lines`` steps to reach ``most``."""
    least = max(1.0, most / lines)
    magnitude = 10 ** math.floor(math.log10(least))
    return next(int(factor * magnitude) for factor in (1, 2, 5, 10) if factor * magnitude >= least)


def stack(bucket: Bucket, *, top: int, height: int) -> tuple[Segment, ...]:
    """The segments of one bar from the bottom up. What the small ones gain, the largest gives."""
    heights = [value * height / top for value in bucket.values]
    owed = 0.0
    for index, value in enumerate(bucket.values):
        if value and heights[index] < LEAST_SEGMENT:
            owed += LEAST_SEGMENT - heights[index]
            heights[index] = LEAST_SEGMENT
    largest = max(range(len(heights)), key=lambda index: heights[index])
    if heights[largest] - owed > LEAST_SEGMENT:
        heights[largest] -= owed
    segments, floor = [], float(height)
    for index, value in enumerate(bucket.values):
        if value:
            floor -= heights[index]
            url = bucket.urls[index] if bucket.urls else ""
            segments.append(
                Segment(series=index, value=value, y=round(floor, 1), height=round(heights[index], 1), url=url)
            )
    return tuple(segments)


def stretch(start: float, end: float, title: str) -> Stretch | None:
    """Return a marked time cut to what the chart shows, wide enough to be seen; ``None`` where it lies outside."""
    if end <= 0 or start >= 1 or end < start:
        return None
    first = min(max(0.0, start), 1 - LEAST_STRETCH)
    return Stretch(round(first, 5), round(max(min(1.0, end), first + LEAST_STRETCH), 5), title)


def trend(
    series: Sequence[Series],
    buckets: Sequence[Bucket],
    *,
    height: int = 200,
    lines: int = 4,
    stretches: Sequence[Stretch] = (),
) -> Trend:
    """Lay out stacked bars. The first series is at the bottom: put the errors there, on a common base line."""
    most = max((bucket.total for bucket in buckets), default=0)
    step = nice_step(max(most, 1), lines)
    top = max(1, math.ceil(most / step)) * step
    slot = 100 / max(1, len(buckets))
    gap = slot * (0.16 if len(buckets) <= 60 else 0.08)
    bars = tuple(
        Bar(
            bucket=bucket,
            slot_x=round(index * slot, 3),
            slot_width=round(slot, 3),
            x=round(index * slot + gap / 2, 3),
            width=round(slot - gap, 3),
            segments=stack(bucket, top=top, height=height) if bucket.total else (),
        )
        for index, bucket in enumerate(buckets)
    )
    named = [(index, bucket.tick) for index, bucket in enumerate(buckets) if bucket.tick]
    skip = 2 if len(named) > 4 else 1
    return Trend(
        height=height,
        series=tuple(series),
        bars=bars,
        across=tuple(
            Tick(position=round(index * slot, 3), label=label, is_minor=nth % skip != 0)
            for nth, (index, label) in enumerate(named)
        ),
        up=tuple(
            Tick(position=round(height - value * height / top, 1), label=f"{value:,}")
            for value in range(0, top + 1, step)
        ),
        totals=tuple(sum(bucket.values[index] for bucket in buckets) for index in range(len(series))),
        stretches=tuple(stretches),
    )


def ticks(starts: Sequence[datetime]) -> list[str]:
    """Which buckets get a label, and which: round times of the zone that ``starts`` are in. One entry for each."""
    if len(starts) < 2:
        return [f"{start:%H:%M}" for start in starts]
    hours = (starts[-1] - starts[0]).total_seconds() / 3600
    if hours <= 1.5:
        return [f"{start:%H:%M}" if start.minute % 10 == 0 else "" for start in starts]
    if hours <= 36:
        width = max(1, round((starts[1] - starts[0]).total_seconds() / 60))
        return [f"{start:%H:%M}" if start.hour % 4 == 0 and start.minute < width else "" for start in starts]
    labels, day = [], None
    nth, every = -1, 1 if hours <= 8 * 24 else 5
    for start in starts:
        is_new = start.date() != day and (day is not None or start.hour == 0)
        day = start.date()
        nth += is_new
        shown = is_new and nth % every == 0
        labels.append("" if not shown else f"{start:%a} {start.day}" if every == 1 else f"{start.day} {start:%b}")
    return labels


def spark_bars(values: Sequence[int], *, width: int, height: int) -> str:
    """A path of small bars with a common base line; the least bar that is not nothing is 2 pixels high."""
    most = max(values, default=0)
    if not most:
        return ""
    slot = width / len(values)
    gap = min(1.0, slot * 0.25)
    pieces = []
    for index, value in enumerate(values):
        if value:
            size = max(LEAST_SEGMENT, value * height / most)
            pieces.append(f"M{index * slot:.1f} {height}v-{size:.1f}h{slot - gap:.1f}v{size:.1f}z")
    return "".join(pieces)


def spark_line(values: Sequence[float], *, width: int, height: int) -> tuple[tuple[float, float], ...]:
    """The points of a small line. A flat row of values lies at the bottom, not in the middle of nowhere."""
    if len(values) < 2:
        return ()
    low, high = min(values), max(values)
    reach = high - low or 1.0
    step = width / (len(values) - 1)
    room = height - 4
    return tuple(
        (round(index * step, 1), round(2 + room - (value - low) * room / reach, 1))
        for index, value in enumerate(values)
    )


class Mark(msgspec.Struct, frozen=True):
    """Something that happens at one time, seconds after the beginning of its line."""

    seconds: float
    label: str
    """What happens: ``2nd try``, ``503``."""
    note: str = ""
    """When, in words: ``after 5 m``."""
    key: str = "neutral"
    """The tone."""
    url: str = ""
    title: str = ""


class Placed(msgspec.Struct, frozen=True):
    """A mark with its place: ``x`` per cent across, ``lane`` 0 nearest to the line."""

    mark: Mark
    x: float
    lane: int
    anchor: str


class TimeLine(msgspec.Struct, frozen=True):
    """Marks on one line, with ``lanes`` rows of labels so that none covers another."""

    marks: tuple[Placed, ...]
    lanes: int
    across: tuple[Tick, ...] = ()


def along(seconds: float, *, end: float, is_log: bool) -> float:
    """How far across a line of ``end`` seconds a time lies, in per cent."""
    if not end:
        return 2.0
    seconds = min(end, max(0.0, seconds))
    return 2 + 96 * (math.log1p(seconds / 30) / math.log1p(end / 30) if is_log else seconds / end)


def time_line(
    marks: Sequence[Mark],
    *,
    end: float,
    is_log: bool = False,
    apart: float = 11.0,
    across: Sequence[tuple[float, str]] = (),
) -> TimeLine:
    """Place ``marks`` between 0 and ``end`` seconds; ``apart`` is the room that a label needs, in per cent.

    ``is_log`` gives the first minutes as much room as the last hours: for schedules that grow. ``across`` are seconds
    with the words below the line; those that would touch the one before are left out.
    """
    free_from: list[float] = []
    placed = []
    for mark in sorted(marks, key=lambda mark: mark.seconds):
        x = along(mark.seconds, end=end, is_log=is_log)
        anchor = "start" if x < apart / 2 else "end" if x > 100 - apart / 2 else "middle"
        left = {"start": x, "middle": x - apart / 2, "end": x - apart}[anchor]
        lane = next((nth for nth, free in enumerate(free_from) if left >= free), len(free_from))
        if lane == len(free_from):
            free_from.append(0.0)
        free_from[lane] = left + apart
        placed.append(Placed(mark=mark, x=round(x, 2), lane=lane, anchor=anchor))
    ticks: list[Tick] = []
    for seconds, words in across:
        x = along(seconds, end=end, is_log=is_log)
        if seconds <= end and x - (ticks[-1].position if ticks else 0.0) >= LEAST_BETWEEN_TICKS:
            ticks.append(Tick(position=round(x, 2), label=words))
    # Counted from the end: where every second one is left out, the last one stays.
    thinned = [msgspec.structs.replace(tick, is_minor=nth % 2 == 1) for nth, tick in enumerate(reversed(ticks))]
    return TimeLine(marks=tuple(placed), lanes=len(free_from), across=tuple(reversed(thinned)))


class Part(msgspec.Struct, frozen=True):
    """A share of a whole, in the tone ``key``."""

    key: str
    label: str
    value: int
    url: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row of split bars: a name, and its parts (often one)."""

    label: str
    parts: tuple[Part, ...]
    url: str = ""
    note: str = ""

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(part.value for part in self.parts)


class Piece(msgspec.Struct, frozen=True):
    """A part with its place, both in per cent."""

    part: Part
    start: float
    length: float


def pieces(parts: Sequence[Part], *, whole: int) -> tuple[Piece, ...]:
    """The parts one after the other, as shares of ``whole``. A part of nothing has no piece."""
    found, start = [], 0.0
    for part in parts:
        if part.value and whole:
            length = part.value * 100 / whole
            found.append(Piece(part=part, start=round(start, 2), length=round(length, 2)))
            start += length
    return tuple(found)
