"""A server on loopback that keeps all that it is sent, and messages to send to it."""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

from responses.alerting.about import About
from responses.alerting.message import Kind, Message, Stamp
from tests.factories import NOW
from tests.fakes import ANSWERS_WITHIN, Reply

STAMP = Stamp(message_id="delivery-4711", thread_id="alert-7.channel-3", at=NOW)
ABOUT = About(
    kind="issue_opened",
    severity="high",
    alert_id=7,
    issue_id=912311451648114979,
    integration="shop-eu",
    endpoint="POST /subscription/create",
    status_code=400,
    outcome="needs_fix",
    field="session_id",
    failures=14,
    requests=12,
    orders=11,
    deadline_at=NOW + timedelta(hours=5),
)


def make_message(*, about: About | None = ABOUT, **overrides: Any) -> Message:
    given: dict[str, Any] = {
        "kind": Kind.NEW,
        "environment": "production",
        "integration": "Shop EU",
        "title": "Session id cannot be null",
        "answer": "400 Bad Request",
        "call": "POST /subscription/create",
        "figures": (("14", "failures"), ("12", "requests")),
        "meaning": "The request was refused.",
        "created": "No subscription",
        "who": "You: fix and send again",
        "advice": "Send the session id.",
        "url": "https://monitor.example.com/issues/1/",
        "url_label": "Open the issue",
        "as_of": NOW,
        "footer": "Sent by Ordergroove Monitor.",
        "about": about,
    }
    return Message(**given | overrides)


class Call(msgspec.Struct, frozen=True):
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Receiver:
    """Keeps every call, and answers as scripted, else with ``always``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.script: deque[Reply] = deque()
        self.always = Reply(body="{}")
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def do_GET(self) -> None:
                receiver._answer(self)

            def log_message(self, *_words: object) -> None:
                """A test's output is its own."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Whoever asked has left: that is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._scheme, self._host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self._host}:{self._server.server_port}"

    def url(self, path: str = "/hook") -> str:
        """An address of this server."""
        return f"{self._scheme}://{self.place}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.calls.append(Call(handler.command, handler.path, headers, body))
        reply = self.script.popleft() if self.script else self.always
        if reply.hangs:
            self.released.wait(ANSWERS_WITHIN)
            return
        if reply.drops:
            return
        if reply.drips:
            self._drip(handler)
            return
        handler.send_response(reply.status_code)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body.encode())

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.released.wait(0.05):
                handler.wfile.write(b"X-Drip: 1\r\n")
        except OSError:
            pass
