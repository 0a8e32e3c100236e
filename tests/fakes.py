"""Stand-ins for the outside world, on loopback: a Slack that checks what it gets, a mail server that keeps it."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ANSWERS_WITHIN = 10.0
"""Seconds after which a hanging answer ends at the latest, whatever the test does."""


class Reply(msgspec.Struct, frozen=True):
    """What the fake Slack does with one message, beyond checking it."""

    status_code: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = {}
    hangs: bool = False
    drops: bool = False
    """Close the connection without a word."""
    drips: bool = False
    """Send a byte at a time, and never end."""


OK = Reply()


class FakeSlack:
    """A server for incoming webhooks that keeps to the limits of Block Kit. ``accepted`` is its ledger."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.asked: list[str] = []
        """Method and path of everything that came, accepted or not."""
        self.script: deque[Reply] = deque()
        self.always = OK
        self.released = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                fake._answer(self)

            def do_GET(self) -> None:
                fake._answer(self)

            def log_message(self, *_words: object) -> None:
                """A test's output is its own."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever asked has left: that is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._scheme, self._host = "http", "127.0.0.1"
        if tls is not None:
            self._scheme, self._host = "https", "localhost"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)

    @property
    def url(self) -> str:
        """An incoming webhook of this server."""
        return f"{self._scheme}://{self._host}:{self._server.server_port}/services/T000/B000/verysecret1234"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.asked.append(f"{handler.command} {handler.path}")
        reply = self.script.popleft() if self.script else self.always
        if reply.hangs:
            self.released.wait(ANSWERS_WITHIN)
            handler.close_connection = True
            return
        if reply.drops:
            handler.close_connection = True
            return
        if reply.drips:
            self._drip(handler)
            return
        if reply.status_code == 200 and (complaint := complaint_about(content)):
            reply = Reply(400, complaint)
        elif reply.status_code == 200:
            self.accepted.append(json.loads(content))
        handler.send_response(reply.status_code)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body.encode())))
        handler.end_headers()
        handler.wfile.write(reply.body.encode())

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.released.wait(0.05):
                handler.wfile.write(b"X-Drip: 1\r\n")
        except OSError:
            pass


def complaint_about(content: bytes) -> str:
    """What Slack would say about a message: ``""``, or the word of its 400."""
    try:
        payload = json.loads(content.decode("utf-8", "strict"))
        # An escaped lone surrogate is valid JSON, but no text.
        json.dumps(payload, ensure_ascii=False).encode("utf-8", "strict")
    except ValueError:
        return "invalid_payload"
    if not payload.get("text") and not payload.get("blocks"):
        return "no_text"
    if len(payload.get("text", "")) > 40_000:
        return "invalid_payload"
    blocks = payload.get("blocks", [])
    return "" if len(blocks) <= 50 and all(_is_block(block) for block in blocks) else "invalid_blocks"


def _is_block(block: dict[str, Any]) -> bool:
    match block:
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            return _is_text(text, 150) and "\n" not in text["text"]
        case {"type": "section", "text": text}:
            return _is_text(text, 3_000)
        case {"type": "section", "fields": fields}:
            return 1 <= len(fields) <= 10 and all(_is_text(field, 2_000) for field in fields)
        case {"type": "context", "elements": elements}:
            return 1 <= len(elements) <= 10 and all(_is_text(element, 3_000) for element in elements)
        case {"type": "divider"}:
            return True
    return False


def _is_text(text: dict[str, Any], most: int) -> bool:
    known = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}
    return set(text) <= known.get(text.get("type", ""), set()) and 1 <= len(text["text"]) <= most


class _Controller(Controller):
    """aiosmtpd's, on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class FakeMail:
    """A mail server. ``accepted`` is its ledger; ``script`` and ``refused`` say what it refuses.

    ``ssl_context`` makes it speak TLS from the first byte, ``tls_context`` after STARTTLS.
    """

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, tls_context: ssl.SSLContext | None = None) -> None:
        self.accepted: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.script: deque[str] = deque()
        """Answers to the next messages in place of 250; ``hang`` holds the answer back."""
        self.refused: dict[str, str] = {}
        """Recipients, and the answer that each gets."""
        self.released = threading.Event()
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=0, ready_timeout=5.0, ssl_context=ssl_context, tls_context=tls_context
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take or refuse one message."""
        answer = self.script.popleft() if self.script else "250 OK"
        if answer == "hang":
            for _ in range(int(ANSWERS_WITHIN / 0.02)):
                if self.released.is_set():
                    break
                await asyncio.sleep(0.02)
            return "451 too late"
        if answer.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            self.accepted.append(message_from_bytes(content, policy=policy.default))
            self.recipients.append(list(envelope.rcpt_tos))
        return answer

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self._controller.stop()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that nobody answers at: connections are refused."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
