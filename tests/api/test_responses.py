"""``/api/v1/responses``: lists, filters, pages, one response."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from responses.models import FailureBody, Integration, Response
from responses.recording import bodies
from tests.api.conftest import Caller
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db


def ids_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_list_has_the_latest_first_with_ids_as_texts_and_times_in_utc(caller: Caller, shop: Integration) -> None:
    [first] = record(shop, make_exchange(), now=NOW)
    [second] = record(shop, make_partial("1001"), now=NOW + timedelta(seconds=1))

    answer = caller.get("responses")

    assert ids_of(answer) == [str(second.pk), str(first.pk)]
    row = answer.json()["results"][0]
    assert row["integration"] == "shop"
    assert row["outcome"] == "partial"
    assert row["items"] == {"created": 1, "failed": 1, "unknown": 0}
    assert row["order_id"] == "1001"
    assert row["sent_at"] == "2026-11-22T12:00:00.000Z"
    assert row["recorded_at"] == "2026-11-22T12:00:01.000Z"
    assert row["url"] == f"http://127.0.0.1:8000/responses/{second.pk}/"
    assert answer.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"outcome": "partial"}, ["partial"]),
        ({"outcome": "no_answer"}, ["timeout"]),
        ({"code": "400"}, ["refusal"]),
        ({"code": "4xx"}, ["refusal"]),
        ({"endpoint": "PATCH /subscriptions/{id}/cancel/"}, ["rest"]),
        ({"method": "patch"}, ["rest"]),
        ({"order": "1001"}, ["partial"]),
        ({"customer": "00026001", "outcome": "accepted"}, ["accepted"]),
        ({"request_id": "mine"}, ["rest"]),
        ({"origin": "poll"}, []),
        ({"release": "2.4.1"}, ["rest"]),
        ({"q": "Session id"}, ["refusal"]),
        ({"q": "1001"}, ["partial"]),
        ({"since": "2026-11-22T11:30:00Z", "until": "2026-11-22T11:31:00Z"}, ["rest"]),
        ({"since": "2026-11-22T12:30:00+01:00", "until": "2026-11-22T12:31:00+01:00"}, ["rest"]),
    ],
)
def test_each_filter_finds_its_rows(
    caller: Caller, shop: Integration, query: dict[str, str], expected: list[str]
) -> None:
    names = ["rest", "partial", "refusal", "accepted", "timeout"]
    rest = make_exchange(make_rest(), sent_at=NOW - timedelta(minutes=30), request_id="mine", tags={"release": "2.4.1"})
    rows = record(shop, rest, make_partial("1001"), make_refusal("2"), make_accepted("3"), make_timeout())

    found = ids_of(caller.get("responses", **query))

    by_id = {str(row.pk): name for row, name in zip(rows, names, strict=True)}
    assert sorted(by_id[row_id] for row_id in found) == sorted(expected)


@pytest.mark.parametrize("query", [{}, {"since": "2026-11-22T00:00:00Z"}, {"outcome": "needs_fix"}, {"q": "Session"}])
def test_next_leads_through_all_rows_once(caller: Caller, shop: Integration, query: dict[str, str]) -> None:
    rows = record(shop, *(make_refusal(str(number), sent_at=NOW) for number in range(7)))
    seen: list[str] = []
    answer = caller.get("responses", limit=3, **query)
    while True:
        seen += ids_of(answer)
        following = answer.json()["next"]
        if following is None:
            break
        assert following.startswith("http://127.0.0.1:8000/api/v1/responses?")
        answer = caller.client.get(following.removeprefix("http://127.0.0.1:8000"))

    assert len(seen) == 7
    assert set(seen) == {str(row.pk) for row in rows}


def test_a_list_asks_the_same_number_of_queries_for_1_and_for_20_rows(caller: Caller, shop: Integration) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert caller.get("responses").status_code == 200
        return len(captured)

    record(shop, make_refusal("1"))
    caller.get("responses")
    before = count()
    record(shop, *(make_refusal(str(number)) for number in range(2, 21)))
    assert count() == before


def test_one_response_comes_with_what_it_means_and_what_was_sent(caller: Caller, shop: Integration) -> None:
    [row] = record(shop, make_partial("1001"))

    found = caller.get(f"responses/{row.pk}").json()

    assert found["id"] == str(row.pk)
    assert found["meaning"]
    assert found["advice"]
    assert [item["state"] for item in found["item_list"]] == ["created", "failed"]
    assert found["item_list"][1]["message"] == "Object does not exist."
    assert found["exchange"]["request"]["url"].startswith("https://sc.ordergroove.com/")
    assert found["exchange"]["request"]["body_encoding"] == "text"
    assert "7654321" not in found["exchange"]["request"]["body"]
    assert found["exchange"]["response"]["headers"]["content-type"] == "application/json"


def test_a_body_that_is_no_text_comes_as_base64(caller: Caller, shop: Integration) -> None:
    [row] = record(shop, make_exchange(make_rest(), 500))
    codec, data = bodies.pack(bodies.Shown(response_body=b"\x1f\x8b\xff", response_bytes=9, cut=("response",)))
    FailureBody.objects.filter(pk=row.pk).update(codec=codec, data=data)

    response = caller.get(f"responses/{row.pk}").json()["exchange"]["response"]

    assert response["body_encoding"] == "base64"
    assert base64.b64decode(response["body"]) == b"\x1f\x8b\xff"
    assert response["bytes"] == 9
    assert response["is_cut"]


def test_an_accepted_purchase_shows_its_pursuit_and_a_failure_its_kind(caller: Caller, shop: Integration) -> None:
    accepted, failed = record(shop, make_accepted("1", subs_req_id="abc"), make_timeout())

    assert caller.get(f"responses/{accepted.pk}").json()["follow_up"]["subs_req_id"] == "abc"
    found = caller.get(f"responses/{failed.pk}").json()
    assert found["failure"] == "timeout"
    assert found["status_code"] is None
    assert found["exchange"]["response"] is None


def test_what_belongs_to_others_is_not_there(caller: Caller) -> None:
    [row] = record(make_integration("other"), make_refusal("1"))

    assert Response.objects.count() == 1
    assert ids_of(caller.get("responses")) == []
    assert caller.get("responses", integration="other").status_code == 404
    answer = caller.get(f"responses/{row.pk}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_who_sees_several_integrations_must_name_one(shop: Integration) -> None:
    make_integration("second")
    caller = Caller(make_user(is_superuser=True))
    record(shop, make_refusal("1"))

    answer = caller.get("responses")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/integration", "detail": "Needed, since you may see several: second, shop."}
    ]
    assert len(ids_of(caller.get("responses", integration="shop"))) == 1
    assert ids_of(caller.get("responses", integration="second")) == []
