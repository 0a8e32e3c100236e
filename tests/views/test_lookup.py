"""The page Order lookup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from responses.models import FailedRequest, Integration, Role
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    record,
)

pytestmark = pytest.mark.django_db


def test_the_box_is_there_and_in_the_navigation(sign_in: Callable[..., Client]) -> None:
    text = sign_in().get("/lookup/").content.decode()

    assert 'name="q"' in text
    assert 'href="/lookup/"' in text


def test_an_id_leads_to_a_page_that_can_be_shared(sign_in: Callable[..., Client]) -> None:
    answer = sign_in().post("/lookup/", {"q": " 1001 "})

    assert (answer.status_code, answer["location"]) == (302, "/lookup/?q=1001")


def test_an_address_stands_in_no_address_line(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_refusal("1001"))

    answer = sign_in().post("/lookup/", {"q": "Ada@example.com"})
    text = answer.content.decode()

    assert answer.status_code == 200
    assert "Order 1001: not created," in text
    assert "q=Ada" not in text
    assert "no-store" in answer["cache-control"]


def test_the_answer_has_the_words_the_time_left_and_the_explanation(
    sign_in: Callable[..., Client], integration: Integration
) -> None:
    record(integration, make_partial("1001"))

    text = sign_in().get("/lookup/?q=1001").content.decode()

    assert "Order 1001: 1 of 2 subscriptions created." in text
    assert "1 d left" in text
    assert "Nobody is on it yet." in text
    assert 'data-copy="#customer-1"' in text
    assert "1 of 2 subscriptions of your order 1001 are set up." in text


def test_what_is_forbidden_is_shown_with_its_reason(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_partial("1001"))

    text = sign_in().get("/lookup/?q=1001").content.decode()

    assert 'aria-disabled="true"' in text
    assert "The integration has no credentials to send with." in text


def test_a_viewer_is_told_which_role_it_needs(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_partial("1001"))

    text = sign_in(Role.VIEWER).get("/lookup/?q=1001").content.decode()

    assert "Deciding needs the role Support." in text
    assert "/resubmit/" not in text


def test_an_unknown_one_leads_to_the_decision(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_refusal("1001"))
    FailedRequest.objects.update(state="unknown")
    failed = FailedRequest.objects.get()

    text = sign_in().get("/lookup/?q=1001").content.decode()

    assert f'href="/requests/{failed.pk}/#decide"' in text


def test_an_expired_one_has_no_button(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_refusal("1001"))
    FailedRequest.objects.update(state="expired", closed_at=NOW)

    text = sign_in(Role.ADMIN).get("/lookup/?q=1001").content.decode()

    assert "place the order anew" in text
    assert "btn-primary" not in text.split('class="card answer"')[1].split("</article>")[0]


def test_an_order_that_succeeded_has_nothing_to_do(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_exchange(make_purchase("1001"), 201, {"subscriptions": [{"77": "sub-1"}]}))

    text = sign_in().get("/lookup/?q=1001").content.decode()

    assert "Order 1001: created" in text
    assert "The response" in text


@pytest.mark.parametrize("words", ["nothing-1", "nobody@example.com"])
def test_nothing_found_says_what_was_looked_at(sign_in: Callable[..., Client], words: str) -> None:
    text = sign_in().get("/lookup/", {"q": words}).content.decode()

    assert "Nothing " in text
    assert "looked" in text


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "\x00", "x" * 5000, "'; DROP TABLE x", "‮1001", "%00"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_hostile_words_are_shown_as_text(sign_in: Callable[..., Client], words: str, method: str) -> None:
    answer = getattr(sign_in(), method)("/lookup/", {"q": words}, follow=True)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_a_hostile_order_and_message_are_shown_as_text(
    sign_in: Callable[..., Client], integration: Integration
) -> None:
    record(integration, make_refusal("<b>1001</b>", message="<img src=x onerror=alert(1)>"))

    text = sign_in().get("/lookup/", {"q": "<b>1001</b>"}).content.decode()

    assert "<img src=x" not in text
    assert "<b>1001</b>" not in text
    assert "&lt;b&gt;1001" in text


def test_nothing_of_another_integration_is_found(sign_in: Callable[..., Client]) -> None:
    record(make_integration("other"), make_refusal("1001"), make_accepted("1002"))
    client = sign_in()

    for words in ("1001", "1002", "ada@example.com"):
        assert "Order 100" not in client.get("/lookup/", {"q": words}).content.decode()


def test_it_needs_a_person(client: Client) -> None:
    assert client.get("/lookup/?q=1001").status_code == 302
    assert client.put("/lookup/").status_code in (302, 405)


def test_the_search_of_the_responses_leads_to_it(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_refusal("1001"))

    text = sign_in().get("/responses/?q=1001").content.decode()

    assert 'href="/lookup/?q=1001"' in text


def test_the_search_of_the_responses_knows_an_address(sign_in: Callable[..., Client], integration: Integration) -> None:
    record(integration, make_refusal("1001"))

    text = sign_in().get("/responses/", {"q": "ada@example.com"}).content.decode()

    assert "Order 1001: the request and its timeline" in text


def test_five_answers_ask_hardly_more_than_one_would_five_times(
    sign_in: Callable[..., Client], integration: Integration, django_assert_max_num_queries: Callable[..., object]
) -> None:
    record(
        integration, *(make_refusal(str(number), sent_at=NOW - timedelta(minutes=number)) for number in range(1, 21))
    )
    client = sign_in()
    client.get("/lookup/")

    with django_assert_max_num_queries(150):  # type: ignore[attr-defined]
        client.get("/lookup/?q=00026001")


def test_a_caller_who_sends_again_is_waited_for_first(
    sign_in: Callable[..., Client], integration: Integration, clock: time_machine.Traveller
) -> None:
    record(integration, make_exchange(make_purchase("1001"), 503, {}))
    client = sign_in()

    assert "the shop sends it again by itself" in client.get("/lookup/?q=1001").content.decode()
    clock.shift(timedelta(hours=2))
    assert "Send again" in client.get("/lookup/?q=1001").content.decode()
