"""Bodies as data and back: read strictly, written the way they came, numbers digit for digit. Pure.

What cannot be read so that it is written back without a loss is refused: nobody could approve what would be sent.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from responses.ordergroove import purchase, storable
from responses.ordergroove.purchase import Encoding

DEEPEST = 50
"""So many levels of lists and objects at most."""
_MOST_DIGITS = 1_000
_PREFIX = b"create_request="
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Unreadable(Exception):
    """Why a text is no JSON that could be sent; ``line`` (from 1) where it is known, else 0."""

    def __init__(self, words: str, line: int = 0) -> None:
        super().__init__(words)
        self.words = words
        self.line = line


class Written(msgspec.Struct, frozen=True):
    """A body as data, and how it was written. Fractions are ``Decimal``, so that no digit is lost."""

    encoding: Encoding
    data: Any
    spelled: dict[str, str] = {}
    """Text to the percent-encoded form in which the body had it, where each string was encoded by itself."""


def read(body: bytes, *, is_purchase: bool) -> Written:
    """Read a body. Raises ``Unreadable`` with a sentence for people."""
    if not is_purchase:
        return Written(Encoding.JSON, parse(_text(body.removeprefix(b"\xef\xbb\xbf"))))
    document = purchase.decode(body)
    if document is None:
        raise Unreadable("Its body cannot be read as a purchase.")
    source = _source(body, document.encoding)
    data = parse(_text(source))
    if not isinstance(data, dict):
        raise Unreadable("Its body cannot be read as a purchase.")
    if document.encoding is not Encoding.FORM_STRINGS:
        return Written(document.encoding, data)
    spelled: dict[str, str] = {}
    return Written(document.encoding, _unquoted(data, spelled), spelled)


def write(data: Any, like: Written) -> bytes:
    """Write data in the encoding of ``like``."""
    if like.encoding is Encoding.FORM_STRINGS:
        return _PREFIX + _ENCODER.encode(_quoted(data, like.spelled))
    source = _ENCODER.encode(data)
    if like.encoding is Encoding.FORM_ENCODED:
        return _PREFIX + quote(source, safe="").encode("ascii")
    return source if like.encoding is Encoding.JSON else _PREFIX + source


def pretty(data: Any) -> str:
    """Return data as JSON for people to read and edit."""
    return msgspec.json.format(_ENCODER.encode(data), indent=2).decode()


def parse(text: str) -> Any:
    """Read JSON strictly: no name twice, no NaN, nothing too deep. Raises ``Unreadable``."""
    if _depth(text) > DEEPEST:
        raise Unreadable(f"It is nested more than {DEEPEST} levels deep.")
    try:
        data = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"It is no valid JSON: {error.msg} (line {error.lineno}, column {error.colno}).", error.lineno
        ) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"It is no valid JSON: {error}.") from None
    if not isinstance(data, dict | list):
        raise Unreadable("It is neither a JSON object nor a list.")
    if _NUL.search(text):
        raise Unreadable("It holds the character \\u0000, which cannot be kept.")
    try:
        _ENCODER.encode(data)
    except (UnicodeEncodeError, RecursionError):
        raise Unreadable("It holds half a character: a lone surrogate such as \\ud800.") from None
    return data


def same(one: Any, other: Any) -> bool:
    """Whether two values are written alike: 2.0 and 2.00 are not, nor are 1 and true. The order of names is free."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return str(one) == str(other) if isinstance(one, Decimal) else bool(one == other)


def _source(body: bytes, encoding: Encoding) -> bytes:
    """Return the JSON of a purchase. What stands beside it would be lost, so it is refused."""
    if encoding is Encoding.JSON:
        return body.removeprefix(b"\xef\xbb\xbf").strip()
    body = body.lstrip()
    if not body.startswith(_PREFIX):
        raise Unreadable("Its body holds other form fields beside the purchase.")
    written = body[len(_PREFIX) :].strip()
    return purchase.percent_decoded(written) if encoding is Encoding.FORM_ENCODED else written


def _text(source: bytes) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError:
        raise Unreadable("Its body is not written in UTF-8.") from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ("]", "}"):
            depth -= 1
    return deepest


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("a number is too large") from None


def _integer(digits: str) -> int | Decimal:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number is too large")
    number = int(digits)
    return number if str(number) == digits else Decimal(digits)


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name “{storable.text(name, 60)}” stands twice in one object")
            seen.add(name)
    return found


def _unquoted(value: Any, spelled: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _unquoted_text(value, spelled) if "%" in value else value
    if isinstance(value, dict):
        return {name: _unquoted(inner, spelled) for name, inner in value.items()}
    return [_unquoted(inner, spelled) for inner in value] if isinstance(value, list) else value


def _unquoted_text(written: str, spelled: dict[str, str]) -> str:
    try:
        text = unquote(written, errors="strict")
    except UnicodeDecodeError:
        raise Unreadable("A percent-encoded text of its body is not written in UTF-8.") from None
    spelled.setdefault(text, written)
    return text


def _quoted(value: Any, spelled: dict[str, str]) -> Any:
    if isinstance(value, str):
        return spelled.get(value) or quote(value, safe="")
    if isinstance(value, dict):
        return {name: _quoted(inner, spelled) for name, inner in value.items()}
    return [_quoted(inner, spelled) for inner in value] if isinstance(value, list) else value
