"""The stretches of time that a chart is cut into, in the viewer's zone. Knows no database.

Counts are kept by whole hours (or minutes) since 1970 in UTC, so every slot is a range of such numbers: a day in a zone
with half an hour's offset begins with the first whole hour after its midnight.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Period(msgspec.Struct, frozen=True):
    """A choice of how far back a page looks."""

    key: str
    label: str
    words: str
    """In a sentence: ``in the last hour``."""
    length: timedelta
    slot: timedelta
    """How long one bar is. Longer than an hour: it begins at a round time of the viewer's day."""

    @property
    def unit(self) -> timedelta:
        """What one counted number stands for: a minute, or an hour."""
        return MINUTE if self.slot < HOUR else HOUR


ALL = (
    Period("1h", "1 h", "in the last hour", HOUR, MINUTE),
    Period("24h", "24 h", "in the last 24 hours", DAY, HOUR),
    Period("7d", "7 d", "in the last 7 days", 7 * DAY, 3 * HOUR),
    Period("30d", "30 d", "in the last 30 days", 30 * DAY, DAY),
)
BY_KEY = {period.key: period for period in ALL}
DEFAULT = BY_KEY["24h"]
MONTH = Period("28d", "28 d", "in the last 28 days", 28 * DAY, DAY)


class Slot(msgspec.Struct, frozen=True):
    """One bar's time: the numbers from ``first`` up to, not including, ``end``, and its edges in the viewer's zone."""

    starts_at: datetime
    ends_at: datetime
    first: int
    end: int
    unit: timedelta

    @property
    def counted_from(self) -> datetime:
        """The instant from which on responses are counted in this slot: its edge, to the whole hour (or minute)."""
        return time_of(self.first, self.unit)

    @property
    def counted_to(self) -> datetime:
        """The instant from which on they no longer are."""
        return time_of(self.end, self.unit)


def slots(period: Period, *, now: datetime, zone: ZoneInfo) -> tuple[Slot, ...]:
    """Cut ``period`` into slots, oldest first; the last one holds ``now`` and is not over yet."""
    seconds = int(period.unit.total_seconds())
    edges = _edges(period, now=now, zone=zone)
    # Rounded up: rounded down, the hour that is now could lie behind the last edge.
    numbers = [-(-int(edge.timestamp()) // seconds) for edge in edges]
    return tuple(
        Slot(edge, following, first, end, period.unit)
        for (edge, following), (first, end) in zip(pairwise(edges), pairwise(numbers), strict=True)
    )


def _edges(period: Period, *, now: datetime, zone: ZoneInfo) -> list[datetime]:
    count = round(period.length / period.slot)
    if period.slot <= HOUR:
        step = period.slot
        whole = datetime.fromtimestamp(now.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
        return [(whole - step * back).astimezone(zone) for back in range(count - 1, -2, -1)]
    # By the clock on the wall: on the day when clocks change, a slot is an hour longer or shorter.
    local = now.astimezone(zone).replace(tzinfo=None)
    midnight = datetime.combine(local.date(), time.min)
    whole = midnight + (local - midnight) // period.slot * period.slot
    return [(whole - period.slot * back).replace(tzinfo=zone) for back in range(count - 1, -2, -1)]


def place(pieces: Sequence[Slot], number: int) -> int | None:
    """Return which slot a counted number falls into, ``None`` when it lies outside."""
    index = bisect_right(pieces, number, key=lambda slot: slot.first) - 1
    return index if index >= 0 and number < pieces[index].end else None


def places(pieces: Sequence[Slot]) -> list[int]:
    """Return the same for every number from the first one on: for charts, which place thousands."""
    return [index for index, slot in enumerate(pieces) for _ in range(slot.first, slot.end)]


def hour_of(at: datetime) -> int:
    """Return the number of the hour that an instant falls into, as the counts are kept."""
    return int(at.timestamp()) // 3600


def time_of(number: int, unit: timedelta = HOUR) -> datetime:
    """Return when a counted hour (or minute) begins, in UTC."""
    return datetime.fromtimestamp(number * unit.total_seconds(), UTC)
