"""The stand-in Ordergroove as a server: on a port for people, in a thread for tests."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from responses.sandbox import control, messages, routes, wire, world
from responses.sandbox.ledger import Entry, Ledger
from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import Modes, World

T = TypeVar("T")
LEDGER_SIZE = 10_000


class Sandbox:
    """One running stand-in: its world, its ledger and its sockets. Lives on one event loop."""

    def __init__(self, seed: int | None = None, modes: Modes | None = None, ledger_size: int = LEDGER_SIZE) -> None:
        self.world: World = world.create(seed, modes)
        self.book = Ledger(ledger_size)
        self._in_flight: Counter[str] = Counter()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which is a free one when 0 was asked for. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._connected, host, port, backlog=512)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the port and every connection, also the hanging ones."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._serve(reader, writer)
        except wire.WireError as error:
            with suppress(OSError):
                await wire.refuse(writer, error.status_code, datetime.now(UTC))
        except (OSError, asyncio.CancelledError):
            pass  # the caller has gone, or the server stops: either way there is nobody to answer
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for received, is_kept in wire.requests(reader, writer):
            now = datetime.now(UTC)
            line = wire.Line(reader, writer, is_kept=is_kept, is_head=received.method == "HEAD")
            if received.path.startswith(control.PREFIX):
                plan = Plan(control.handle(self.world, self.book, received, now))
                go_on = await wire.write(line, plan, self.world.modes, now)
            else:
                go_on = await self._answer(line, received, now)
            if not go_on:
                return

    async def _answer(self, line: wire.Line, received: Received, now: datetime) -> bool:
        """Decide, note, write: the entry is there before the first byte leaves, its end afterwards."""
        resource = routes.resource_of(received)
        if resource and self.world.modes.lock_resources and self._in_flight[resource]:
            plan = Plan(messages.in_use(), name="423", resource=resource)
        else:
            plan = routes.answer(self.world, received, now)
        entry = self.book.add(received, plan, now)
        self._in_flight[resource] += 1
        try:
            return await wire.write(line, plan, self.world.modes, now)
        finally:
            entry.ended_at = datetime.now(UTC)
            self._in_flight[resource] -= 1
            if not self._in_flight[resource]:
                del self._in_flight[resource]


async def serve(box: Sandbox, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
    """Listen until the task is cancelled. Raises OSError when the port is taken."""
    bound = await box.start(host, port)
    if ready is not None:
        ready(bound)
    try:
        await asyncio.Event().wait()
    finally:
        await box.stop()


class Running:
    """A sandbox in a thread of its own, seen from a test."""

    def __init__(self, box: Sandbox, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self._box = box
        self._loop = loop
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ledger(self, path: str = "") -> list[Entry]:
        """The requests whose path begins with ``path``, oldest first."""
        return self._on_loop(
            lambda: [msgspec.structs.replace(e, applied=list(e.applied)) for e in self._box.book.since(0, path=path)]
        )

    def control(self, **changes: Any) -> Modes:
        """Change modes as ``POST /_control`` does. Raises ControlError."""

        def change() -> Modes:
            control.change(self._box.world, self._box.book, changes, datetime.now(UTC))
            return self._box.world.modes

        return self._on_loop(change)

    def state(self) -> dict[str, Any]:
        """What ``GET /_state`` says."""
        return self._on_loop(lambda: control.state(self._box.world, self._box.book))

    def answer(self, received: Received) -> Plan:
        """Ask without HTTP, at the present time."""
        return self._on_loop(lambda: routes.answer(self._box.world, received, datetime.now(UTC)))

    def _on_loop(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=10)


@contextmanager
def running(
    seed: int | None = 1, *, port: int = 0, ledger_size: int = LEDGER_SIZE, modes: Modes | None = None
) -> Iterator[Running]:
    """``with server.running() as box``: a sandbox on a free port of 127.0.0.1."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    box = Sandbox(seed, modes, ledger_size)
    try:
        bound = asyncio.run_coroutine_threadsafe(box.start("127.0.0.1", port), loop).result(timeout=10)
        try:
            yield Running(box, loop, bound)
        finally:
            asyncio.run_coroutine_threadsafe(box.stop(), loop).result(timeout=10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()
