"""Text that came from outside, made fit for a text column and a page.

PostgreSQL refuses NUL, no codec writes a lone surrogate, and control characters forge log and mail lines: all go here.
Nothing here hides data: redaction does that.
"""

from __future__ import annotations

import re
from hashlib import blake2b

MESSAGE_LENGTH = 500
FIELD_LENGTH = 200
ID_LENGTH = 200

# C0 and C1 controls, the line and paragraph separators, and the marks that reverse the direction of what follows.
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+"
)
_SURROGATES = re.compile("[\ud800-\udfff]+")
_SPACES = re.compile(r"\s+")


def text(value: str, limit: int) -> str:
    """Return one line of at most ``limit`` characters, without NUL, surrogates and control characters."""
    if len(value) > 4 * limit:
        value = value[: 4 * limit]
    if not value.isprintable():
        # A space in place of the character, so that two words do not become one.
        value = _SPACES.sub(" ", _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value)))
    value = value.strip()
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


def identifier(value: object) -> str:
    """Return an id as text: ids are opaque, come as text or as numbers, and anything else is none (``""``)."""
    if type(value) is str:
        if len(value) <= ID_LENGTH:
            return value.strip() if value.isprintable() else text(value, ID_LENGTH)
        # Two long ids with one beginning must not become one order.
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return f"{text(value, ID_LENGTH - 20)}{digest}"
    if type(value) is int and -(10**40) < value < 10**40:
        return str(value)
    return ""
