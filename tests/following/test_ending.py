from __future__ import annotations

from datetime import timedelta

import pytest

from responses.exchanges import Origin
from responses.following import ending
from responses.models import FailedRequest, FollowUp, Integration, Issue, SealedRequest
from responses.sandbox.server import Running
from responses.sending import credentials
from tests.factories import NOW, make_accepted, make_exchange, make_integration, make_purchase, make_timeout, record
from tests.following.buying import KEY, after, buy, make_shop, poll_at

pytestmark = pytest.mark.django_db

State = FollowUp.State
LATE = after(3700)


def give_key(shop: Integration) -> None:
    credentials.keep_api_key(shop, KEY)
    shop.save()


# --- without credentials ---


def test_without_credentials_an_accepted_purchase_stays_accepted_and_not_confirmed() -> None:
    record(make_integration(), *(make_accepted(f"200{number}") for number in range(5)))
    assert ending.sweep(LATE) == frozenset()
    assert ending.sweep(NOW + timedelta(days=3)) == frozenset()
    assert set(FollowUp.objects.values_list("state", "settled_at")) == {(State.UNCONFIRMED, None)}
    assert not FailedRequest.objects.exists()
    assert not Issue.objects.exists()


def test_a_failed_request_that_was_accepted_without_credentials_ends_as_unknown() -> None:
    shop = make_integration()
    request = make_purchase("2010")
    record(shop, make_timeout(request))
    record(shop, make_exchange(request, 200, {"subs_req_id": "abc"}, sent_at=after(5)), now=after(5))
    assert FailedRequest.objects.get().state == "confirming"
    assert ending.sweep(after(3600)) == frozenset()
    assert FailedRequest.objects.get().state == "confirming"
    assert ending.sweep(LATE) == {"alerting"}
    row = FailedRequest.objects.get()
    assert (row.state, row.reason) == ("unknown", "Accepted, but nobody knows what became of it.")
    assert FollowUp.objects.get().state == State.UNKNOWN
    assert SealedRequest.objects.filter(pk=row.seal_id or 0).exists()
    assert ending.sweep(LATE) == frozenset()


def test_a_failed_request_whose_acceptance_names_no_id_is_unknown_at_once() -> None:
    shop = make_integration()
    request = make_purchase("2011")
    record(shop, make_timeout(request))
    record(shop, make_exchange(request, 200, {"result": "ok"}, sent_at=after(5)), now=after(5))
    ending.sweep(after(6))
    row = FailedRequest.objects.get()
    assert (row.state, row.closed_at) == ("unknown", None)
    assert "no new id" in row.reason


def test_the_sweep_finds_every_confirming_request_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AT_A_TIME", 2)
    shop = make_integration()
    requests = [make_purchase(f"202{number}") for number in range(5)]
    record(shop, *map(make_timeout, requests))
    answers = [({"subs_req_id": f"id{number}"} if number else {}) for number in range(5)]
    pairs = zip(requests, answers, strict=True)
    record(shop, *(make_exchange(request, 200, answer, sent_at=after(5)) for request, answer in pairs), now=after(5))
    ending.sweep(LATE)
    assert set(FailedRequest.objects.values_list("state", flat=True)) == {"unknown"}


# --- credentials come and go ---


def test_new_credentials_take_up_what_is_still_young(box: Running) -> None:
    shop = make_shop(box, api_key="")
    old = buy(shop, box, "2030", now=NOW - timedelta(hours=2))
    young = buy(shop, box, "2031")
    FollowUp.objects.filter(pk=old.pk).update(give_up_at=NOW - timedelta(hours=1))
    ending.sweep(after(10))
    young.refresh_from_db()
    assert young.state == State.UNCONFIRMED
    give_key(shop)
    ending.sweep(after(40))
    young.refresh_from_db()
    old.refresh_from_db()
    assert (young.state, young.next_poll_at, old.state) == (State.PENDING, after(40), State.UNCONFIRMED)
    poll_at(after(41))
    young.refresh_from_db()
    assert young.state == State.CREATED


def test_new_credentials_do_not_take_up_what_was_imported_or_went_elsewhere() -> None:
    shop = make_integration()
    elsewhere = make_purchase("2041")
    foreign = make_exchange(
        type(elsewhere)("POST", "https://other.example/subscription/create", elsewhere.headers, elsewhere.body),
        200,
        {"subs_req_id": "abc"},
    )
    record(shop, make_accepted("2040", origin=Origin.IMPORT), foreign)
    give_key(shop)
    ending.sweep(after(10))
    assert not FollowUp.objects.filter(state=State.PENDING).exists()


def test_without_credentials_any_more_nothing_is_pending(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "2050")
    FollowUp.objects.update(last_problem="503 Service Unavailable")
    shop.api_key_sealed = None
    shop.save()
    ending.sweep(after(5))
    bought.refresh_from_db()
    assert (bought.state, bought.next_poll_at) == (State.UNCONFIRMED, None)
    give_key(shop)
    ending.sweep(after(60))
    bought.refresh_from_db()
    assert bought.state == State.PENDING


# --- pauses ---


def test_what_is_long_over_in_a_pause_is_accepted_and_not_confirmed(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "2060")
    paused_until = after(10_000)
    Integration.objects.update(follow_paused_until=paused_until, follow_problem="401 Unauthorized: check the key.")
    ending.sweep(after(4100))
    bought.refresh_from_db()
    assert bought.state == State.PENDING
    ending.sweep(after(4201))
    bought.refresh_from_db()
    assert (bought.state, bought.last_problem) == (State.UNCONFIRMED, "401 Unauthorized: check the key.")
    ending.sweep(after(4300))
    bought.refresh_from_db()
    assert bought.state == State.UNCONFIRMED


def test_a_confirming_request_in_a_pause_ends_as_unknown() -> None:
    shop = make_integration()
    give_key(shop)
    request = make_purchase("2061")
    record(shop, make_timeout(request))
    record(shop, make_exchange(request, 200, {"subs_req_id": "abc"}, sent_at=after(5)), now=after(5))
    Integration.objects.update(follow_paused_until=after(10_000), follow_problem="401 Unauthorized: check the key.")
    assert ending.sweep(after(4300)) == {"alerting"}
    assert FailedRequest.objects.get().state == "unknown"


def test_what_waits_its_turn_is_not_given_up_by_the_sweep(box: Running) -> None:
    """After a long stop the last question is asked first."""
    bought = buy(make_shop(box), box, "2062")
    ending.sweep(NOW + timedelta(hours=5))
    bought.refresh_from_db()
    assert bought.state == State.PENDING
