"""What an exchange means: every documented shape, and whatever bytes may come."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import fingerprints, meaning
from responses.exchanges import Answer, Exchange, ItemState, Outcome, Request
from responses.ordergroove import codes, endpoints, purchase
from responses.ordergroove.endpoints import Kind
from tests.shape import ENCODINGS, FIRST, SECOND, Shape, key
from tests.shapes import SHAPES

PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint

ROLES = {urlsplit(base).netloc: role for role, base in endpoints.DEFAULT_HOSTS["production"].items()}


def endpoint_of(shape: Shape) -> endpoints.Endpoint:
    parts = urlsplit(shape.url)
    return endpoints.match(shape.method, ROLES.get(parts.netloc, ""), parts.path).endpoint


def purchase_of(shape: Shape) -> purchase.Purchase | None:
    document = purchase.decode(shape.asked or shape.request_body)
    return purchase.read(document.data) if document else None


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_documented_shape_means_what_the_catalogue_says(shape: Shape) -> None:
    understood = meaning.read(shape.exchange(), endpoint_of(shape), purchase_of(shape))
    counts = tuple(understood.count(state) for state in ItemState)
    causes = fingerprints.causes(shape.exchange(), endpoint_of(shape), understood)
    assert (understood.outcome, counts) == (shape.outcome, (shape.created, shape.failed, shape.unknown))
    assert tuple(dict.fromkeys(cause.title for cause, _ in causes)) == shape.issues


def test_every_shape_has_its_own_name() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)


ENDPOINTS = [*endpoints.known(), endpoints.match("POST", "", "/").endpoint]
BODIES = st.binary(max_size=200) | st.sampled_from([shape.response_body for shape in SHAPES])
ANSWERS = st.builds(Answer, st.integers(0, 999), st.just({}), BODIES)


@pytest.mark.slow
@given(st.sampled_from(ENDPOINTS), ANSWERS, st.lists(st.sampled_from([FIRST, SECOND, ""]), max_size=3))
def test_any_answer_of_any_endpoint_has_a_meaning(
    endpoint: endpoints.Endpoint, answer: Answer, products: list[str]
) -> None:
    lines = tuple(purchase.Product(product, is_subscription=True) for product in products)
    exchange = Exchange(request=Request(endpoint.method, "https://x.example/"), response=answer)
    understood = meaning.read(exchange, endpoint, purchase.Purchase(products=lines))
    found = fingerprints.causes(exchange, endpoint, understood)
    assert bool(found) is understood.outcome.is_failure
    if not 200 <= answer.status_code < 300:
        assert understood.outcome is codes.outcome_of(answer.status_code)
    if understood.outcome is Outcome.SUCCESS:
        assert all(item.state is ItemState.CREATED for item in understood.items)


@pytest.mark.slow
@given(st.binary(max_size=200))
def test_a_shape_that_is_cut_off_anywhere_never_hides_a_failure(tail: bytes) -> None:
    for shape in SHAPES:
        if shape.outcome.is_failure and shape.status_code is not None and shape.response_body:
            at = len(tail) * len(shape.response_body) // 200
            answer = Answer(shape.status_code, {}, shape.response_body[:at])
            exchange = Exchange(request=Request(shape.method, shape.url, {}, shape.request_body), response=answer)
            understood = meaning.read(exchange, endpoint_of(shape), purchase_of(shape))
            if codes.outcome_of(shape.status_code).is_failure and endpoint_of(shape).kind is not Kind.BULK_PRODUCTS:
                assert understood.outcome.is_failure


def test_products_that_were_sent_and_not_mentioned_are_never_created() -> None:
    for shape in SHAPES:
        expected = purchase_of(shape)
        if expected is None or shape.status_code is None:
            continue
        for body in (b"", b"{}", b"null", b"[]", b"<html>", b'{"subscriptions": []}'):
            exchange = Exchange(request=shape.exchange().request, response=Answer(shape.status_code, {}, body))
            understood = meaning.read(exchange, endpoint_of(shape), expected)
            assert understood.count(ItemState.CREATED) == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_accepted_purchase_carries_the_id_to_ask_for(encoding: purchase.Encoding) -> None:
    shape = next(shape for shape in SHAPES if shape.name == f"200 received {encoding}")
    understood = meaning.read(shape.exchange(), endpoint_of(shape), purchase_of(shape))
    assert understood.subs_req_id == key(shape.name)[:24]


def test_an_id_is_read_from_an_answer_that_was_cut_off_after_it() -> None:
    found = {
        shape.name: meaning.read(shape.exchange(), endpoint_of(shape)).subs_req_id
        for shape in SHAPES
        if shape.name.startswith("200 received cut off")
    }
    assert found["200 received cut off after the id"] == key("200 received cut off after the id")[:24]
    assert found["200 received cut off in the id"] == ""


def test_a_207_is_accepted_when_it_only_gives_an_id() -> None:
    answer = Answer(207, {}, b'{"subs_req_id": "59f2"}')
    exchange = Exchange(request=Request("POST", "https://x.example/"), response=answer)
    assert meaning.read(exchange, PURCHASE).outcome is Outcome.ACCEPTED


def test_one_time_products_need_no_subscription() -> None:
    lines = (purchase.Product("a", is_subscription=True), purchase.Product("b"))
    answer = Answer(200, {}, b'{"subscriptions": [{"a": "s1"}], "errors": {}}')
    exchange = Exchange(request=Request("POST", "https://x.example/"), response=answer)
    assert meaning.read(exchange, PURCHASE, purchase.Purchase(products=lines)).outcome is Outcome.SUCCESS


def test_an_exchange_with_nothing_at_all_is_no_answer() -> None:
    exchange = Exchange(request=Request("GET", "https://x.example/"))
    assert meaning.read(exchange, PURCHASE).outcome is Outcome.NO_ANSWER
