"""What leaves in a log line or an error report goes through here. The rule is that no body and no secret is put into a
message in the first place; this is the net below it, and it rather removes too much."""

from __future__ import annotations

import re

from responses import redaction

LONGEST = 8_000

_OPAQUE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={1,2}")


def text(value: str) -> str:
    """``value`` without credentials, card numbers, e-mail addresses and opaque strings, cut to a length for people.

    Ids of requests and tasks have dashes, and stay: they are what one searches a log for.
    """
    shown = redaction.of_text(value[:LONGEST])
    return _OPAQUE.sub(redaction.MASK, _BASE64.sub(redaction.MASK, shown))


def is_secret(name: str) -> bool:
    """Whether a value with this name is hidden whatever it looks like."""
    # What stands in a log under such a name is masked, be it a number or a word.
    return any(redaction.of_data({name: value}).value != {name: value} for value in ("word", "123"))
