"""Single figures, as ``shared/_stat.html`` shows them."""

from __future__ import annotations

import msgspec


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """One figure with what it is, what it means and where it leads."""

    label: str
    value: str
    icon: str
    url: str = ""
    key: str = ""
    """A tone."""
    note: str = ""
    change: str = ""
    change_tone: str = ""
    """``good``, ``bad`` or ``same``."""
    change_icon: str = ""
    """``up`` or ``down``."""
    points: tuple[float, ...] = ()
    """A small line below."""


def capped(number: int, *, cap: int) -> str:
    """Write a number that was counted only so far."""
    return f"{cap:,}+" if number >= cap else f"{number:,}"
