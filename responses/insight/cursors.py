"""Where a page of a list ends, as its address carries it: the whole numbers of the last row's sort key."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Ids have 19 digits from July 2027 on; what is larger than a database's whole numbers is no cursor.
_NUMBERS = re.compile(r"-?[0-9]{1,19}(?:_-?[0-9]{1,19}){0,3}", re.ASCII)
_LARGEST = 2**63 - 1


def write(*key: int) -> str:
    """Return the cursor of a row with this sort key."""
    return "_".join(map(str, key))


def read(text: str, count: int) -> tuple[int, ...] | None:
    """Return the ``count`` numbers of a cursor; ``None`` for anything else: then the list begins at its first page."""
    if not _NUMBERS.fullmatch(text):
        return None
    numbers = tuple(map(int, text.split("_")))
    return numbers if len(numbers) == count and all(abs(number) <= _LARGEST for number in numbers) else None


def number_of(at: datetime) -> int:
    """Return an instant as a whole number: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def time_of(number: int) -> datetime | None:
    """Return the instant that ``number_of`` wrote; ``None`` when there is no such year."""
    try:
        return _EPOCH + number * _MICROSECOND
    except OverflowError:
        return None
