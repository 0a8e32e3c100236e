"""The lean path of ``POST /api/v1/responses``: bytes in, an answer after the commit. No Django view is involved."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from django.db import Error as DatabaseError
from django.db import connection

from responses.exchanges import Exchange
from responses.front.keys import Keyring, Known
from responses.front.room import Room, Stay
from responses.front.writer import Overloaded, Unavailable, Writer
from responses.intake import limits, payload, problems
from responses.intake.payload import PayloadError, Rejected
from responses.recording.prepare import Prepared, prepare
from responses.recording.record import Result

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LARGE_BYTES = 512 * 1024
"""Larger bodies are read in another thread, so that they do not hold up the others' event loop."""
_A_SLICE = 20
"""So many records are prepared before others get their turn."""
_BODY_SECONDS = 30.0
_NOTHING = {"created": 0, "failed": 0, "unknown": 0}
_encoder = msgspec.json.Encoder()


class Reply(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    media_type: bytes = b"application/json"
    retry_after: int = 0


class Recording:
    """Answers recording calls. ``page_url`` is what a response's id is appended to."""

    def __init__(
        self,
        *,
        writer: Writer,
        keyring: Keyring,
        page_url: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._keyring = keyring
        self._page_url = page_url
        self._now = now
        self._clock = clock
        self._room = Room()
        self._lookups = ThreadPoolExecutor(1, "keys")
        self._readers = ThreadPoolExecutor(1, "large-bodies")

    def close(self) -> None:
        """End the threads, and the database connection of the one that looks keys up."""
        self._lookups.submit(lambda: connection.close())
        self._lookups.shutdown()
        self._readers.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *, request_id: str) -> None:
        """Answer one call."""
        try:
            reply = await self._reply(scope, receive, request_id)
        except PayloadError as error:
            reply = _problem(error.status, error.detail, request_id, title=error.title, errors=error.errors)
        except (Unavailable, DatabaseError):
            detail = "The database cannot store anything now. Nothing was stored: send it again."
            reply = _problem(503, detail, request_id, retry_after=2)
        except Overloaded:
            detail = "More is waiting to be stored than can be taken. Nothing was stored: send it again."
            reply = _problem(503, detail, request_id, retry_after=1)
        except ClientGone:
            return
        except Exception:
            # Also what nobody foresaw is answered in the words of the contract; the log has the rest.
            logger.exception("the recording call %s failed", request_id)
            detail = "The monitor failed to answer. The failure is in its log, under this request_id."
            reply = _problem(500, detail, request_id)
        await send_reply(send, reply, request_id)

    async def _reply(self, scope: Scope, receive: Receive, request_id: str) -> Reply:
        fields = dict(scope["headers"])
        key = await self._authenticated(fields.get(b"authorization", b""))
        if key is None:
            detail = "Send the header field Authorization: Bearer <intake key>, with a key that is in use."
            return _problem(401, detail, request_id)
        with self._room.stay() as stay:
            body = await _read(receive, declared=fields.get(b"content-length", b""), stay=stay)
            media_type = fields.get(b"content-type", b"").decode("latin-1")
            coding = fields.get(b"content-encoding", b"").decode("latin-1")
            return await self._take(body, media_type, coding, key, stay, request_id)

    async def _take(self, body: bytes, media_type: str, coding: str, key: Known, stay: Stay, request_id: str) -> Reply:
        if len(body) > _LARGE_BYTES or coding:
            read = partial(_outcomes, body, media_type, coding, stay)
            outcomes = await asyncio.get_running_loop().run_in_executor(self._readers, read)
        else:
            outcomes = payload.decode(body, media_type=media_type)
        wait = key.take(len(outcomes), clock=self._clock())
        if wait:
            detail = f"This key may report {key.per_minute:,} responses a minute. Send it again later."
            return _problem(429, detail, request_id, retry_after=int(wait) + 1)
        prepared = await self._prepared([one for one in outcomes if isinstance(one, Exchange)], key)
        stored = await self._writer.submit(prepared) if prepared else []
        return self._render(outcomes, stored, request_id)

    async def _prepared(self, exchanges: Sequence[Exchange], key: Known) -> list[Prepared]:
        """Prepare in the event loop, slice by slice: a thread of its own would only contend for the interpreter."""
        now = self._now()
        prepared = [prepare(key.facts, one, now=now) for one in exchanges[:_A_SLICE]]
        for start in range(_A_SLICE, len(exchanges), _A_SLICE):
            await asyncio.sleep(0)
            prepared += [prepare(key.facts, one, now=now) for one in exchanges[start : start + _A_SLICE]]
        return prepared

    async def _authenticated(self, field: bytes) -> Known | None:
        scheme, _, credentials = field.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        presented = credentials.strip()
        known = self._keyring.recall(presented)
        if known is None:
            loop = asyncio.get_running_loop()
            known = await loop.run_in_executor(self._lookups, self._keyring.look_up, presented)
        return known

    def _render(self, outcomes: Sequence[Exchange | Rejected], stored: Sequence[Result], request_id: str) -> Reply:
        """Put what was stored and what was refused together again, in the order of the call."""
        results: list[dict[str, object]] = []
        accepted, position = 0, 0
        refused: dict[int, dict[str, list[str]]] = {}
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, Rejected):
                refused[index] = outcome.errors
                results.append(_rejected(index, outcome.caller_id, outcome.errors))
                continue
            result = stored[position]
            position += 1
            if result.status == "rejected":
                refused[index] = result.errors
                results.append(_rejected(index, outcome.caller_id, result.errors))
                continue
            accepted += 1
            results.append(self._recorded(index, result))
        if not accepted:
            return _all_refused(refused, request_id, is_batch=len(outcomes) > 1)
        return Reply(207 if refused else 202, _encoder.encode({"accepted": accepted, "results": results}))

    def _recorded(self, index: int, result: Result) -> dict[str, object]:
        has_items = result.created or result.failed or result.unknown
        return {
            "index": index,
            "id": str(result.id),
            "status": result.status,
            "outcome": result.outcome.word if result.outcome else None,
            "items": {"created": result.created, "failed": result.failed, "unknown": result.unknown}
            if has_items
            else _NOTHING,
            "url": f"{self._page_url}{result.id}/",
        }


class ClientGone(Exception):
    """The caller hung up before its request was complete."""


def _outcomes(body: bytes, media_type: str, coding: str, stay: Stay) -> Sequence[Exchange | Rejected]:
    if coding:
        body = payload.inflate(body, content_encoding=coding)
        if not stay.take(max(len(body) - stay.size, 0)):
            raise Overloaded
    return payload.decode(body, media_type=media_type)


async def _read(receive: Receive, *, declared: bytes, stay: Stay) -> bytes:
    """Return the body, of at most the wire limit, read within a total time."""
    if declared.isdigit() and int(declared[:12]) > limits.WIRE_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _read_all(receive, stay)
    except TimeoutError:
        detail = f"The body did not arrive within {_BODY_SECONDS:.0f} seconds."
        raise PayloadError(408, "Request timeout", detail) from None


async def _read_all(receive: Receive, stay: Stay) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    if message.get("more_body"):
        return await _read_rest(receive, message.get("body", b""), stay)
    first: bytes = message.get("body", b"")
    if not stay.take(len(first)):
        raise Overloaded
    return first


async def _read_rest(receive: Receive, first: bytes, stay: Stay) -> bytes:
    """Read to the end also what there is no room for: a caller that still sends would not hear the refusal."""
    parts, size = [first], len(first)
    has_room = stay.take(size)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limits.WIRE_BYTES:
            raise _too_large()
        has_room = has_room and stay.take(len(part))
        if has_room:
            parts.append(part)
        else:
            parts.clear()
            stay.leave()
        if not message.get("more_body"):
            if not has_room:
                raise Overloaded
            return b"".join(parts)


def _too_large() -> PayloadError:
    detail = f"The body is larger than {limits.WIRE_BYTES} bytes (limit wire_bytes): send several calls, or gzip."
    return PayloadError(413, "Payload too large", detail, {"": [detail]})


def _rejected(index: int, caller_id: str, errors: dict[str, list[str]]) -> dict[str, object]:
    return {"index": index, "id": caller_id, "status": "rejected", "errors": errors}


def _all_refused(refused: dict[int, dict[str, list[str]]], request_id: str, *, is_batch: bool) -> Reply:
    pointed = [
        one
        for index, errors in refused.items()
        for one in problems.point(errors, prefix=f"/responses/{index}" if is_batch else "")
    ]
    detail = "Nothing was recorded: " + (
        f"all {len(refused)} records were refused." if is_batch else "the record was refused."
    )
    return Reply(
        422, problems.render(422, detail=detail, pointed=pointed, request_id=request_id), problems.MEDIA_TYPE.encode()
    )


def _problem(
    status: int,
    detail: str,
    request_id: str,
    *,
    title: str = "",
    errors: dict[str, list[str]] | None = None,
    retry_after: int = 0,
) -> Reply:
    body = problems.render(status, detail=detail, title=title, errors=errors, request_id=request_id)
    return Reply(status, body, problems.MEDIA_TYPE.encode(), retry_after)


async def send_reply(send: Send, reply: Reply, request_id: str, *, has_body: bool = True) -> None:
    """Send one answer; to a HEAD only its header fields."""
    headers = [
        (b"content-type", reply.media_type),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if reply.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="recording"'))
    if reply.retry_after:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    if reply.status in (401, 408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body if has_body else b""})
