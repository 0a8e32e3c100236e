"""Redacts text that has the shape of JSON but may not be JSON: cut off, Python-quoted, with names given twice, with
NaN.

Reads tokens from left to right and never back, leaves everything else as it was written, and needs no closing
bracket.
"""

from __future__ import annotations

import json
import re

from responses.redaction import keys, leaves, tree
from responses.redaction.keys import Rule
from responses.redaction.state import MASK, State

_TOKEN = re.compile(
    r'(?P<double>"[^"\\]*(?:\\.[^"\\]*)*"?)|(?P<single>\'[^\'\\]*(?:\\.[^\'\\]*)*\'?)|(?P<sign>[{}\[\]:,])|(?P<bare>(?:[^{}\[\]:,"\'\\]|\\.?)+)',
    re.DOTALL,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_NOTHING = frozenset(("null", "None", "true", "false", "True", "False", "NaN", "Infinity", "undefined"))


class _Frame:
    """One open bracket: what its elements stand in, and the rule of the name that was read last."""

    __slots__ = ("is_object", "is_value", "mode", "named", "rule")

    def __init__(self, mode: int, *, is_object: bool) -> None:
        self.mode = mode
        self.is_object = is_object
        self.is_value = not is_object
        self.rule = Rule.UNKNOWN
        self.named = Rule.UNKNOWN
        """The rule of what ``name`` said in this object, for its ``value``."""

    def below(self) -> int:
        """What the elements of a bracket inside this one stand in."""
        return leaves.INNER[self.mode][self.rule] if self.is_object else self.mode


def scan(text: str, at: int, mode: int, state: State) -> tuple[str, int]:
    """Redacts the structure that opens at ``at``; returns it, and where it ends: at the latest with the text."""
    parts: list[str] = []
    frames: list[_Frame] = []
    candidate: re.Match[str] | None = None  # stands last in `parts`, and is a name if a colon follows
    for token in _TOKEN.finditer(text, at):
        written = token[0]
        if token.lastgroup != "sign":
            if candidate is not None and not written.strip():
                parts[-1] += written
                continue
            if candidate is not None:
                parts[-1] = _value(candidate, frames[-1], state) + parts[-1][len(candidate[0]) :]
                candidate = None
            if frames[-1].is_value:
                parts.append(_value(token, frames[-1], state))
            else:
                candidate = token if written.strip() else None
                parts.append(written)
            continue
        if candidate is not None:
            blank = parts[-1][len(candidate[0]) :]
            if written == ":":
                parts[-1] = _name(candidate, frames[-1], state) + blank
            else:
                parts[-1] = _value(candidate, frames[-1], state) + blank
            candidate = None
        parts.append(written)
        _step(written, frames, mode)
        if not frames:
            return "".join(parts), token.end()
    if candidate is not None:
        parts[-1] = _value(candidate, frames[-1], state) + parts[-1][len(candidate[0]) :]
    return "".join(parts), len(text)


def _step(sign: str, frames: list[_Frame], mode: int) -> None:
    if sign in "{[":
        frames.append(_Frame(frames[-1].below() if frames else mode, is_object=sign == "{"))
    elif sign in "}]":
        frames.pop()
    elif sign == ",":
        frames[-1].is_value = not frames[-1].is_object
        frames[-1].rule = Rule.UNKNOWN


def _name(token: re.Match[str], frame: _Frame, state: State) -> str:
    """A name as it may be shown; from here on the frame reads a value."""
    name = _content(token)
    frame.is_value = True
    frame.rule = keys.rule(name)
    if frame.rule is Rule.VALUE:
        frame.rule = frame.named
    shown = tree.name(name, frame.mode, state)
    return token[0] if shown == name else _written(token, shown)


def _value(token: re.Match[str], frame: _Frame, state: State) -> str:
    content = _content(token)
    if token.lastgroup == "bare":
        if not content or content in _NOTHING:
            return token[0]
        if _NUMBER.fullmatch(content) is not None and not content.lstrip("-").isdecimal():
            return token[0] if not leaves.IS_HIDDEN[frame.mode][frame.rule] else _written(token, MASK)
    if frame.rule is Rule.NAME and keys.rule(content) >= Rule.MASK and keys.is_plain(content):
        frame.named = keys.rule(content)
        return token[0]
    shown = leaves.text(content, frame.rule, frame.mode, state)
    return token[0] if shown == content else _written(token, shown)


def _content(token: re.Match[str]) -> str:
    """What a token says, without quotes and escapes."""
    written = token[0]
    if token.lastgroup == "bare":
        return written.strip()
    quote = written[0]
    inner = written[1:-1] if len(written) > 1 and written[-1] == quote else written[1:]
    return unescaped(inner) if "\\" in inner else inner


def unescaped(text: str) -> str:
    """A text without the backslash escapes of JSON, JavaScript and Python."""
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[3] is not None:
        return _NAMED.get(escape[3], escape[3])
    return chr(int(escape[1] or escape[2], 16))


def _written(token: re.Match[str], shown: str) -> str:
    """A new content in the token's own quotes; a bare word gets quotes, which keeps JSON JSON."""
    if token.lastgroup == "bare":
        blank_after = token[0][len(token[0].rstrip()) :]
        blank_before = token[0][: len(token[0]) - len(token[0].lstrip())]
        return f"{blank_before}{json.dumps(shown, ensure_ascii=False)}{blank_after}"
    quoted = json.dumps(shown, ensure_ascii=False)[1:-1]
    if token.lastgroup == "single":
        quoted = quoted.replace('\\"', '"').replace("'", "\\'")
    return f"{token[0][0]}{quoted}{token[0][0]}"
