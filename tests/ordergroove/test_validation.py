"""What is known of good requests: certain errors block, everything else only warns, and nothing raises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.ordergroove import endpoints, validation
from tests.factories import make_purchase

PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint
BATCH = endpoints.match("POST", "restapi", "/products-batch/create/").endpoint
REST = endpoints.match("PATCH", "restapi", "/subscriptions/s1/update/").endpoint
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(
        ["products", "user", "payment", "every_period", "quantity", "price", "country_code", "place_date",
         "subscription_info", "tracking_override", "merchant_id"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def good() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(make_purchase("1001").body)
    return data


def found(document: Any, endpoint: endpoints.Endpoint = PURCHASE) -> list[tuple[str, bool]]:
    return [(one.path, one.is_error) for one in validation.problems(document, endpoint)]


def test_a_good_purchase_has_no_problem() -> None:
    assert found(good()) == []


@pytest.mark.parametrize(
    ("change", "path", "is_error"),
    [
        ({"merchant_order_id": ""}, "/merchant_order_id", True),
        ({"merchant_order_id": "x" * 150}, "/merchant_order_id", False),
        ({"merchant_id": None}, "/merchant_id", True),
        ({"og_cart_tracking": True}, "/session_id", True),
        ({"og_cart_tracking": "no"}, "/og_cart_tracking", False),
        ({"payment": {}}, "/payment", True),
        ({"payment": None}, "/payment", True),
        ({"user": None}, "/user", False),
        ({"user": {"user_id": 7, "email": "ada"}}, "/user/email", False),
        ({"user": {"user_id": ""}}, "/user/user_id", False),
        ({"products": "tea"}, "/products", True),
        ({"products": []}, "/products", False),
        ({"products": ["tea"]}, "/products/0", True),
        ({"products": {"sku": "tea"}}, "/products/product", False),
    ],
)
def test_what_is_wrong_with_an_order(change: dict[str, Any], path: str, is_error: bool) -> None:
    assert (path, is_error) in found(good() | change)


@pytest.mark.parametrize(
    ("name", "values", "odd"),
    [
        ("every_period", [1, "4", Decimal(2)], [0, 5, "week", True, 1.5]),
        ("every", [1, "12"], [0, "a", 1.5, -1]),
        ("quantity", [1, "2", Decimal("3.0")], [0, "", True, "1e99", "9" * 50]),
        ("first_order_place_date", ["2026-11-23"], ["23.11.2026", "2026-02-30", 20261123, "20261123"]),
        ("country_code", ["US", ""], ["us", "USA", 1]),
        ("price", ["1.50", 2, ""], ["free", -1, "NaN"]),
    ],
)
def test_values_by_their_names(name: str, values: list[Any], odd: list[Any]) -> None:
    for value in values:
        assert found({name: value}, REST) == [], value
    for value in odd:
        assert found({"deep": [{name: value}]}, REST) == [(f"/deep/0/{name}", name == "every_period")], value


def test_a_batch_has_at_most_a_hundred_products() -> None:
    assert found([{"product_id": "1"}] * 100, BATCH) == []
    assert found([{"product_id": "1"}] * 101, BATCH) == [("", True)]
    assert found({"product_id": "1"}, BATCH) == [("", True)]
    assert found([{"name": "x"}], BATCH) == [("/0/product_id", False)]


def test_a_name_with_a_slash_is_a_pointer_all_the_same() -> None:
    assert found({"a/b~": {"quantity": 0}}, REST) == [("/a~1b~0/quantity", False)]


def test_of_very_many_problems_only_some_are_told() -> None:
    assert len(found([{"quantity": 0}] * 5_000, REST)) == validation.MOST_PROBLEMS


@given(ANYTHING, st.sampled_from([PURCHASE, BATCH, REST]))
def test_nothing_raises(document: Any, endpoint: endpoints.Endpoint) -> None:
    validation.problems(document, endpoint)
