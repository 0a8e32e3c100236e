"""The recording path as the web server runs it, driven without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from django.db import connections

from responses.front.keys import Keyring
from responses.front.recording import Recording
from responses.front.writer import Writer
from responses.models import IntakeKey, Integration
from responses.models.integration import new_intake_key
from tests.factories import NOW, make_integration


class Answered(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Path:
    """The recording path with a key of its own integration."""

    def __init__(self) -> None:
        self.nudges: list[frozenset[str]] = []
        self.shop: Integration = make_integration()
        self.key_row: IntakeKey
        self.key_row, self.key = new_intake_key(self.shop)
        self.seconds = 0.0
        self.writer = Writer(clock=lambda: NOW, nudge=self.nudges.append)
        self.recording = Recording(
            writer=self.writer,
            keyring=Keyring(clock=lambda: self.seconds, now=lambda: NOW),
            page_url="http://monitor/responses/",
            now=lambda: NOW,
            clock=lambda: self.seconds,
        )

    def post(self, body: object, **fields: str) -> Answered:
        """One call. Field names are written with underscores."""
        [answered] = self.post_all([body], **fields)
        return answered

    def post_all(self, bodies: Sequence[object], **fields: str) -> list[Answered]:
        """As many calls at the same time."""

        async def together() -> list[Answered]:
            return await asyncio.gather(*(self._call(body, fields) for body in bodies))

        return asyncio.run(together())

    async def _call(self, body: object, fields: dict[str, str]) -> Answered:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.key}", "content_type": "application/json"} | fields
        headers = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in sent.items() if value]
        parts = [content[at : at + 60_000] for at in range(0, len(content), 60_000)] or [b""]
        messages = [
            {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
            for index, part in enumerate(parts)
        ]
        answers: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answers.append(message)

        await self.recording({"headers": headers}, receive, send, request_id="r-1")
        start, end = answers
        names = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answered(start["status"], names, end["body"])


@pytest.fixture
def path(transactional_db: None) -> Iterator[Path]:
    made = Path()
    made.writer.start()
    yield made
    made.writer.stop()
    made.recording.close()
    connections.close_all()
