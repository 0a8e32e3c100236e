"""Time-ordered 64-bit ids: 41 bits of milliseconds, 8 bits of process, 14 bits of counter.

Newest-first lists page by id, and an id tells when its row was recorded. Rows made for the same instant keep
the order in which they were made, up to a wrap of the counter (16,384).
"""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
EPOCH_MS = int(EPOCH.timestamp() * 1000)
_COUNTER_BITS = 14
_TIME_SHIFT = 22
_LATEST_MS = (1 << 41) - 1

_counter = itertools.count()
_node = 0


def _choose_node() -> None:
    """Choose this process's 8 bits; again after a fork, or parent and child would make the same ids."""
    global _node
    _node = os.urandom(1)[0] << _COUNTER_BITS


_choose_node()
os.register_at_fork(after_in_child=_choose_node)


def new(now: datetime) -> int:
    """Return a new id for a row recorded at ``now`` (aware). Instants before 2020 count as 2020."""
    milliseconds = min(max(int(now.timestamp() * 1000) - EPOCH_MS, 0), _LATEST_MS)
    return milliseconds << _TIME_SHIFT | _node | next(_counter) & ((1 << _COUNTER_BITS) - 1)


def floor(at: datetime) -> int:
    """Return the lowest id that a row recorded at ``at`` can have: a bound for ranges."""
    return min(max(int(at.timestamp() * 1000) - EPOCH_MS, 0), _LATEST_MS) << _TIME_SHIFT


def time_of(row_id: int) -> datetime:
    """Return when the row with this id was recorded (UTC, to the millisecond)."""
    return EPOCH + timedelta(milliseconds=row_id >> _TIME_SHIFT)
