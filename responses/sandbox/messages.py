"""What passes between the sandbox's parts: the request as it came, and the answer with the way it is written."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import msgspec

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Received(msgspec.Struct, frozen=True):
    """One request. ``headers`` has lower-case names; ``path`` has no query."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: bytes = b""


class Manner(StrEnum):
    """How an answer is written. Everything but ``PLAIN``, ``SLOW`` and ``DRIP`` breaks the caller's connection."""

    PLAIN = "plain"
    SLOW = "slow"
    DRIP = "drip"
    HANG = "hang"
    HANG_BODY = "hang-body"
    CUT = "cut"
    CLOSE = "close"
    RESET = "reset"
    GARBAGE = "garbage"


class Reply(msgspec.Struct, frozen=True):
    """A status code, a body and the header fields that are not computed when it is written."""

    status_code: int
    body: bytes = b""
    headers: dict[str, str] = {}


class Plan(msgspec.Struct):
    """What the sandbox decided: the reply, how it is written, and what it did. ``applied`` may grow later."""

    reply: Reply
    manner: Manner = Manner.PLAIN
    name: str = "ok"
    order_id: str = ""
    resource: str = ""
    key: str = ""
    applied: list[dict[str, Any]] = []


def header_fields(reply: Reply, now: datetime) -> dict[str, str]:
    """The header fields of an answer, but for those that say how it is framed."""
    return {"date": format_datetime(now, usegmt=True), "server": "sandbox", **reply.headers}


def json_reply(status_code: int, data: object, **headers: str) -> Reply:
    """``data`` as a JSON body."""
    return Reply(status_code, json.dumps(data).encode(), {"content-type": JSON, **headers})


def text_reply(status_code: int, text: str, content_type: str = TEXT) -> Reply:
    """``text`` as it is."""
    return Reply(status_code, text.encode(), {"content-type": content_type} if text else {})


def html_reply(status_code: int) -> Reply:
    """The page of a proxy in front of the API."""
    title = f"{status_code} {phrase(status_code)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>sandbox</center>\r\n</body>\r\n</html>\r\n"
    )
    return text_reply(status_code, page, HTML)


def not_found() -> Reply:
    """The 404 of the REST endpoints."""
    return json_reply(404, {"detail": "Not found."})


def authentication_failed(status_code: int) -> Reply:
    """401 and 403: JSON that is labelled as text."""
    return text_reply(status_code, json.dumps({"detail": "Authentication Failed"}), "text/plain")


def in_use() -> Reply:
    """423 as it is documented: a dict in Python's quotes, not JSON."""
    return text_reply(423, "{'details': 'Resource is currently in use. Please try again shortly.'}", JSON)


def conflict() -> Reply:
    """409: the order was taken before."""
    return json_reply(409, {"error": "This merchant_order_id was already received and processed."})


def wrong_method(method: str) -> Reply:
    """405, as the REST framework words it."""
    return json_reply(405, {"detail": f'Method "{method}" not allowed.'})


def data_of(received: Received) -> dict[str, Any] | None:
    """The JSON object of a REST body; an empty body is an empty object, anything else is ``None``."""
    if not received.body.strip():
        return {}
    try:
        data = json.loads(received.body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def phrase(status_code: int) -> str:
    """The reason phrase, for codes without one too."""
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return "Unknown"
