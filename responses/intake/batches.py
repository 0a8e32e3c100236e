"""Takes a JSON batch apart without recursion, for the batches that the fast decoder refuses as a whole.

Knows brackets, strings and commas, nothing else: whether a part is valid JSON is its reader's question.
"""

from __future__ import annotations

import re

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(_STRING + rb"|[\[\]{},:]", re.DOTALL)
_STRINGS = re.compile(_STRING, re.DOTALL)
_BRACKETS = b"[]{}"
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_OPENING = frozenset(b"[{")
_CLOSED_BY = {b"[": b"]", b"{": b"}"}


def is_deeper(raw: bytes, limit: int) -> bool:
    """Whether arrays and objects of a JSON text nest deeper than ``limit``; brackets inside strings do not count."""
    if raw.count(b"{") + raw.count(b"[") <= limit:
        return False
    depth = 0
    for byte in _STRINGS.sub(b"", raw).translate(None, _ALL_BUT_BRACKETS):
        if byte in _OPENING:
            depth += 1
            if depth > limit:
                return True
        else:
            depth -= 1
    return False


def split(body: bytes) -> list[bytes] | None:
    """The elements of the top-level array ``responses``, uninterpreted; ``None`` when brackets do not match."""
    open_: list[bytes] = []
    key = last = b""
    start: int | None = None
    parts: list[bytes] = []
    for match in _TOKEN.finditer(body):
        token = match[0]
        if start is not None and len(open_) == 2 and token in (b",", b"]"):
            parts.append(body[start : match.start()].strip())
            start = match.end()
        if token in _CLOSED_BY:
            open_.append(_CLOSED_BY[token])
            if token == b"[" and len(open_) == 2 and key == b'"responses"':
                start = match.end()
        elif token in (b"]", b"}"):
            if not open_ or open_.pop() != token:
                return None
            if start is not None and len(open_) == 1:
                return [] if parts == [b""] else parts
        elif len(open_) == 1:
            key = last if token == b":" else b""
            last = token
    return None
