"""Approving a correction: exactly these bytes, once, by who may, and never what was created already."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from responses.correcting import checks, drafts, editing
from responses.correcting.editing import CannotEdit
from responses.models import (
    AuditEntry,
    Draft,
    FailedRequest,
    FollowUp,
    IntakeKey,
    Integration,
    Resend,
    Response,
    Resubmission,
    Role,
    SealedRequest,
    User,
)
from responses.retention import expiry
from responses.retrying import deeds
from responses.sending import machine, wishes
from responses.sending.wishes import Deed
from tests.correcting.mending import approved, edited, partial, refused, session
from tests.factories import NOW, make_exchange, make_timeout, make_user, record
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import BUSY, Shop, Upstream, codes, make_shop, purchase, reply, resend_of, rest, run_at

pytestmark = pytest.mark.django_db
OFFER = {"product": "88", "subscription": {"product": ["Object does not exist."]}}
DEADLINE = NOW + timedelta(hours=24)


def fresh(request: FailedRequest) -> FailedRequest:
    return FailedRequest.objects.get(pk=request.pk)


def offer(data: Any) -> None:
    """Mend what ``partial`` complains about."""
    data["products"][0]["sku"] = "88-new"


def rest_of(request: FailedRequest, ada: User, nonce: str = "n1", **named: Any) -> Deed:
    return approved(fresh(request), ada, offer, only_failed=True, nonce=nonce, **named)


def told(subscriptions: list[Any], errors: list[Any]) -> dict[str, Any]:
    return {"subscriptions": subscriptions, "errors": {"subscriptions": errors} if errors else {}}


# --- the whole ---


def test_what_was_approved_is_what_arrives(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    deed = approved(request, ada)
    assert deed.is_done, deed.reasons
    assert again.states(request) == ("retrying", "scheduled")
    again.send_one(after(6))
    [got] = upstream.received
    sent = json.loads(got.body)
    assert (sent["session_id"], sent["merchant_order_id"]) == ("shop.1.1700000000", "1001")
    assert (sent["user"]["email"], sent["payment"]["token_id"]) == ("ada@example.com", "7654321")
    resubmission = Resubmission.objects.get()
    assert hashlib.sha256(got.body).hexdigest() == resubmission.body_hash == Resend.objects.get().body_hash
    assert again.states(request) == ("confirming", "succeeded")


def test_a_correction_that_succeeds_resolves_what_was_corrected(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(200, told([{"77": "s1"}], []))
    request = refused(shop)
    approved(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("resolved", "succeeded")
    assert request.resolved_by == "resubmission"
    assert Response.objects.latest("id").failed_request_id == request.pk
    assert not SealedRequest.objects.exists()


def test_what_was_approved_is_written_down(shop: Shop, ada: User) -> None:
    request = refused(shop)
    approved(request, ada, reason="The customer called.")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.address) == ("request.correction_approved", "ada", "192.0.2.7")
    assert entry.after["changes"] == [{"path": "/session_id", "before": None, "after": "[masked]"}]
    assert {line["code"] for line in entry.after["checks"]} >= {"settled", "deadline", "partial", "key"}
    kept = Resubmission.objects.get()
    assert (kept.number, kept.kind, kept.order_id, kept.asked_by) == (1, "fix", "1001", ada)
    assert entry.after["body_hash"] == kept.body_hash
    assert "shop.1.1700000000" not in json.dumps([entry.after, kept.changes, kept.recipe, kept.checks])


def test_another_refusal_leaves_the_newest_text_to_correct(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(400, {"errors": {"customer": {"email": ["Enter a valid email address."]}}})
    request = refused(shop)
    approved(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("needs_fix", "failed")
    assert SealedRequest.objects.get().pk == request.seal_id
    editable = editing.open_original(request)
    assert "‹hidden: session id›" in editable.text
    assert [place.path for place in editable.failing] == ["/user/email"]


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_who_may_not_may_not(shop: Shop, role: Role | None) -> None:
    stranger = make_user(role=role, integration=shop.integration if role else None)
    request = refused(shop)
    with pytest.raises(PermissionDenied):
        approved(request, stranger)
    assert not Resend.objects.exists()


def test_a_wrong_text_is_refused_with_its_problems(shop: Shop, ada: User) -> None:
    request = refused(shop)
    for text in ("{", edited(request, lambda data: data.update(merchant_id="other"))):
        deed = approved(request, ada, text=text)
        assert codes(deed.reasons)[0] == "invalid"
    assert not Resend.objects.exists()
    assert not AuditEntry.objects.exists()
    assert SealedRequest.objects.count() == 1


def test_a_wrong_text_is_told_without_the_data_in_it(shop: Shop, ada: User) -> None:
    request = refused(shop)
    deep: Any = 1
    for _ in range(46):
        deep = {"a": deep}
    data = json.loads(editing.open_original(request).text)
    for wrong in ({"ada@example.com": {"every_period": 9}}, {"x": {"a": deep, "cvv": "123"}}):
        deed = approved(request, ada, text=json.dumps(data | wrong))
        assert codes(deed.reasons)[0] == "invalid"
        assert "ada@" not in str(deed.reasons)


def test_another_order_id_needs_a_reason(shop: Shop, ada: User) -> None:
    request = refused(shop)
    assert codes(approved(request, ada, order_id="1002").reasons) == ["reason"]
    refused(shop, "1003")
    assert codes(approved(request, ada, order_id="1003", reason="So be it").reasons) == ["order_id"]
    assert approved(request, ada, order_id="1002", reason="The shop had numbered it twice.").is_done
    assert Resubmission.objects.get().order_id == "1002"


def test_a_draft_goes_when_it_is_sent(shop: Shop, ada: User) -> None:
    request = refused(shop)
    other = make_user(role=Role.SUPPORT, integration=shop.integration)
    for user in (ada, other):
        drafts.keep(request, user, only_failed=False, text="typed\0 so far", reason="why", saw="s", now=after(4))
    kept = drafts.of(request, ada, only_failed=False)
    assert kept is not None
    assert (kept.text, kept.reason, kept.saw) == ("typed\ufffd so far", "why", "s")
    assert b"typed" not in bytes(Draft.objects.first().sealed)  # type: ignore[union-attr]
    assert [name for name, _ in drafts.others(request, ada, now=after(5))] == [other.username]
    approved(request, ada)
    assert drafts.of(request, ada, only_failed=False) is None
    assert drafts.of(request, other, only_failed=False) is not None
    assert drafts.forget_old(after(0) + timedelta(hours=26)) == 1


# --- once ---


def test_the_same_form_twice_is_one_send(shop: Shop, ada: User) -> None:
    request = refused(shop)
    text, saw = edited(request, session), wishes.seen(request)
    first = approved(request, ada, text=text, saw=saw)
    second = approved(fresh(request), ada, text=text, saw=saw)
    assert first.is_done
    assert first.resend_id == second.resend_id
    assert Resend.objects.count() == AuditEntry.objects.count() == Resubmission.objects.count() == 1


def test_the_second_of_two_people_hears_who_was_first(shop: Shop, ada: User, upstream: Upstream) -> None:
    bob = make_user("bob", role=Role.SUPPORT, integration=shop.integration)
    request, stale = refused(shop), FailedRequest.objects.get()
    text, saw = edited(request, session), wishes.seen(request)
    assert approved(request, ada, text=text, saw=saw).is_done
    [reason] = approved(stale, bob, text=text, saw=saw, nonce="n2").reasons
    assert reason.code == "changed"
    assert "ada" in reason.words
    again.send_one(after(6))
    assert len(upstream.received) == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_nonce", [True, False])
def test_forty_approvals_of_one_form_are_one_send(upstream: Upstream, same_nonce: bool) -> None:
    upstream.always = reply(400, {"error_message": "Still not right"})
    shop = make_shop(upstream.url, retry_by="caller")
    ada = make_user("ada", role=Role.SUPPORT, integration=shop.integration)
    request = refused(shop)
    text, saw = edited(request, session), wishes.seen(request)
    barrier = threading.Barrier(40)
    done: list[Deed] = []
    problems: list[BaseException] = []

    def press(number: int) -> None:
        try:
            mine = fresh(request)
            barrier.wait(60)
            nonce = "n" if same_nonce else f"n{number}"
            done.append(approved(mine, ada, text=text, saw=saw, nonce=nonce, now=NOW))
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    assert sum(deed.is_done for deed in done) == (40 if same_nonce else 1)
    assert Resend.objects.count() == Resubmission.objects.count() == AuditEntry.objects.count() == 1
    run_at(NOW)
    run_at(NOW)
    assert len(upstream.received) == 1


# --- only the failed ---


def test_only_the_failed_is_sent_under_a_new_order_id(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(200, told([{"88": "s88"}], []))
    request = partial(shop)
    assert codes(approved(request, ada, offer).reasons) == ["partial"]
    deed = rest_of(request, ada)
    assert deed.is_done, deed.reasons
    again.send_one(after(6))
    [got] = upstream.received
    sent = json.loads(got.body)
    assert sent["merchant_order_id"] == "1001-r1"
    assert [(line["product"], line["sku"]) for line in sent["products"]] == [("88", "88-new")]
    assert again.states(request) == ("resolved", "succeeded")
    assert (request.resolved_by, "2 kept, 1 sent." in request.reason) == ("resubmission", True)
    kept = Resubmission.objects.get()
    assert (kept.kind, kept.order_id, kept.kept, kept.sent) == ("only_failed", "1001-r1", 2, 1)
    assert [one["path"] for one in kept.changes] == ["/merchant_order_id", "/products", "/products/0/sku"]


def test_an_accepted_one_is_followed_and_its_result_belongs_to_the_original(
    shop: Shop, ada: User, upstream: Upstream
) -> None:
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("confirming", "succeeded")
    follow_up = FollowUp.objects.get()
    assert (follow_up.order_id, follow_up.failed_request_id) == ("1001-r1", request.pk)
    settle(shop, follow_up, told([{"88": "s88"}], []))
    assert again.states(request) == ("resolved", "succeeded")
    assert (request.resolved_by, request.reason) == ("resubmission", "Accepted, and found created. 2 kept, 1 sent.")


def settle(shop: Shop, follow_up: FollowUp, result: Any) -> None:
    """Record what the status endpoint tells of an acceptance."""
    status = rest(shop, f"/subscription/{follow_up.subs_req_id}/response", method="GET")
    record(shop.integration, make_exchange(status, 200, result, sent_at=after(20)), key=shop.key, now=after(20))


def test_what_was_created_before_is_never_forgotten(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    settle(shop, FollowUp.objects.get(), told([], [OFFER]))
    request.refresh_from_db()
    assert (request.state, request.items_created, request.items_failed) == ("needs_fix", 2, 1)
    assert (
        codes(deeds.retry_now(request, ada, nonce="x", now=after(30)).reasons) == []
    )  # the rest, unchanged, under -r1


def test_the_next_correction_of_the_rest_gets_the_next_number(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.replies.append(reply(400, {"errors": {"subscriptions": [OFFER]}}))
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("needs_fix", "failed")
    assert request.items_created == 2
    assert codes(approved(fresh(request), ada, offer, nonce="n2").reasons) == ["partial"]
    deed = rest_of(request, ada, "n3", now=after(8))
    assert deed.is_done, deed.reasons
    kept = Resubmission.objects.latest("id")
    assert (kept.order_id, kept.kept, kept.sent, kept.number) == ("1001-r2", 2, 1, 2)


@pytest.mark.parametrize("answer", [BUSY, lambda _: None])
def test_a_rest_that_may_have_arrived_is_not_sent_under_another_id(
    shop: Shop, ada: User, upstream: Upstream, answer: Any
) -> None:
    upstream.replies.append(answer)
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    request.refresh_from_db()
    reasons = codes(rest_of(request, ada, "n2", now=after(9)).reasons)
    assert reasons[-1:] == ["doubt"]
    if request.state == "exhausted":
        assert deeds.retry_now(request, ada, nonce="n3", now=after(9)).is_done
        again.send_one(after(10))
        assert [json.loads(one.body)["merchant_order_id"] for one in upstream.received] == ["1001-r1", "1001-r1"]
        assert upstream.received[0].body == upstream.received[1].body


def test_what_cannot_be_told_apart_is_refused(shop: Shop) -> None:
    made = purchase(shop, "1001", products=["77", "88", "88"])
    some = again.record_for(shop, make_exchange(made, 207, told([{"77": "s"}, {"88": "s"}], [OFFER])))
    loose = {"subscriptions": [{"77": "s"}], "errors": {"products": ["sku is a required"]}}
    made = purchase(shop, "1002", products=["77", "88"])
    unsaid = again.record_for(shop, make_exchange(made, 207, loose))
    silent = again.record_for(shop, make_exchange(purchase(shop, "1004", products=["77", "88"]), 207, told([], [])))
    whole = refused(shop, "1003")
    for request, code in ((some, "unclear"), (unsaid, "unclear"), (silent, "unclear"), (whole, "whole")):
        with pytest.raises(CannotEdit) as why:
            editing.open_original(request, only_failed=True)
        assert codes(why.value.reasons) == [code]


def test_the_old_and_a_known_order_id_are_refused(shop: Shop, ada: User) -> None:
    request = partial(shop)
    refused(shop, "1002")
    assert codes(rest_of(request, ada, order_id="1001").reasons) == ["invalid"]
    assert codes(rest_of(request, ada, order_id="1002", reason="So be it").reasons) == ["order_id"]
    assert codes(rest_of(request, ada, order_id="1003").reasons) == ["reason"]
    assert rest_of(request, ada, order_id="1001-again", reason="Our rule").is_done


def test_of_a_batch_only_the_failed_are_sent(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(207, {"results": [{"product_id": "2", "status": 200}]})
    lines = [{"product_id": "1", "name": "a"}, {"product_id": "2", "name": ""}]
    answer = {"results": [{"product_id": "1", "status": 200}, {"product_id": "2", "status": 400, "name": "required"}]}
    request = again.record_for(
        shop, make_exchange(rest(shop, "/products-batch/create/", method="POST", body=lines), 207, answer)
    )
    deed = approved(request, ada, lambda data: data[0].update(name="b"), only_failed=True)
    assert deed.is_done, deed.reasons
    again.send_one(after(6))
    assert json.loads(upstream.received[0].body) == [{"product_id": "2", "name": "b"}]
    assert again.states(request) == ("resolved", "succeeded")


# --- 409, unknown, and what else an answer makes of it ---


def test_a_409_to_the_same_order_id_is_looked_up(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(409, {"detail": "known"})
    request = refused(shop)
    approved(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("unknown", "unknown")


def test_a_409_to_a_new_order_id_is_a_refusal(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.always = reply(409, {"detail": "known"})
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("needs_fix", "failed")
    assert (request.status_code, request.items_created) == (409, 2)


def test_a_409_must_be_set_aside_with_a_reason(shop: Shop, ada: User) -> None:
    request = refused(shop, status_code=409, answer={"detail": "known"})
    assert codes(approved(request, ada, order_id="1002").reasons) == ["duplicate"]
    assert codes(approved(request, ada, order_id="1002", overrides=["duplicate"]).reasons) == ["reason"]
    deed = approved(request, ada, order_id="1002", overrides=["duplicate"], reason="The shop counts anew each day.")
    assert deed.is_done, deed.reasons
    assert [one["code"] for one in Resubmission.objects.get().checks if one["is_overridden"]] == ["duplicate"]


def test_an_unknown_one_is_decided_first(shop: Shop, ada: User) -> None:
    request = again.record_for(shop, make_timeout(purchase(shop, "1001")))
    assert "unknown" in codes(approved(request, ada).reasons)


def test_an_unknown_correction_that_did_not_happen_is_sent_again_as_it_was_approved(
    shop: Shop, ada: User, upstream: Upstream
) -> None:
    upstream.replies.append(lambda _: None)
    upstream.always = reply(200, told([{"88": "s88"}], []))
    request = partial(shop)
    rest_of(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("unknown", "unknown")
    deed = deeds.decide(
        fresh(request), ada, decision=deeds.SEND_AGAIN, reason="I looked: not there.", nonce="d", now=after(9)
    )
    assert deed.is_done, deed.reasons
    again.send_one(after(10))
    assert upstream.received[0].body == upstream.received[1].body
    assert again.states(request) == ("resolved", "succeeded")
    assert (request.resolved_by, "2 kept, 1 sent." in request.reason) == ("resubmission", True)


def test_a_worker_that_died_with_a_correction_leaves_it_unknown_and_what_was_approved(
    shop: Shop, ada: User, upstream: Upstream
) -> None:
    request = partial(shop)
    rest_of(request, ada)
    [claimed] = machine.claim(after(6), "worker", 1).claimed
    assert machine.intent(claimed, after(6)) is not None
    assert machine.reap(after(6) + timedelta(seconds=121)) == 1
    assert again.states(request) == ("unknown", "unknown")
    assert SealedRequest.objects.get().pk == request.seal_id == resend_of(request).seal_id
    run_at(after(300))
    assert upstream.received == []
    assert "unknown" in codes(rest_of(request, ada, "n2", now=after(300)).reasons)


@pytest.mark.parametrize("status_code", [423, 429])
def test_what_certainly_did_nothing_is_sent_again_by_itself(
    shop: Shop, ada: User, upstream: Upstream, status_code: int
) -> None:
    upstream.replies.append(reply(status_code, {"details": "in use"}))
    upstream.always = reply(200, told([{"77": "s1"}], []))
    request = refused(shop)
    approved(request, ada)
    again.send_one(after(6))
    assert again.states(request) == ("retrying", "scheduled")
    assert resend_of(request).expires_at == request.deadline_at
    run_at(after(7_200))
    assert again.states(request) == ("resolved", "succeeded")
    assert upstream.received[0].body == upstream.received[1].body


def test_a_callers_newer_call_never_changes_what_was_approved(shop: Shop, ada: User, upstream: Upstream) -> None:
    upstream.replies.append(lambda _: None)
    request = refused(shop)
    approved(request, ada)
    again.send_one(after(6))
    resend = resend_of(request)
    assert resend.state == "unknown"
    newer = purchase(shop, "1001", price="99.00")
    again.record_for(shop, make_exchange(newer, 400, {"error": "x"}, sent_at=after(7)), now=after(7))
    later = resend_of(request)
    assert (later.seal_id, later.body_hash) == (resend.seal_id, resend.body_hash)
    assert SealedRequest.objects.filter(pk=resend.seal_id or 0).exists()


def test_a_callers_success_takes_the_place_of_what_was_approved(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    approved(request, ada)
    again_ok = make_exchange(purchase(shop, "1001"), 200, told([{"77": "s"}], []), sent_at=after(6))
    record(shop.integration, again_ok, key=shop.key, now=after(6))
    assert again.states(request) == ("resolved", "superseded")
    assert not SealedRequest.objects.exists()
    run_at(after(7))
    assert upstream.received == []


def test_a_planned_retry_gives_way(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    ada = make_user(role=Role.SUPPORT, integration=shop.integration)
    request = again.fail(shop, purchase(shop, "1001"))
    assert again.states(request) == ("retrying", "scheduled")
    lines = checks.lines(request, ada, kind=Resubmission.Kind.FIX, now=after(5))
    assert lines[-1].code == "pending"
    assert approved(request, ada).is_done
    assert list(Resend.objects.order_by("id").values_list("kind", "state")) == [
        ("automatic", "superseded"),
        ("correction", "scheduled"),
    ]


def test_what_is_cancelled_leaves_the_original(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    seal_id = request.seal_id
    approved(request, ada)
    assert deeds.cancel(request, ada, now=after(6)).is_done
    assert again.states(request) == ("needs_fix", "cancelled")
    assert SealedRequest.objects.get().pk == request.seal_id == seal_id


def test_a_held_correction_goes_on_with_the_approved_bytes(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = partial(shop)
    rest_of(request, ada)
    key = bytes(shop.integration.api_key_sealed or b"")
    Integration.objects.update(api_key_sealed=None)
    run_at(after(6))
    assert again.states(request) == ("held", "held")
    Integration.objects.update(api_key_sealed=key)
    assert deeds.release(fresh(request), ada, nonce="r", reason="The key is back.", now=after(7)).is_done
    run_at(after(8))
    assert json.loads(upstream.received[0].body)["merchant_order_id"] == "1001-r1"


# --- the clock ---


def overdue(shop: Shop) -> FailedRequest:
    request = refused(shop)
    expiry.expire(DEADLINE)
    return fresh(request)


def test_an_expired_one_needs_an_admin_and_a_reason(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = overdue(shop)
    admin = make_user("root", role=Role.ADMIN, integration=shop.integration)
    now = DEADLINE + timedelta(minutes=5)
    assert codes(approved(request, ada, now=now, overrides=["deadline"], reason="x").reasons) == ["deadline"]
    assert codes(approved(request, admin, now=now).reasons) == ["deadline"]
    assert codes(approved(request, admin, now=now, overrides=["deadline"]).reasons) == ["reason"]
    deed = approved(request, admin, now=now, overrides=["deadline"], reason="The customer agreed.")
    assert deed.is_done, deed.reasons
    assert again.states(request) == ("retrying", "scheduled")
    assert request.is_open
    run_at(now)
    assert again.states(request) == ("confirming", "succeeded")
    assert json.loads(upstream.received[0].body)["session_id"] == "shop.1.1700000000"


def test_an_expired_one_is_not_sent_long_after_it_was_approved(shop: Shop, upstream: Upstream) -> None:
    request = overdue(shop)
    admin = make_user("root", role=Role.ADMIN, integration=shop.integration)
    now = DEADLINE + timedelta(minutes=5)
    approved(request, admin, now=now, overrides=["deadline"], reason="The customer agreed.")
    run_at(now + timedelta(minutes=61))
    assert upstream.received == []
    assert again.states(request) == ("expired", "expired")


def test_an_expired_one_that_failed_anew_is_left_to_the_newer(shop: Shop) -> None:
    request = overdue(shop)
    admin = make_user("root", role=Role.ADMIN, integration=shop.integration)
    text = edited(request, session)
    made = make_exchange(purchase(shop, "1001"), 400, {"error": "x"}, sent_at=DEADLINE)
    again.record_for(shop, made, now=DEADLINE)
    now = DEADLINE + timedelta(minutes=5)
    deed = approved(request, admin, text=text, now=now, overrides=["deadline"], reason="The customer agreed.")
    assert codes(deed.reasons) == ["newer"]
    assert fresh(request).state == "expired"


def test_an_expired_one_whose_original_went_cannot_be_corrected(shop: Shop) -> None:
    request = overdue(shop)
    expiry.unseal_overdue(NOW + timedelta(hours=25))
    with pytest.raises(CannotEdit) as why:
        editing.open_original(fresh(request))
    assert codes(why.value.reasons) == ["original"]


# --- the guard's lines ---


def test_every_check_has_a_line(shop: Shop, ada: User) -> None:
    found = checks.lines(refused(shop), ada, kind=Resubmission.Kind.FIX, now=after(5))
    assert all(line.is_good and line.words.endswith(".") for line in found)
    assert len({line.code for line in found}) == len(found) == 18


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda: IntakeKey.objects.update(may_retry=False), "key"),
        (lambda: Integration.objects.update(api_key_sealed=None), "credentials"),
        (lambda: FailedRequest.objects.update(cannot_resend="It held a CVV."), "original"),
        (lambda: FailedRequest.objects.update(endpoint="POST other"), "endpoint"),
        (lambda: FailedRequest.objects.update(state="confirming"), "confirming"),
        (lambda: FailedRequest.objects.update(state="dismissed", closed_at=NOW), "settled"),
    ],
)
def test_what_is_bad_says_so_and_is_refused(shop: Shop, ada: User, break_it: Any, code: str) -> None:
    request = refused(shop)
    text = edited(request, session)
    break_it()
    request = fresh(request)
    found = checks.lines(request, ada, kind=Resubmission.Kind.FIX, now=after(5))
    assert [line.code for line in found if not line.is_good] == [code]
    assert codes(approved(request, ada, text=text).reasons) == [code]
    assert not Resend.objects.exists()


def test_the_machine_asks_the_guard_again(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    approved(request, ada)
    [claimed] = machine.claim(after(6), "worker", 1).claimed
    IntakeKey.objects.update(may_retry=False)
    assert machine.intent(claimed, after(6)) is None
    assert again.states(request) == ("held", "held")
    assert upstream.received == []


def test_bytes_that_are_not_the_approved_ones_are_not_sent(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    approved(request, ada)
    Resend.objects.update(body_hash="0" * 64)
    run_at(after(6))
    assert upstream.received == []
    assert again.states(request) == ("held", "held")
