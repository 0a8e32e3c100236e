"""Chooses among hidden values those that are looked for in the answer: error messages quote what was sent.

A value must say something by itself: "NY", a house number or the word "Name" would mask half of every answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from responses.redaction import messages

_SHORTEST, _LONGEST, _FEWEST_DIGITS, _MOST = 3, 200, 7, 200


def of(hidden: Iterable[str]) -> tuple[str, ...]:
    """The values worth looking for, in small letters, the longest first."""
    values = {value.strip().lower() for value in hidden if len(value) <= _LONGEST}
    return tuple(sorted(filter(_is_telling, values), key=len, reverse=True)[:_MOST])


def found_in(body: bytes, known: tuple[str, ...]) -> tuple[str, ...]:
    """Those that can stand in a body: all of them where it is written with escapes."""
    if b"\\" in body or b"%" in body or b"&" in body:
        return known
    text = body.decode("utf-8", "replace").lower()
    return tuple(value for value in known if value in text)


def _is_telling(value: str) -> bool:
    if len(value) < _SHORTEST or messages.is_word(value):
        return False
    return sum(map(str.isdigit, value)) >= _FEWEST_DIGITS or any(map(str.isalpha, value))
