from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from responses.models import FailedRequest, FollowUp, Issue, Resend, SealedRequest, Transition
from responses.models.integration import new_intake_key
from responses.recording import facts
from responses.recording import record as recording
from responses.retention import expiry
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)

pytestmark = pytest.mark.django_db

DEADLINE = NOW + timedelta(hours=24)
UNSEALED_AT = NOW + timedelta(hours=25)
LAST_AT = DEADLINE + timedelta(minutes=15)


def test_a_request_expires_when_its_24_hours_are_over_and_its_original_goes_an_hour_later() -> None:
    record(make_integration(), make_refusal("3001"))
    assert expiry.expire(DEADLINE - timedelta(seconds=1)) == 0
    assert FailedRequest.objects.get().state == "needs_fix"
    assert expiry.expire(DEADLINE) == 1
    row = FailedRequest.objects.get()
    assert (row.state, row.closed_at) == ("expired", DEADLINE)
    assert "24 hours" in row.reason
    assert SealedRequest.objects.get().pk == row.seal_id
    assert expiry.expire(DEADLINE) == 0
    assert expiry.unseal_overdue(UNSEALED_AT) == 1
    row = FailedRequest.objects.get()
    assert (row.seal_id, row.cannot_resend) == (None, "The original was kept for 24 hours only, and they are over.")


def test_what_waits_expires_too() -> None:
    record(make_integration(), make_exchange(make_purchase("3002"), 503))
    assert expiry.expire(DEADLINE) == 1


def test_a_question_has_no_clock() -> None:
    record(make_integration(), make_exchange(make_rest(method="GET"), 503))
    assert expiry.expire(NOW + timedelta(days=400)) == 0


def test_an_unknown_request_stays_for_a_person_to_decide() -> None:
    record(make_integration(), make_timeout(make_purchase("3003")))
    assert expiry.expire(DEADLINE) == 0
    assert FailedRequest.objects.get().state == "unknown"


def test_what_is_closed_stays_as_it_is() -> None:
    shop = make_integration()
    request = make_purchase("3004")
    refused = make_exchange(request, 400, {"error_message": "Session id cannot be null"})
    record(shop, refused)
    FailedRequest.objects.update(state="dismissed", closed_at=NOW)
    assert expiry.expire(DEADLINE) == 0
    assert FailedRequest.objects.get().state == "dismissed"


def test_a_new_failure_after_expiry_opens_a_new_request() -> None:
    shop = make_integration()
    record(shop, make_refusal("3005"))
    expiry.expire(DEADLINE)
    record(shop, make_refusal("3005", sent_at=DEADLINE), now=DEADLINE)
    assert sorted(FailedRequest.objects.values_list("state", flat=True)) == ["expired", "needs_fix"]


def test_many_expire_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_A_TIME", 3)
    for shop in (make_integration(), make_integration()):
        record(shop, *(make_refusal(f"30{number}") for number in range(10, 18)))
    assert expiry.expire(DEADLINE) == 16
    assert expiry.unseal_overdue(UNSEALED_AT) == 16
    assert set(FailedRequest.objects.values_list("state", "seal_id")) == {("expired", None)}
    assert not SealedRequest.objects.exists()


def test_who_wants_to_hear_of_an_expired_request_can() -> None:
    record(make_integration(), make_refusal("3021"))

    expiry.expire(DEADLINE)

    told = Transition.objects.get(kind="request_expired")
    assert (told.failed_request, told.issue) == (FailedRequest.objects.get(), Issue.objects.get())
    assert (told.number, told.at, told.rule, told.handled_at) == (1, DEADLINE, None, None)


def test_requests_of_one_issue_that_expire_together_are_one_piece_of_news() -> None:
    record(
        make_integration(),
        *(make_refusal(f"30{number}") for number in range(30, 38)),
        make_exchange(make_purchase("3039"), 503),
    )

    expiry.expire(DEADLINE)

    told = Transition.objects.filter(kind="request_expired").order_by("number")
    assert [(one.number, one.failed_request is None) for one in told] == [(1, False), (8, True)]
    assert {one.subject for one in told} == {f"issue:{issue.pk}" for issue in Issue.objects.all()}


def test_nothing_overdue_writes_nothing(django_assert_num_queries: object) -> None:
    record(make_integration(), make_refusal("3020"))
    with django_assert_num_queries(3):  # type: ignore[operator]
        expiry.expire(NOW)


# --- what is still to be sent ---


def make_planned(*, at: timedelta, **overrides: Any) -> Resend:
    """A purchase that got 503, and will be sent again ``at`` after its first failure."""
    shop = make_integration(**{"retry_by": "monitor", "api_key_sealed": b"sealed"} | overrides)
    known = facts.of(shop, new_intake_key(shop, may_retry=True)[0])
    recording.record(known, [make_exchange(make_purchase(), 503)], now=NOW, dice=lambda: 0.0)
    Resend.objects.filter(integration=shop).update(due_at=NOW + at, expires_at=LAST_AT)
    return Resend.objects.get(integration=shop)


def test_the_one_attempt_after_24_hours_is_left_alone_until_it_is_too_late() -> None:
    make_planned(at=timedelta(hours=24, seconds=20))

    assert expiry.expire(LAST_AT) == 0
    assert expiry.unseal_overdue(UNSEALED_AT - timedelta(seconds=1)) == 0
    assert (FailedRequest.objects.get().state, Resend.objects.get().state) == ("retrying", "scheduled")

    too_late = LAST_AT + timedelta(seconds=1)
    assert expiry.expire(too_late) == 1
    request, resend = FailedRequest.objects.get(), Resend.objects.get()
    assert (request.state, request.closed_at) == ("expired", too_late)
    assert (resend.state, resend.ended_at, resend.epoch) == ("expired", too_late, 1)
    assert "24 hours" in resend.reason
    expiry.unseal_overdue(UNSEALED_AT)
    assert not SealedRequest.objects.exists()
    assert Transition.objects.get(kind="request_expired").failed_request == request
    assert expiry.expire(too_late) == 0


def test_what_nobody_released_expires() -> None:
    resend = make_planned(at=timedelta(minutes=1), api_key_sealed=None)
    Resend.objects.update(expires_at=None)
    assert resend.state == "held"

    assert expiry.expire(DEADLINE) == 0
    assert expiry.expire(DEADLINE + timedelta(seconds=1)) == 1

    assert (FailedRequest.objects.get().state, Resend.objects.get().state) == ("expired", "expired")


@pytest.mark.parametrize("state", ["claimed", "sending", "unknown"])
def test_what_may_be_on_the_wire_does_not_expire(state: str) -> None:
    resend = make_planned(at=timedelta(minutes=1))
    before = Resend.State.SCHEDULED
    for epoch, step in enumerate(("claimed", "sending", "unknown")):
        lease = {"lease_until": NOW} if step in Resend.LEASED else {}
        after = Resend.State(step)
        assert Resend.objects.move(resend.pk, from_state=before, epoch=epoch, to_state=after, **lease)
        before = after
        if step == state:
            break
    # Even where what people see has gone wrong.
    FailedRequest.objects.update(state="waiting")

    assert expiry.expire(LAST_AT + timedelta(hours=1)) == 0

    assert (FailedRequest.objects.get().is_open, Resend.objects.get().state) == (True, state)


def test_an_original_goes_late_only_where_it_may_still_be_sent() -> None:
    needed, other = make_planned(at=timedelta(hours=24)), make_planned(at=timedelta(hours=24))
    Resend.objects.filter(pk=needed.pk).update(expires_at=UNSEALED_AT + timedelta(minutes=1))

    assert expiry.unseal_overdue(UNSEALED_AT) == 1

    assert SealedRequest.objects.get().pk == needed.seal_id != other.seal_id


# --- seals ---


def test_the_original_of_an_accepted_purchase_goes_when_its_time_is_over() -> None:
    """Without credentials nothing else would ever end it."""
    record(make_integration(), *(make_accepted(f"304{number}") for number in range(3)))
    assert SealedRequest.objects.count() == 3
    assert expiry.unseal_overdue(UNSEALED_AT - timedelta(seconds=1)) == 0
    assert expiry.unseal_overdue(UNSEALED_AT) == 3
    assert set(FollowUp.objects.values_list("state", "seal_id")) == {("unconfirmed", None)}


def test_an_open_request_whose_original_went_says_so() -> None:
    record(make_integration(), make_timeout(make_purchase("3050")))
    expiry.unseal_overdue(UNSEALED_AT)
    row = FailedRequest.objects.get()
    assert (row.state, row.seal_id) == ("unknown", None)
    assert row.cannot_resend == "The original was kept for 24 hours only, and they are over."


def test_a_younger_original_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_A_TIME", 2)
    shop = make_integration()
    later = NOW + timedelta(hours=2)
    record(shop, *(make_timeout(make_purchase(f"306{number}")) for number in range(5)))
    record(shop, make_timeout(make_purchase("3066"), sent_at=later), make_accepted("3067", sent_at=later), now=later)
    assert expiry.unseal_overdue(UNSEALED_AT) == 5
    assert SealedRequest.objects.count() == 2
    assert FailedRequest.objects.exclude(seal_id=None).count() == 1
    assert FollowUp.objects.exclude(seal_id=None).count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_expire_each_request_once() -> None:
    record(make_integration(), *(make_refusal(f"31{number}") for number in range(60)))
    counts: list[int] = []
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait(5)
            counts.append(expiry.expire(DEADLINE))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(counts) == 60
    assert set(FailedRequest.objects.values_list("state", flat=True)) == {"expired"}
