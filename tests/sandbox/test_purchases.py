from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from responses.sandbox import world as worlds
from responses.sandbox.forms import Form
from responses.sandbox.world import Modes
from tests.sandbox.asking import LATER, NOW, ask, buy, document


@pytest.mark.parametrize("form", list(Form))
def test_a_purchase_is_received_first_and_created_later(form: Form) -> None:
    world = worlds.create(1)

    status, body = buy(world, "10", "11", form=form)

    assert status == 200
    assert body["result"] == "Subscription request received"
    path = f"/subscription/{body['subs_req_id']}/response"
    assert ask(world, "GET", path) == (202, "'Response is pending. Please try again soon.'")
    assert ask(world, "GET", "/subscriptions/?customer=00026001")[1]["count"] == 0
    status, result = ask(world, "GET", path, now=LATER)
    assert status == 200
    assert [list(created) for created in result["subscriptions"]] == [["10"], ["11"]]
    assert result["errors"] == {}
    found = ask(world, "GET", "/subscriptions/?customer=00026001", now=LATER)[1]["results"]
    assert {row["product"]: row["public_id"] for row in found} == {
        "10": result["subscriptions"][0]["10"],
        "11": result["subscriptions"][1]["11"],
    }
    assert {row["merchant_order_id"] for row in found} == {"100045"}


def test_the_status_says_which_products_failed_and_why() -> None:
    world = worlds.create(1)
    _, body = buy(world, "10", "fail-unknown-product", "fail-sku-required", "fail-silent", "made-silent")

    _, result = ask(world, "GET", f"/subscription/{body['subs_req_id']}/response", now=LATER)

    assert [list(created) for created in result["subscriptions"]] == [["10"]]
    complaint = {"product": ["Object with external_product_id=fail-unknown-product does not exist."]}
    assert result["errors"] == {
        "subscriptions": [{"product": "fail-unknown-product", "subscription": complaint}],
        "products": ["sku is a required"],
    }
    found = ask(world, "GET", "/subscriptions/?customer=00026001", now=LATER)[1]["results"]
    assert {row["product"] for row in found} == {"10", "made-silent"}


@pytest.mark.parametrize(
    ("products", "mode", "status"),
    [
        (("10",), "sync", 200),
        (("10", "fail-quantity"), "sync", 207),
        (("10", "fail-quantity"), "sync-206", 206),
        (("fail-quantity",), "sync", 400),
        (("10", "fail-payment"), "sync", 400),
    ],
)
def test_a_synchronous_purchase_is_answered_with_its_result(products: tuple[str, ...], mode: str, status: int) -> None:
    world = worlds.create(1)

    found = ask(world, "POST", "/subscription/create", document(*products), x_sandbox_answer=mode)

    assert found[0] == status


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"merchant_id": ""}, {"error": "Invalid Merchant"}),
        ({"merchant_order_id": None}, {"error_message": "Merchant order id cannot be null"}),
        ({"og_cart_tracking": True}, {"error_message": "Session id cannot be null"}),
        ({"payment": None}, {"error_message": "Missing payment data to create record"}),
        ({"user": {}}, {"customer": {"user_id": ["This field is required."]}}),
        (
            {"user": {"user_id": "1", "email": "nobody"}},
            {"errors": {"customer": {"email": ["Enter a valid email address."]}}},
        ),
    ],
)
def test_what_is_checked_at_once_is_refused_with_400(change: dict[str, Any], complaint: dict[str, Any]) -> None:
    assert buy(worlds.create(1), "10", **change) == (400, complaint)


def test_a_merchant_that_is_not_known_is_refused_where_merchants_are_listed() -> None:
    world = worlds.create(1, Modes(merchants=["other"]))

    assert buy(world, "10")[1]["error"].startswith("Invalid Merchant ac4f")


def test_a_body_that_is_no_purchase_is_refused() -> None:
    assert ask(worlds.create(1), "POST", "/subscription/create", b"\xff<xml>")[0] == 400


def test_a_known_order_is_a_duplicate_and_creates_nothing_again() -> None:
    world = worlds.create(1)
    buy(world, "10")

    assert buy(world, "10")[0] == 409
    assert buy(world, "10", now=LATER)[0] == 409
    assert len(world.subscriptions) == 1


def test_without_the_guard_an_order_is_created_twice() -> None:
    world = worlds.create(1, Modes(duplicate_guard=False))
    buy(world, "10")

    assert buy(world, "10")[0] == 200
    ask(world, "GET", "/", now=LATER)
    assert len(world.subscriptions) == 2


def test_an_order_that_was_refused_at_once_may_come_again() -> None:
    world = worlds.create(1)

    assert buy(world, "10", payment=None)[0] == 400
    assert buy(world, "10")[0] == 200


def test_an_order_of_which_nothing_was_created_may_come_again_unless_it_is_guarded() -> None:
    world = worlds.create(1)
    buy(world, "fail-quantity")
    ask(world, "GET", "/", now=LATER)

    world.modes.guard_failed_orders = True
    assert buy(world, "10", now=LATER)[0] == 409
    world.modes.guard_failed_orders = False
    assert buy(world, "10", now=LATER)[0] == 200


def test_products_may_be_a_single_object_and_one_without_a_subscription_creates_none() -> None:
    world = worlds.create(1)
    product = document("10")["products"][0]

    buy(world, products=product)
    buy(world, products=[{"product": "11", "purchase_info": {"quantity": 1}}], merchant_order_id="100046")
    ask(world, "GET", "/", now=LATER)

    assert [row["product"] for row in world.subscriptions.values()] == ["10"]


@pytest.mark.parametrize(
    ("info", "complaint"),
    [
        ({}, {"quantity": ["This field is required."]}),
        ({"quantity": 0}, {"quantity": ["Ensure this value is greater than or equal to 1."]}),
        (
            {"quantity": 1, "tracking_override": {"every_period": 9}},
            {"every_period": ['"9" is not a valid choice.']},
        ),
    ],
)
def test_a_wrong_subscription_is_named_with_its_field(info: dict[str, Any], complaint: dict[str, Any]) -> None:
    product = {"product": "10", "sku": "10", "subscription_info": info}

    _, body = ask(
        worlds.create(1), "POST", "/subscription/create", document(products=[product]), x_sandbox_answer="sync"
    )

    assert body["errors"]["subscriptions"] == [{"product": "10", "subscription": complaint}]


def test_scripted_ids_keep_a_result_pending_or_lose_it() -> None:
    world = worlds.create(1)
    day = NOW + timedelta(days=1)
    long, forever, lost = (
        buy(world, product, merchant_order_id=product)[1]["subs_req_id"]
        for product in ("pending-long", "pending-forever", "pending-lost")
    )

    assert ask(world, "GET", f"/subscription/{long}/response", now=LATER)[0] == 202
    assert ask(world, "GET", f"/subscription/{long}/response", now=day)[0] == 200
    assert ask(world, "GET", f"/subscription/{forever}/response", now=day)[0] == 202
    assert ask(world, "GET", f"/subscription/{lost}/response", now=day) == (404, {"detail": "Not found"})
    assert ask(world, "GET", "/subscription/0/response")[0] == 404
