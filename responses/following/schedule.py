"""When the result of an accepted purchase is asked for next. Pure: the clock and the dice are arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from responses import backoff

DEFAULT = (2.0, 5.0, 15.0, 60.0, 360.0)
LEAST_GAP = 1.0
"""Seconds between two questions, whatever the schedule says."""
_LONGEST = 7 * 86_400.0
_PROBLEM_INITIAL, _PROBLEM_CAP = 5.0, 300.0


def next_poll(
    schedule: Iterable[object], *, accepted_at: datetime, give_up_at: datetime, now: datetime, wait: float = 0.0
) -> datetime:
    """Return the next moment of ``schedule`` (seconds after the acceptance; the last gap repeats), not before ``wait``.

    Moments that have passed unused are not made up for: after an hour without a worker there is one question, not five.
    The last one is asked when the time is over, and not a moment later.
    """
    earliest = (now - accepted_at).total_seconds() + max(wait, LEAST_GAP)
    at = accepted_at + timedelta(seconds=_first_offset(schedule, earliest))
    return min(at, give_up_at) if now < give_up_at else at


def wait_after_problem(polls: int, *, random: float) -> float:
    """Return the seconds to wait after an answer that told nothing, the ``polls``-th. ``random`` lies from 0 to 1."""
    ceiling = backoff.ceiling(max(polls, 1), initial=_PROBLEM_INITIAL, cap=_PROBLEM_CAP)
    return backoff.full_jitter(
        max(polls, 1), initial=_PROBLEM_INITIAL, cap=_PROBLEM_CAP, random=random, least=ceiling / 2
    )


def _first_offset(schedule: Iterable[object], earliest: float) -> float:
    """Return the first offset that is not before ``earliest``. What is no sane number of seconds is left out."""
    numbers = {float(one) for one in schedule if isinstance(one, int | float) and 0 < one <= _LONGEST}
    offsets = sorted(numbers) or list(DEFAULT)
    for offset in offsets:
        if offset >= earliest:
            return offset
    last = offsets[-1]
    gap = max(last - offsets[-2] if len(offsets) > 1 else last, LEAST_GAP)
    return last + gap * math.ceil((earliest - last) / gap)
