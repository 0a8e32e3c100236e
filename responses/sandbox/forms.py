"""The body of a Purchase POST in the four ways in which real clients write it.

The sandbox reads it without the product's decoder, so that a mistake of one shows against the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

_FIELD = "create_request="


class Form(StrEnum):
    """How the JSON document is put into the body."""

    JSON = "json"
    RAW = "raw"
    ENCODED = "encoded"
    STRINGS = "strings"


def write(document: dict[str, Any], form: Form) -> bytes:
    """``document`` as a body."""
    if form is Form.JSON:
        return json.dumps(document).encode()
    if form is Form.ENCODED:
        return (_FIELD + quote(json.dumps(document), safe="")).encode()
    if form is Form.STRINGS:
        return (_FIELD + json.dumps(_each_string(document, lambda text: quote(text, safe="")), indent=2)).encode()
    return (_FIELD + json.dumps(document)).encode()


def read(body: bytes) -> dict[str, Any] | None:
    """The document with its strings decoded, ``None`` when the body holds none."""
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        return None
    if text.startswith(_FIELD):
        text = text.removeprefix(_FIELD).lstrip()
        if text.startswith("{"):
            return _object(text, unquote)
        text = unquote(text.replace("+", " "))
    return _object(text, None)


def _object(text: str, decode: Callable[[str], str] | None) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    found: dict[str, Any] = _each_string(document, decode) if decode is not None else document
    return found


def _each_string(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_string(inner, change) for inner in value]
    if isinstance(value, dict):
        return {key: _each_string(inner, change) for key, inner in value.items()}
    return value
