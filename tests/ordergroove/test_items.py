"""Items: created only when named with an id, failed only when named with a complaint, else unknown."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.exchanges import Item, ItemState, Problem
from responses.ordergroove import items

SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b", "c", "s1", "", "x y"])
KEYS = st.sampled_from(
    ["subscriptions", "errors", "products", "product", "subscription", "results", "status", "a", "b"]
)
ANSWERS: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
SENT = st.lists(st.sampled_from(["a", "b", "c"]), max_size=5)


def states(found: tuple[Item, ...]) -> list[tuple[str, str]]:
    return [(item.product, item.state.word) for item in found]


@pytest.mark.slow
@given(ANSWERS, SENT)
def test_every_product_that_was_sent_is_accounted_for(answer: Any, sent: list[str]) -> None:
    for read in (items.of_purchase, items.of_bulk):
        found, _ = read(answer, sent)
        mentioned = Counter(item.product for item in found)
        assert all(mentioned[product] >= count for product, count in Counter(sent).items())


@pytest.mark.slow
@given(ANSWERS, SENT)
def test_nothing_is_created_without_an_id(answer: Any, sent: list[str]) -> None:
    found, _ = items.of_purchase(answer, sent)
    assert all(item.subscription_id for item in found if item.state is ItemState.CREATED)


@given(SENT)
def test_an_answer_that_mentions_nothing_leaves_all_unknown(sent: list[str]) -> None:
    answers: tuple[object, ...] = (None, {}, [], {"subscriptions": [], "errors": {}}, "text", {"subscriptions": None})
    for nothing in answers:
        assert states(items.of_purchase(nothing, sent)[0]) == [(product, "unknown") for product in sent]


def test_a_product_that_was_sent_twice_and_created_once_is_unknown_once() -> None:
    found, _ = items.of_purchase({"subscriptions": [{"a": "s1"}]}, ["a", "a"])
    assert states(found) == [("a", "created"), ("a", "unknown")]


def test_a_product_that_was_sent_twice_may_be_created_and_failed() -> None:
    answer = {"subscriptions": [{"a": "s1"}], "errors": {"subscriptions": [{"product": "a", "subscription": "Bad."}]}}
    assert states(items.of_purchase(answer, ["a", "a"])[0]) == [("a", "created"), ("a", "failed")]


def test_a_product_that_is_both_created_and_failed_exists() -> None:
    answer = {"subscriptions": [{"a": "s1"}], "errors": {"subscriptions": [{"product": "a", "subscription": "Bad."}]}}
    found, loose = items.of_purchase(answer, ["a"])
    assert found == (Item("a", ItemState.CREATED, "s1", (Problem("subscriptions", "Bad."),)),)
    assert loose == ()


def test_a_created_product_that_was_not_sent_is_kept() -> None:
    found, _ = items.of_purchase({"subscriptions": {"z": 7}}, ["a"])
    assert states(found) == [("z", "created"), ("a", "unknown")]
    assert found[0].subscription_id == "7"


def test_subscriptions_may_name_product_and_id() -> None:
    found, _ = items.of_purchase({"subscriptions": [{"product": "a", "public_id": "s1"}]})
    assert found == (Item("a", ItemState.CREATED, "s1"),)


def test_a_product_without_a_subscription_id_is_unknown() -> None:
    assert states(items.of_purchase({"subscriptions": [{"a": None}, {"b": ""}]})[0]) == [
        ("a", "unknown"),
        ("b", "unknown"),
    ]


def test_complaints_without_a_product_are_not_guessed_to_belong_to_the_only_one_left() -> None:
    answer = {"subscriptions": [{"a": "s1"}], "errors": {"products": ["sku is a required"]}}
    found, loose = items.of_purchase(answer, ["a", "b"])
    assert states(found) == [("a", "created"), ("b", "unknown")]
    assert loose == (Problem("products", "sku is a required"),)


def test_a_product_error_that_names_a_product_that_was_sent_is_joined() -> None:
    answer = {"errors": {"products": [{"product": "b", "sku": ["Bad."]}, {"product": "Required.", "sku": ["Worse."]}]}}
    found, loose = items.of_purchase(answer, ["a", "b"])
    assert found[0] == Item("b", ItemState.FAILED, problems=(Problem("products.sku", "Bad."),))
    assert loose == (Problem("products.product", "Required."), Problem("products.sku", "Worse."))


def test_errors_keyed_by_products_that_were_sent_are_joined() -> None:
    answer = {"errors": {"subscriptions": {"a": {"offer": ["Bad."]}}}}
    found, _ = items.of_purchase(answer, ["a"])
    assert found == (Item("a", ItemState.FAILED, problems=(Problem("subscriptions.offer", "Bad."),)),)


def test_errors_keyed_by_anything_else_stay_with_the_answer() -> None:
    found, loose = items.of_purchase({"errors": {"subscriptions": {"offer": ["Bad."]}}}, ["a"])
    assert states(found) == [("a", "unknown")]
    assert loose == (Problem("subscriptions.offer", "Bad."),)


def test_a_sentence_in_the_place_of_a_product_is_a_complaint() -> None:
    answer = {"errors": {"subscriptions": [{"product": "This field is required."}]}}
    found, loose = items.of_purchase(answer, ["a"])
    assert states(found) == [("a", "unknown")]
    assert loose == (Problem("subscriptions.product", "This field is required."),)


def test_errors_of_records_stay_with_the_answer() -> None:
    _, loose = items.of_purchase({"errors": {"payment": {"cc_type": ["Bad."]}}})
    assert loose == (Problem("payment.cc_type", "Bad."),)


def test_bulk_items_have_their_own_codes_and_reasons() -> None:
    answer = {"results": [{"product_id": 1, "status": 200}, {"product_id": "2", "status": "404", "price": "Bad."}, "x"]}
    found, loose = items.of_bulk(answer, ["1", "2", "3"])
    assert found == (
        Item("1", ItemState.CREATED, status_code=200),
        Item("2", ItemState.FAILED, problems=(Problem("price", "Bad."),), status_code=404),
        Item("3", ItemState.UNKNOWN),
    )
    assert loose == ()


def test_products_of_a_bulk_request_are_read() -> None:
    assert items.sent_in_bulk([{"product_id": "1"}, {"product_id": 2}, {"name": "x"}, 7]) == ("1", "2")
    assert items.sent_in_bulk({"product_id": "1"}) == ()


def test_a_hundred_thousand_items_are_bounded() -> None:
    many = [{str(number): "s"} for number in range(100_000)]
    found, _ = items.of_purchase({"subscriptions": many, "errors": {"subscriptions": many}})
    assert len(found) <= items.MOST_ITEMS
