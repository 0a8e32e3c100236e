"""The page of one failed request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import AuditEntry, FailedRequest, Integration, Role
from responses.views import request_words
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    record,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
DEEDS = {"deed": "handle", "seen": "needs_fix", "reason": "By phone."}


@pytest.fixture
def failed(integration: Integration) -> FailedRequest:
    record(integration, make_partial("1001"))
    return FailedRequest.objects.get()


def text_of(client: Client, target: str, **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("tab", ["", "timeline", "items", "request", "answer", "audit", "nonsense"])
def test_every_tab_has_the_state_the_clock_and_the_next_step(failed: FailedRequest, sign_in: SignIn, tab: str) -> None:
    text = text_of(sign_in(), f"/requests/{failed.pk}/?tab={tab}")

    assert "Order 1001" in text
    assert "1 d left" in text
    assert "It will not pass as it is" in text
    assert "Handled elsewhere" in text


def test_a_reason_that_holds_the_state_is_said_once() -> None:
    request = FailedRequest(
        state=FailedRequest.State.UNKNOWN, reason="No answer came back, so nobody knows whether it took effect."
    )

    assert request_words.means(request) == "No answer came back, so nobody knows whether it took effect."


def test_items_are_told_with_their_subscriptions_and_advice(failed: FailedRequest, sign_in: SignIn) -> None:
    text = text_of(sign_in(), f"/requests/{failed.pk}/?tab=items")

    assert "0ff0f88accc511e8b6c0bc764e106cf4" in text
    assert "Object does not exist." in text


def test_the_timeline_says_what_changed_between_two_calls(integration: Integration, sign_in: SignIn) -> None:
    for minutes, price in ((0, "12.50"), (1, "12.50"), (2, "13.00")):
        request = make_purchase("1001", price=price)
        at = NOW + timedelta(minutes=minutes)
        answer = {"error_message": "Session id cannot be null"}
        record(integration, make_exchange(request, 400, answer, sent_at=at), now=at)
    failed = FailedRequest.objects.get()

    text = text_of(sign_in(), f"/requests/{failed.pk}/")

    assert "The same request, the same answer" in text
    assert "products.0.purchase_info.price: 12.50 → 13.00" in text
    assert "3 times the same 400: this will not pass, it points to the integration." in text


def test_the_timeline_of_a_purchase_holds_its_polls(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_accepted("1001", subs_req_id="abc"))
    status = type(make_rest())("GET", "https://sc.ordergroove.com/subscription/abc/response")
    record(integration, make_exchange(status, 202, {}), now=NOW + timedelta(seconds=2))
    answer = {
        "subscriptions": [],
        "errors": {"subscriptions": [{"product": "77", "subscription": {"quantity": ["Bad."]}}]},
    }
    record(integration, make_exchange(status, 200, answer), now=NOW + timedelta(seconds=5))
    failed = FailedRequest.objects.get()

    text = text_of(sign_in(), f"/requests/{failed.pk}/")

    assert text.count("data-drawer") == 3
    assert "Its result: nothing was created." in text


def test_evidence_is_masked_markdown(failed: FailedRequest, sign_in: SignIn) -> None:
    response = sign_in().get(f"/requests/{failed.pk}/evidence/")

    text = response.content.decode()
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert text.startswith("# Failed request: order 1001")
    assert "| 2026-11-22 12:00:00 | caller | 207 | partial |" in text
    assert "- 88: failed, subscriptions.product Object does not exist." in text
    assert "ada@example.com" not in text


def test_support_closes_and_reopens_it_and_that_is_on_record(failed: FailedRequest, sign_in: SignIn) -> None:
    client, target = sign_in(), f"/requests/{failed.pk}/"

    answer = client.post(f"{target}decide/", DEEDS)
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert "By phone." in text_of(client, f"{target}?tab=audit")
    assert "Reopen" in text_of(client, target)
    client.post(f"{target}decide/", {"deed": "reopen", "seen": "resolved", "reason": "It came back."})

    failed.refresh_from_db()
    assert failed.state == "needs_fix"
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["request.handled", "request.reopened"]


@pytest.mark.parametrize(
    "changes",
    [{"seen": "unknown"}, {"reason": " "}, {"deed": "burn"}, {"seen": ""}, {"reason": "\x00"}, {"reason": "x" * 301}],
)
def test_a_form_that_is_not_right_decides_nothing(
    failed: FailedRequest, sign_in: SignIn, changes: dict[str, str]
) -> None:
    answer = sign_in().post(f"/requests/{failed.pk}/decide/", DEEDS | changes)

    assert answer.status_code in (302, 422)
    failed.refresh_from_db()
    assert failed.is_open
    assert not AuditEntry.objects.exists()


def test_a_viewer_may_look_but_not_decide(failed: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in(Role.VIEWER)

    assert "needs the role Support" in text_of(client, f"/requests/{failed.pk}/")
    assert client.post(f"/requests/{failed.pk}/decide/", DEEDS).status_code == 403
    assert client.get(f"/requests/{failed.pk}/decide/").status_code == 405


def test_what_is_another_integration_s_is_not_there(sign_in: SignIn) -> None:
    record(make_integration(), make_refusal("1001"))
    failed = FailedRequest.objects.get()
    client = sign_in()

    assert client.get(f"/requests/{failed.pk}/").status_code == 404
    assert client.get(f"/requests/{failed.pk}/evidence/").status_code == 404
    assert client.post(f"/requests/{failed.pk}/decide/", DEEDS).status_code == 404
    assert client.get("/requests/99999999999999999999999/").status_code == 404


def test_the_living_part_is_204_while_nothing_changes(failed: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in()
    text = text_of(client, f"/requests/{failed.pk}/")
    start = text.index('hx-get="/requests') + len('hx-get="')
    url = text[start : text.index('"', start)].replace("&amp;", "&")

    assert client.get(url, headers={"HX-Request": "true"}).status_code == 204


def test_no_attempt_costs_a_query(integration: Integration, sign_in: SignIn) -> None:
    client = sign_in()
    record(integration, make_refusal("1001"), make_refusal("1001"))
    failed = FailedRequest.objects.get()
    with CaptureQueriesContext(connection) as few:
        text_of(client, f"/requests/{failed.pk}/")
    record(integration, *(make_refusal("1001") for _ in range(18)))

    with CaptureQueriesContext(connection) as many:
        text_of(client, f"/requests/{failed.pk}/")

    assert len(many) == len(few)
