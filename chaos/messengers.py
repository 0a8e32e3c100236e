"""A mail server and an incoming webhook in one process, both moody, which keep a ledger of what they accepted.

Usage: python -m chaos.messengers MAIL_PORT WEBHOOK_PORT SEED LEDGER. It is down whenever it is killed.

An accepted message is a line "accepted", with ``is_seen`` false where the sender is not told; one that is refused for
good is a line "refused". Both are on disk before the sender hears anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from chaos import ledger, moods, wires
from chaos.ledger import Ledger
from chaos.moods import Mood

_ID = re.compile(r"delivery-\d+")


class Door:
    """What both servers share: whose turn it is, and the ledger."""

    def __init__(self, path: Path, seed: int) -> None:
        # Whoever was killed goes on where he was.
        self._numbers = Counter(line["channel"] for line in ledger.read(path))
        self._ledger = Ledger(path)
        self._seed = seed

    def meet(self, channel: str, content: str, **fields: object) -> tuple[Mood, int]:
        """Draw what becomes of a message, write it down, and return it with the message's number."""
        number = self._numbers[channel]
        self._numbers[channel] += 1
        mood = moods.draw(self._seed, channel, number)
        found = _ID.search(content)
        event = "accepted" if mood.takes else "refused" if mood is Mood.REFUSE else "put off"
        said = {"channel": channel, "id": found[0] if found else "", "mood": mood, "is_seen": mood is Mood.TAKE}
        self._ledger.write(event, **said, **(fields if mood.takes else {}))
        return mood, number


class Mail:
    """The handler of the mail server."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one message, or not."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        fields = {"subject": str(message["subject"]), "text": body.get_content() if body else ""}
        mood, number = self.door.meet("email", str(message["message-id"]), **fields)
        if mood in (Mood.DROP, Mood.TAKE_AND_DROP) and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if mood in moods.MAIL:
            answers = moods.MAIL[mood]
            return answers[number % len(answers)]
        if mood is not Mood.TAKE:
            await asyncio.sleep(moods.HANG_SECONDS)
        return "250 OK"


async def serve_webhook(door: Door, port: int) -> asyncio.Server:
    """Accept messages with the webhook's ``ok``, or do not."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            request = await wires.read_request(reader)
            if request is not None:
                text = request.body.decode()
                mood, number = door.meet("slack", text, payload=json.loads(text))
                await _answer(writer, mood, number)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port, limit=1024 * 1024)


async def _answer(writer: asyncio.StreamWriter, mood: Mood, number: int) -> None:
    if mood in (Mood.DROP, Mood.TAKE_AND_DROP):
        writer.transport.abort()
        return
    if mood in (Mood.HANG, Mood.TAKE_AND_HANG):
        await asyncio.sleep(moods.HANG_SECONDS)
        return
    answers = moods.SLACK.get(mood, ((200, "ok"),))
    code, words = answers[number % len(answers)]
    wait = "Retry-After: 1\r\n" if code == 429 else ""
    head = f"HTTP/1.1 {code} Chaos\r\n{wait}Content-Length: {len(words)}\r\nConnection: close\r\n\r\n"
    writer.write((head + words).encode())
    await writer.drain()


async def _main(mail_port: int, webhook_port: int, seed: int, path: str) -> None:
    door = Door(Path(path), seed)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    mail = await loop.create_server(lambda: SMTP(Mail(door), loop=loop), "127.0.0.1", mail_port)
    webhook = await serve_webhook(door, webhook_port)
    await ended.wait()
    mail.close()
    webhook.close()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
