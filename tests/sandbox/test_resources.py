from __future__ import annotations

from typing import Any

import pytest

from responses.sandbox import world as worlds
from responses.sandbox.world import World
from tests.sandbox.asking import LATER, NOW, ask, buy


def shop(*products: str) -> tuple[World, str]:
    """A world with one order of ``products``, and the id of its first subscription."""
    world = worlds.create(1)
    buy(world, *(products or ("10",)))
    ask(world, "GET", "/", now=LATER)
    return world, next(iter(world.subscriptions))


def test_a_subscription_is_cancelled_once() -> None:
    world, key = shop()

    status, body = ask(world, "PATCH", f"/subscriptions/{key}/cancel/", {"cancel_reason": "4|Overstocked"}, now=LATER)

    assert (status, body["live"], body["cancel_reason"]) == (200, False, "4|Overstocked")
    assert body["cancelled"] == worlds.stamp(LATER)
    assert ask(world, "PATCH", f"/subscriptions/{key}/cancel/") == (
        400,
        {"detail": "This subscription is already cancelled."},
    )
    assert ask(world, "PATCH", f"/subscriptions/{key}/reactivate/")[1]["live"] is True


@pytest.mark.parametrize(
    ("name", "data", "status", "complaint"),
    [
        ("change_quantity", {"quantity": 3}, 200, None),
        ("change_quantity", {}, 400, {"quantity": ["This field is required."]}),
        ("change_quantity", {"quantity": "many"}, 400, {"quantity": ["A valid integer is required."]}),
        ("change_quantity", {"quantity": 0}, 400, {"quantity": ["Ensure this value is greater than or equal to 1."]}),
        ("change_frequency", {"every": 2, "every_period": 3}, 200, None),
        ("change_frequency", {"every": 2, "every_period": 8}, 400, {"every_period": ['"8" is not a valid choice.']}),
        (
            "change_product",
            {"product": "unknown-1"},
            400,
            {"product": ["Object with external_product_id=unknown-1 does not exist."]},
        ),
        ("change_payment", {"payment": "0"}, 400, {"payment": ["Object with public_id=0 does not exist."]}),
        ("update", {"extra_data": {"gift": "yes"}}, 200, None),
        ("update", b"{", 400, {"detail": "JSON parse error - Expecting value"}),
    ],
)
def test_a_subscription_is_changed_or_says_which_field_is_wrong(
    name: str, data: Any, status: int, complaint: dict[str, Any] | None
) -> None:
    world, key = shop()

    found, body = ask(world, "PATCH", f"/subscriptions/{key}/{name}/", data)

    assert found == status
    if complaint is None:
        assert ask(world, "GET", f"/subscriptions/{key}/")[1].items() >= data.items()
    else:
        assert body == complaint


def test_a_locked_subscription_is_in_use_until_the_lock_ends() -> None:
    world, key = shop()
    world.modes.locked[key] = NOW.timestamp() + 30

    assert ask(world, "PATCH", f"/subscriptions/{key}/cancel/")[0] == 423
    assert ask(world, "PATCH", f"/subscriptions/{key}/cancel/", now=LATER)[0] == 200


def test_an_unknown_id_is_not_found() -> None:
    world, _ = shop()

    for method, target in [
        ("GET", "/subscriptions/0/"),
        ("PATCH", "/orders/0/cancel/"),
        ("DELETE", "/items/0/delete/"),
    ]:
        assert ask(world, method, target) == (404, {"detail": "Not found."})


def test_lists_are_filtered_newest_first_and_paged() -> None:
    world, _ = shop("10", "11", "12")

    first = ask(world, "GET", "/subscriptions/?customer=00026001&page_size=2")[1]
    assert [row["product"] for row in first["results"]] == ["12", "11"]
    assert (first["count"], first["previous"]) == (3, None)
    second = ask(world, "GET", first["next"].split("ordergroove.com")[1], x_og_api_version="2")[1]
    assert [row["product"] for row in second["results"]] == ["10"]
    assert "count" not in second
    assert ask(world, "GET", "/subscriptions/?product=11")[1]["count"] == 1
    assert ask(world, "GET", "/subscriptions/?customer=0")[1]["count"] == 0
    assert ask(world, "GET", "/subscriptions/?page_size=x&cursor=-1")[0] == 200


def test_a_purchase_leaves_an_order_items_a_payment_an_address_and_a_customer() -> None:
    world, _ = shop("10", "11")

    order = ask(world, "GET", "/orders/?customer=00026001")[1]["results"][0]
    assert ask(world, "GET", f"/items/?order={order['public_id']}")[1]["count"] == 2
    assert ask(world, "GET", f"/payments/{order['payment']}/")[1]["token_id"] == "7654321"
    assert ask(world, "GET", f"/addresses/{order['shipping_address']}/")[1]["city"] == "New York"
    assert ask(world, "GET", "/customers/00026001/")[1]["email"] == "ada@example.com"


def test_an_item_is_added_to_an_order_changed_and_deleted() -> None:
    world, _ = shop()
    order = next(iter(world.orders))

    status, item = ask(world, "POST", "/items/iu/", {"order": order, "product": "20", "quantity": 1})
    assert (status, item["one_time"]) == (201, True)
    assert ask(world, "POST", "/items/iu/", {"order": "0", "quantity": "x"}) == (
        400,
        {
            "product": ["This field is required."],
            "quantity": ["A valid integer is required."],
            "order": ["Object with public_id=0 does not exist."],
        },
    )
    assert ask(world, "PATCH", f"/items/{item['public_id']}/change_quantity/", {"quantity": 5})[1]["quantity"] == 5
    assert ask(world, "DELETE", f"/items/{item['public_id']}/delete/")[0] == 204
    assert ask(world, "GET", f"/items/{item['public_id']}/")[0] == 404


def test_a_subscription_may_join_an_order_that_exists() -> None:
    world, _ = shop()
    data = {"order": next(iter(world.orders)), "product": "30", "quantity": 1, "every": 1, "every_period": 3}

    status, body = ask(world, "POST", "/subscriptions/iu/", data)

    assert (status, body["customer"]) == (201, "00026001")
    assert ask(world, "POST", "/subscriptions/iu/", {**data, "order": "0"})[0] == 400


def test_an_order_is_sent_now_with_patch_and_with_post() -> None:
    world, _ = shop()
    order = next(iter(world.orders))

    assert [ask(world, method, f"/orders/{order}/send_now/")[0] for method in ("PATCH", "POST", "GET")] == [
        200,
        200,
        405,
    ]


def test_a_payment_used_for_all_reaches_every_subscription() -> None:
    world, key = shop()
    payment = ask(world, "POST", "/payments/create/", {"customer": "00026001", "token_id": "2", "cc_number": "4"})[1]

    assert ask(world, "POST", f"/payments/{payment['public_id']}/use_for_all/") == (204, "")
    assert ask(world, "GET", f"/subscriptions/{key}/")[1]["payment"] == payment["public_id"]
    assert "cc_number" not in payment


def test_customers_and_incentives_are_created_with_201_or_refused_with_400() -> None:
    world, _ = shop()
    order = next(iter(world.orders))

    assert ask(world, "POST", "/customers/create/", {"merchant_user_id": "77"})[0] == 201
    assert ask(world, "POST", "/customers/create/", {"merchant_user_id": "77"})[0] == 400
    assert ask(world, "POST", "/one_time_incentives/create/", {"order": order, "discount_code": "TEN"})[0] == 201
    assert ask(world, "POST", "/one_time_incentives/create/", {"order": order})[0] == 400
    assert ask(world, "POST", "/addresses/create/", b"[]")[0] == 400
