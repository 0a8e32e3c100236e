"""One record of the intake: its typed shape on the wire, and the way from there to an `Exchange` or to named errors.

Fields that are not known are ignored, so that newer callers can speak to an older monitor.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import msgspec

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Request, RetryBy
from responses.intake import batches, checks, limits


class Refused(msgspec.Struct, frozen=True):
    """Why a record cannot be read, by dotted field name (``""``: the record as a whole)."""

    errors: dict[str, list[str]]
    caller_id: str = ""
    malformed: bool = False
    """It is not JSON at all."""


class _Text(msgspec.Struct, kw_only=True):
    headers: dict[str, str | list[str]] | None = None
    body: str | None = None
    body_encoding: str | None = None


class _Request(_Text, kw_only=True):
    method: str
    url: str


class _Response(_Text, kw_only=True):
    status_code: int | float
    """JSON has one kind of number: 200.0 is as whole as 200."""


class _Failure(msgspec.Struct, kw_only=True):
    kind: FailureKind
    message: str | None = None


class _Record(msgspec.Struct, kw_only=True):
    request: _Request
    id: str | None = None
    sent_at: datetime | None = None
    duration_ms: int | float | None = None
    response: _Response | None = None
    failure: _Failure | None = None
    request_id: str | None = None
    retry: RetryBy | None = None
    tags: dict[str, str] | None = None
    redacted: bool | None = None


_PARTS: dict[str, type[msgspec.Struct]] = {"request": _Request, "response": _Response, "failure": _Failure}
_A_TEXT = "Must be a text."
_HEADERS = "Must be an object whose values are texts or lists of texts."
_BODY = "Must be a text: a JSON body is sent as the text it was, bytes as base64 with body_encoding."
_ENCODING = "Must be text or base64."
_EXPECTED = {
    "request": "Must be an object with method and url.",
    "request.headers": _HEADERS,
    "request.body": _BODY,
    "request.body_encoding": _ENCODING,
    "response": "Must be an object with status_code, or null.",
    "response.status_code": "Must be a whole number from 100 to 999.",
    "response.headers": _HEADERS,
    "response.body": _BODY,
    "response.body_encoding": _ENCODING,
    "failure": "Must be an object with kind, or null.",
    "failure.kind": f"Must be one of {', '.join(FailureKind)}.",
    "sent_at": "Must be a date and time of RFC 3339 with its zone, for example 2026-11-22T12:00:00.123Z.",
    "duration_ms": f"Must be a number from 0 to {limits.DURATION_MS}.",
    "retry": f"Must be one of {', '.join(RetryBy)}.",
    "tags": "Must be an object whose values are texts.",
    "redacted": "Must be true or false.",
}
_decoder = msgspec.json.Decoder(_Record)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def read(raw: bytes) -> Exchange | Refused:
    """One record as JSON. Never raises."""
    if batches.is_deeper(raw, limits.JSON_DEPTH):
        return Refused({"": [f"Must not nest deeper than {limits.JSON_DEPTH} levels (limit json_depth)."]})
    try:
        record = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_slowly(raw)
    return _exchange(record)


def _read_slowly(raw: bytes) -> Exchange | Refused:
    """A record that the typed decoder refused: every misfit is named, and lone surrogates are let through."""
    try:
        data = json.loads(raw, parse_constant=_refuse_constant, parse_int=_integer)
    except UnicodeDecodeError:
        message = "Is not UTF-8: send bodies in other encodings as base64 with body_encoding."
        return Refused({"": [message]}, malformed=True)
    except ValueError as error:
        return Refused({"": [f"Is not JSON: {_reason(error)}."]}, malformed=True)
    if not isinstance(data, dict):
        return Refused({"": ["Must be an object."]})
    if errors := _misfits(data, _Record, ""):
        return Refused(errors, _caller_id(data))
    return _exchange(msgspec.convert(data, _Record))


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def _integer(digits: str) -> float:
    """Python refuses to read integers of more than 4,300 digits; JSON allows them, and none of ours is so long."""
    return int(digits) if len(digits) <= 400 else math.inf


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:].removesuffix(' at')} at character {error.pos}"
    return str(error)


def _misfits(data: dict[str, object], model: type[msgspec.Struct], prefix: str) -> dict[str, list[str]]:
    """Every field that is missing or of the wrong type, in the order of the contract."""
    errors: dict[str, list[str]] = {}
    for field in msgspec.structs.fields(model):
        path = prefix + field.name
        if field.name not in data:
            if field.required:
                errors[path] = ["This field is required."]
            continue
        value = data[field.name]
        if path in _PARTS and isinstance(value, dict):
            errors |= _misfits(value, _PARTS[path], path + ".")
        elif not _fits(value, field.type):
            errors[path] = [_EXPECTED.get(path, _A_TEXT)]
    return errors


def _fits(value: object, type_: object) -> bool:
    try:
        msgspec.convert(value, type_)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return False
    return True


def _caller_id(data: dict[str, object]) -> str:
    """The id that a refusal is reported under; none when the id itself is at fault."""
    given = data.get("id")
    return given if isinstance(given, str) and checks.name(given, limits.ID_LENGTH) is None else ""


def _exchange(record: _Record) -> Exchange | Refused:
    errors: dict[str, list[str]] = {}
    request = record.request
    if complaint := checks.method(request.method):
        errors["request.method"] = [complaint]
    if complaint := checks.url(request.url):
        errors["request.url"] = [complaint]
    headers, body, is_exact = _text(request, "request", errors)
    answer, failure = _ending(record, errors)
    _check_names(record, errors)
    sent_at = _moment(record.sent_at, errors)
    duration_ms = _duration(record.duration_ms, errors)
    if errors:
        caller_id = record.id or ""
        return Refused(errors, caller_id if "id" not in errors else "")
    return Exchange(
        request=Request(request.method.upper(), request.url, headers, body),
        response=answer,
        failure=failure,
        sent_at=sent_at,
        duration_ms=duration_ms,
        caller_id=record.id or "",
        request_id=record.request_id or "",
        retry=record.retry,
        tags=record.tags or {},
        # What is not byte for byte what was sent cannot be sent again.
        redacted=bool(record.redacted) or not is_exact,
    )


def _ending(record: _Record, errors: dict[str, list[str]]) -> tuple[Answer | None, Failure | None]:
    """The response or the failure: exactly one of the two."""
    answer = failure = None
    if (record.response is None) is (record.failure is None):
        came = "neither came" if record.response is None else "both came"
        errors["response"] = [f"Exactly one of response and failure is needed: {came}."]
    if record.response is not None:
        status_code = record.response.status_code
        if not 100 <= status_code <= 999 or status_code % 1:
            errors["response.status_code"] = [_EXPECTED["response.status_code"]]
            status_code = 0
        headers, body, _ = _text(record.response, "response", errors)
        answer = Answer(int(status_code), headers, body)
    if record.failure is not None:
        message = checks.clean(record.failure.message or "")
        failure = Failure(record.failure.kind, _cut(message, limits.FAILURE_MESSAGE_LENGTH))
    return answer, failure


def _cut(text: str, limit: int) -> str:
    """A long message is cut, not refused: the failure it tells of matters more."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(part: _Text, where: str, errors: dict[str, list[str]]) -> tuple[dict[str, str], bytes, bool]:
    """Header fields and body of a request or response; and whether the body is exact."""
    headers: dict[str, str] = {}
    if part.headers:
        headers, complaints = checks.headers(part.headers)
        if complaints:
            errors[f"{where}.headers"] = complaints
    encoding = part.body_encoding
    if encoding is None or encoding == "text":
        body, is_exact = checks.text_bytes(part.body) if part.body else (b"", True)
        return headers, body, is_exact
    if encoding != "base64":
        errors[f"{where}.body_encoding"] = [_ENCODING]
        return headers, b"", True
    decoded = checks.base64_bytes(part.body or "")
    if decoded is None:
        errors[f"{where}.body"] = ["Is not base64 (RFC 4648, padded, without line breaks), as body_encoding says."]
    return headers, decoded or b"", True


def _check_names(record: _Record, errors: dict[str, list[str]]) -> None:
    """The texts that are ours: the two ids and the tags."""
    if record.id and (complaint := checks.name(record.id, limits.ID_LENGTH)):
        errors["id"] = [complaint]
    if record.request_id and (complaint := checks.name(record.request_id, limits.ID_LENGTH)):
        errors["request_id"] = [complaint]
    if not record.tags:
        return
    complaints: list[str] = []
    if len(record.tags) > limits.TAGS:
        complaints.append(f"Must be at most {limits.TAGS} tags, not {len(record.tags)}.")
    for key, value in list(record.tags.items())[: limits.TAGS]:
        if complaint := checks.name(key, limits.TAG_NAME_LENGTH) or (None if key else "Must not be empty."):
            complaints.append(f"The name {checks.shown(key)}: {complaint}")
        if complaint := checks.name(value, limits.TAG_VALUE_LENGTH):
            complaints.append(f"The value of {checks.shown(key)}: {complaint}")
    if complaints:
        errors["tags"] = complaints


def _moment(value: datetime | None, errors: dict[str, list[str]]) -> datetime | None:
    """When it was sent, in UTC. What lies too far ahead or back is clamped where the time of recording is known."""
    if value is None:
        return None
    if value.tzinfo is None:
        errors["sent_at"] = ["Must say its zone, for example 2026-11-22T12:00:00Z or +01:00 at the end."]
        return None
    # At the ends of the calendar the shift to UTC would overflow.
    return min(max(value, _EARLIEST), _LATEST).astimezone(UTC)


def _duration(value: float | None, errors: dict[str, list[str]]) -> int | None:
    if value is None:
        return None
    if not (math.isfinite(value) and 0 <= value <= limits.DURATION_MS):
        errors["duration_ms"] = [_EXPECTED["duration_ms"]]
        return None
    return round(value)
