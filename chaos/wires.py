"""How the scripted upstream reads requests from a socket, and writes answers in every manner, most of them bad."""

from __future__ import annotations

import asyncio
import gzip
import struct
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

import msgspec

from chaos.behaviours import Behaviour, Manner

HANG_SECONDS = 6.0
"""Longer than any caller waits; shorter than the time after which anybody would ask again."""
_BOMB = gzip.compress(b" " * 64 * 1024 * 1024, mtime=0)
_BIG = b"<html>" + b"busy " * 800_000
_SOCKET_LINGER = struct.pack("ii", 1, 0)


class Request(msgspec.Struct, frozen=True):
    """One request as it came. ``headers`` has lower-case names."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request; ``None`` when the caller left before it was whole."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *fields = head.rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): text.strip() for name, _, text in (field.partition(":") for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        return None
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


async def write_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behaviour: Behaviour, body: bytes
) -> None:
    """Answer as ``behaviour`` says. ``body`` is what a good answer would hold. Raises ``ConnectionError``."""
    manner = behaviour.manner
    if manner is Manner.HANG:
        await _until_left(reader)
    elif manner is Manner.RESET:
        # With this option a close sends a reset instead of an end.
        writer.get_extra_info("socket").setsockopt(1, 13, _SOCKET_LINGER)
        writer.transport.abort()
    elif manner is Manner.GARBAGE:
        writer.write(b"\x00\xff\x16\x03 SSH-2.0 \r\n\r\n" + bytes(range(256)))
    elif manner is Manner.HANG_IN_HEAD:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: applica")
        await _until_left(reader)
    elif manner is Manner.DRIP:
        await _drip(reader, writer)
    elif manner is not Manner.CLOSE:
        await _write_body(reader, writer, behaviour, body)


async def _write_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behaviour: Behaviour, body: bytes
) -> None:
    manner = behaviour.manner
    encoding = ""
    if manner is Manner.BOMB:
        body, encoding = _BOMB, "Content-Encoding: gzip\r\n"
    elif manner is Manner.BIG:
        body = _BIG
    stated = {Manner.CUT: len(body) + 100, Manner.LONGER: len(body), Manner.HANG_IN_BODY: len(body) + 100}
    head = f"HTTP/1.1 {behaviour.status_code} Chaos\r\nContent-Type: application/json\r\n{encoding}"
    if behaviour.status_code in (302, 307):
        head += "Location: http://127.0.0.1:1/subscription/create\r\n"
    head += _retry_after(behaviour.retry_after)
    head += f"Content-Length: {stated.get(manner, len(body))}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("latin-1") + body + (b"and more" if manner is Manner.LONGER else b""))
    await writer.drain()
    if manner is Manner.HANG_IN_BODY:
        await _until_left(reader)


def _retry_after(text: str) -> str:
    if not text:
        return ""
    dates = {"date": 2, "past": -3600}
    value = formatdate(time.time() + dates[text], usegmt=True) if text in dates else text
    return f"Retry-After: {value}\r\n"


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    until = time.monotonic() + HANG_SECONDS
    while time.monotonic() < until and not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _until_left(reader: asyncio.StreamReader) -> None:
    """Say nothing more until the caller has gone, or the longest time is over."""
    try:
        await asyncio.wait_for(reader.read(), HANG_SECONDS)
    except TimeoutError:
        pass
