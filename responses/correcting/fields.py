"""Single values of a JSON text, as a form shows and sets them. Pure; only what is set changes: everything else in the text
stays as it was typed. A text that is no JSON has no values, and is handed back as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from json.decoder import JSONDecoder
from typing import Any

import msgspec

_DECODER = JSONDecoder(strict=False)
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_NUMBERS = frozenset({"quantity", "every", "every_period"})
_BOOLEANS = frozenset({"processed", "og_cart_tracking"})
_KNOWN_WORDS = {
    "cc_number": "card number",
    "cc_type": "card type",
    "cc_exp_date": "card expiry date",
    "cc_holder": "card holder",
    "og_cart_tracking": "cart tracking",
    "every_period": "period",
    "user_id": "customer id",
    "merchant_user_id": "customer id",
    "merchant_order_id": "order id",
    "sku": "SKU",
    "offer": "offer",
    "zip_postal_code": "postal code",
    "state_province_code": "state or province",
}
_PERIODS = (("1", "days"), ("2", "weeks"), ("3", "months"), ("4", "years"))
_TRUTHS = (("true", "yes (true)"), ("false", "no (false)"))
_HINTS = {
    "every": "How many of these periods lie between two orders.",
    "country_code": "Two letters, US for example.",
    "first_order_place_date": "Year-month-day, 2026-11-30 for example.",
}
_HIDDEN = "‹hidden:"
_BROKEN = (ValueError, IndexError, RecursionError)


class Field(msgspec.Struct, frozen=True):
    """One value that a form shows."""

    path: str
    """Where it stands, as a JSON pointer."""
    label: str
    words: str
    """What Ordergroove said about it."""
    value: str
    """As a person types it: a text without its quotation marks."""
    kind: str
    """``text``, ``number`` or ``boolean``: what it becomes in the JSON; ``json`` for what only the JSON itself can show."""
    is_missing: bool
    hint: str = ""
    """What fits there."""
    choices: tuple[tuple[str, str], ...] = ()
    """All that fits there, each with its words; empty where anything may."""
    hidden: str = ""
    """The placeholder that stands for a value that nobody sees, and that may be replaced; ``value`` is empty then."""


class _Member(msgspec.Struct, frozen=True):
    """One value of an object or a list, and where it stands in the text."""

    key: str
    begins_at: int
    """With its name, in an object."""
    value_at: int
    ends_at: int


class _Spot(msgspec.Struct, frozen=True):
    """Where a pointer leads: a value, or the innermost container that is there and the keys that are missing in it."""

    value_at: int
    ends_at: int
    missing: tuple[str, ...] = ()


def of(text: str, pointers: Iterable[tuple[str, str]]) -> list[Field]:
    """Return the fields at ``pointers``, each with what was said about it, in that order and each once."""
    said: dict[str, list[str]] = {}
    for path, words in pointers:
        if words not in said.setdefault(path, []):
            said[path].append(words)
    return [_field(text, path, " ".join(words)) for path, words in said.items()]


def put(text: str, path: str, typed: str) -> str:
    """Return ``text`` with the value at ``path`` set to what was typed; unchanged where there is nothing to set it in.

    A number stays a number, when a number was typed. Nothing typed for a value that is missing, or hidden, changes nothing.
    """
    found = _field(text, path, "")
    if not typed and (found.is_missing or found.hidden):
        return text
    return put_value(text, path, _literal(typed, found.kind))


def put_value(text: str, path: str, literal: str) -> str:
    """Return ``text`` with the value at ``path`` set to ``literal``, which is JSON already."""
    try:
        spot = _spot(text, path)
        if not spot.missing:
            return text[: spot.value_at] + literal + text[spot.ends_at :]
        return _inserted(text, spot, literal)
    except _BROKEN:
        return text


def has(text: str, path: str) -> bool:
    """Whether there is a value at ``path``."""
    return not _field(text, path, "").is_missing


def leaves(text: str, *, most: int) -> list[str]:
    """Return where the single values of a text stand, in its order, up to ``most``."""
    try:
        return list(islice(_leaves(_DECODER.decode(text.strip()), ""), most))
    except _BROKEN:
        return []


def label_of(path: str) -> str:
    """Say a pointer in words: ``/products/1/sku`` is ``Product 2: SKU``; what lies between the two is left out."""
    words: list[str] = []
    for key in _keys(path):
        if key.isdecimal() and words:
            words[-1] = f"{words[-1].removesuffix('s')} {int(key[:6]) + 1}"
        else:
            words.append(_KNOWN_WORDS.get(key, key.replace("_", " ").strip() or key))
    is_of_list = bool(words) and words[0][-1:].isdecimal()
    shown = [words[0], words[-1]] if is_of_list and len(words) > 1 else words[-2:]
    if is_of_list and path.endswith(("/purchase_info/quantity", "/purchase_info/price")):
        shown[-1] += " (bought)"
    joined = ": ".join(shown)[:120]
    return joined[:1].upper() + joined[1:]


def _field(text: str, path: str, words: str) -> Field:
    value, kind, is_missing = "", "", True
    try:
        spot = _spot(text, path)
        if not spot.missing:
            is_missing = False
            value, kind = _shown(text[spot.value_at : spot.ends_at])
    except _BROKEN:
        pass
    name = (_keys(path) or [""])[-1]
    kind = kind or ("number" if name in _NUMBERS else "boolean" if name in _BOOLEANS else "text")
    hidden = value if value.startswith(_HIDDEN) else ""
    return Field(
        path=path,
        label=label_of(path),
        words=words,
        value="" if hidden else value,
        kind=kind,
        is_missing=is_missing,
        hint=_HINTS.get(name, ""),
        choices=_choices(name, kind, value),
        hidden=hidden,
    )


def _choices(name: str, kind: str, value: str) -> tuple[tuple[str, str], ...]:
    known = _PERIODS if name == "every_period" else _TRUTHS if kind == "boolean" else ()
    # What stands there now can always be left as it is.
    return known if not known or value in dict(known) else ((value, value), *known)


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for nth, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{nth}")
    else:
        yield path


def _shown(literal: str) -> tuple[str, str]:
    """Return what a literal is to a person, and its kind; no kind for ``null``, which says nothing about it."""
    value: Any = _DECODER.decode(literal)
    if isinstance(value, str):
        # A form's field has one line.
        return (value, "text") if "\n" not in value else (literal, "json")
    if value is None:
        return "", ""
    if isinstance(value, dict | list):
        return literal, "json"
    return literal, "boolean" if isinstance(value, bool) else "number"


def _literal(typed: str, kind: str) -> str:
    typed = typed.strip() if kind != "text" else typed
    is_itself = (kind == "number" and _NUMBER.fullmatch(typed)) or (kind == "boolean" and typed in ("true", "false"))
    return typed if is_itself else json.dumps(typed, ensure_ascii=False)


def _inserted(text: str, spot: _Spot, literal: str) -> str:
    """Return the text with what is missing put at the end of the object that it is missing in."""
    if text[spot.value_at] != "{":
        return text
    value = literal
    for key in reversed(spot.missing[1:]):
        value = f"{{{json.dumps(key, ensure_ascii=False)}: {value}}}"
    members = list(_members(text, spot.value_at))
    end = spot.ends_at - 1
    line = text[text.rfind("\n", 0, end) + 1 : end]
    indent = line[: len(line) - len(line.lstrip(" "))]
    added = f"\n{indent}  {json.dumps(spot.missing[0], ensure_ascii=False)}: {value}"
    if members:
        at = members[-1].ends_at
        return f"{text[:at]},{added}{text[at:]}"
    return f"{text[: spot.value_at + 1]}{added}\n{indent}{text[end:]}"


def _spot(text: str, path: str) -> _Spot:
    at = _after_space(text, 0)
    _, end = _DECODER.raw_decode(text, at)
    keys = _keys(path)
    for nth, key in enumerate(keys):
        found = next((one for one in _members(text, at) if one.key == key), None)
        if found is None:
            return _Spot(at, end, tuple(keys[nth:]))
        at, end = found.value_at, found.ends_at
    return _Spot(at, end)


def _members(text: str, at: int) -> Iterator[_Member]:
    """Return what an object or a list holds; nothing for any other value."""
    bracket = text[at]
    if bracket not in "{[":
        return
    at = _after_space(text, at + 1)
    nth = 0
    while text[at] not in "}]":
        begins_at, key = at, str(nth)
        if bracket == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        _, ends_at = _DECODER.raw_decode(text, at)
        yield _Member(key, begins_at, at, ends_at)
        at, nth = _after_space(text, ends_at), nth + 1
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _keys(path: str) -> list[str]:
    return [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:]]
