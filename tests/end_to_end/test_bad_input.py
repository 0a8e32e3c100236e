"""Recording over real sockets, from clients that are slow, wrong, greedy or too many: a clear answer, never a 500."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks import mix
from tests.end_to_end.stack import Stack

pytestmark = [pytest.mark.processes, pytest.mark.slow]

RECORD = {
    "request": {"method": "GET", "url": "https://restapi.ordergroove.com/orders/"},
    "response": {"status_code": 200, "headers": {}, "body": "{}"},
}
BODY = json.dumps(RECORD).encode()
MEGABYTE = 1024 * 1024


@contextmanager
def connected(stack: Stack) -> Iterator[socket.socket]:
    host, _, port = stack.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


def head(stack: Stack, *fields: str, length: int | None = len(BODY), target: str = "/api/v1/responses") -> bytes:
    """The head of a recording call."""
    lines = [f"POST {target} HTTP/1.1", f"Host: {stack.address}", f"Authorization: Bearer {stack.key}", *fields]
    if not any(field.lower().startswith("content-type") for field in fields):
        lines.append("Content-Type: application/json")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer; status 0 when the server closed without one."""
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            piece = connection.recv(65_536)
        except ConnectionError:
            return 0, received
        if not piece:
            return 0, received
        received += piece
    start, _, body = received.partition(b"\r\n\r\n")
    length = int((re.search(rb"content-length: (\d+)", start, re.IGNORECASE) or [0, 0])[1])
    while len(body) < length:
        piece = connection.recv(65_536)
        if not piece:
            break
        body += piece
    return int(start.split()[1]), body


def say(stack: Stack, *pieces: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, and read one answer."""
    with connected(stack) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except ConnectionError:
                break
        return answer(connection)


def stored(stack: Stack) -> int:
    return int(stack.look("summary")["Response"])


def assert_works(stack: Stack) -> None:
    status, body = say(stack, head(stack), BODY)
    assert (status, json.loads(body)["accepted"]) == (202, 1)


def test_bodies_in_chunks_and_in_drops_are_recorded(stack: Stack) -> None:
    chunks = (
        b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:10], BODY[10:11], BODY[11:])) + b"0\r\n\r\n"
    )

    assert say(stack, head(stack, "Transfer-Encoding: chunked", length=None), chunks)[0] == 202

    with connected(stack) as connection:
        message = head(stack) + BODY
        for at in range(0, len(message), 40):
            connection.sendall(message[at : at + 40])
            time.sleep(0.005)
        assert answer(connection)[0] == 202


def test_requests_that_follow_each_other_at_once_are_answered_in_order(stack: Stack) -> None:
    bodies = [BODY, b"not json", json.dumps({"responses": [RECORD, RECORD]}).encode(), BODY]
    with connected(stack) as connection:
        connection.sendall(b"".join(head(stack, length=len(body)) + body for body in bodies))
        received = b""
        while received.count(b"HTTP/1.1 ") < 4:
            piece = connection.recv(65_536)
            assert piece, received
            received += piece

    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"202", b"400", b"202", b"202"]


def test_a_wrong_length_stores_nothing_and_breaks_nobody(stack: Stack) -> None:
    before = stored(stack)
    with connected(stack) as connection:  # promises more than it sends
        connection.sendall(head(stack, length=len(BODY) + 100) + BODY)
        connection.shutdown(socket.SHUT_WR)
        status, _ = answer(connection)
        assert status in (0, 400, 408)
    # Sends more than it promised: the rest is read as a request that is none.
    status, _ = say(stack, head(stack, length=len(BODY) - 5), BODY)
    assert status == 400
    for wrong in ("-1", "1e3", "0x10", "9" * 30, "", "5, 5"):
        assert say(stack, head(stack, f"Content-Length: {wrong}", length=None), BODY)[0] in (400, 411, 413)
    both = head(stack, "Transfer-Encoding: chunked") + BODY  # a smuggler's request
    assert say(stack, both)[0] == 400

    assert stored(stack) == before
    assert_works(stack)


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ((), b"", 400),
        ((), b"\xff\xfe\x00", 400),
        ((), b"null", 422),
        ((), b"[" * 100_000, 422),
        ((), b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 422),
        ((), json.dumps({"responses": []}).encode(), 422),
        ((), json.dumps({"responses": [RECORD] * 1_001}).encode(), 413),
        ((), b"{" + b" " * (11 * MEGABYTE) + b"}", 413),
        ((), json.dumps(RECORD | {"request": {"method": "\0", "url": "x" * 100_000}}).encode(), 422),
        ((), b'{"request": {"method": "GET", "url": "\\ud800"}, "response": {"status_code": NaN}}', 400),
        ((), b'{"duration_ms": ' + b"9" * 5_000 + b"}", 422),
        (("Content-Encoding: gzip",), b"not gzip", 400),
        (("Content-Encoding: gzip",), gzip.compress(b" " * (100 * MEGABYTE), mtime=0), 413),
        (("Content-Encoding: br",), BODY, 415),
        (("Content-Type: text/html",), BODY, 415),
        (("Content-Type: application/x-ndjson",), BODY + b"\n{\n" + BODY, 207),
        (("X-Long: " + "x" * 100_000,), BODY, 431),
        (tuple(f"X-{n}: 1" for n in range(200)), BODY, 431),
        (("Expect: nonsense",), BODY, 202),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_words(
    stack: Stack, fields: tuple[str, ...], body: bytes, expected: int
) -> None:
    status, said = say(stack, head(stack, *fields, length=len(body)), body)

    assert status == expected, said[:300]
    if status in (400, 413, 415, 422):
        problem = json.loads(said)
        assert {"type", "title", "status", "detail"} <= problem.keys()
        assert problem["status"] == status
    assert_works(stack)


def test_no_key_and_no_such_key_are_told_apart_from_nothing(stack: Stack) -> None:
    for field in (
        "",
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        "Bearer \xff\xfe",
        f"Bearer {stack.key}x",
        "Bearer " + "a" * 9_000,
    ):
        message = head(stack).replace(
            f"Authorization: Bearer {stack.key}".encode(), f"Authorization: {field}".encode("latin-1")
        )
        assert say(stack, message, BODY)[0] == 401


def test_idle_and_dripping_clients_do_not_hold_up_the_others(stack: Stack) -> None:
    with ExitStack() as idle:
        waiting = [idle.enter_context(connected(stack)) for _ in range(200)]
        for nth, connection in enumerate(waiting):
            if nth % 2:
                connection.sendall(head(stack, length=1_000_000) + b'{"responses": [')
        began = time.monotonic()

        for _ in range(50):
            assert_works(stack)

        assert time.monotonic() - began < 10


def test_overload_is_refused_and_not_suffered(stack: Stack) -> None:
    records = list(mix.records(400, seed=1, sent_at="2026-11-22T12:00:00Z"))
    for record in records:
        del record["id"]
    body = json.dumps({"responses": records}).encode()
    message = head(stack, length=len(body)) + body
    statuses: Counter[int] = Counter()
    ends_at = time.monotonic() + 6
    highest = [0]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            highest[0] = max([highest[0], *(_resident(pid) for pid in stack.pids_of("web"))])

    def hammer() -> None:
        while time.monotonic() < ends_at:
            status, said = say(stack, message)
            statuses[status] += 1
            if status == 503:
                assert json.loads(said)["status"] == 503
                time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(80) as pool:
        for done in [pool.submit(hammer) for _ in range(80)]:
            done.result()
    is_over.set()
    watcher.join()

    assert set(statuses) <= {202, 429, 503}, statuses
    assert statuses[202] > 0
    assert statuses[429] + statuses[503] > 0, statuses
    assert highest[0] < 300 * MEGABYTE
    assert_works(stack)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (OSError, IndexError):
        return 0
