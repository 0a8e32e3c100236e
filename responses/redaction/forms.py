"""Redacts ``a=b&c=d``: form bodies and query strings, names and values percent-decoded before they are judged."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from responses.redaction import keys, leaves, tree
from responses.redaction.keys import Rule
from responses.redaction.state import State

_PARTS_OF_A_NAME = re.compile(r"[^\[\].]+")
_SPLIT = re.compile(r"([&;])")
_PART = re.compile(
    r"(?P<head>\bname=\"?(?P<name>[^\";\r\n]{0,200})\"?[^\r\n]{0,1000}(?:\r?\n[^\r\n]{1,1000}){0,20}\r?\n\r?\n)"
    r"(?P<value>(?:(?!\r?\n--).)*)",
    re.DOTALL | re.IGNORECASE,
)
_LOOKS_LIKE_ONE = re.compile(r"[^\s=&{}<>\"']{0,2000}=[^&\r\n]*(?:&[^\s=&]{0,2000}(?:=[^&\r\n]*)?)*\s*")


def is_multipart(text: str, content_type: str) -> bool:
    """Whether a text is a form in parts, as browsers send files."""
    return content_type.lower().startswith("multipart/") or (
        text.startswith("--") and "form-data" in text[:400].lower()
    )


def clean_multipart(text: str, state: State) -> str:
    """The parts as they may be shown, each judged by the name in its header."""

    def shown(part: re.Match[str]) -> str:
        rule, mode = _rule(part["name"])
        return part["head"] + leaves.text(part["value"], rule, mode, state)

    return _PART.sub(shown, text)


def is_form(text: str) -> bool:
    """Whether a text is written like a form."""
    return _LOOKS_LIKE_ONE.fullmatch(text) is not None


def clean(text: str, state: State, *, query: bool = False) -> str:
    """The pairs as they may be shown: what need not change stays as it was written."""
    # A semicolon separates pairs in old query strings only.
    pieces = _SPLIT.split(text) if query else re.split("(&)", text)
    return "".join(piece if at % 2 else _pair(piece, state) for at, piece in enumerate(pieces))


def _pair(piece: str, state: State) -> str:
    name, sign, value = piece.partition("=")
    decoded = _decoded(name)
    if not sign:
        shown = state.clean(decoded, state) if decoded else decoded
        return piece if shown == decoded else _encoded(shown)
    rule, mode = _rule(decoded)
    plain = _decoded(value)
    shown = leaves.text(plain, rule, mode, state)
    shown_name = name if keys.is_plain(decoded) else _shown_name(name, decoded, state)
    return f"{shown_name}={value if shown == plain else _encoded(shown)}"


def _shown_name(name: str, decoded: str, state: State) -> str:
    shown = tree.name(decoded, leaves.OPEN, state)
    return name if shown == decoded else _encoded(shown)


def _rule(name: str) -> tuple[Rule, int]:
    """Rule and surroundings of ``user[email]``, ``payment.label``, ``items[0][sku]``."""
    mode = leaves.OPEN
    parts = _PARTS_OF_A_NAME.findall(name)[:32]
    for part in parts[:-1]:
        mode = leaves.INNER[mode][keys.rule(part)]
    last = keys.rule(parts[-1]) if parts else Rule.UNKNOWN
    if parts and parts[-1].isdecimal() and len(parts) > 1:
        last = keys.rule(parts[-2])
    return last, mode


def _decoded(written: str) -> str:
    """Decoded until nothing changes, a few times: a name or value that was encoded twice means the same."""
    if "%" not in written and "+" not in written:
        return written
    # A plus is a blank for the form only: below it, it is what was written, in "+44" say.
    decoded = unquote_plus(written, errors="surrogateescape")
    for _ in range(2):
        if "%" not in decoded:
            break
        decoded = unquote(decoded, errors="surrogateescape")
    return decoded


def _encoded(shown: str) -> str:
    """Only so much as keeps the pairs apart: this is for people to read."""
    return shown.replace("%", "%25").replace("&", "%26").replace("+", "%2B")
