"""The answers that the sandbox can be told to give, by name, and how they reach the wire.

Pure data and pure functions: nothing here knows what the sandbox has stored.
"""

from __future__ import annotations

import gzip
import re
from datetime import datetime, timedelta
from email.utils import format_datetime

import msgspec

from responses.sandbox import messages
from responses.sandbox.messages import HTML, JSON, Manner, Reply, html_reply, json_reply, text_reply


class Named(msgspec.Struct, frozen=True):
    """One answer that can be asked for by name."""

    name: str
    note: str
    reply: Reply | None = None
    """``None``: whatever the request deserves by itself."""
    manner: Manner = Manner.PLAIN
    takes_effect: bool = False
    """Whether the request is carried out all the same."""
    is_late: bool = False
    """Carried out only ``late_seconds`` after it was answered."""
    mode: str = ""
    """For a Purchase POST: ``sync`` or ``sync-206``, processed before it is answered."""


def _field_errors() -> dict[str, object]:
    return {
        "customer": {"email": ["Enter a valid email address."]},
        "shipping_address": {"zip_postal_code": ["This field may not be blank."]},
        "products": [{"quantity": ["A valid integer is required."]}],
    }


def _as_json(status_code: int, body: bytes) -> Reply:
    return Reply(status_code, body, {"content-type": JSON})


def _deep(levels: int) -> bytes:
    return b'{"errors": ' * levels + b'"too deep"' + b"}" * levels


def _table() -> tuple[Named, ...]:
    missing_session = {"error_message": "Session id cannot be null"}
    bad_card = {"payment": {"cc_number": ["The credit card encryption is not valid: 4111111111111111"]}}
    limited = text_reply(429, "")
    return (
        Named("ok", "what the request deserves by itself", takes_effect=True),
        Named("sync", "Purchase POST: processed at once (200, 207 or 400)", takes_effect=True, mode="sync"),
        Named("sync-206", "the same, a partial success as 206", takes_effect=True, mode="sync-206"),
        Named("200-empty", "200 without a body", Reply(200)),
        Named("200-html", "200 with a page instead of data", html_reply(200)),
        Named("200-garbage", "200, JSON by its label, bytes that are not", _as_json(200, bytes(range(256)))),
        Named("200-broken", "200, a JSON body that stops in the middle", _as_json(200, b'{"subscriptions": [{"10')),
        Named("200-type", "200 with a JSON list where an object belongs", json_reply(200, [1, 2])),
        Named("200-deep", "200, 2,000 levels of nesting", _as_json(200, _deep(2_000))),
        Named("200-error-text", "legacy: 200 with a failure in words", text_reply(200, "Invalid Merchant")),
        Named("204", "204 without a body", Reply(204)),
        Named("207-none", "207 in which nothing was created", json_reply(207, {
            "customer": "00026001", "payment": None, "shipping_address": None, "subscriptions": [],
            "errors": {"products": ["sku is a required"]}})),
        Named("302", "a redirect, as from a wrong base URL", Reply(302, b"", {"location": "https://www.example.com/"})),
        Named("400-error", "family 1: error", json_reply(400, {"error": "Invalid Merchant 0000"})),
        Named("400-error-message", "family 2: error_message", json_reply(400, missing_session)),
        Named("400-fields", "family 3: field to text", json_reply(400, {
            "merchant_order_id": "This field is required.", "quantity": ["A valid integer is required."]})),
        Named("400-nested", "family 3, nested", json_reply(400, _field_errors())),
        Named("400-errors", "family 4: wrapped in errors", json_reply(400, {"errors": _field_errors()})),
        Named("400-detail", "REST: detail", json_reply(400, {"detail": "Malformed request."})),
        Named("400-object", "REST: an empty object", json_reply(400, {})),
        Named("400-text", "bare text", text_reply(400, "Bad Request: quantity must be positive")),
        Named("400-broken", "invalid JSON", _as_json(400, b'{"error_message": "Session id')),
        Named("400-empty", "no body", Reply(400)),
        Named("400-echo", "an error text that repeats card data", json_reply(400, bad_card)),
        Named("401", "JSON labelled text/plain", messages.authentication_failed(401)),
        Named("403", "JSON labelled text/plain", messages.authentication_failed(403)),
        Named("404", "detail", messages.not_found()),
        Named("404-object", "an empty object", json_reply(404, {})),
        Named("404-empty", "no body", Reply(404)),
        Named("409", "the order was received and processed before", messages.conflict()),
        Named("423", "Python's quotes, as documented", messages.in_use()),
        Named("423-json", "the same as real JSON", json_reply(423, {
            "details": "Resource is currently in use. Please try again shortly."})),
        Named("429", "no Retry-After", limited),
        Named("429-seconds", "Retry-After in seconds (retry_after)", limited),
        Named("429-date", "Retry-After as an HTTP date", limited),
        Named("429-nonsense", "a Retry-After that means nothing", limited),
        Named("503-retry-after", "503 with Retry-After in seconds", html_reply(503)),
        Named("slow", "the deserved answer after slow_seconds", manner=Manner.SLOW, takes_effect=True),
        Named("drip", "the deserved answer, a few bytes at a time", manner=Manner.DRIP, takes_effect=True),
        Named("cut", "the deserved answer, broken off in the body", manner=Manner.CUT, takes_effect=True),
        Named("hang", "no answer for hang_seconds, then the connection closes", manner=Manner.HANG),
        Named("hang-body", "header fields, then silence", json_reply(200, {"detail": "never"}), Manner.HANG_BODY),
        Named("close", "the connection closes without an answer", manner=Manner.CLOSE),
        Named("reset", "the connection is reset", manner=Manner.RESET),
        Named("garbage", "bytes that are not HTTP", manner=Manner.GARBAGE),
        Named("big", "a page of 2 MiB", text_reply(500, "<html>" + "busy " * 419_430, HTML)),
        Named("bomb", "10 MiB in 10 KiB of gzip", _bomb()),
        Named("apply-NAME", "carried out, and yet the answer is NAME: apply-500-html, apply-hang", takes_effect=True),
        Named("late-NAME", "the same, carried out only after late_seconds", takes_effect=True, is_late=True),
        Named("NNN", "any status code with a page; also NNN-html, NNN-text, NNN-json, NNN-empty"),
    )  # fmt: skip


def _bomb() -> Reply:
    return Reply(500, gzip.compress(b" " * 10_485_760, mtime=0), {"content-type": HTML, "content-encoding": "gzip"})


ALL = _table()
_BY_NAME = {named.name: named for named in ALL if named.name not in ("apply-NAME", "late-NAME", "NNN")}
_GENERIC = re.compile(r"([1-5][0-9]{2})(?:-(html|text|json|empty))?\Z")


def named(name: str) -> Named | None:
    """The answer of that name, ``None`` when there is none."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    for prefix in ("apply-", "late-"):
        if name.startswith(prefix):
            inner = named(name.removeprefix(prefix))
            if inner is None or inner.is_late:
                return None
            return msgspec.structs.replace(inner, name=name, takes_effect=True, is_late=prefix == "late-")
    return _generic(name)


def _generic(name: str) -> Named | None:
    found = _GENERIC.match(name)
    if found is None or int(found[1]) < 200:
        return None
    status_code, form = int(found[1]), found[2] or "html"
    if status_code in (204, 304):
        form = "empty"
    phrase = messages.phrase(status_code)
    reply = {
        "html": html_reply(status_code),
        "text": text_reply(status_code, f"{phrase}\n"),
        "json": json_reply(status_code, {"detail": phrase}),
        "empty": Reply(status_code),
    }[form]
    return Named(name, f"{status_code} as {form}", reply)


def with_retry_after(reply: Reply, name: str, *, seconds: int, now: datetime) -> Reply:
    """``reply`` with the Retry-After that its name asks for."""
    value = {
        "429-seconds": str(seconds),
        "503-retry-after": str(seconds),
        "429-date": format_datetime(now + timedelta(seconds=seconds), usegmt=True),
        "429-nonsense": "shortly",
    }.get(name.removeprefix("apply-").removeprefix("late-"))
    if value is None:
        return reply
    return msgspec.structs.replace(reply, headers={**reply.headers, "retry-after": value})
