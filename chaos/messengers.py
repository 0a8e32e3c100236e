"""A mail server and an incoming webhook in one process, which keep a ledger of what they accepted.

Usage: python -m chaos.messengers MAIL_PORT WEBHOOK_PORT LEDGER. It is down whenever it is killed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from chaos import wires
from chaos.ledger import Ledger


class Mail:
    """The handler of the mail server."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one message."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        self.ledger.write(
            "mail",
            subject=str(message["subject"]),
            message_id=str(message["message-id"]),
            text=body.get_content() if body else "",
        )
        return "250 OK"


async def serve_webhook(ledger: Ledger, port: int) -> asyncio.Server:
    """Accept every message with the webhook's ``ok``."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await wires.read_request(reader)
        if request is not None:
            ledger.write("slack", payload=json.loads(request.body))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port, limit=1024 * 1024)


async def _main(mail_port: int, webhook_port: int, path: str) -> None:
    ledger = Ledger(Path(path))
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    mail = await loop.create_server(lambda: SMTP(Mail(ledger), loop=loop), "127.0.0.1", mail_port)
    webhook = await serve_webhook(ledger, webhook_port)
    await ended.wait()
    mail.close()
    webhook.close()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
