"""Django's pages as an ASGI application: in a fixed thread pool, and only with requests that have arrived whole.

A pool keeps its database connections, where Django under ASGI would open one for each request. But a thread must never
wait for a client: so bodies are read before a thread is taken, and answers are sent after it is given back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from django.conf import settings

from ordergroove_monitor import request_ids, wsgi

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

THREADS = 8
MOST_WAITING = 200
BODY_SECONDS = 30.0
LARGEST_HELD_ANSWER = 8 * 1024 * 1024


class Refused(Exception):
    """The request does not reach Django."""

    def __init__(self, status_code: int, title: str, *, retry_after: int | None = None) -> None:
        super().__init__(title)
        self.status_code = status_code
        self.title = title
        self.retry_after = retry_after


class WholeRequests:
    """Hands complete requests to ``app`` and holds its answers until they are complete."""

    def __init__(self, app: App, *, largest_body: int, body_seconds: float, most_waiting: int) -> None:
        self.app = app
        self.largest_body = largest_body
        self.body_seconds = body_seconds
        self.most_waiting = most_waiting
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
            if body is None:
                return
            held = await self._run(scope, body, receive, send)
        except Refused as refused:
            await _answer(refused, scope, send)
            return
        for message in held:
            await send(message)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; ``None`` when the client has gone."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        # Long before it has as many digits as Python refuses to read, it is too large.
        if not announced.isdigit() or len(announced) > 15 or int(announced) > self.largest_body:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self.largest_body:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise Refused(408, f"The request did not arrive within {self.body_seconds:g} seconds.") from error

    async def _run(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> list[Message]:
        if self._inside >= self.most_waiting:
            raise Refused(503, "The monitor has too many requests waiting.", retry_after=2)
        outbox = _Outbox(send)
        self._inside += 1
        try:
            await self.app(_clean_scope(scope, body), _Whole(body, receive), outbox)
        finally:
            self._inside -= 1
        return outbox.held

    def _too_large(self) -> Refused:
        return Refused(413, f"The request body is larger than {self.largest_body} bytes.")


class _Whole:
    """``receive`` for a body that is already here."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Outbox:
    """``send`` that holds an answer of announced, modest length. A stream goes out as it comes."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.held: list[Message] = []
        self._is_stream = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            length = dict(message["headers"]).get(b"content-length", b"")
            self._is_stream = not length.isdigit() or int(length) > LARGEST_HELD_ANSWER
        if self._is_stream:
            await self.send(message)
        else:
            self.held.append(message)


def _clean_scope(scope: Scope, body: bytes) -> Scope:
    """What WSGI cannot carry, or would carry wrongly.

    ``X_Forwarded_For`` would become the same variable as ``X-Forwarded-For``; a chunked body has no length, and without
    one Django reads nothing; bytes outside ASCII in a query are an error in the adapter.
    """
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if b"_" not in name and name not in (b"content-length", b"transfer-encoding")
    ]
    if body or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        headers.append((b"content-length", str(len(body)).encode()))
    query: bytes = scope["query_string"]
    if not query.isascii():
        query = quote(query, safe="%&=+;/?:@!$'()*,-._~").encode()
    return {**scope, "headers": headers, "query_string": query}


async def _answer(refused: Refused, scope: Scope, send: Send) -> None:
    request_id = request_ids.accept(dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1"))
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(refused.status_code).phrase,
        "status": refused.status_code,
        "detail": refused.title,
        "errors": [],
        "request_id": request_id,
    }
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
        (b"cache-control", b"no-store"),
        # What is left of the request is not read.
        (b"connection", b"close"),
    ]
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    await send({"type": "http.response.start", "status": refused.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


application = WholeRequests(
    WSGIMiddleware(wsgi.application, workers=THREADS),  # type: ignore[arg-type]  # its types are narrower
    largest_body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    body_seconds=BODY_SECONDS,
    most_waiting=MOST_WAITING,
)
