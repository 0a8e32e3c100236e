"""A stand-in for Slack's Web API on loopback: a bot's messages, their edits and their threads, within Block Kit's limits."""

from __future__ import annotations

import json
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from tests.fakes import Reply, complaint_about

TOKEN = "xoxb-1234567890-verysecret"
CHANNELS = {"#oncall": "C0ONCALL01", "#private": ""}
"""Names and ids; the bot is not in a channel without one."""


class FakeSlackApi:
    """``messages`` is what a channel shows, by its time stamp; ``replies`` what stands in their threads."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.replies: dict[str, list[dict[str, Any]]] = {}
        self.edits: list[str] = []
        self.asked: list[str] = []
        self.script: deque[Reply | dict[str, Any]] = deque()
        """What the next calls get in place of what they should: a reply, or the JSON of a 200."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                fake._handle(self)

            def log_message(self, *_words: object) -> None:
                """A test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)

    @property
    def url(self) -> str:
        """For SLACK_API_URL."""
        return f"http://127.0.0.1:{self._server.server_port}/api/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        method = handler.path.removeprefix("/api/")
        self.asked.append(method)
        scripted = self.script.popleft() if self.script else None
        if isinstance(scripted, Reply):
            if scripted.drops:
                handler.close_connection = True
                return
            self._write(handler, scripted.status_code, scripted.body, scripted.headers)
            return
        answer = scripted or self._answer(method, handler.headers.get("Authorization", ""), content)
        self._write(handler, 200, json.dumps(answer), {"Content-Type": "application/json"})

    @staticmethod
    def _write(handler: BaseHTTPRequestHandler, status_code: int, body: str, headers: Any) -> None:
        handler.send_response(status_code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    def _answer(self, method: str, authorization: str, content: bytes) -> dict[str, Any]:
        if authorization != f"Bearer {TOKEN}":
            return _error("invalid_auth")
        if complaint := complaint_about(content):
            return _error(complaint)
        asked = json.loads(content)
        channel = CHANNELS.get(asked.get("channel"), asked.get("channel"))
        if channel not in CHANNELS.values() or not channel:
            return _error("not_in_channel" if channel == "" else "channel_not_found")
        if method == "chat.update":
            return self._update(channel, asked)
        return self._post(channel, asked) if method == "chat.postMessage" else _error("unknown_method")

    def _post(self, channel: str, asked: dict[str, Any]) -> dict[str, Any]:
        thread = asked.get("thread_ts")
        at = f"1795350000.{len(self.messages) + sum(map(len, self.replies.values())) + 1:06d}"
        if thread is None:
            self.messages[at] = asked
        elif thread in self.messages:
            self.replies.setdefault(thread, []).append(asked)
        else:
            return _error("thread_not_found")
        return {"ok": True, "channel": channel, "ts": at, "message": asked}

    def _update(self, channel: str, asked: dict[str, Any]) -> dict[str, Any]:
        at = asked.get("ts")
        if at not in self.messages or not asked["channel"].startswith("C"):
            return _error("message_not_found")
        self.messages[at] = asked
        self.edits.append(at)
        return {"ok": True, "channel": channel, "ts": at, "text": asked["text"]}


def _error(word: str) -> dict[str, Any]:
    return {"ok": False, "error": word}
