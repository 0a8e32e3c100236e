"""When something would have been told, from the moments at which it held: arithmetic on times, for looking back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from responses.models import AlertRule

Moments = Iterable[tuple[Hashable, datetime]]
"""Of which subject, and when."""


class Look(msgspec.Struct, frozen=True):
    """A look back: what would ``rule`` have found in these integrations from ``since`` to ``now``?"""

    rule: AlertRule
    integration_ids: Sequence[int]
    since: datetime
    now: datetime


def apart(moments: Moments, *, by: timedelta) -> Iterator[datetime]:
    """The moments that are told where a subject is told of no more often than once in ``by``."""
    last: dict[Hashable, datetime] = {}
    for subject, at in sorted(moments, key=lambda moment: moment[1]):
        if subject not in last or at - last[subject] >= by:
            last[subject] = at
            yield at


def bouts(moments: Moments, *, gap: timedelta) -> Iterator[datetime]:
    """The first moment of each bout: of moments of one subject with no more than ``gap`` between them."""
    last: dict[Hashable, datetime] = {}
    for subject, at in sorted(moments, key=lambda moment: moment[1]):
        if subject not in last or at - last[subject] > gap:
            yield at
        last[subject] = at


def runs(hours: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and last of each run of hours that follow each other."""
    first = last = None
    for hour in sorted(hours):
        if last is None or hour > last + 1:
            if first is not None and last is not None:
                yield first, last
            first = hour
        last = hour
    if first is not None and last is not None:
        yield first, last


def at_hour(hour: int) -> datetime:
    """The beginning of an hour since 1970."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def hour_of(at: datetime) -> int:
    """The hour since 1970 that an instant lies in."""
    return int(at.timestamp()) // 3600
