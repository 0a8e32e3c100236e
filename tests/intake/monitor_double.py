"""A stand-in for the monitor's intake on loopback: keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Monitor:
    """``answers``: status code, header fields and body of the next calls, or a function of the records; else 202."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Any] = []
        self.calls: list[dict[str, Any]] = []
        self.records: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()

    def ids(self) -> list[str]:
        """The ids of the records that were taken, in order."""
        return [record["id"] for record in self.records]


@contextmanager
def running(port: int = 0) -> Iterator[Monitor]:
    """``with monitor_double.running() as monitor``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            wire = self.rfile.read(int(self.headers["content-length"]))
            monitor.gate.wait(10)
            records = json.loads(gzip.decompress(wire))["responses"]
            monitor.calls.append({"path": self.path, "headers": dict(self.headers.items()), "records": len(records)})
            answer = monitor.answers.pop(0) if monitor.answers else (202, {}, b"{}")
            status, headers, body = answer(records) if callable(answer) else answer
            if 200 <= status < 300:
                monitor.records.extend(records)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def setup(self) -> None:
            super().setup()
            connections.append(self.connection)

        def log_message(self, *_args: Any) -> None:
            pass

    connections: list[socket.socket] = []
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    monitor = Monitor(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield monitor
    finally:
        server.shutdown()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()
        thread.join()
