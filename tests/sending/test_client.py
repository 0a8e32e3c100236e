from __future__ import annotations

import gzip
import queue
import socket
import ssl
import struct
import subprocess
import time
import zlib
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path

import pytest

from responses.exchanges import Exchange, FailureKind, Origin
from responses.sandbox import server as sandbox
from responses.sending import client
from responses.sending.client import Call
from responses.sending.credentials import Account
from responses.sending.destinations import DestinationError
from tests.sending import hostile
from tests.sending.hostile import answering, request_of

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def account(url: str, api_key: str = "the-secret-api-key") -> Account:
    return Account({"sc": url}, "merchant", api_key)


def ask(url: str, *, seconds: float = 0.5, path: str = "/subscription/abc/response", **changes: str) -> Exchange:
    call = Call(method="GET", role="sc", path=path, **changes)  # type: ignore[arg-type]
    return client.send(account(url), call, origin=Origin.POLL, now=AT, seconds=seconds)


def failure_of(exchange: Exchange) -> tuple[FailureKind, str]:
    assert exchange.response is None
    assert exchange.failure is not None
    assert "the-secret-api-key" not in exchange.failure.message
    return exchange.failure.kind, exchange.failure.message


# --- what a good server gets and gives ---


def test_an_answer_comes_back_as_an_exchange() -> None:
    with sandbox.running() as box:
        exchange = ask(box.url, seconds=10)
    assert exchange.response is not None
    assert (exchange.response.status_code, exchange.response.body) == (401, exchange.response.body)
    assert (exchange.origin, exchange.sent_at) == (Origin.POLL, AT)
    assert exchange.duration_ms is not None
    assert exchange.request.url == f"{box.url}/subscription/abc/response"


def test_the_key_is_sent_and_not_told() -> None:
    with sandbox.running() as box:
        box.control(api_keys=["the-secret-api-key"])
        exchange = ask(box.url, seconds=10)
        [entry] = box.ledger("/subscription")
    assert entry.key == "x-api-key the-secret-api-key"
    assert exchange.status_code == 404
    assert "the-secret-api-key" not in repr(exchange)
    assert exchange.request.headers["x-api-key"] == "[added when sent]"


def test_the_older_scheme_signs_for_the_customer() -> None:
    with sandbox.running() as box:
        box.control(hash_keys=["a-hash-key"], credentials="required")
        signed = Account({"sc": box.url}, "merchant", hash_key="a-hash-key")
        call = Call(method="GET", role="sc", path="/subscription/abc/response", customer_id="00026001")
        exchange = client.send(signed, call, origin=Origin.POLL, now=datetime.now(UTC), seconds=10)
    assert exchange.status_code == 404
    assert "sig" not in exchange.request.headers["authorization"]


def test_a_call_cannot_bring_its_own_credentials_or_framing() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(request_of(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with hostile.running(script) as server:
        headers = {
            "x-api-key": "stale", "authorization": "stale", "cookie": "a=b", "host": "evil.example",
            "content-length": "9",
            "transfer-encoding": "chunked", "accept-encoding": "br", "x-trace": "kept",
        }  # fmt: skip
        call = Call(method="GET", role="sc", path="/a", headers=headers)
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5)
    assert exchange.status_code == 204
    lines = seen[0].lower().split(b"\r\n")
    assert lines[0] == b"get /a http/1.1"
    assert b"x-trace: kept" in lines
    assert b"x-api-key: the-secret-api-key" in lines
    assert f"host: 127.0.0.1:{server.port}".encode() in lines
    assert b"connection: close" in lines
    for name in (b"authorization", b"cookie", b"content-length", b"transfer-encoding"):
        assert not any(line.startswith(name + b":") for line in lines)
    assert b"stale" not in seen[0]


def test_a_body_is_sent_byte_for_byte() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        received = request_of(connection)
        while not received.endswith(b"\x00\xff"):
            received += connection.recv(65_536)
        seen.append(received)
        connection.sendall(HEAD + b"content-length: 2\r\n\r\n{}")

    body = b"create_request=%7B%22a%22%3A1%7D\x00\xff"
    with hostile.running(script) as server:
        call = Call(method="POST", role="sc", path="/subscription/create", body=body, headers={"content-type": "a/b"})
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5)
    assert exchange.response is not None
    assert exchange.response.body == b"{}"
    assert seen[0].endswith(b"\r\n\r\n" + body)
    assert f"content-length: {len(body)}".encode() in seen[0]


def test_every_call_has_a_connection_of_its_own() -> None:
    with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}")) as server:
        ask(server.url)
        ask(server.url)
        assert server.connections == 2


def test_proxy_variables_are_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}")) as server:
        assert ask(server.url).status_code == 200


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}")) as elsewhere:
        location = f"HTTP/1.1 302 Found\r\nlocation: {elsewhere.url}/\r\ncontent-length: 0\r\n\r\n".encode()
        with hostile.running(answering(location)) as server:
            exchange = ask(server.url)
        assert exchange.response is not None
        assert (exchange.status_code, exchange.response.headers["location"]) == (302, f"{elsewhere.url}/")
        assert elsewhere.connections == 0


def test_repeated_header_fields_are_joined() -> None:
    twice = b"set-cookie: a=1\r\nSet-Cookie: b=2\r\n"
    with hostile.running(answering(HEAD + twice + b"content-length: 0\r\n\r\n")) as server:
        exchange = ask(server.url)
    assert exchange.response is not None
    assert exchange.response.headers["set-cookie"] == "a=1, b=2"


@pytest.mark.parametrize("status", [b"200 OK", b"599 Odd", b"299 Odd"])
def test_any_status_code_is_an_answer(status: bytes) -> None:
    with hostile.running(answering(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")) as server:
        assert ask(server.url).status_code == int(status[:3])


def test_an_early_refusal_of_a_body_is_read() -> None:
    def script(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        time.sleep(0.05)

    with hostile.running(script) as server:
        call = Call(method="POST", role="sc", path="/a", body=b"x" * 8_000_000)
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5)
    # The kernel may throw the answer away together with the connection: then it was reset.
    assert exchange.status_code == 413 or failure_of(exchange)[0] is FailureKind.CONNECTION


# --- compressed answers ---


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        (b"GZIP", gzip.compress(b'{"a": 1}', mtime=0)),
        (b"deflate", zlib.compress(b'{"a": 1}')),
        (b"deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
    ],
)
def test_a_compressed_answer_is_inflated(encoding: bytes, body: bytes) -> None:
    pieces = HEAD + b"content-encoding: " + encoding + f"\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    with hostile.running(answering(pieces)) as server:
        exchange = ask(server.url)
    assert exchange.response is not None
    assert exchange.response.body == b'{"a": 1}'
    assert "content-encoding" not in exchange.response.headers


def test_an_encoding_that_was_not_asked_for_stays_as_it_is() -> None:
    with hostile.running(answering(HEAD + b"content-encoding: br\r\ncontent-length: 3\r\n\r\nabc")) as server:
        exchange = ask(server.url)
    assert exchange.response is not None
    assert (exchange.response.body, exchange.response.headers["content-encoding"]) == (b"abc", "br")


@pytest.mark.slow
def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), compresslevel=1, mtime=0)
    pieces = HEAD + f"content-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n".encode() + bomb
    with hostile.running(answering(pieces)) as server:
        kind, words = failure_of(ask(server.url, seconds=5))
    assert kind is FailureKind.PROTOCOL
    assert words == "The status code was 200, but the body is longer than 2 MiB."


@pytest.mark.parametrize("body", [b"this is no gzip", gzip.compress(b"x" * 1000, mtime=0)[:20]])
def test_a_broken_compressed_body_is_a_failure(body: bytes) -> None:
    pieces = HEAD + f"content-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    with hostile.running(answering(pieces)) as server:
        assert failure_of(ask(server.url))[0] is FailureKind.PROTOCOL


# --- hostile servers ---


def test_a_refused_connection_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    kind, words = failure_of(ask(f"http://127.0.0.1:{port}"))
    assert (kind, words) == (FailureKind.CONNECTION, "The connection was refused.")


def test_an_unknown_name_is_a_failure_of_dns() -> None:
    exchange = ask("https://does-not-exist.invalid", seconds=5)
    assert failure_of(exchange) == (FailureKind.DNS, "The name of the host was not found.")


def _hang_at_once(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(1.5)


def _hang_after_headers(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(HEAD + b"content-length: 100\r\n\r\n{")
    time.sleep(1.5)


def _drip_headers(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(HEAD)
    for _ in range(100):
        connection.sendall(b"a: b\r\n")
        time.sleep(0.02)


def _drip_body(connection: socket.socket) -> None:
    request_of(connection)
    connection.sendall(HEAD + b"content-length: 10000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.02)


def _endless_informational(connection: socket.socket) -> None:
    request_of(connection)
    for _ in range(200):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    "script", [_hang_at_once, _hang_after_headers, _drip_headers, _drip_body, _endless_informational]
)
def test_the_deadline_holds_for_the_whole_exchange(script: hostile.Script) -> None:
    with hostile.running(script) as server:
        started_at = time.monotonic()
        kind, words = failure_of(ask(server.url, seconds=0.3))
        assert 0.25 < time.monotonic() - started_at < 0.8
    assert (kind, words) == (FailureKind.TIMEOUT, "No whole answer within 0.3 s.")


@pytest.mark.slow
def test_the_deadline_holds_while_the_request_is_written() -> None:
    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        time.sleep(1)

    with hostile.running(script) as server:
        call = Call(method="POST", role="sc", path="/a", body=b"x" * 50_000_000)
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=0.3)
    assert failure_of(exchange)[0] is FailureKind.TIMEOUT


@pytest.mark.slow
def test_the_deadline_holds_for_the_handshake() -> None:
    def script(connection: socket.socket) -> None:
        while connection.recv(65_536):
            """Listen, say nothing, until the client gives up."""

    with hostile.running(script) as server:
        kind, words = failure_of(ask(f"https://127.0.0.1:{server.port}", seconds=2))
    assert (kind, words) == (FailureKind.TIMEOUT, "No secure connection within 2 s.")


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((), FailureKind.CONNECTION),
        ((b"HTTP/1.1 200 O",), FailureKind.CONNECTION),
        ((HEAD + b"content-length: 100\r\n\r\n{",), FailureKind.CONNECTION),
        ((HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{\"a\"",), FailureKind.CONNECTION),
        ((b"SSH-2.0-OpenSSH_9.2\r\n\r\n",), FailureKind.PROTOCOL),
        ((bytes(range(256)) * 10 + b"\r\n\r\n",), FailureKind.PROTOCOL),
        ((b"HTTP/1.1 2000 OK\r\n\r\n",), FailureKind.PROTOCOL),
        ((HEAD + b"content-length: -1\r\n\r\n",), FailureKind.PROTOCOL),
        ((HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",), FailureKind.PROTOCOL),
        ((HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",), FailureKind.PROTOCOL),
        ((b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000 + b"\r\n\r\n",), FailureKind.PROTOCOL),
        ((b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 60_000 + b"\r\n",), FailureKind.PROTOCOL),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_a_failure(pieces: tuple[bytes, ...], kind: FailureKind) -> None:
    with hostile.running(answering(*pieces)) as server:
        assert failure_of(ask(server.url, seconds=5))[0] is kind


def test_a_lying_length_ends_where_it_says() -> None:
    with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}{}{}")) as server:
        exchange = ask(server.url)
    assert exchange.response is not None
    assert exchange.response.body == b"{}"


def test_a_reset_is_a_broken_connection() -> None:
    def script(connection: socket.socket) -> None:
        request_of(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with hostile.running(script) as server:
        assert failure_of(ask(server.url))[0] is FailureKind.CONNECTION


@pytest.mark.parametrize(
    "framing", [b"content-length: 99999999999", b"connection: close", b"transfer-encoding: chunked"]
)
def test_a_body_without_end_is_cut_off(framing: bytes) -> None:
    def script(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(HEAD + framing + b"\r\n\r\n")
        for piece in repeat(b"10000\r\n" + b"x" * 65_536 + b"\r\n"):
            connection.sendall(piece)

    with hostile.running(script) as server:
        kind, words = failure_of(ask(server.url, seconds=5))
    assert kind is FailureKind.PROTOCOL
    assert "longer than 2 MiB" in words


def test_header_values_that_are_no_http_are_not_sent() -> None:
    with hostile.running(answering(HEAD)) as server:
        call = Call(method="GET", role="sc", path="/a", headers={"x-a": "b\r\nx-c: d"})
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5)
    assert failure_of(exchange) == (FailureKind.PROTOCOL, "The request cannot be written as HTTP: nothing was sent.")


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    options = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *options], cwd=folder, check=True, capture_output=True)
    return folder


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_signed_is_a_failure_of_tls(certificate: Path) -> None:
    with hostile.running(answering(HEAD + b"content-length: 0\r\n\r\n"), _context(certificate)) as server:
        kind, words = failure_of(ask(server.url, seconds=5))
    assert kind is FailureKind.TLS
    assert words == "The host's certificate is not good: self-signed certificate."


def test_a_good_certificate_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    client.trusted.cache_clear()
    try:
        with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}"), _context(certificate)) as server:
            assert ask(server.url, seconds=5).status_code == 200
            kind, words = failure_of(ask(f"https://localhost:{server.port}", seconds=5))
    finally:
        client.trusted.cache_clear()
    assert kind is FailureKind.TLS
    assert "localhost" in words


def test_plain_http_on_a_secure_port_is_a_failure_of_tls() -> None:
    with hostile.running(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert failure_of(ask(f"https://127.0.0.1:{server.port}", seconds=5))[0] is FailureKind.TLS


# --- where it never goes ---


@pytest.mark.parametrize("url", ["http://ordergroove.example", "https://user@127.0.0.1", "file:///etc/passwd", ""])
def test_a_host_that_is_not_allowed_is_never_called(url: str) -> None:
    with pytest.raises(DestinationError):
        ask(url)


def test_a_path_that_could_change_the_host_is_never_called() -> None:
    with hostile.running(answering(HEAD)) as server:
        for path in ("//evil.example/a", "@evil.example/", "http://evil.example/", "/a b", "/a\r\nHost: evil.example"):
            with pytest.raises(DestinationError):
                ask(server.url, path=path)
        assert server.connections == 0


# --- what may have left ---


def has_left(exchange: Exchange) -> bool | None:
    assert exchange.failure is not None
    return exchange.failure.has_left


def test_a_refused_connection_let_nothing_leave() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert has_left(ask(f"http://127.0.0.1:{port}")) is False


def test_a_failed_handshake_let_nothing_leave() -> None:
    with hostile.running(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        exchange = ask(server.url.replace("http://", "https://"), seconds=5)
    assert exchange.failure is not None
    assert exchange.failure.kind == FailureKind.TLS
    assert has_left(exchange) is False


@pytest.mark.parametrize("pieces", [(), (b"HTTP/1.1 200 OK\r\n",), (b"garbage\r\n\r\n",)])
def test_what_breaks_after_the_first_byte_may_have_arrived(pieces: tuple[bytes, ...]) -> None:
    with hostile.running(answering(*pieces)) as server:
        assert has_left(ask(server.url)) is True


def test_nothing_leaves_when_it_is_too_late_to_begin() -> None:
    seen: queue.Queue[bytes] = queue.Queue()

    def script(connection: socket.socket) -> None:
        seen.put(connection.recv(100))

    with hostile.running(script) as server:
        call = Call(method="POST", role="sc", path="/subscription/create", body=b"{}")
        exchange = client.send(
            account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5, may_begin=lambda: False
        )
        # While the server still runs: it may not even have taken the connection yet.
        assert seen.get(timeout=30) == b""
    assert failure_of(exchange) == (
        FailureKind.TIMEOUT, "Too much time passed before it could begin: nothing was sent."
    )  # fmt: skip
    assert has_left(exchange) is False


def test_it_is_asked_once_whether_to_begin() -> None:
    asked: list[bool] = []

    def may_begin() -> bool:
        asked.append(True)
        return len(asked) == 1

    with hostile.running(answering(HEAD + b"content-length: 2\r\n\r\n{}")) as server:
        call = Call(method="POST", role="sc", path="/a", body=b"x" * 200_000)
        exchange = client.send(account(server.url), call, origin=Origin.RETRY, now=AT, seconds=5, may_begin=may_begin)
    assert exchange.status_code == 200
    assert len(asked) == 1


def test_a_header_field_that_cannot_be_written_lets_nothing_leave() -> None:
    call = Call(method="GET", role="sc", path="/a", headers={"x-name": "\ud800"})
    exchange = client.send(account("http://127.0.0.1:9"), call, origin=Origin.RETRY, now=AT, seconds=1)
    assert has_left(exchange) is False


def test_fields_of_the_old_connection_are_dropped_and_the_callers_name_is_kept() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(request_of(connection).lower())
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with hostile.running(script) as server:
        headers = {"connection": "keep-alive, X-Hop", "x-hop": "1", "user-agent": "shop/2.1"}
        client.send(
            account(server.url), Call(method="GET", role="sc", path="/a", headers=headers), origin=Origin.RETRY, now=AT
        )
    assert b"x-hop" not in seen[0]
    assert b"user-agent: shop/2.1" in seen[0]
