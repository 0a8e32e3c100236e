from __future__ import annotations

import json
from datetime import timedelta

from responses.sandbox import control, ledger
from responses.sandbox import world as worlds
from responses.sandbox.ledger import Ledger
from responses.sandbox.messages import Received
from responses.sandbox.world import Modes, World
from tests.sandbox.asking import LATER, NOW, ask, document, plan


def noted(world: World, book: Ledger, method: str, path: str, data: object = None) -> None:
    book.add(Received(method, path, body=json.dumps(data).encode()), plan(world, method, path, data), NOW)


def test_an_entry_learns_what_a_purchase_created_once_it_is_processed() -> None:
    world, book = worlds.create(1), Ledger(10)
    noted(world, book, "POST", "/subscription/create", document("10", "fail-offer"))
    entry = book.entries[0]

    assert (entry.merchant_order_id, entry.status_code, entry.applied) == ("100045", 200, [])
    ask(world, "GET", "/", now=LATER)
    assert [applied["product"] for applied in entry.applied] == ["10"]


def test_the_ledger_is_bounded_and_still_counts_everything() -> None:
    world, book = worlds.create(1), Ledger(3)
    for _ in range(5):
        noted(world, book, "GET", "/orders/")

    assert [entry.number for entry in book.since(0)] == [3, 4, 5]
    assert [entry.number for entry in book.since(3, limit=1)] == [4]
    assert book.since(0, path="/items/") == []
    assert control.state(world, book)["by_status_code"] == {"200": 5}


def test_what_was_applied_twice_is_named() -> None:
    world, book = worlds.create(1, Modes(duplicate_guard=False)), Ledger(10)
    for _ in range(2):
        noted(world, book, "POST", "/subscription/create", document("10"))
        noted(world, book, "POST", "/customers/create/", {"merchant_user_id": "5"})
    ask(world, "GET", "/", now=NOW + timedelta(minutes=5))

    assert [(found["product"], found["times"]) for found in ledger.applied_twice(world, book)] == [("10", 2)]
