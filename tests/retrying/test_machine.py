"""The send machine, step by step: claim, intent, send, keep, reap, expire."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import connection

from responses.exchanges import Exchange, Origin
from responses.models import Attempt, FailedRequest, Gate, Resend, Response, SealedRequest
from responses.sending import credentials, gates, machine
from tests.factories import NOW
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import ACCEPTED, BUSY, Upstream, fail, make_shop, purchase, reply, resend_of, rest, send_one

pytestmark = pytest.mark.django_db

State = Resend.State


def due_of(request: FailedRequest) -> float:
    """Seconds from the failure to the planned send."""
    return (resend_of(request).due_at - NOW).total_seconds()


def make_due(request: FailedRequest) -> Resend:
    """Let the planned send be due at ``NOW``."""
    Resend.objects.filter(failed_request=request).update(due_at=NOW)
    return resend_of(request)


# --- what is sent ---


def test_a_failure_is_sent_again_byte_for_byte_with_fresh_credentials(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    body = b"create_request=%7B%22merchant_id%22%3A%22m%22%2C%22merchant_order_id%22%3A%22A%2F1%22%2C%22products%22%3A[]%7D"
    original = purchase(shop)
    fields = {
        "content-type": "application/json", "x-api-key": "the-old-key", "authorization": "old", "x-trace": "7",
        "user-agent": "shop/2", "transfer-encoding": "chunked",
    }  # fmt: skip
    request = fail(shop, type(original)("POST", original.url, fields, body))
    make_due(request)

    attempt = send_one(NOW)

    [sent] = upstream.received
    assert sent.line == "POST /subscription/create"
    assert sent.body == body
    assert (sent.fields["x-api-key"], sent.fields["x-trace"], sent.fields["user-agent"]) == (
        again.API_KEY,
        "7",
        "shop/2",
    )
    assert (sent.fields["content-length"], sent.fields["connection"]) == (str(len(body)), "close")
    assert not {"authorization", "transfer-encoding"} & set(sent.fields)
    assert (attempt.result, attempt.number, attempt.status_code) == ("answered", 1, 200)
    assert again.states(request) == ("confirming", "succeeded")


def test_the_hash_key_signs_for_the_purchases_customer_at_the_moment_of_sending(upstream: Upstream) -> None:
    shop = make_shop(upstream.url, api_key="")
    credentials.keep_hash_key(shop.integration, "Mt!ZQ45q&GHsgiRD8{NB-_h87#rjvbn0")
    shop.integration.save()
    make_due(fail(shop))
    send_one(after(30))
    [sent] = upstream.received
    assert f'"ts":{int(after(30).timestamp())}' in sent.fields["authorization"]
    assert '"sig_field":"00026001"' in sent.fields["authorization"]


def test_the_answer_is_recorded_as_a_retry_of_the_same_request(upstream: Upstream) -> None:
    upstream.always = reply(200)
    shop = make_shop(upstream.url)
    request = fail(shop, rest(shop, body={"reason": "none"}), request_id="order/42 of ada@example.com")
    make_due(request)
    attempt = send_one(NOW)
    response = Response.objects.get(pk=attempt.response_id or 0)
    assert (response.origin, response.request_key) == (Origin.RETRY, request.request_key)
    assert again.states(request) == ("resolved", "succeeded")
    request.refresh_from_db()
    assert request.resolved_by == "retry"


def test_the_attempt_is_committed_before_the_bytes_leave(upstream: Upstream) -> None:
    seen: list[tuple[str, str]] = []
    make_due(fail(make_shop(upstream.url)))
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    seen += Attempt.objects.values_list("result", "resend__state")
    assert upstream.received == []
    machine.send(sending, lambda: NOW)
    assert seen == [("", "sending")]
    assert len(upstream.received) == 1


# --- who claims ---


def test_two_workers_never_claim_the_same(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    for _ in range(3):
        make_due(fail(shop))
    first = machine.claim(NOW, "one", 2).claimed
    second = machine.claim(NOW, "two", 5).claimed
    assert len({one.resend_id for one in (*first, *second)}) == len(first) + len(second) == 3
    assert machine.claim(NOW, "three", 5).claimed == []


def test_the_longest_due_goes_first_and_the_next_time_is_told(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    late, later, future = (fail(shop) for _ in range(3))
    for request, seconds in ((later, -1), (late, -2), (future, 7)):
        Resend.objects.filter(failed_request=request).update(due_at=after(seconds))
    claims = machine.claim(NOW, "worker", 5)
    assert [one.failed_request_id for one in claims.claimed] == [late.pk, later.pk]
    assert claims.again_at == after(7)


@pytest.mark.parametrize("state", ["claimed", "sending", "unknown"])
def test_one_at_a_time_on_a_resource(upstream: Upstream, state: str) -> None:
    shop = make_shop(upstream.url)
    first, second = fail(shop, rest(shop, body={"a": 1})), fail(shop, rest(shop, body={"a": 2}))
    make_due(first)
    make_due(second)
    [claimed] = machine.claim(NOW, "worker", 5).claimed
    if state != "claimed":
        machine.intent(claimed, NOW)
    if state == "unknown":
        machine.reap(after(121))
    assert Resend.objects.get(pk=claimed.resend_id).state == state
    assert machine.claim(NOW, "worker", 5).claimed == []
    assert resend_of(second).state == "scheduled"


def test_a_claim_that_another_on_the_resource_beat_gives_its_token_back(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    first, second = fail(shop, rest(shop, body={"a": 1})), fail(shop, rest(shop, body={"a": 2}))
    beaten = make_due(second)
    make_due(first)
    [_] = machine.claim(NOW, "worker", 1).claimed
    assert machine._claim_one(beaten, "worker", now=NOW) is None
    assert resend_of(second).epoch == 0


def test_a_pause_of_the_account_holds_up_nobody_else(upstream: Upstream) -> None:
    paused, free = make_shop(upstream.url), make_shop(upstream.url)
    waiting = make_due(fail(paused))
    make_due(fail(free))
    Gate.objects.create(scope=gates.account_scope(paused.integration.pk), is_paused=True, pause_reason="Sale")
    claims = machine.claim(NOW, "worker", 5)
    assert [Resend.objects.get(pk=one.resend_id).integration_id for one in claims.claimed] == [free.integration.pk]
    waiting.refresh_from_db()
    assert waiting.state == "scheduled"


# --- the intent asks again ---


def intend_after(upstream: Upstream, change: object) -> tuple[FailedRequest, Resend]:
    shop = make_shop(upstream.url)
    request = fail(shop)
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert callable(change)
    change(shop, request)
    assert machine.intent(claimed, NOW) is None
    assert upstream.received == []
    assert not Attempt.objects.exists()
    request.refresh_from_db()
    return request, resend_of(request)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda shop, _: type(shop.integration).objects.update(api_key_sealed=None), "no credentials"),
        (lambda shop, _: type(shop.integration).objects.update(api_key_sealed=b"of another key"), "cannot be opened"),
        (lambda *_: SealedRequest.objects.update(token=b"of another key"), "cannot be opened"),
        (lambda *_: SealedRequest.objects.all().delete(), "no longer kept"),
        (lambda *_: Resend.objects.update(body_hash="0" * 64), "not the request that was approved"),
        (lambda shop, _: type(shop.integration).objects.update(hosts={}), "another one"),
        (lambda shop, _: type(shop.key).objects.update(may_retry=False), "may not be sent again"),
    ],
)
def test_what_cannot_be_sent_is_held_with_the_reason(upstream: Upstream, change: object, words: str) -> None:
    request, resend = intend_after(upstream, change)
    assert (request.state, resend.state) == ("held", "held")
    assert words in resend.reason
    assert words in request.reason


def test_a_staging_record_never_reaches_production(upstream: Upstream) -> None:
    shop = make_shop(upstream.url, environment="staging", hosts={})
    request = fail(
        shop, type(purchase(shop))("POST", "https://staging.sc.ordergroove.com/subscription/create", {}, b"{}")
    )
    make_due(request)
    type(shop.integration).objects.update(environment="production")
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert machine.intent(claimed, NOW) is None
    assert resend_of(request).state == "held"
    assert "staging.sc.ordergroove.com" in resend_of(request).reason


def test_a_deleted_integration_takes_its_resends_along(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    make_due(fail(shop))
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    shop.integration.delete()
    with pytest.raises(FailedRequest.DoesNotExist):
        machine.intent(claimed, NOW)
    assert again.run_at(NOW) == frozenset()


def test_a_request_that_was_settled_meanwhile_is_not_sent(upstream: Upstream) -> None:
    _, resend = intend_after(upstream, lambda *_: FailedRequest.objects.update(state="dismissed", closed_at=NOW))
    assert resend.state == "superseded"


def test_what_is_over_expires_and_its_original_stays_for_its_last_hour(upstream: Upstream) -> None:
    request, resend = intend_after(
        upstream,
        lambda *_: Resend.objects.update(expires_at=after(-1)) and FailedRequest.objects.update(deadline_at=after(-1)),
    )
    assert (request.state, resend.state, request.closed_at) == ("expired", "expired", NOW)
    assert SealedRequest.objects.get().pk == request.seal_id


def test_a_claim_that_stood_still_is_given_back(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert machine.intent(claimed, after(61)) is None
    assert again.states(request) == ("retrying", "scheduled")
    assert not Attempt.objects.exists()


def test_a_claim_that_was_taken_back_cannot_be_intended(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)))
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert machine.reap(after(120)) == 1
    [again_claimed] = machine.claim(after(120), "worker", 1).claimed
    assert machine.intent(claimed, after(120)) is None
    assert machine.intent(again_claimed, after(120)) is not None


def test_one_claim_makes_one_attempt(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)))
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert machine.intent(claimed, NOW) is not None
    assert machine.intent(claimed, NOW) is None
    assert Attempt.objects.count() == 1


# --- what the send makes of it ---


def test_nothing_leaves_when_too_much_time_passed_since_the_intent(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    exchange = machine.send(sending, lambda: after(5.1))
    machine.keep([(sending, exchange)], after(5.1))
    resend = resend_of(request)
    assert upstream.received == []
    assert (resend.state, resend.sends, resend.not_sent) == ("scheduled", 0, 1)
    assert Attempt.objects.get().result == "not_sent"


def test_five_seconds_are_not_too_much(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)))
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    assert machine.send(sending, lambda: after(5)).status_code == 200


def test_a_send_that_never_left_backs_off_and_is_bounded() -> None:
    with again.running() as upstream:
        url = upstream.url
    request = fail(make_shop(url))
    waits = []
    at = NOW
    for number in range(1, 21):
        Resend.objects.filter(failed_request=request).update(due_at=at)
        attempt = again.send_one(at)
        assert (attempt.result, attempt.number) == ("not_sent", number)
        resend = resend_of(request)
        if number < 20:
            waits.append((resend.due_at - at).total_seconds())
            at = resend.due_at + timedelta(seconds=61)  # the breaker lets one probe through
    assert all(5 <= wait <= 300 for wait in waits)
    assert again.states(request) == ("held", "held")
    assert (resend.sends, resend.not_sent) == (0, 20)


def test_a_transient_answer_is_scheduled_again_by_policy(upstream: Upstream) -> None:
    upstream.replies.extend([BUSY, ACCEPTED])
    request = fail(make_shop(upstream.url))
    at = resend_of(request).due_at
    assert 60 <= (at - NOW).total_seconds() <= 90
    send_one(at)
    assert again.states(request) == ("retrying", "scheduled")
    send_one(resend_of(request).due_at)
    assert again.states(request) == ("confirming", "succeeded")
    assert list(Attempt.objects.order_by("number").values_list("number", "result", "status_code")) == [
        (1, "answered", 503),
        (2, "answered", 200),
    ]


def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(upstream: Upstream) -> None:
    upstream.always = lambda _: None
    request = fail(make_shop(upstream.url))
    make_due(request)
    attempt = send_one(NOW)
    resend = resend_of(request)
    assert attempt.result == "unknown"
    assert again.states(request) == ("unknown", "unknown")
    assert resend.due_at == NOW + timedelta(minutes=10)
    again.run_at(after(3600))
    assert len(upstream.received) == 1


def test_an_error_of_our_own_while_sending_counts_as_unread(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    ticks = iter([NOW])

    def clock() -> object:
        try:
            return next(ticks)
        except StopIteration:
            ticks_over.append(1)
            if len(ticks_over) == 1:
                raise RuntimeError("ours") from None
            return NOW

    ticks_over: list[int] = []
    exchange: Exchange = machine.send(sending, clock)  # type: ignore[arg-type]
    machine.keep([(sending, exchange)], NOW)
    assert again.states(request) == ("unknown", "unknown")
    assert "a send failed in a way of its own" in caplog.text


# --- dead and frozen workers ---


def test_a_worker_that_died_before_the_intent_costs_nothing(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    machine.claim(NOW, "worker", 1)
    assert machine.reap(after(119)) == 0
    assert machine.reap(after(120)) == 1
    assert again.states(request) == ("retrying", "scheduled")
    assert resend_of(request).sends == 0


def test_a_worker_that_died_after_the_intent_leaves_an_unknown(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    machine.intent(claimed, after(10))
    assert machine.reap(after(129)) == 0
    assert machine.reap(after(130)) == 1
    assert machine.reap(after(130)) == 0
    resend = resend_of(request)
    assert again.states(request) == ("unknown", "unknown")
    assert (resend.sends, resend.due_at) == (1, after(130) + timedelta(minutes=10))
    attempt = Attempt.objects.get()
    assert (attempt.result, attempt.ended_at) == ("unknown", after(130))


def test_a_frozen_worker_that_wakes_up_late_only_adds_what_it_knows(upstream: Upstream) -> None:
    upstream.always = BUSY
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    exchange = machine.send(sending, lambda: NOW)
    machine.reap(after(121))
    machine.keep([(sending, exchange)], after(122))
    assert again.states(request) == ("unknown", "unknown")
    attempt = Attempt.objects.get()
    assert (attempt.status_code, Response.objects.filter(origin=Origin.RETRY).count()) == (503, 1)


def test_an_answer_that_is_kept_twice_is_stored_once(upstream: Upstream) -> None:
    upstream.always = BUSY
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    answers = [(sending, machine.send(sending, lambda: NOW))]
    machine.keep(answers, NOW)
    machine.keep(answers, NOW)
    assert Response.objects.filter(origin=Origin.RETRY).count() == 1
    assert (resend_of(request).sends, resend_of(request).epoch) == (1, 3)


def test_a_late_success_of_a_frozen_worker_is_evidence(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    sending = machine.intent(claimed, NOW)
    assert sending is not None
    exchange = machine.send(sending, lambda: NOW)
    machine.reap(after(121))
    machine.keep([(sending, exchange)], after(122))
    assert again.states(request) == ("confirming", "succeeded")


def test_what_has_not_begun_in_time_expires(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    resend = resend_of(request)
    assert resend.expires_at is not None
    assert machine.expire(resend.expires_at) == 0
    assert machine.expire(resend.expires_at + timedelta(seconds=1)) == 1
    assert again.states(request) == ("expired", "expired")


def test_a_held_one_expires_too(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url, api_key=""))
    assert again.states(request) == ("held", "held")
    machine.expire(NOW + timedelta(hours=25))
    assert again.states(request) == ("expired", "expired")


def test_the_sealed_body_is_the_one_whose_hash_was_planned(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url))
    resend = make_due(request)
    send_one(NOW)
    assert hashlib.sha256(upstream.received[0].body).hexdigest() == resend.body_hash


# --- many workers ---


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_once_send_each_once(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    for _ in range(12):
        make_due(fail(shop, now=after(-3600)))  # so long ago that the host's breaker has closed
    barrier = threading.Barrier(4)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait(5)
            while claimed := machine.claim(NOW, "worker", 3).claimed:
                for one in claimed:
                    sending = machine.intent(one, NOW)
                    assert sending is not None
                    machine.keep([(sending, machine.send(sending, lambda: NOW))], NOW)
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert len({one.body for one in upstream.received}) == len(upstream.received) == 12
    assert Attempt.objects.filter(result="answered").count() == 12


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_never_overlap_on_a_resource(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    upstream.always = reply(200)
    for number in range(6):
        make_due(fail(shop, rest(shop, body={"number": number})))
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait(5)
            for _ in range(6):
                for one in machine.claim(NOW, "worker", 3).claimed:
                    sending = machine.intent(one, NOW)
                    if sending is not None:
                        machine.keep([(sending, machine.send(sending, lambda: NOW))], NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert upstream.most_at_once == 1
    assert Resend.objects.filter(state="succeeded").exists()
