"""Reads what `POST /api/v1/responses` receives: bytes in, exchanges and named errors out.

Stores nothing and knows no integration. Whatever comes in, nothing but `PayloadError` is raised, and a bad
record never takes its neighbours with it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import msgspec

from responses.exchanges import Exchange
from responses.intake import batches, checks, limits, wire
from responses.intake.limits import LIMITS as LIMITS

JSON = "application/json"
NDJSON = "application/x-ndjson"


class PayloadError(Exception):
    """The whole call is refused: 400, 413, 415 or 422, with what a problem document says about it."""

    def __init__(self, status: int, title: str, detail: str, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or {}


class Rejected(msgspec.Struct, frozen=True):
    """A record that cannot be recorded: where it stood, and what is wrong by dotted field name."""

    index: int
    caller_id: str
    errors: dict[str, list[str]]


class _Batch(msgspec.Struct):
    responses: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


_batch = msgspec.json.Decoder(_Batch)
_STARTS_A_BATCH = re.compile(rb'\s*\{\s*"responses"\s*:')
_BLANK = b" \t\r\n"


def decode(body: bytes, *, media_type: str) -> list[Exchange | Rejected]:
    """Every record of an inflated body, in order: one object, ``{"responses": [...]}``, or lines.

    ``media_type`` is the Content-Type field as it came, parameters included. Without one the body is read as
    JSON (RFC 9110, 8.3: the recipient may look for itself); another one is refused with 415.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind not in ("", JSON, NDJSON):
        detail = f"Content-Type must be {JSON} or {NDJSON}, not {checks.shown(kind)}; curl: -H 'Content-Type: {JSON}'."
        raise PayloadError(415, "Unsupported media type", detail)
    if len(body) > limits.INFLATED_BYTES:
        raise _too_large("The body", limits.INFLATED_BYTES, "inflated_bytes")
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip(_BLANK):
        if kind == NDJSON:
            raise _empty("")
        raise PayloadError(400, "Not JSON", "The body is empty: send one object, or an object with responses.")
    return _decode_lines(body) if kind == NDJSON else _decode_document(body)


def inflate(body: bytes, *, content_encoding: str = "gzip", limit: int = limits.INFLATED_BYTES) -> bytes:
    """The body without its content coding (gzip or none); never more than ``limit`` bytes are made of it.

    Raises ``PayloadError``: 415 for another coding, 413 when it grows past the limit, 400 when it is no gzip.
    """
    coding = content_encoding.strip().lower()
    if coding in ("gzip", "x-gzip"):
        return _gunzip(body, limit)
    if coding in ("", "identity"):
        if len(body) > limit:
            raise _too_large("The body", limit, "wire_bytes")
        return body
    detail = f"Content-Encoding must be gzip or absent, not {checks.shown(coding)}."
    raise PayloadError(415, "Unsupported content coding", detail)


def _gunzip(body: bytes, limit: int) -> bytes:
    """All members of a gzip stream; stops one byte past the limit."""
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest or not parts:
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            part = member.decompress(rest, limit - size + 1)
        except zlib.error:
            detail = "Content-Encoding says gzip, but the body is not a gzip stream."
            raise PayloadError(400, "Not gzip", detail) from None
        size += len(part)
        if size > limit:
            raise _too_large("The body, once decompressed,", limit, "inflated_bytes")
        if not member.eof:
            raise PayloadError(400, "Not gzip", "The gzip stream of the body ends too early.")
        parts.append(part)
        # Tools pad members with zeros.
        rest = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _decode_document(body: bytes) -> list[Exchange | Rejected]:
    if _STARTS_A_BATCH.match(body) is None:
        outcome = wire.read(body)
        if isinstance(outcome, Exchange):
            return [outcome]
        if outcome.malformed:
            raise _not_json(outcome)
        if not body.lstrip(_BLANK).startswith(b"{"):
            detail = 'Send one object, an object {"responses": [...]}, or lines of objects as ' + NDJSON + "."
            raise PayloadError(422, "Not a record", detail, {"": ["Must be an object."]})
        if not _is_batch(body):
            return [Rejected(0, outcome.caller_id, outcome.errors)]
    return _decode_batch(body)


def _is_batch(body: bytes) -> bool:
    """Whether ``responses`` stands somewhere behind the first field."""
    try:
        return _batch.decode(body).responses is not msgspec.UNSET
    except msgspec.ValidationError:
        return True
    except (msgspec.DecodeError, RecursionError):
        return batches.split(body) is not None


def _decode_batch(body: bytes) -> list[Exchange | Rejected]:
    parts: Sequence[bytes] | None
    is_json = True
    try:
        found = _batch.decode(body).responses
        parts = [bytes(raw) for raw in found] if isinstance(found, list) else []
    except msgspec.ValidationError:
        raise PayloadError(
            422, "Not a batch", "responses must be an array.", {"responses": ["Must be an array of records."]}
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # One record may be the culprit, by its depth or its syntax: the others must not suffer.
        is_json = False
        parts = batches.split(body)
        if parts is None:
            raise PayloadError(400, "Not JSON", f"The body is not JSON: {error}.") from None
    return _read_all(parts, "responses", refuse_malformed=not is_json)


def _decode_lines(body: bytes) -> list[Exchange | Rejected]:
    lines = [line for line in body.split(b"\n") if line.strip(_BLANK)]
    return _read_all(lines, "", refuse_malformed=True)


def _read_all(parts: Sequence[bytes], field: str, *, refuse_malformed: bool) -> list[Exchange | Rejected]:
    """Reads each part by itself. When not one of them is JSON, the whole is not, and is refused as such."""
    if not parts:
        raise _empty(field)
    if len(parts) > limits.RESPONSES:
        message = f"At most {limits.RESPONSES} records a call (limit responses), not {len(parts)}."
        raise PayloadError(413, "Payload too large", message, {field: [message]})
    outcomes = [wire.read(part) for part in parts]
    if refuse_malformed:
        refusals = [outcome for outcome in outcomes if isinstance(outcome, wire.Refused) and outcome.malformed]
        if len(refusals) == len(outcomes):
            raise _not_json(refusals[0])
    return [
        outcome if isinstance(outcome, Exchange) else Rejected(index, outcome.caller_id, outcome.errors)
        for index, outcome in enumerate(outcomes)
    ]


def _not_json(refused: wire.Refused) -> PayloadError:
    reason = refused.errors[""][0]
    return PayloadError(400, "Not JSON", f"The body {reason[0].lower()}{reason[1:]}", refused.errors)


def _empty(field: str) -> PayloadError:
    message = "At least one record is needed."
    return PayloadError(422, "Nothing to record", message, {field: [message]})


def _too_large(what: str, limit: int, name: str) -> PayloadError:
    message = f"{what} is larger than {limit} bytes (limit {name})."
    return PayloadError(413, "Payload too large", message, {"": [message]})
