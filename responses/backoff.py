"""Attempt number to delay, and what a ``Retry-After`` field asks for. No clock and no dice: both are arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_AFTER_LEAST = 1.0
RETRY_AFTER_MOST = 3600.0

_DELTA_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_LONGEST_DATE = 64


def ceiling(attempt: int, *, initial: float, cap: float, factor: float = 2.0) -> float:
    """Return the longest wait after ``attempt`` (the first is 1), in seconds: ``initial``, doubling up to ``cap``."""
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    # Beyond this power any factor has long passed the cap, and a float would overflow.
    return min(cap, initial * factor ** min(attempt - 1, 64))


def full_jitter(attempt: int, *, initial: float, cap: float, random: float, least: float = 0.0) -> float:
    """Return a wait between ``least`` and the ceiling, chosen by ``random`` (from 0 up to 1).

    Spreading over the whole range keeps requests that failed together from coming back together.
    """
    if not 0.0 <= random <= 1.0:
        raise ValueError("random lies between 0 and 1")
    most = ceiling(attempt, initial=initial, cap=cap)
    return min(least, most) + random * max(0.0, most - least)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` field asks to wait, between 1 s and 1 h; ``None`` when it is nonsense.

    Both forms of RFC 9110 count: a number of seconds, and a date (of which one in the past means "now").
    """
    value = (value or "").strip()
    if _DELTA_SECONDS.fullmatch(value):
        return _bounded(float(value))
    # Without a comma or a colon it is no date of any of the three forms, though the parser makes one of much.
    if not value or len(value) > _LONGEST_DATE or ":" not in value:
        return None
    try:
        at = parsedate_to_datetime(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return _bounded((at - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)
