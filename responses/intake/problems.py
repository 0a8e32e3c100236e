"""Renders error answers of the API as RFC 9457 problem documents; decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

MEDIA_TYPE = "application/problem+json"


class Pointed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One complaint: where in the document (a JSON pointer, ``""`` for the whole), and what; ``code`` for programs."""

    pointer: str
    detail: str
    code: str = ""


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The members of RFC 9457 that we use, and our two extensions ``errors`` and ``request_id``."""

    type: str
    title: str
    status: int
    detail: str
    errors: Sequence[Pointed] = ()
    request_id: str = ""


def render(
    status: int,
    *,
    detail: str,
    title: str = "",
    errors: Mapping[str, Sequence[str]] | None = None,
    pointed: Sequence[Pointed] = (),
    request_id: str = "",
) -> bytes:
    """The body of an error answer. ``errors`` has dotted field names, ``pointed`` what ``point`` made."""
    title = title or _phrase(status)
    document = ProblemDocument(
        type=f"urn:ordergroove-monitor:problem:{_slug(title)}",
        title=title,
        status=status,
        detail=detail,
        errors=[*point(errors or {}), *pointed],
        request_id=request_id,
    )
    return _encode(document)


def point(errors: Mapping[str, Sequence[str]], *, prefix: str = "") -> list[Pointed]:
    """Errors by dotted field name as JSON pointers; ``prefix`` is that of a batch: ``/responses/3``."""
    return [Pointed(prefix + pointer(field), message) for field, messages in errors.items() for message in messages]


def pointer(field: str) -> str:
    """``request.url`` as the JSON pointer ``/request/url``; ``""`` stays the whole document."""
    if not field:
        return ""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in field.split("."))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _encode(document: ProblemDocument) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        # A lone surrogate that came with the request must not turn an error answer into a crash.
        return msgspec.json.encode(_clean(msgspec.to_builtins(document)))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value
