from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from ordergroove_monitor import web


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body."""
    if scope["type"] != "http":
        return
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(length).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


class Impatient(web.Protocol):
    """Waits for a head only so long as a test can wait too."""

    head_seconds = 0.2


@contextmanager
def serving(protocol: type[web.Protocol]) -> Iterator[int]:
    """The port of a server in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(web.config(app=app, http=protocol, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    with serving(web.Protocol) as number:
        yield number


def talk(port: int, *pieces: bytes, seconds: float = 5.0) -> bytes:
    """Send, and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while new := connection.recv(65_536):
            answer += new
        return answer


GET = b"GET / HTTP/1.1\r\nhost: x\r\n"
LAST = b"connection: close\r\n\r\n"


def test_requests_follow_each_other_on_one_connection(port: int) -> None:
    answer = talk(port, GET + b"\r\n", GET + b"\r\n" + GET + LAST)

    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert b"server:" not in answer.lower()


def test_a_large_body_is_no_large_head(port: int) -> None:
    body = b"x" * 1_000_000
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n"

    answer = talk(port, head + b"\r\n" + body + head + LAST + body)

    assert answer.count(b"\r\n\r\n1000000") == 2


def test_a_head_in_small_pieces_is_put_together(port: int) -> None:
    whole = GET + b"a: b\r\n" + LAST

    assert talk(port, *[whole[index : index + 1] for index in range(len(whole))]).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n" + LAST,
        GET + b"a: " + b"b" * 70_000 + b"\r\n" + LAST,
        GET + b"".join(b"h%d: x\r\n" % number for number in range(200)) + LAST,
        GET + b"a: " + b"b" * 400_000,
        GET + b"".join(b"h%d: %s\r\n" % (number, b"x" * 1_000) for number in range(99)),
    ],
    ids=["target", "field", "fields", "endless field", "endless fields"],
)
def test_a_head_beyond_the_limits_is_refused(port: int, head: bytes) -> None:
    answer = talk(port, head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json" in answer


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00garbage\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"]
)
def test_garbage_is_answered_and_the_next_request_works(port: int, garbage: bytes) -> None:
    assert talk(port, garbage).startswith(b"HTTP/1.1 400 ")
    assert talk(port, GET + LAST).startswith(b"HTTP/1.1 200 OK")


def test_a_head_that_does_not_arrive_is_given_up() -> None:
    with serving(Impatient) as port:
        assert talk(port, GET).startswith(b"HTTP/1.1 408 ")
        assert talk(port) == b""
        assert talk(port, GET + b"\r\n" + GET).count(b"HTTP/1.1 ") == 2


@pytest.mark.slow
def test_two_hundred_slow_clients_hold_up_nobody(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1")

    began = time.monotonic()
    assert talk(port, GET + LAST).startswith(b"HTTP/1.1 200 OK")
    assert time.monotonic() - began < 1

    for connection in slow:
        connection.close()


def test_the_event_loop_and_parser_are_the_fast_ones() -> None:
    config = web.config(app=app)
    config.load()

    assert config.http_protocol_class is web.Protocol
    assert config.get_loop_factory() is not asyncio.new_event_loop
    assert not config.proxy_headers
