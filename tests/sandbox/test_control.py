from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from responses.sandbox import control
from responses.sandbox import world as worlds
from responses.sandbox.ledger import Ledger
from responses.sandbox.messages import Received
from tests.sandbox.asking import LATER, NOW, ask, buy


def call(
    world: worlds.World, book: Ledger, method: str, path: str, data: Any = None, **query: str
) -> tuple[int, dict[str, Any]]:
    body = data if isinstance(data, bytes) else json.dumps(data).encode() if data is not None else b""
    reply = control.handle(world, book, Received(method, path, query, {}, body), NOW)
    return reply.status_code, json.loads(reply.body)


def test_modes_are_set_by_name_and_told() -> None:
    world, book = worlds.create(1), Ledger(10)

    status, body = call(world, book, "POST", "/_control", {"pending_seconds": 9, "next": ["503", {"answer": "404"}]})

    assert (status, body["pending_seconds"], len(body["next"])) == (200, 9.0, 2)
    assert call(world, book, "GET", "/_control")[1] == body


@pytest.mark.parametrize("data", [
    {"colour": 1}, {"pending_seconds": "long"}, {"outage": "nothing"}, {"next": ["?"]}, {"next": 4},
    {"weights": {"x": 0.1}},
    {"weights": {"503": 1.5}}, {"weights": {"503": -1}}, {"credentials": "maybe"}, {"partial_status": 200}, {"lock": 3},
    {"outage_seconds": "x"}, {"slow_seconds": -1}, b'{"hang_seconds": NaN}', b"{", b"[]"])  # fmt: skip
def test_a_wrong_mode_is_refused_and_changes_nothing(data: Any) -> None:
    world, book = worlds.create(1), Ledger(10)
    before = call(world, book, "GET", "/_control")

    status, body = call(world, book, "POST", "/_control", data)

    assert status == 400
    assert body["error"]
    assert call(world, book, "GET", "/_control") == before


def test_an_outage_and_a_lock_may_end_by_themselves() -> None:
    world, book = worlds.create(1), Ledger(10)
    call(world, book, "POST", "/_control", {"outage": "503", "outage_seconds": 30, "lock": {"a": 30}})

    assert ask(world, "GET", "/orders/")[0] == 503
    assert worlds.is_locked(world, "a", NOW)
    assert ask(world, "GET", "/orders/", now=LATER)[0] == 200
    assert not worlds.is_locked(world, "a", NOW + timedelta(seconds=31))
    call(world, book, "POST", "/_control", {"outage": "503"})
    assert ask(world, "GET", "/orders/", now=NOW + timedelta(days=1))[0] == 503


def test_a_reset_empties_the_world_and_the_ledger() -> None:
    world, book = worlds.create(1), Ledger(10)
    buy(world, "10")
    call(world, book, "POST", "/_control", {"duplicate_guard": False})

    status, body = call(world, book, "POST", "/_control", {"reset": True, "slow_seconds": 1})

    assert (status, body["duplicate_guard"], body["slow_seconds"]) == (200, True, 1.0)
    assert call(world, book, "GET", "/_state")[1]["held"]["purchases"] == 0


def test_the_tables_are_told_and_the_rest_is_not_found() -> None:
    world, book = worlds.create(1), Ledger(10)

    assert "fail-offer" in call(world, book, "GET", "/_answers")[1]["products"]
    assert call(world, book, "GET", "/_nothing")[0] == 404
    assert call(world, book, "DELETE", "/_ledger")[0] == 405
