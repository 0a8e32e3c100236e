"""The scripted upstream on a real socket: what it does, what it answers, and what its ledger says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chaos import behaviours, ledger
from chaos.ledger import Ledger, Line
from chaos.upstream import OUR_AGENT, Upstream

KEY = "the-key"
SEED = 1
Talk = Callable[[Upstream], Awaitable[None]]


def talk(tmp_path: Path, conversation: Talk) -> list[Line]:
    """Run a conversation with an upstream, and return its ledger."""

    async def run() -> None:
        upstream = Upstream(0, SEED, Ledger(tmp_path / "ledger"), KEY)
        await upstream.open()
        try:
            await conversation(upstream)
        finally:
            await upstream.toggle_door()

    asyncio.run(run())
    return ledger.read(tmp_path / "ledger")


def order_that_meets(*names: str) -> str:
    """An order of whose plan these are all."""
    for number in count():
        plan = behaviours.plan(SEED, f"C{number}", is_purchase=True)
        if tuple(behaviour.name for behaviour in plan) == names:
            return f"C{number}"
    raise AssertionError


async def say(upstream: Upstream, method: str, target: str, body: bytes = b"") -> bytes:
    """One request as the monitor sends it; what came back until the end, nothing where the connection broke."""
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nUser-Agent: {OUR_AGENT}\r\nX-Api-Key: {KEY}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    try:
        return await asyncio.wait_for(reader.read(), 0.5)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()


async def buy(upstream: Upstream, order: str, user: str = "U1") -> int:
    """Buy; return the status code, 0 without one."""
    document = {"merchant_order_id": order, "user": {"user_id": user}, "products": [{"product": "p1"}]}
    return code_of(await say(upstream, "POST", "/subscription/create", json.dumps(document).encode()))


def code_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1.1 (\d{3})", answer)
    return int(found[1]) if found else 0


def body_of(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def events(lines: list[Line], event: str) -> list[Line]:
    return [line for line in lines if line["event"] == event]


def test_without_a_guard_what_is_asked_twice_is_done_twice(tmp_path: Path) -> None:
    order = order_that_meets("code-500")
    codes = []

    async def conversation(upstream: Upstream) -> None:
        codes.extend([await buy(upstream, order) for _ in range(3)])

    lines = talk(tmp_path, conversation)

    assert codes == [500, 200, 200]
    assert [line["name"] for line in events(lines, "applied")] == [order, order]
    assert {line["has_right_key"] for line in events(lines, "received")} == {True}


def test_an_order_that_took_effect_behind_a_5xx_is_guarded(tmp_path: Path) -> None:
    order = order_that_meets("apply-503")
    codes = []

    async def conversation(upstream: Upstream) -> None:
        codes.extend([await buy(upstream, order) for _ in range(2)])

    lines = talk(tmp_path, conversation)

    assert codes == [503, 409]
    assert len(events(lines, "applied")) == 1


@pytest.mark.parametrize("name", ["apply-hang", "apply-reset", "apply-close", "apply-cut", "apply-hang-in-body"])
def test_what_took_effect_unseen_is_found_by_the_list(tmp_path: Path, name: str) -> None:
    order = order_that_meets(name)
    found: list[Any] = []

    async def conversation(upstream: Upstream) -> None:
        await buy(upstream, order, "U7")
        upstream._dice.seed(1)  # this look-up is answered
        found.append(body_of(await say(upstream, "GET", "/subscriptions/?customer=U7")))

    lines = talk(tmp_path, conversation)

    assert len(events(lines, "applied")) == 1
    assert [(one["merchant_order_id"], one["product"]) for one in found[0]["results"]] == [(order, "p1")]


def test_two_requests_at_once_on_one_order_are_noted(tmp_path: Path) -> None:
    order = order_that_meets("code-500")
    codes: list[int] = []

    async def conversation(upstream: Upstream) -> None:
        codes.extend(await asyncio.gather(buy(upstream, order), buy(upstream, order)))

    lines = talk(tmp_path, conversation)

    assert sorted(codes) == [423, 500]
    assert len(events(lines, "overlap")) == 1


def test_an_outage_takes_nothing_in(tmp_path: Path) -> None:
    codes = []

    async def conversation(upstream: Upstream) -> None:
        upstream.toggle_outage()
        codes.append(await buy(upstream, "C1"))

    lines = talk(tmp_path, conversation)

    assert codes == [503]
    assert events(lines, "applied") == []


def test_a_long_list_comes_in_pages(tmp_path: Path) -> None:
    order = order_that_meets("code-500")
    pages: list[Any] = []

    async def conversation(upstream: Upstream) -> None:
        for _ in range(13):
            await buy(upstream, order, "U9")
        upstream._dice.seed(1)
        pages.append(body_of(await say(upstream, "GET", "/subscriptions/?customer=U9&page_size=100")))
        upstream._dice.seed(1)
        target = "/subscriptions/" + pages[0]["next"].rpartition("/")[2]
        pages.append(body_of(await say(upstream, "GET", target)))

    talk(tmp_path, conversation)

    assert [len(page["results"]) for page in pages] == [10, 2]
    assert pages[1]["next"] is None
