"""``/api/v1/lookup``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from responses.models import FailedRequest, Integration, Response, Role
from tests.api.conftest import Caller
from tests.factories import NOW, make_exchange, make_integration, make_partial, make_purchase, make_refusal, record

pytestmark = pytest.mark.django_db


def test_it_says_what_became_of_an_order(caller: Caller, shop: Integration) -> None:
    record(shop, make_partial("1001", sent_at=NOW - timedelta(hours=20)))
    failed = FailedRequest.objects.get()

    with time_machine.travel(NOW, tick=False):
        found = caller.get("lookup", q="1001").json()

    assert found == {
        "results": [
            {
                "found_by": "order",
                "order_id": "1001",
                "customer_id": "00026001",
                "answer": "Order 1001: 1 of 2 subscriptions created. Product 88 was rejected: Object does not exist. "
                "Can be fixed until 16:00.",
                "for_customer": "1 of 2 subscriptions of your order 1001 are set up. The rest is not yet. "
                "We are working on it. Please do not order it a second time.",
                "on_it": [],
                "state": "needs_fix",
                "deadline_at": "2026-11-22T16:00:00.000Z",
                "request": str(failed.pk),
                "response": str(Response.objects.get().pk),
                "safest": "correct",
                "why_not": ["The integration has no credentials to send with."],
                "url": f"http://127.0.0.1:8000/requests/{failed.pk}/",
            }
        ],
        "is_more": False,
    }


def test_an_address_finds_the_customers_orders(caller: Caller, shop: Integration) -> None:
    record(shop, make_refusal("1001"))

    assert [one["order_id"] for one in caller.get("lookup", q="ADA@example.com").json()["results"]] == ["1001"]


def test_an_order_that_succeeded_has_no_request(caller: Caller, shop: Integration) -> None:
    record(shop, make_exchange(make_purchase("1001"), 201, {"subscriptions": [{"77": "sub-1"}]}))

    (found,) = caller.get("lookup", q="1001").json()["results"]

    assert (found["request"], found["state"], found["safest"]) == (None, None, None)


def test_a_viewer_may_look_but_is_told_what_it_needs(as_role: Callable[[Role], Caller], shop: Integration) -> None:
    record(shop, make_partial("1001"))

    (found,) = as_role(Role.VIEWER).get("lookup", q="1001").json()["results"]

    assert found["why_not"] == ["Deciding needs the role Support."]


def test_nothing_of_another_integration_is_found(caller: Caller) -> None:
    other = make_integration("other")
    record(other, make_refusal("1001"))

    assert caller.get("lookup", q="1001").json()["results"] == []
    assert caller.get("lookup", q="1001", integration="other").status_code == 404


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "a\x00"}, {"q": "x" * 300}, {"q": "1001", "more": "1"}])
def test_what_is_no_question_is_refused(caller: Caller, query: dict[str, str]) -> None:
    assert caller.get("lookup", **query).status_code == 422
