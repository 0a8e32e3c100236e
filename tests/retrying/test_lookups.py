"""Unknown outcomes are looked up after a settle time, and decided by what is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from responses.exchanges import Origin
from responses.models import (
    Attempt,
    FailedRequest,
    FollowUp,
    Integration,
    Item,
    LastRun,
    Resend,
    Response,
    SealedRequest,
    Transition,
)
from responses.retrying import conclusions, lookups
from responses.sending import machine
from tests.factories import NOW, make_exchange, make_timeout, record
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import BUSY, Clock, Shop, Upstream, fail, make_shop, purchase, reply, resend_of, rest

pytestmark = pytest.mark.django_db

SETTLED = after(600)


def look_up_at(at: datetime) -> frozenset[str]:
    return lookups.look_up_due(clock=Clock(at), dice=lambda: 0.0, seconds=2.0)


def subscription(product: str = "77", order_id: str = "A1", **overrides: object) -> dict[str, object]:
    return {
        "public_id": f"sub-{product}", "product": product, "merchant_order_id": order_id, "customer": "00026001"
    } | overrides  # fmt: skip


def listed(*records: dict[str, object], following: str | None = None) -> bytes:
    return reply(200, {"next": following, "previous": None, "results": list(records)})


def lost(shop: Shop, order_id: str = "A1", **overrides: object) -> FailedRequest:
    """A purchase of the shop whose answer the shop never got."""
    return again.record_for(shop, make_timeout(purchase(shop, order_id, **overrides)))


def lost_resend(shop: Shop, upstream: Upstream, **overrides: object) -> FailedRequest:
    """A purchase that we sent again, and whose answer we never got."""
    request = fail(shop, purchase(shop, "A1", **overrides))
    Resend.objects.filter(failed_request=request).update(due_at=NOW)
    upstream.replies.append(lambda _: None)
    again.send_one(NOW)
    upstream.received.clear()
    assert again.states(request) == ("unknown", "unknown")
    return request


# --- when and what is asked ---


def test_nothing_is_asked_before_the_settle_time(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    assert again.states(request) == ("unknown", "unknown")
    look_up_at(after(599))
    assert upstream.received == []
    look_up_at(SETTLED)
    assert upstream.lines == ["GET /subscriptions/?customer=00026001&page_size=100"]


def test_the_question_is_signed_and_recorded_as_evidence(upstream: Upstream) -> None:
    upstream.always = listed(subscription())
    request = lost(make_shop(upstream.url))
    look_up_at(SETTLED)
    [asked] = upstream.received
    assert (asked.fields["x-api-key"], asked.fields["x-og-api-version"]) == (again.API_KEY, "2")
    response = Response.objects.get(origin=Origin.LOOKUP)
    assert response.failed_request_id == request.pk


def test_it_is_retrying_while_it_is_looked_up_and_two_never_look_at_once(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    [question] = lookups.claim(SETTLED)
    assert again.states(request) == ("retrying", "verifying")
    assert lookups.claim(SETTLED) == []
    assert question.bought is not None


def test_a_worker_that_died_while_looking_is_followed(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    lookups.claim(SETTLED)
    machine.reap(SETTLED + timedelta(seconds=120))
    assert again.states(request) == ("unknown", "unknown")
    upstream.always = listed(subscription())
    look_up_at(SETTLED + timedelta(seconds=180))
    assert again.states(request) == ("resolved", "succeeded")


# --- what is found ---


@pytest.mark.parametrize("make", ["caller", "resend"])
def test_all_there_is_a_success(upstream: Upstream, make: str) -> None:
    shop = make_shop(upstream.url)
    request = lost(shop) if make == "caller" else lost_resend(shop, upstream)
    upstream.always = listed(subscription())
    look_up_at(SETTLED)
    assert again.states(request) == ("resolved", "succeeded")
    assert request.resolved_by == "lookup"
    assert "All 1 products" in request.reason
    assert not SealedRequest.objects.exists()


@pytest.mark.parametrize(
    "record_",
    [
        subscription(order_id="A2"),
        subscription(customer="someone else"),
        {"product": "77", "customer": "00026001"},
    ],
)
def test_another_orders_subscription_is_no_proof(upstream: Upstream, record_: dict[str, object]) -> None:
    request = lost(make_shop(upstream.url))
    upstream.always = listed(record_)
    look_up_at(SETTLED)
    assert again.states(request) == ("retrying", "scheduled")


@pytest.mark.parametrize("make", ["caller", "resend"])
def test_absent_is_sent_again_unchanged(upstream: Upstream, make: str) -> None:
    shop = make_shop(upstream.url)
    request = lost(shop) if make == "caller" else lost_resend(shop, upstream)
    upstream.always = listed()
    look_up_at(SETTLED)
    assert again.states(request) == ("retrying", "scheduled")
    resend = resend_of(request)
    assert SETTLED < resend.due_at < SETTLED + timedelta(minutes=5)
    assert "None of the order's products" in resend.reason
    upstream.always = again.ACCEPTED
    again.send_one(resend.due_at)
    assert upstream.lines[-1] == "POST /subscription/create"
    assert again.states(request) == ("confirming", "succeeded")


def test_absent_when_the_attempts_are_used_up_is_exhausted(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    request = lost_resend(shop, upstream)
    Resend.objects.update(policy="person", max_sends=1)
    upstream.always = listed()
    look_up_at(SETTLED)
    assert again.states(request) == ("exhausted", "exhausted")
    assert Transition.objects.get(kind="request_exhausted").failed_request_id == request.pk


def test_a_part_is_for_a_person_with_its_items(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url), products=["77", "88"])
    upstream.always = listed(subscription("88"))
    look_up_at(SETTLED)
    assert again.states(request) == ("needs_fix", "partial")
    assert (request.items_created, request.items_failed, request.items_unknown) == (1, 1, 0)
    found = Item.objects.filter(failed_request_id=request.pk).order_by("product")
    assert [(item.product, item.state_word, item.subscription_id) for item in found] == [
        ("77", "failed", ""),
        ("88", "created", "sub-88"),
    ]


def test_two_lines_of_one_product_need_two_subscriptions(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url), products=["77", "77"])
    upstream.always = listed(subscription())
    look_up_at(SETTLED)
    assert (again.states(request), request.items_created, request.items_failed) == (("needs_fix", "partial"), 1, 1)


def test_pages_are_followed_on_our_own_host_only(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    following = "http://evil.example/steal?customer=00026001&cursor=100"
    upstream.replies.extend([listed(subscription(order_id="B"), following=following), listed(subscription())])
    look_up_at(SETTLED)
    assert upstream.lines[1] == "GET /subscriptions/?customer=00026001&cursor=100"
    assert again.states(request) == ("resolved", "succeeded")


def test_an_endless_list_proves_no_absence(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    upstream.always = listed(following="/subscriptions/?cursor=1")
    look_up_at(SETTLED)
    assert len(upstream.received) == lookups.MOST_PAGES
    assert again.states(request) == ("unknown", "unknown")


@pytest.mark.parametrize(
    "answer",
    [BUSY, reply(401), reply(404), reply(200, b"<html>"), reply(200, {"results": "none"}), reply(200, {}), b"garbage"],
)
def test_what_does_not_tell_decides_nothing_and_is_asked_again(upstream: Upstream, answer: bytes) -> None:
    request = lost(make_shop(upstream.url))
    upstream.always = answer
    look_up_at(SETTLED)
    resend = resend_of(request)
    assert again.states(request) == ("unknown", "unknown")
    assert (resend.lookups, resend.due_at) == (1, SETTLED + timedelta(seconds=60))


def test_after_some_look_ups_a_person_decides(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    upstream.always = reply(404)
    waits, at = [], SETTLED
    for _ in range(20):
        look_up_at(at)
        waits.append((resend_of(request).due_at - at).total_seconds())
        at = resend_of(request).due_at
    assert len(upstream.received) == conclusions.MOST
    assert waits[:4] == [60, 120, 240, 480]
    assert again.states(request) == ("unknown", "unknown")
    assert "A person decides." in request.reason


# --- by the status endpoint ---


def with_acceptance(shop: Shop) -> None:
    """The shop had been told an id for the same purchase before."""
    answer = {"result": "Subscription request received", "subs_req_id": "abc123"}
    record(shop.integration, make_exchange(purchase(shop, "A1"), 200, answer, sent_at=after(-60)), key=shop.key)
    FollowUp.objects.update(state="unconfirmed", next_poll_at=None)


def test_the_status_endpoint_is_asked_first_where_an_id_is_known(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    with_acceptance(shop)
    request = lost(shop)
    upstream.always = reply(200, {"subscriptions": [{"77": "sub-77"}], "errors": {}})
    look_up_at(SETTLED)
    assert upstream.lines == ["GET /subscription/abc123/response"]
    assert again.states(request)[0] == "resolved"
    assert resend_of(request).state in ("succeeded", "superseded")


def test_a_pending_status_leaves_it_to_the_list(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    with_acceptance(shop)
    request = lost(shop)
    upstream.replies.extend([reply(202, b"'Response is pending. Please try again soon.'"), listed(subscription())])
    look_up_at(SETTLED)
    assert len(upstream.received) == 2
    assert again.states(request) == ("resolved", "succeeded")


# --- 409 ---


def conflicted(upstream: Upstream) -> FailedRequest:
    request = fail(make_shop(upstream.url), purchase(make_shop(upstream.url), "A1"))
    Resend.objects.filter(failed_request=request).update(due_at=NOW)
    upstream.replies.append(reply(409))
    again.send_one(NOW)
    upstream.received.clear()
    return request


def test_a_409_is_looked_up_at_once_and_resolved(upstream: Upstream) -> None:
    request = conflicted(upstream)
    assert again.states(request) == ("unknown", "unknown")
    upstream.always = listed(subscription())
    look_up_at(NOW)
    assert again.states(request) == ("resolved", "succeeded")


def test_a_409_is_never_sent_again_even_where_nothing_is_found(upstream: Upstream) -> None:
    request = conflicted(upstream)
    upstream.always = listed()
    at = NOW
    for _ in range(conclusions.MOST_AFTER_CONFLICT):
        assert again.states(request) == ("unknown", "unknown")
        look_up_at(at)
        at = resend_of(request).due_at
    assert again.states(request) == ("resolved", "succeeded")
    assert "Received, but not verified" in request.reason
    assert Attempt.objects.count() == 1


# --- what cannot be looked up ---


@pytest.mark.parametrize(
    "changes",
    [
        lambda: Integration.objects.update(api_key_sealed=None),
        lambda: Integration.objects.update(api_key_sealed=b"of another key"),
        lambda: SealedRequest.objects.update(token=b"of another key"),
    ],
)  # fmt: skip
def test_without_credentials_or_original_a_person_decides(upstream: Upstream, changes: object) -> None:
    request = lost(make_shop(upstream.url))
    assert callable(changes)
    changes()
    look_up_at(SETTLED)
    assert upstream.received == []
    assert again.states(request) == ("unknown", "unknown")
    assert "Nobody can look it up" in request.reason
    look_up_at(SETTLED + timedelta(days=1))
    assert resend_of(request).lookups == conclusions.MOST


def test_a_purchase_without_customer_is_a_persons_to_decide(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url), user={})
    look_up_at(SETTLED)
    assert (upstream.received, again.states(request)) == ([], ("unknown", "unknown"))


def test_a_setter_is_sent_again_after_the_settle_time_without_a_question(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    request = again.record_for(shop, make_timeout(rest(shop)))
    assert again.states(request) == ("unknown", "unknown")
    look_up_at(SETTLED)
    assert (upstream.received, again.states(request)) == ([], ("retrying", "scheduled"))
    upstream.always = reply(200)
    again.send_one(resend_of(request).due_at)
    assert again.states(request) == ("resolved", "succeeded")


# --- what happens meanwhile ---


def test_what_the_caller_settled_meanwhile_stays_settled(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    request = lost(shop)
    [question] = lookups.claim(SETTLED)
    answers = lookups.ask(question, lambda: SETTLED, 2.0)
    answer = {"subscriptions": [{"77": "sub-77"}], "errors": {}}
    record(shop.integration, make_exchange(purchase(shop, "A1"), 201, answer, sent_at=SETTLED), now=SETTLED)
    lookups.keep(question, answers, now=SETTLED, dice=lambda: 0.0)
    request.refresh_from_db()
    assert (request.state, request.resolved_by) == ("resolved", "caller")
    assert resend_of(request).state in ("succeeded", "superseded")


def test_an_acceptance_meanwhile_is_followed_instead(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    request = lost(shop)
    answer = {"result": "Subscription request received", "subs_req_id": "abc123"}
    record(shop.integration, make_exchange(purchase(shop, "A1"), 200, answer, sent_at=after(60)), now=after(60))
    look_up_at(SETTLED)
    assert (again.states(request), upstream.received) == (("confirming", "superseded"), [])


def test_an_unknown_stays_unsent_while_its_look_up_is_under_way(upstream: Upstream) -> None:
    lost(make_shop(upstream.url))
    lookups.claim(SETTLED)
    assert machine.claim(SETTLED, "worker", 5).claimed == []


def test_one_worker_looks_up_at_a_time_and_a_dead_one_is_followed(upstream: Upstream) -> None:
    lost(make_shop(upstream.url))
    assert LastRun.objects.take_turn(lookups.TURN, every=lookups.HOLD, now=SETTLED)
    look_up_at(SETTLED + timedelta(seconds=59))
    assert upstream.received == []
    look_up_at(SETTLED + timedelta(seconds=60))
    assert len(upstream.received) == 1


def test_a_slow_list_is_not_read_to_its_end(upstream: Upstream) -> None:
    request = lost(make_shop(upstream.url))
    upstream.always = listed(following="/subscriptions/?cursor=1")
    [question] = lookups.claim(SETTLED)
    times = iter(SETTLED + timedelta(seconds=9 * number) for number in range(100))
    answers = lookups.ask(question, lambda: next(times), 2.0)
    assert len(answers) < lookups.MOST_PAGES
    lookups.keep(question, answers, now=SETTLED, dice=lambda: 0.0)
    assert again.states(request) == ("unknown", "unknown")
