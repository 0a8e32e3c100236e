"""A person's deeds: now, cancel, release, and what became of an unknown one."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from responses.models import AuditEntry, FailedRequest, IntakeKey, Integration, Resend, Role, SealedRequest, User
from responses.retrying import deeds
from responses.sending import machine
from responses.triage import requests as triage
from tests.factories import NOW, make_exchange, make_timeout, make_user, record
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import BUSY, Shop, Upstream, codes, fail, make_shop, purchase, reply, resend_of, rest, run_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(upstream: Upstream) -> Shop:
    return make_shop(upstream.url)


@pytest.fixture
def ada(shop: Shop) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=shop.integration)


def waiting(shop: Shop) -> FailedRequest:
    """A failure that is the caller's to send again."""
    Integration.objects.update(retry_by="caller")
    shop.integration.refresh_from_db()
    return fail(shop)


def unknown(shop: Shop) -> FailedRequest:
    return again.record_for(shop, make_timeout(purchase(shop, "A1")))


def now(request: FailedRequest, user: User, nonce: str = "n1", **named: str) -> deeds.Deed:
    return deeds.retry_now(request, user, nonce=nonce, now=after(5), address="192.0.2.7", **named)


# --- now ---


def test_now_plans_one_send_of_the_same_bytes(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = waiting(shop)
    assert now(request, ada).is_done
    resend = resend_of(request)
    assert (resend.kind, resend.due_at, resend.asked_by, resend.max_sends) == ("person", after(5), ada, 1)
    assert again.states(request) == ("retrying", "scheduled")
    again.send_one(after(5))
    assert upstream.lines == ["POST /subscription/create"]
    assert again.states(request) == ("confirming", "succeeded")


def test_now_is_written_down(shop: Shop, ada: User) -> None:
    request = waiting(shop)
    now(request, ada, reason="The customer called.")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.address) == ("request.retried", "ada", "192.0.2.7")
    assert (entry.subject_id, entry.before, entry.after) == (
        str(request.pk),
        {"state": "waiting"},
        {"state": "retrying"},
    )
    assert entry.reason == "The customer called."


def test_now_brings_a_planned_send_forward(shop: Shop, ada: User) -> None:
    request = fail(shop)
    planned = resend_of(request)
    deed = now(request, ada)
    assert (deed.is_done, deed.resend_id) == (True, planned.pk)
    assert (resend_of(request).due_at, resend_of(request).kind, Resend.objects.count()) == (after(5), "automatic", 1)


def test_the_same_form_twice_is_one_wish(shop: Shop, ada: User) -> None:
    request = waiting(shop)
    first, second = now(request, ada), now(FailedRequest.objects.get(pk=request.pk), ada)
    assert first.is_done
    assert first.resend_id == second.resend_id
    assert Resend.objects.count() == AuditEntry.objects.count() == 1


def test_now_is_refused_on_what_has_changed_since_it_was_seen(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = BUSY
    request = waiting(shop)
    stale = FailedRequest.objects.get(pk=request.pk)
    saw = deeds.seen(request)
    now(request, ada)
    again.send_one(after(5))
    assert again.states(request) == ("exhausted", "exhausted")
    assert codes(now(stale, ada, "n2").reasons) == ["changed"]
    assert codes(now(request, ada, "n3", saw=saw).reasons) == ["changed"]
    assert now(request, ada, "n4", saw=deeds.seen(request)).is_done


def test_now_is_refused_with_every_reason(shop: Shop, ada: User) -> None:
    request = waiting(shop)
    Integration.objects.update(api_key_sealed=None)
    IntakeKey.objects.update(may_retry=False)
    request = FailedRequest.objects.get(pk=request.pk)
    assert codes(now(request, ada).reasons) == ["credentials", "key"]
    assert not Resend.objects.exists()
    assert not AuditEntry.objects.exists()


def test_an_original_that_cannot_be_opened_is_refused_when_it_is_pressed(shop: Shop, ada: User) -> None:
    request = waiting(shop)
    SealedRequest.objects.update(token=b"of another key")
    [reason] = now(request, ada).reasons
    assert reason.code == "original"
    assert "cannot be opened" in reason.words


@pytest.mark.parametrize("role", [Role.VIEWER, None])
@pytest.mark.parametrize("deed", ["retry_now", "cancel", "release", "decide"])
def test_who_may_not_may_not(shop: Shop, role: Role | None, deed: str) -> None:
    stranger = make_user(role=role, integration=shop.integration if role else None)
    request = fail(shop)
    named = {"retry_now": {"nonce": "n"}, "cancel": {}, "release": {"nonce": "n", "reason": "x"},
             "decide": {"nonce": "n", "reason": "x", "decision": deeds.LEAVE}}[deed]  # fmt: skip
    with pytest.raises(PermissionDenied):
        getattr(deeds, deed)(request, stranger, now=NOW, **named)
    assert again.states(request) == ("retrying", "scheduled")


def test_what_a_later_change_outdated_needs_a_reason_of_the_persons_own(
    shop: Shop, ada: User, upstream: Upstream
) -> None:
    upstream.always = reply(200)
    Integration.objects.update(retry_by="caller")
    shop.integration.refresh_from_db()
    request = fail(shop, rest(shop, "/subscriptions/s1/cancel/"))
    other = make_exchange(rest(shop, "/subscriptions/s1/update/", body={"quantity": 2}), 200, {}, sent_at=after(2))
    record(shop.integration, other, now=after(2))
    assert codes(now(request, ada).reasons) == ["later_write"]
    assert now(request, ada, reason="The cancellation is still wanted.").is_done
    again.send_one(after(5))
    assert upstream.lines == ["PATCH /subscriptions/s1/cancel/"]


# --- cancel and release ---


def test_a_planned_send_is_cancelled_and_the_request_is_what_it_was(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = fail(shop)
    assert deeds.cancel(request, ada, now=after(5), reason="Not wanted").is_done
    assert again.states(request) == ("waiting", "cancelled")
    assert AuditEntry.objects.get().action == "request.retry_cancelled"
    run_at(after(600))
    assert upstream.received == []


def test_what_is_on_the_wire_cannot_be_cancelled(shop: Shop, ada: User) -> None:
    request = fail(shop)
    Resend.objects.update(due_at=NOW)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    machine.intent(claimed, NOW)
    assert codes(deeds.cancel(request, ada, now=after(1)).reasons) == ["changed"]
    assert resend_of(request).state == "sending"


def test_a_claim_that_is_cancelled_is_not_sent(shop: Shop, ada: User) -> None:
    request = fail(shop)
    Resend.objects.update(due_at=NOW)
    [claimed] = machine.claim(NOW, "worker", 1).claimed
    assert deeds.cancel(request, ada, now=after(1)).is_done
    assert machine.intent(claimed, after(1)) is None


def test_what_is_held_goes_on_when_its_reason_has_gone(ada: User, upstream: Upstream, shop: Shop) -> None:
    key = bytes(shop.integration.api_key_sealed or b"")
    Integration.objects.update(api_key_sealed=None)
    shop.integration.refresh_from_db()
    request = fail(shop)
    assert again.states(request) == ("held", "held")

    def release(reason: str = "The key is there now.") -> deeds.Deed:
        return deeds.release(FailedRequest.objects.get(pk=request.pk), ada, nonce="n", reason=reason, now=after(5))

    assert codes(release().reasons) == ["credentials"]
    Integration.objects.update(api_key_sealed=key)
    assert codes(release(" ").reasons) == ["reason"]
    assert release().is_done
    assert again.states(request) == ("retrying", "scheduled")
    run_at(after(5))
    assert again.states(request) == ("confirming", "succeeded")


def test_a_stale_one_is_released_by_a_persons_reason(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(200)
    request = fail(shop, rest(shop, "/subscriptions/s1/cancel/"))
    other = make_exchange(rest(shop, "/subscriptions/s1/update/", body={"quantity": 2}), 200, {}, sent_at=after(2))
    record(shop.integration, other, key=shop.key, now=after(2))
    assert again.states(request) == ("held", "held")
    assert deeds.release(request, ada, nonce="n", reason="Still wanted", now=after(5)).is_done
    assert list(Resend.objects.order_by("id").values_list("kind", "state")) == [
        ("automatic", "superseded"),
        ("person", "scheduled"),
    ]
    again.send_one(after(5))
    assert again.states(request) == ("resolved", "succeeded")


# --- unknown ---


def decide(request: FailedRequest, user: User, decision: str, reason: str = "I looked.") -> deeds.Deed:
    return deeds.decide(request, user, decision=decision, reason=reason, nonce="n", now=after(5))


def test_it_happened(shop: Shop, ada: User) -> None:
    request = unknown(shop)
    assert decide(request, ada, deeds.HAPPENED).is_done
    assert again.states(request) == ("resolved", "superseded")
    assert (request.resolved_by, request.reason) == ("person", "I looked.")
    assert not SealedRequest.objects.exists()


def test_it_did_not_happen_and_is_sent_again(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = unknown(shop)
    assert decide(request, ada, deeds.SEND_AGAIN).is_done
    assert again.states(request) == ("retrying", "scheduled")
    assert resend_of(request).asked_by == ada
    again.send_one(after(5))
    assert again.states(request) == ("confirming", "succeeded")
    assert AuditEntry.objects.get().action == "request.found_absent"


def test_an_unknown_whose_sends_are_used_up_gets_one_more(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.replies.append(lambda _: None)
    request = waiting(shop)
    now(request, ada)
    again.send_one(after(5))
    assert again.states(request) == ("unknown", "unknown")
    deed = deeds.decide(request, ada, decision=deeds.SEND_AGAIN, reason="Not there.", nonce="n2", now=after(9))
    assert deed.is_done
    again.send_one(after(9))
    assert again.states(request) == ("confirming", "succeeded")
    assert len(upstream.received) == 2


def test_it_is_left_as_it_is(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = unknown(shop)
    assert decide(request, ada, deeds.LEAVE).is_done
    assert again.states(request) == ("unknown", "cancelled")
    assert upstream.received == []


def test_an_unknown_that_is_nobodys_to_look_up_is_decided_too(shop: Shop, ada: User) -> None:
    request = again.record_for(shop, make_timeout(rest(shop, "/items/iu/", method="POST", body={"a": 1})))
    assert (request.state, Resend.objects.count()) == ("unknown", 0)
    assert decide(request, ada, deeds.SEND_AGAIN).is_done
    assert again.states(request) == ("retrying", "scheduled")


@pytest.mark.parametrize("decision", deeds.DECISIONS)
def test_a_decision_needs_a_reason_and_an_unknown(shop: Shop, ada: User, decision: str) -> None:
    assert codes(decide(unknown(shop), ada, decision, " ").reasons) == ["reason"]
    assert codes(decide(fail(shop, purchase(shop, "A2")), ada, decision).reasons) == ["changed"]


def test_closing_a_request_ends_its_resend(shop: Shop, ada: User, upstream: Upstream) -> None:
    Integration.objects.update(api_key_sealed=None)
    shop.integration.refresh_from_db()
    held = fail(shop)
    assert triage.dismiss(held, ada, reason="Test order", now=after(5))
    assert again.states(held) == ("dismissed", "cancelled")


def test_a_request_is_not_closed_while_it_is_looked_up(shop: Shop, ada: User) -> None:
    request = unknown(shop)
    Resend.objects.update(state="verifying", epoch=1, lease_until=after(60))
    assert not triage.handle(request, ada, reason="Seen", now=after(5))
    assert again.states(request) == ("unknown", "verifying")


# --- at once ---


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_nonce", [True, False])
def test_forty_simultaneous_nows_create_one_send(upstream: Upstream, same_nonce: bool) -> None:
    upstream.always = BUSY
    shop = make_shop(upstream.url)
    ada = make_user("ada", role=Role.SUPPORT, integration=shop.integration)
    request = waiting(shop)
    saw = deeds.seen(request)
    barrier = threading.Barrier(40)
    done: list[deeds.Deed] = []
    problems: list[BaseException] = []

    def press(number: int) -> None:
        try:
            mine = FailedRequest.objects.get(pk=request.pk)
            barrier.wait(30)
            nonce = "n" if same_nonce else f"n{number}"
            done.append(deeds.retry_now(mine, ada, nonce=nonce, now=NOW, saw=saw))
            run_at(NOW)
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert problems == []
    assert len(done) == 40
    assert Resend.objects.count() == 1
    assert AuditEntry.objects.count() == 1
    run_at(NOW)
    assert len(upstream.received) == 1
