"""What one pass of redaction knows and finds out, and the marks it leaves."""

from __future__ import annotations

from typing import Protocol

MASK = "[masked]"
CARD = "[card]"
EMAIL = "[e-mail]"
DEEPEST = 5
"""So many texts inside texts (JSON in a string of JSON, percent escapes of percent escapes) are opened."""


class Clean(Protocol):
    """Opens whatever shape a visible text has, and returns it without what must not be shown."""

    def __call__(self, text: str, state: State, *, is_id: bool = False) -> str: ...


class State:
    """Made anew for each body. ``has_clear_card`` only ever turns to true."""

    __slots__ = ("clean", "depth", "digits", "has_clear_card", "hidden", "is_encoded", "known")

    def __init__(self, clean: Clean, *, digits: bool = True, known: tuple[str, ...] = ()) -> None:
        self.clean = clean
        """Given from above, because the shapes hold each other: JSON in a form, a form in JSON."""
        self.has_clear_card = False
        self.digits = digits
        """Whether card numbers are possible at all: false saves the search in every text."""
        self.hidden: set[str] = set()
        """The values that were masked because of their names."""
        self.known = known
        """Such values from elsewhere in the exchange, in small letters: masked wherever they are echoed."""
        self.is_encoded = False
        """Whether each text is percent-encoded by itself: it is decoded, for people to read."""
        self.depth = 0
