"""The web process: uvicorn with our limits. ``python -m ordergroove_monitor.web --bind HOST:PORT``, or ``--fd N`` for a
listening socket that the supervisor holds, so that connections wait while this process is being restarted."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import sys
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ordergroove_monitor import addresses, request_ids

LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 100
HEAD_SECONDS = 30.0
LINGER_SECONDS = 2.0
STOP_SECONDS = 10


class Protocol(HttpToolsProtocol):
    """uvicorn's fast protocol, with the bounds on a request's head that it lacks: size, number of fields, and time."""

    head_seconds = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None
    _is_in_head = True
    _has_begun = False
    _head_size = 0
    _refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        if self._is_in_head:
            self._head_size += len(data)
        super().data_received(data)
        # The body may have come along in the same piece, but then the head was complete before it.
        if self._is_in_head and self._head_size > LARGEST_HEAD and self._refusal is None:
            self._refuse(431, "The request line and header fields are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = self._has_begun = True
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > LARGEST_HEAD or len(self.headers) > MOST_HEADERS:
            self._refusal = (431, "The request has too many or too long header fields.")
            raise ValueError(self._refusal[1])
        self._is_in_head = self._has_begun = False
        self._head_size = 0
        self._forget_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head = True

    def send_400_response(self, msg: str) -> None:
        """Called for whatever the parser, or a callback of ours, does not accept."""
        status_code, message = self._refusal or (400, msg)
        self._refuse(status_code, message)

    def _refuse(self, status_code: int, message: str) -> None:
        self._refusal = (status_code, message)
        self._forget_timer()
        request_id = request_ids.accept("")
        title = HTTPStatus(status_code).phrase
        problem = {"type": "about:blank", "title": title, "status": status_code, "detail": message}
        body = json.dumps(problem | {"errors": [], "request_id": request_id})
        head = (
            f"HTTP/1.1 {status_code} {title}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write((head + body).encode("ascii"))
        # Closing while the client still sends would reset the connection, and the answer with it.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        if self.transport.is_closing():
            return
        if self._has_begun:
            self._refuse(408, "The request did not arrive in time.")
        else:
            # Nothing was asked, so nothing is answered: browsers open connections ahead.
            self.transport.close()


def config(**overrides: Any) -> uvicorn.Config:
    """How uvicorn runs here."""
    options: dict[str, Any] = {
        "app": "ordergroove_monitor.asgi:application",
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "proxy_headers": False,
        "server_header": False,
        "backlog": 2048,
        "timeout_keep_alive": 65,
        "timeout_graceful_shutdown": STOP_SECONDS,
    }
    return uvicorn.Config(**(options | overrides))


def serve(listener: socket.socket) -> None:
    """Serve on ``listener`` until SIGTERM or SIGINT."""
    _allow_many_connections()
    server = uvicorn.Server(config())
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(3)


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--bind", help="HOST:PORT to listen on")
    group.add_argument("--fd", type=int, help="number of an inherited listening socket")
    arguments = parser.parse_args()
    try:
        listener = (
            socket.socket(fileno=arguments.fd)
            if arguments.fd is not None
            else addresses.listen(addresses.parse(arguments.bind))
        )
    except addresses.AddressError as error:
        sys.exit(str(error))
    serve(listener)


if __name__ == "__main__":
    main()
