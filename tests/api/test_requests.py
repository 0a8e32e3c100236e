"""``/api/v1/requests``: queues, and what happened to one request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from responses.models import FailedRequest, Integration
from tests.api.conftest import Caller
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)

pytestmark = pytest.mark.django_db


def orders_of(answer: Any) -> list[str | None]:
    assert answer.status_code == 200, answer.content
    return [row["order_id"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ({}, ["3", "2", "1"]),
        ({"queue": "to_fix"}, ["2", "3", "1"]),
        ({"queue": "partial"}, ["3"]),
        ({"queue": "repeated"}, ["1"]),
        ({"queue": "open"}, ["3", "2", "1"]),
        ({"state": "needs_fix"}, ["3", "2", "1"]),
        ({"state": "resolved"}, []),
        ({"outcome": "partial"}, ["3"]),
        ({"order": "2"}, ["2"]),
        ({"customer": "00026001", "order": "1"}, ["1"]),
        ({"customer": "nobody"}, []),
        ({"endpoint": "POST /subscription/create", "queue": "partial"}, ["3"]),
    ],
)
def test_each_filter_finds_its_rows(
    caller: Caller, shop: Integration, query: dict[str, str], orders: list[str]
) -> None:
    record(shop, make_refusal("1", sent_at=NOW - timedelta(minutes=1)), make_refusal("1"))
    record(shop, make_refusal("2", sent_at=NOW - timedelta(hours=2)))
    record(shop, make_partial("3", sent_at=NOW - timedelta(hours=1)))

    assert orders_of(caller.get("requests", **query)) == orders


@pytest.mark.parametrize("query", [{}, {"queue": "to_fix"}])
def test_next_leads_through_all_rows_once(caller: Caller, shop: Integration, query: dict[str, str]) -> None:
    record(shop, *(make_refusal(str(number), sent_at=NOW) for number in range(7)))
    seen: list[str | None] = []
    answer = caller.get("requests", limit=3, **query)
    while True:
        seen += orders_of(answer)
        following = answer.json()["next"]
        if following is None:
            break
        answer = caller.client.get(following.removeprefix("http://127.0.0.1:8000"))

    assert sorted(map(str, seen)) == [str(number) for number in range(7)]


def test_requests_of_an_issue_are_found(caller: Caller, shop: Integration) -> None:
    row, _ = record(shop, make_refusal("1"), make_refusal("2", message="Offer is unknown"))

    assert orders_of(caller.get("requests", issue=str(row.issue_id))) == ["1"]


def test_the_timeline_tells_what_happened_until_it_was_resolved(caller: Caller, shop: Integration) -> None:
    created = {"customer": "00026001", "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}]}
    record(shop, make_refusal("1"))
    [failed] = FailedRequest.objects.all()
    open_events = caller.get(f"requests/{failed.pk}").json()["timeline"]
    later = NOW + timedelta(minutes=5)
    record(shop, make_exchange(make_purchase("1"), 200, created, sent_at=later), now=later)

    found = caller.get(f"requests/{failed.pk}").json()

    assert [(event["kind"], event["outcome"]) for event in open_events] == [
        ("response", "needs_fix"),
        ("deadline", None),
    ]
    assert [event["kind"] for event in found["timeline"]] == ["response", "response", "closed"]
    assert [event["outcome"] for event in found["timeline"]] == ["needs_fix", "success", None]
    assert found["timeline"][2]["by"] == "caller"
    assert found["state"] == "resolved"
    assert found["closed_at"] == "2026-11-22T12:05:00.000Z"
    assert len(found["issues"]) == 1


def test_a_partial_request_shows_its_items(caller: Caller, shop: Integration) -> None:
    record(shop, make_partial("1"))

    found = caller.get(f"requests/{FailedRequest.objects.get().pk}").json()

    assert found["items"] == {"created": 1, "failed": 1, "unknown": 0}
    assert [(item["product"], item["state"]) for item in found["item_list"]] == [("77", "created"), ("88", "failed")]


def test_a_request_without_a_clock_or_an_answer_is_shown(caller: Caller, shop: Integration) -> None:
    record(shop, make_timeout(make_rest("/subscriptions/", method="GET")))

    [row] = caller.get("requests").json()["results"]
    found = caller.get(f"requests/{row['id']}").json()

    assert row["deadline_at"] is None
    assert row["failure"] == "timeout"
    assert [event["kind"] for event in found["timeline"]] == ["response"]


def test_what_belongs_to_others_is_not_there(caller: Caller) -> None:
    record(make_integration("other"), make_refusal("1"))

    assert orders_of(caller.get("requests")) == []
    assert caller.get(f"requests/{FailedRequest.objects.get().pk}").status_code == 404
