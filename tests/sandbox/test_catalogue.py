from __future__ import annotations

from typing import Any

import pytest

from responses.sandbox import world as worlds
from tests.sandbox.asking import ask

GOOD = {"product_id": "10", "name": "Tea", "price": "4.50"}
UNKNOWN = {"product_id": "unknown-1", "name": "?"}


@pytest.mark.parametrize(
    ("rows", "statuses"),
    [
        ([GOOD, {**GOOD, "product_id": "11"}], [200, 200]),
        ([GOOD, UNKNOWN], [200, 400]),
        ([UNKNOWN, {}, 5], [400, 400, 400]),
        ([{**GOOD, "price": "free"}, {**GOOD, "name": ""}], [400, 400]),
    ],
)
def test_a_bulk_create_answers_207_with_one_status_for_each(rows: list[Any], statuses: list[int]) -> None:
    status, body = ask(worlds.create(1), "POST", "/products-batch/create/", rows)

    assert status == 207
    assert [result["status"] for result in body["results"]] == statuses


@pytest.mark.parametrize("data", [b"{", [], {}, [GOOD] * 101])
def test_what_is_no_batch_is_refused_whole(data: Any) -> None:
    assert ask(worlds.create(1), "PATCH", "/products-batch/update/", data)[0] == 400


def test_a_product_is_read_and_updated() -> None:
    world = worlds.create(1)

    assert ask(world, "PATCH", "/products/10/", {"price": "7.00"})[1]["price"] == "7.00"
    assert ask(world, "GET", "/products/10/")[1]["price"] == "7.00"
    assert ask(world, "PATCH", "/products/10/", {"price": "much"})[0] == 400
    assert ask(world, "PATCH", "/products/unknown-2/", {})[0] == 404
    assert ask(world, "GET", "/products/unknown-2/")[0] == 404
    assert len(ask(world, "GET", "/products/")[1]["results"]) == 1
