"""Places in a JSON document: JSON pointers (RFC 6901) in which ``*`` stands for every element of a list. Pure.

A document is what a JSON parser gives: dict, list, str, int, float or Decimal, bool, None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

STAR, END = "*", "-"
MOST_STEPS = 50
"""A pointer goes so deep at most."""


class Place(msgspec.Struct, frozen=True):
    """One place: in what it stands, under which key or index, and the indexes for which the stars stood."""

    holder: Any
    key: str | int
    stars: tuple[int, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether something stands there."""
        if isinstance(self.holder, dict):
            return self.key in self.holder
        return isinstance(self.key, int) and self.key < len(self.holder)

    @property
    def value(self) -> Any:
        """What stands there. Ask ``is_there`` first."""
        return self.holder[self.key]


def split(pointer: str) -> tuple[str, ...]:
    """Return the steps of a pointer. Raises ``ValueError`` for what is none."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise ValueError("A field begins with a slash: /products/*/offer.")
    steps = pointer[1:].split("/")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"A field has at most {MOST_STEPS} steps.")
    if any(_is_misspelt(step) for step in steps):
        raise ValueError("A ~ in a name is written ~0, and a slash ~1.")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _is_misspelt(step: str) -> bool:
    return "~" in step.replace("~0", "").replace("~1", "")


def join(steps: Sequence[str | int]) -> str:
    """Return the pointer with these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def places(document: Any, steps: Sequence[str]) -> Iterator[Place]:
    """Return each place that ``steps`` name, in order. Its holder exists; whether it does itself, ``is_there`` tells.

    In a list a step is an index, ``*``, or ``-`` for the place after the last. Nothing may be changed meanwhile.
    """
    *way, last = steps
    for holder, stars in _holders(document, way, 0, ()):
        if isinstance(holder, dict):
            yield Place(holder, last, stars)
        elif isinstance(holder, list):
            is_many = last == STAR
            for index in _indexes(holder, last, may_append=True):
                yield Place(holder, index, (*stars, index) if is_many else stars)


def _holders(node: Any, way: Sequence[str], at: int, stars: tuple[int, ...]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    if at == len(way):
        yield node, stars
    elif isinstance(node, dict):
        if way[at] in node:
            yield from _holders(node[way[at]], way, at + 1, stars)
    elif isinstance(node, list):
        for index in _indexes(node, way[at], may_append=False):
            seen = (*stars, index) if way[at] == STAR else stars
            yield from _holders(node[index], way, at + 1, seen)


def _indexes(held: list[Any], step: str, *, may_append: bool) -> range:
    if step == STAR:
        return range(len(held))
    if step == END and may_append:
        return range(len(held), len(held) + 1)
    if not is_index(step) or int(step) >= len(held):
        return range(0)
    return range(int(step), int(step) + 1)


def is_index(step: str) -> bool:
    """Whether a step can be an index."""
    return step.isascii() and step.isdigit() and len(step) <= 9 and (step == "0" or step[0] != "0")


def with_stars(steps: Sequence[str], stars: Sequence[int]) -> tuple[str, ...]:
    """Return ``steps`` with an index for each star, in order. There must be one for each."""
    found = iter(stars)
    return tuple(str(next(found)) if step == STAR else step for step in steps)


def touch(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two places are the same, or one lies within the other. A star is every index."""
    return all(_fits(mine, theirs) for mine, theirs in zip(one, other, strict=False))


def _fits(one: str, other: str) -> bool:
    if one == other:
        return True
    wild, step = (one, other) if one in (STAR, END) else (other, one)
    return wild in (STAR, END) and is_index(step)


def same(one: Any, other: Any) -> bool:
    """Whether two documents are the same JSON: true is not 1, and 12.50 is 12.5."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if _is_number(one) and _is_number(other):
        return _number(one) == _number(other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(value: float | Decimal) -> Decimal:
    # A float is the number that it is written as, not the nearest binary fraction.
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
