"""A scripted Ordergroove in a process of its own, raw enough to misbehave. Its ledger says what came and what was done.

Usage: python -m chaos.upstream PORT SEED LEDGER API_KEY. SIGUSR1 answers everything with 503, SIGUSR2 closes the door;
each again ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from chaos import behaviours, wires
from chaos.behaviours import Behaviour, Manner
from chaos.ledger import Ledger
from chaos.truth import Asked, Truth
from responses.sandbox import forms

WORK_SECONDS = (0.01, 0.08)
"""How long a request is in work before it is answered: time for another one to meet it."""
LATE_SECONDS = 2.0
OUR_AGENT = "ordergroove-monitor"
_SETTER = re.compile(r"/subscriptions/([^/]+)/change_quantity/")
_STATUS = re.compile(r"/subscription/([^/]+)/response")
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/")
_OUTAGE = Behaviour("outage", 503)
_LOOK_UPS = (*behaviours.REFUSED, *behaviours.SILENT)


class Upstream:
    """One server. ``is_down`` answers 503 to everything."""

    def __init__(self, port: int, seed: int, ledger: Ledger, api_key: str) -> None:
        self.port = port
        self.seed = seed
        self.ledger = ledger
        self.api_key = api_key
        self.truth = Truth(seed)
        self.is_down = False
        self._dice = random.Random(f"{seed} upstream")
        self._seen: Counter[str] = Counter()
        self._in_work: dict[str, list[str]] = {}
        self._number = 0
        self._server: asyncio.Server | None = None
        self._later: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=4 * 1024 * 1024)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def toggle_door(self) -> None:
        """Refuse connections from now on, or listen again."""
        if self._server is None:
            await self.open()
        else:
            self._server.close()
            self._server = None
        self.ledger.write("door", is_open=self._server is not None)

    def toggle_outage(self) -> None:
        """Answer 503 to everything from now on, or no longer."""
        self.is_down = not self.is_down
        self.ledger.write("outage", is_down=self.is_down)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await wires.read_request(reader)
            if request is not None:
                await self._answer(request, reader, writer)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, request: wires.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who = "monitor" if request.headers.get("user-agent", "") == OUR_AGENT else "caller"
        asked = asked_by(request)
        if asked is None:
            await self._look_up(request, who, reader, writer)
            return
        self._number += 1
        number = self._number
        self.ledger.write(
            "received",
            number=number,
            who=who,
            kind=asked.kind,
            name=asked.name,
            resource=asked.resource,
            hash=hashlib.sha256(request.body).hexdigest(),
            has_right_key=request.headers.get("x-api-key", "") == self.api_key,
        )
        others = self._in_work.setdefault(asked.resource, [])
        if others and who == "monitor" and "monitor" in others:
            self.ledger.write("overlap", number=number, resource=asked.resource)
        is_locked = bool(others)
        others.append(who)
        try:
            behaviour, body = await self._work(asked, number, is_locked=is_locked)
            self.ledger.write("answered", number=number, name=asked.name, behaviour=behaviour.name, who=who)
            await wires.write_answer(reader, writer, behaviour, body)
        finally:
            others.remove(who)

    async def _work(self, asked: Asked, number: int, *, is_locked: bool) -> tuple[Behaviour, bytes]:
        """Decide, let it take effect where it shall, and return how to answer."""
        await asyncio.sleep(self._dice.uniform(*WORK_SECONDS))
        if is_locked:
            return Behaviour("in-use", 423), b"{'details': 'Resource is currently in use. Please try again shortly.'}"
        if self.is_down:
            return _OUTAGE, b"<html>down</html>"
        if asked.name in self.truth.guarded:
            return Behaviour("guarded", 409), b'{"error": "This merchant_order_id was already received and processed."}'
        behaviour = behaviours.of(self.seed, asked.name, self._seen[asked.name], is_purchase=asked.kind == "purchase")
        self._seen[asked.name] += 1
        subs_req_id = self.truth.new_id()
        if behaviour.is_read_as_5xx and asked.kind == "purchase":
            self.truth.guarded.add(asked.name)
        if behaviour.is_late:
            task = asyncio.create_task(self._apply_late(asked, subs_req_id, number))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        elif behaviour.applies:
            self._apply(asked, subs_req_id, number)
        if behaviour.applies and behaviour.status_code < 300:
            return behaviour, self.truth.answer_to(asked, subs_req_id)
        return behaviour, behaviour.body.encode() or b'{"detail": "chaos"}'

    async def _apply_late(self, asked: Asked, subs_req_id: str, number: int) -> None:
        await asyncio.sleep(LATE_SECONDS)
        self._apply(asked, subs_req_id, number)

    def _apply(self, asked: Asked, subs_req_id: str, number: int) -> None:
        self.truth.apply(asked, subs_req_id, time.time())
        self.ledger.write(
            "applied",
            number=number,
            kind=asked.kind,
            name=asked.name,
            resource=asked.resource,
            value=asked.document.get("quantity") if asked.kind == "setter" else None,
        )

    async def _look_up(
        self, request: wires.Request, who: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A question that changes nothing. The answer is true, where there is one."""
        status_code, body = self._found(request)
        behaviour = Behaviour("look-up", status_code)
        if self.is_down:
            behaviour = _OUTAGE
        elif self._dice.random() < 0.1:
            behaviour = self._dice.choice(_LOOK_UPS)
        self.ledger.write("asked", who=who, path=request.path, behaviour=behaviour.name)
        await wires.write_answer(reader, writer, behaviour, body if behaviour.manner is Manner.PLAIN else b"[]")

    def _found(self, request: wires.Request) -> tuple[int, bytes]:
        if request.method != "GET":
            return 405, b"{}"
        if found := _STATUS.fullmatch(request.path):
            return self.truth.status(found[1], time.time())
        if request.path == "/subscriptions/":
            return 200, self.truth.subscriptions(f"http://127.0.0.1:{self.port}", request.query)
        if found := _SUBSCRIPTION.fullmatch(request.path):
            return 200, self.truth.subscription(found[1])
        return 404, b'{"detail": "Not found."}'


def asked_by(request: wires.Request) -> Asked | None:
    """What the request wants done; ``None`` where it only asks."""
    if request.method == "POST" and request.path == "/subscription/create":
        document = forms.read(request.body) or {}
        order = str(document.get("merchant_order_id", ""))
        return Asked("purchase", order, f"order {order}", document)
    found = _SETTER.fullmatch(request.path)
    if request.method == "PATCH" and found:
        value = quantity_in(request.body)
        return Asked("setter", f"{found[1]} to {value}", found[1], {"quantity": value})
    return None


def quantity_in(body: bytes) -> int:
    """The quantity that a setter's body asks for; 0 where it has none."""
    found = re.search(rb'"quantity": ?(\d+)', body)
    return int(found[1]) if found else 0


async def _main(port: int, seed: int, path: str, api_key: str) -> None:
    upstream = Upstream(port, seed, Ledger(Path(path)), api_key)
    await upstream.open()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    doors: set[asyncio.Task[None]] = set()
    loop.add_signal_handler(signal.SIGUSR1, upstream.toggle_outage)
    loop.add_signal_handler(signal.SIGUSR2, lambda: doors.add(loop.create_task(upstream.toggle_door())))
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
