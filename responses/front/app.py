"""The ASGI application: recording on a lean path, everything else to Django in a fixed pool of threads."""

from __future__ import annotations

import time
from functools import partial

from django.conf import settings
from django.utils import timezone

from ordergroove_monitor import pages, request_ids
from responses import tasks
from responses.front import limits
from responses.front.keys import Keyring
from responses.front.nudges import Nudger
from responses.front.recording import Receive, Recording, Scope, Send
from responses.front.watch import Watch
from responses.front.writer import Writer
from responses.recording import batch

RECORDING_PATH = "/api/v1/responses"
LIMITS_PATH = "/api/v1/limits"


class Front:
    """One process of the web server."""

    def __init__(self) -> None:
        self._nudger = Nudger({kind: partial(tasks.publish, kind) for kind in tasks.SWEPT})
        self._watch = Watch(
            clock=timezone.now,
            nudge=partial(self._nudger.nudge, frozenset({batch.ALERTING})),
            lock=settings.DATA_DIR / "watch.lock",
        )
        self._writer = Writer(clock=timezone.now, nudge=self._nudger.nudge)
        self._recording = Recording(
            writer=self._writer,
            keyring=Keyring(clock=time.monotonic, now=timezone.now),
            page_url=f"{settings.MONITOR_URL.rstrip('/')}/responses/",
            now=timezone.now,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one event of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == RECORDING_PATH and scope["method"] == "POST":
            await self._recording(scope, receive, send, request_id=_request_id(scope))
        elif scope["type"] == "http" and scope["path"] == LIMITS_PATH and scope["method"] in ("GET", "HEAD"):
            await limits.answer(scope, send, request_id=_request_id(scope))
        elif scope["type"] == "http":
            await pages.application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._nudger.start()
                self._watch.start()
                self._writer.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self._writer.stop()
                self._recording.close()
                self._watch.stop()
                self._nudger.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return request_ids.accept(value.decode("latin-1"))
    return request_ids.accept("")


application = Front()
