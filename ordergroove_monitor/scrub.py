"""What leaves in a log line or an error report goes through here. The rule is that no body and no secret is put into a
message in the first place; this is the net below it, and it rather removes too much."""

from __future__ import annotations

import re

MASK = "[masked]"
LONGEST = 8_000

_NAMED = re.compile(
    r"""(?ix)
    (?P<name> \b [\w-]* (?: password | passwd | secret | token | api[_-]?key | authorization | cookie | signature | \bsig\b
        | cvv2? | cvc2? | card[_-]?number | cc[_-]?number | seal | session[_-]?id | dsn ) [\w-]* ["']? \s* [:=] \s* )
    (?: (?:bearer|basic|token) \s+ )?
    (?P<value> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&}\])]+ )
    """
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_DIGITS = re.compile(r"(?<![\dA-Za-z])\d(?:[ -]?\d){11,18}(?![\dA-Za-z])")
_OPAQUE = re.compile(r"(?<![\w/.-])(?=[\w+=/-]*\d)(?=[\w+=/-]*[A-Za-z])[\w+-]{24,}={0,2}(?![\w/.-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.I)


def text(value: str) -> str:
    """``value`` without credentials, card numbers, e-mail addresses and long opaque strings, cut to a length for people."""
    value = value[:LONGEST]
    value = _NAMED.sub(lambda match: match["name"] + MASK, value)
    value = _BEARER.sub(lambda match: f"{match[1]} {MASK}", value)
    value = _USER_INFO.sub(f"{MASK}@", value)
    value = _EMAIL.sub("[e-mail]", value)
    value = _DIGITS.sub("[number]", value)
    return _OPAQUE.sub(_unless_id, value)


def _unless_id(match: re.Match[str]) -> str:
    """Ids of requests and tasks stay: they are what one searches the log for."""
    return match[0] if _UUID.fullmatch(match[0]) else MASK
