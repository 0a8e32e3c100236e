"""HTTP/1.1 by hand, because a server framework could not break an answer in the ways in which real ones break.

Reads requests with httptools; writes what a plan says, whole or on purpose not.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote

import httptools

from responses.sandbox import messages
from responses.sandbox.messages import Manner, Plan, Received, Reply
from responses.sandbox.world import Modes

BODY_LIMIT = 16 * 1_048_576
_DRIP_BYTES = 16


class WireError(Exception):
    """Bytes that are no request, or too many of them. ``status_code`` is the answer."""

    def __init__(self, status_code: int) -> None:
        super().__init__(status_code)
        self.status_code = status_code


class _Collector:
    """The callbacks of httptools: gathers whole requests."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.done: deque[tuple[Received, bool]] = deque()
        self.parser = httptools.HttpRequestParser(self)
        self._writer = writer
        self._start()

    def _start(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > BODY_LIMIT:
            raise WireError(413)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        if "://" in path:
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        received = Received(
            method=self.parser.get_method().decode(),
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=self._headers,
            body=bytes(self._body),
        )
        self.done.append((received, self.parser.should_keep_alive()))
        self._start()


async def requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[tuple[Received, bool]]:
    """The requests of one connection, each with whether the connection may live on. Raises WireError."""
    collector = _Collector(writer)
    while data := await reader.read(65_536):
        try:
            collector.parser.feed_data(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            raise cause if isinstance(cause, WireError) else WireError(400) from error
        while collector.done:
            yield collector.done.popleft()


@dataclass(frozen=True)
class Line:
    """Where one answer goes, and what the request said about it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_kept: bool
    is_head: bool


async def write(line: Line, plan: Plan, modes: Modes, now: datetime) -> bool:
    """Write the answer in its manner; whether the connection may be used again."""
    manner, writer = plan.manner, line.writer
    if manner is Manner.SLOW:
        await asyncio.sleep(modes.slow_seconds)
        manner = Manner.PLAIN
    head = _head(plan.reply, now, is_kept=line.is_kept and manner in (Manner.PLAIN, Manner.DRIP), is_head=line.is_head)
    if manner in (Manner.PLAIN, Manner.DRIP):
        await _write_whole(writer, head + plan.reply.body, modes.drip_seconds if manner is Manner.DRIP else 0.0)
        return line.is_kept
    if manner is Manner.RESET:
        _reset(writer)
    elif manner is Manner.GARBAGE:
        await _write_whole(writer, b"\x16\x03\x01 this is not HTTP\r\n\r\n" + bytes(64), 0.0)
    elif manner is Manner.CUT:
        await _write_whole(writer, head + plan.reply.body[: len(plan.reply.body) // 2], 0.0)
    elif manner in (Manner.HANG, Manner.HANG_BODY):
        if manner is Manner.HANG_BODY:
            await _write_whole(writer, head, 0.0)
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(line.reader.read(1), modes.hang_seconds)
    return False


async def refuse(writer: asyncio.StreamWriter, status_code: int, now: datetime) -> None:
    """Answer bytes that were no acceptable request; the connection closes afterwards."""
    reply = messages.text_reply(status_code, messages.phrase(status_code))
    await _write_whole(writer, _head(reply, now, is_kept=False) + reply.body, 0.0)


def _head(reply: Reply, now: datetime, *, is_kept: bool, is_head: bool = False) -> bytes:
    fields = messages.header_fields(reply, now)
    if reply.status_code not in (204, 304) and not is_head:
        fields["content-length"] = str(len(reply.body))
    if not is_kept:
        fields["connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status_code} {messages.phrase(reply.status_code)}"]
    lines += [f"{name.title()}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _write_whole(writer: asyncio.StreamWriter, data: bytes, pause: float) -> None:
    if not pause:
        writer.write(data)
    for start in range(0, len(data) if pause else 0, _DRIP_BYTES):
        writer.write(data[start : start + _DRIP_BYTES])
        await writer.drain()
        await asyncio.sleep(pause)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset: lingering for zero seconds makes the kernel drop the connection."""
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
