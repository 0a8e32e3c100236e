from __future__ import annotations

from datetime import timedelta

import pytest

from responses.exchanges import Outcome
from responses.models import FailedRequest, FollowUp, Issue, OutcomeHour, Response, SealedRequest
from responses.sandbox.server import Running
from tests.factories import NOW, make_exchange, record
from tests.following.buying import after, buy, make_shop, poll_at, purchase, status_request

pytestmark = pytest.mark.django_db

State = FollowUp.State


def test_a_purchase_that_was_created_is_confirmed(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1001", "tea", "honey")
    assert (bought.state, bought.next_poll_at) == (State.PENDING, after(2))
    assert poll_at(after(2)) == frozenset()
    bought.refresh_from_db()
    assert (bought.state, bought.polls, bought.next_poll_at, bought.settled_at) == (State.CREATED, 1, None, after(2))
    answer = Response.objects.get(pk=bought.result_response_id or 0)
    assert (answer.origin_word, answer.status_code, answer.items_created) == ("poll", 200, 2)
    assert (OutcomeHour.objects.get().confirmed, OutcomeHour.objects.get().refused) == (1, 0)
    assert not FailedRequest.objects.exists()
    assert not SealedRequest.objects.exists()


def test_a_partly_created_purchase_opens_a_failed_request_with_the_clock_of_the_purchase(box: Running) -> None:
    bought = buy(make_shop(box), box, "1002", "tea", "fail-unknown-product-1")
    assert poll_at(after(2)) == {"alerting"}
    bought.refresh_from_db()
    row = FailedRequest.objects.get()
    assert (bought.state, bought.failed_request_id) == (State.PARTIAL, row.pk)
    assert (row.state, row.outcome, row.order_id) == ("needs_fix", Outcome.PARTIAL, "1002")
    assert (row.items_created, row.items_failed, row.deadline_at) == (1, 1, NOW + timedelta(hours=24))
    assert SealedRequest.objects.filter(pk=row.seal_id or 0).exists()
    assert Issue.objects.get().endpoint == "POST /subscription/create"


def test_a_purchase_of_which_nothing_was_created_needs_a_fix(box: Running) -> None:
    bought = buy(make_shop(box), box, "1003", "fail-payment")
    poll_at(after(2))
    bought.refresh_from_db()
    assert bought.state == State.FAILED
    assert FailedRequest.objects.get().state == "needs_fix"


def test_a_product_that_the_result_does_not_mention_is_unknown(box: Running) -> None:
    bought = buy(make_shop(box), box, "1004", "tea", "fail-silent")
    poll_at(after(2))
    bought.refresh_from_db()
    assert bought.state == State.PARTIAL
    assert (FailedRequest.objects.get().items_created, FailedRequest.objects.get().items_unknown) == (1, 1)


def test_a_result_that_mentions_nothing_is_unknown(box: Running) -> None:
    bought = buy(make_shop(box), box, "1005", "fail-silent")
    poll_at(after(2))
    bought.refresh_from_db()
    assert bought.state == State.UNKNOWN
    assert FailedRequest.objects.get().state == "unknown"


def test_an_earlier_failure_is_resolved_by_the_result(box: Running) -> None:
    shop = make_shop(box)
    first = purchase(box, "1006", "answer-503-x1")
    record(shop, first)
    assert FailedRequest.objects.get().state == "waiting"
    again = purchase(box, "1006", "answer-503-x1")
    record(shop, again, now=after(1))
    assert FailedRequest.objects.get().state == "confirming"
    poll_at(after(5))
    row = FailedRequest.objects.get()
    assert (row.state, row.resolved_by, row.seal_id) == ("resolved", "caller", None)
    assert not SealedRequest.objects.exists()


def test_a_result_that_never_comes_is_given_up_after_the_last_question(box: Running) -> None:
    box.control(pending_seconds=10_000)
    bought = buy(make_shop(box), box, "1030", "tea", "honey")
    poll_at(after(3599))
    bought.refresh_from_db()
    assert (bought.state, bought.next_poll_at) == (State.PENDING, after(3600))
    assert poll_at(after(3601)) == {"alerting"}
    bought.refresh_from_db()
    row = FailedRequest.objects.get()
    assert (bought.state, bought.settled_at, bought.polls) == (State.UNKNOWN, after(3601), 2)
    assert (row.state, row.items_unknown, row.deadline_at) == ("unknown", 2, NOW + timedelta(hours=24))
    assert SealedRequest.objects.filter(pk=row.seal_id or 0).exists()


def test_after_a_long_stop_there_is_one_question_before_giving_up(box: Running) -> None:
    bought = buy(make_shop(box), box, "1031")
    poll_at(NOW + timedelta(hours=5))
    bought.refresh_from_db()
    assert (bought.state, bought.polls) == (State.CREATED, 1)
    assert not FailedRequest.objects.exists()


def test_an_outage_of_an_hour_ends_as_unknown(box: Running) -> None:
    bought = buy(make_shop(box), box, "1032")
    box.control(outage="503")
    poll_at(after(3600))
    bought.refresh_from_db()
    assert (bought.state, bought.last_problem) == (State.UNKNOWN, "503 Service Unavailable")


def test_refused_credentials_end_as_accepted_and_not_confirmed(box: Running) -> None:
    """A wrong key says nothing about the orders: it must not fill the queue with them."""
    bought = buy(make_shop(box, api_key="a-revoked-key-000000"), box, "1033")
    poll_at(after(3600))
    bought.refresh_from_db()
    assert (bought.state, bought.last_problem) == (State.UNCONFIRMED, "401 Unauthorized: check the key.")
    assert not FailedRequest.objects.exists()


def test_a_result_after_giving_up_still_counts(box: Running) -> None:
    box.control(pending_seconds=10_000)
    shop = make_shop(box)
    bought = buy(shop, box, "1034")
    poll_at(after(3600))
    answer = {"subscriptions": [{"tea": "0ff0f88accc511e8b6c0bc764e106cf4"}], "errors": {}}
    record(shop, make_exchange(status_request(box, bought), 200, answer, sent_at=after(4000)), now=after(4000))
    bought.refresh_from_db()
    row = FailedRequest.objects.get()
    assert (bought.state, row.state, row.resolved_by) == (State.CREATED, "resolved", "caller")
    counted = OutcomeHour.objects.get(outcome=Outcome.ACCEPTED)
    assert (counted.confirmed, counted.refused) == (1, 0)


def test_a_failure_that_is_told_after_giving_up_says_what_to_fix(box: Running) -> None:
    box.control(pending_seconds=10_000)
    shop = make_shop(box)
    bought = buy(shop, box, "1035")
    poll_at(after(3600))
    answer = {"subscriptions": [], "errors": {"subscriptions": [{"product": "tea", "subscription": {"sku": ["No."]}}]}}
    record(shop, make_exchange(status_request(box, bought), 200, answer, sent_at=after(4000)), now=after(4000))
    bought.refresh_from_db()
    row = FailedRequest.objects.get()
    assert (bought.state, row.state, row.failures, row.message) == (
        State.FAILED, "needs_fix", 1, "subscriptions.sku: No.",
    )  # fmt: skip
    counted = OutcomeHour.objects.get(outcome=Outcome.ACCEPTED)
    assert (counted.confirmed, counted.refused) == (0, 1)
