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
    """The elements of the top-level array ``responses``, uninterpreted; ``None`` when brackets do not balance."""
    depth = 0
    key = b""
    last = b""
    start: int | None = None
    parts: list[bytes] = []
    for match in _TOKEN.finditer(body):
        token = match[0]
        if start is not None:
            if depth == 2 and token in (b",", b"]"):
                parts.append(body[start : match.start()].strip())
                start = match.end()
            depth += _step(token)
            if depth == 1:
                return _without_the_empty(parts)
            continue
        if token == b":" and depth == 1:
            key = last
        elif token == b",":
            key = b""
        depth += _step(token)
        if token == b"[" and depth == 2 and key == b'"responses"':
            start = match.end()
        last = token
    return None


def _step(token: bytes) -> int:
    if token in (b"[", b"{"):
        return 1
    return -1 if token in (b"]", b"}") else 0


def _without_the_empty(parts: list[bytes]) -> list[bytes]:
    return [] if parts == [b""] else parts
