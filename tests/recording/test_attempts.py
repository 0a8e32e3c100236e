"""What the answer to a send of our own does to its attempt, its Resend and the failed request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Origin, Request
from responses.models import (
    Attempt,
    FailedRequest,
    FollowUp,
    Issue,
    Item,
    Resend,
    Response,
    SealedRequest,
    Transition,
    ids,
)
from responses.models.integration import new_intake_key
from responses.ordergroove import policies
from responses.recording import facts
from responses.recording import record as recording
from responses.recording.prepare import AttemptRef, prepare
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_rest,
)

pytestmark = pytest.mark.django_db

State = Resend.State
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(hours=24)
LEFT = Failure(FailureKind.TIMEOUT, "The read operation timed out", has_left=True)
REFUSED = Failure(FailureKind.CONNECTION, "Connection refused", has_left=False)
RESULT = {"errors": {}, "subscriptions": [{"77": "s1"}]}


class Sent:
    """A failed request that is being sent again for the first time: everything that its answer meets."""

    def __init__(self, request: Request | None = None, *, status_code: int = 503, **overrides: Any) -> None:
        self.request = request or make_purchase("1001")
        self.shop = make_integration(retry_by="monitor", api_key_sealed=b"sealed", **overrides)
        self.key = new_intake_key(self.shop, may_retry=True)[0]
        self.now = NOW
        self.call(status_code)
        self.begin(at=self.resend.due_at)

    @property
    def resend(self) -> Resend:
        return Resend.objects.get(integration=self.shop)

    @property
    def failed(self) -> FailedRequest:
        return FailedRequest.objects.get(integration=self.shop)

    def call(self, status_code: int = 503, *, at: datetime | None = None) -> None:
        """The caller calls."""
        self.now = at or self.now
        exchange = make_exchange(self.request, status_code, sent_at=self.now)
        recording.record(facts.of(self.shop, self.key), [exchange], now=self.now, dice=lambda: 0.0)

    def begin(self, *, at: datetime) -> None:
        """Bring the Resend onto the wire, as the machine does: claim, then the intent with its attempt."""
        self.now = at
        for state in (State.CLAIMED, State.SENDING):
            resend, sends = self.resend, {"sends": F("sends") + 1} if state == State.SENDING else {}
            assert self.move(state, lease_until=at + policies.LEASE, **sends), resend.state
        resend = self.resend
        number = resend.attempts.count() + 1
        attempt = Attempt.objects.create(
            id=ids.new(at), resend=resend, number=number, epoch=resend.epoch, intent_at=at, why=resend.reason
        )
        self.ref = AttemptRef(resend_id=resend.pk, attempt_id=attempt.pk, epoch=resend.epoch)

    def move(self, state: Resend.State, **values: Any) -> bool:
        resend = self.resend
        return Resend.objects.move(
            resend.pk, from_state=State(resend.state), epoch=resend.epoch, to_state=state, **values
        )

    def reap(self) -> None:
        """The lease is over: nobody knows what became of it."""
        Attempt.objects.open().update(ended_at=self.now, result="unknown")
        assert self.move(State.UNKNOWN, due_at=self.now + policies.SETTLE)
        FailedRequest.objects.update(state="unknown")

    def answer(self, exchange: Exchange, *, after: timedelta = SECOND, dice: float = 0.0) -> frozenset[str]:
        """Record the answer to the attempt; return the nudges."""
        self.now += after
        one = prepare(facts.of(self.shop), exchange, now=self.now, attempt=self.ref)
        written = recording.write([one], now=self.now, dice=lambda: dice)
        assert [result.status for result in written.results] == ["recorded"]
        return written.nudges

    def answered(self, status_code: int, answer: object = None, **overrides: Any) -> frozenset[str]:
        """The same, made up here."""
        return self.answer(self.made(status_code, answer, **overrides))

    def made(self, status_code: int, answer: object = None, **overrides: Any) -> Exchange:
        values: dict[str, Any] = {"origin": Origin.RETRY, "sent_at": self.now}
        return make_exchange(self.request, status_code, answer, **values | overrides)

    def unanswered(self, failure: Failure) -> frozenset[str]:
        return self.answered(0, response=None, failure=failure)

    @property
    def attempt(self) -> Attempt:
        return Attempt.objects.get(pk=self.ref.attempt_id)


def test_a_success_ends_everything_well() -> None:
    sent = Sent(make_rest())

    sent.answered(200)

    attempt, resend, failed = sent.attempt, sent.resend, sent.failed
    response = Response.objects.get(origin=Origin.RETRY)
    assert (attempt.result, attempt.status_code, attempt.ended_at) == ("answered", 200, sent.now)
    assert attempt.response_id == response.pk
    assert (resend.state, resend.ended_at, resend.lease_until, resend.sends) == ("succeeded", sent.now, None, 1)
    assert (failed.state, failed.resolved_by, failed.closed_at) == ("resolved", "retry", sent.now)
    assert response.failed_request_id == failed.pk
    assert (failed.failures, failed.caller_retries_too) == (1, False)
    assert not SealedRequest.objects.exists()


def test_an_accepted_purchase_is_followed_to_its_result() -> None:
    sent = Sent()

    nudges = sent.answer(make_accepted("1001", subs_req_id="r1", origin=Origin.RETRY))

    assert (sent.resend.state, sent.failed.state) == ("succeeded", "confirming")
    follow_up = FollowUp.objects.get()
    assert (follow_up.subs_req_id, follow_up.failed_request_id) == ("r1", sent.failed.pk)
    assert follow_up.seal_id == sent.failed.seal_id == SealedRequest.objects.get().pk
    assert "following" in nudges


def status_of(subs_req_id: str, answer: object) -> Exchange:
    url = f"https://sc.ordergroove.com/subscription/{subs_req_id}/response"
    return make_exchange(Request("GET", url), 200, answer, origin=Origin.POLL)


def test_the_result_of_an_accepted_retry_resolves_it() -> None:
    sent = Sent()
    sent.answer(make_accepted("1001", subs_req_id="r1", origin=Origin.RETRY))

    recording.record(facts.of(sent.shop), [status_of("r1", RESULT)], now=sent.now + MINUTE)

    assert sent.failed.state == "resolved"
    assert not SealedRequest.objects.exists()


def test_a_bad_result_of_an_accepted_retry_must_be_fixed_and_keeps_the_original() -> None:
    sent = Sent()
    sent.answer(make_accepted("1001", subs_req_id="r1", origin=Origin.RETRY))
    errors = {"subscriptions": [{"product": "77", "subscription": {"product": ["Object does not exist."]}}]}

    recording.record(
        facts.of(sent.shop), [status_of("r1", {"errors": errors, "subscriptions": []})], now=sent.now + MINUTE
    )

    assert (sent.failed.state, sent.failed.items_failed) == ("needs_fix", 1)
    assert sent.failed.seal_id == SealedRequest.objects.get().pk


def test_a_partial_answer_must_be_fixed_with_its_items() -> None:
    sent = Sent(make_purchase("1001", products=["77", "88"]))

    sent.answer(make_partial("1001", origin=Origin.RETRY))

    assert (sent.resend.state, sent.failed.state) == ("partial", "needs_fix")
    assert (sent.failed.items_created, sent.failed.items_failed) == (1, 1)
    assert Item.objects.filter(failed_request_id=sent.failed.pk).count() == 2
    assert SealedRequest.objects.exists()


@pytest.mark.parametrize("status_code", [301, 400, 401, 403, 404])
def test_a_refusal_ends_it_and_must_be_fixed(status_code: int) -> None:
    sent = Sent()

    nudges = sent.answered(status_code, {"error_message": "Session id cannot be null"})

    assert (sent.resend.state, sent.failed.state) == ("failed", "needs_fix")
    assert (sent.failed.status_code, sent.failed.failures) == (status_code, 1)
    assert str(status_code) in sent.resend.reason
    assert "retrying" not in nudges


def test_another_503_is_scheduled_by_its_policy_from_the_first_failure() -> None:
    sent = Sent()

    nudges = sent.answered(503)

    resend = sent.resend
    assert (resend.state, resend.sends, resend.due_at) == ("scheduled", 1, NOW + 3 * MINUTE)
    assert resend.reason == sent.failed.reason == "2nd of 4: about 3 minutes after the first failure"
    assert (sent.failed.state, sent.failed.failures, sent.failed.last_failed_at) == ("retrying", 1, NOW)
    assert sent.attempt.result == "answered"
    assert "retrying" in nudges


def test_a_purchase_is_sent_four_times_the_last_one_after_24_hours_and_then_expires() -> None:
    sent = Sent()
    times = [sent.now]

    for _ in range(3):
        sent.answered(503)
        sent.begin(at=sent.resend.due_at)
        times.append(sent.now)
    assert sent.resend.expires_at == NOW + DAY + 15 * MINUTE
    assert SealedRequest.objects.get().expires_at > sent.resend.expires_at
    sent.answered(503)

    assert times == [NOW + MINUTE, NOW + 3 * MINUTE, NOW + 9 * MINUTE, NOW + DAY]
    assert (sent.resend.state, sent.failed.state, sent.failed.closed_at) == ("expired", "expired", sent.now)
    assert SealedRequest.objects.get().pk == FailedRequest.objects.get().seal_id
    assert [attempt.number for attempt in Attempt.objects.order_by("number")] == [1, 2, 3, 4]


def test_a_setter_is_exhausted_when_its_hour_is_over() -> None:
    sent = Sent(make_rest())

    while sent.resend.state == State.SENDING:
        sent.answered(503)
        if sent.resend.state == State.SCHEDULED:
            sent.begin(at=sent.resend.due_at)

    assert (sent.resend.state, sent.failed.state) == ("exhausted", "exhausted")
    told = Transition.objects.get(kind="request_exhausted")
    assert (told.failed_request, told.number, told.issue) == (sent.failed, 1, Issue.objects.get())
    assert sent.now <= NOW + timedelta(hours=1)
    assert 1 < sent.resend.sends <= 6
    assert SealedRequest.objects.exists()


def test_the_newest_answer_chooses_the_class_and_the_sends_are_counted_together() -> None:
    sent = Sent(make_rest())

    sent.answered(423)

    resend = sent.resend
    assert (resend.policy, resend.sends, resend.max_sends) == ("locked", 1, 8)
    assert resend.due_at == sent.now + 4 * SECOND


def test_the_wait_that_an_answer_asks_for_is_kept() -> None:
    sent = Sent(make_rest(), status_code=429)

    sent.answered(429, response=Answer(429, {"retry-after": "120"}, b""))

    assert sent.resend.due_at == sent.now + 2 * MINUTE


def test_no_answer_after_bytes_had_left_is_unknown_and_waits_to_be_looked_up() -> None:
    sent = Sent()

    sent.unanswered(LEFT)

    assert (sent.attempt.result, sent.attempt.failure) == ("unknown", "timeout")
    assert (sent.resend.state, sent.resend.due_at) == ("unknown", sent.now + policies.SETTLE)
    assert (sent.failed.state, sent.resend.sends) == ("unknown", 1)
    assert "looked up" in sent.failed.reason


def test_a_question_without_an_answer_is_just_asked_again() -> None:
    sent = Sent(make_rest("/orders/ab/", method="GET"))

    sent.unanswered(LEFT)

    assert (sent.attempt.result, sent.resend.state, sent.failed.state) == ("unknown", "scheduled", "retrying")


def test_what_never_left_counts_as_no_send_and_waits_longer_each_time() -> None:
    sent = Sent()

    sent.unanswered(REFUSED)
    first = sent.resend
    waits = [first.due_at - sent.now]
    for _ in range(5):
        sent.begin(at=sent.resend.due_at)
        sent.answer(sent.made(0, response=None, failure=REFUSED), dice=1.0)
        waits.append(sent.resend.due_at - sent.now)

    assert (first.state, first.sends, first.not_sent) == ("scheduled", 0, 1)
    assert (sent.resend.sends, sent.resend.not_sent, sent.failed.state) == (0, 6, "retrying")
    assert waits == sorted(waits)
    assert waits[0] == 5 * SECOND
    assert waits[-1] <= 5 * MINUTE
    assert set(Attempt.objects.values_list("result", flat=True)) == {"not_sent"}
    assert sent.failed.status_code == 503


def test_after_twenty_sends_that_never_left_a_person_must_look() -> None:
    sent = Sent()
    Resend.objects.update(not_sent=19)

    sent.unanswered(REFUSED)

    assert (sent.resend.state, sent.resend.not_sent, sent.failed.state) == ("held", 20, "held")
    assert "20 times" in sent.failed.reason
    assert "refused" in sent.failed.reason


def test_what_cannot_leave_before_its_time_is_over_expires() -> None:
    sent = Sent()
    Resend.objects.update(expires_at=sent.now + 2 * SECOND)
    FailedRequest.objects.update(deadline_at=sent.now)

    sent.unanswered(REFUSED)

    assert (sent.resend.state, sent.failed.state) == ("expired", "expired")


def test_a_409_says_that_an_earlier_purchase_arrived_which_is_looked_up_at_once() -> None:
    sent = Sent()

    sent.answered(409, {"error_message": "Duplicate"})

    assert (sent.resend.state, sent.resend.due_at) == ("unknown", sent.now)
    assert sent.resend.reason == "Ordergroove answered 409: an earlier attempt arrived."
    assert (sent.attempt.result, sent.attempt.status_code, sent.failed.state) == ("answered", 409, "unknown")
    assert sent.failed.status_code == 503
    assert Issue.objects.count() == 1


def test_a_409_to_what_cannot_be_looked_up_is_received_and_not_verified() -> None:
    sent = Sent(make_rest())

    sent.answered(409)

    assert (sent.resend.state, sent.failed.state, sent.failed.resolved_by) == ("succeeded", "resolved", "retry")
    assert "not verified" in sent.failed.reason


def test_one_send_that_a_person_asked_for_is_no_series() -> None:
    sent = Sent(make_rest())
    Resend.objects.update(kind=Resend.Kind.PERSON, max_sends=1)

    sent.answered(503)

    assert (sent.resend.state, sent.failed.state) == ("exhausted", "exhausted")


def test_the_answer_belongs_to_the_request_that_was_sent_again_whatever_its_bytes_say() -> None:
    sent = Sent(make_rest())
    FailedRequest.objects.update(request_key="named-by-the-caller", request_id="job-7")

    sent.answered(503)

    response = Response.objects.get(origin=Origin.RETRY)
    assert (response.request_key, response.request_id) == ("named-by-the-caller", "job-7")
    assert response.failed_request_id == sent.failed.pk


@pytest.mark.parametrize("answer", ["success", "acceptance"])
def test_a_late_success_ends_an_unknown_one(answer: str) -> None:
    sent = Sent(make_rest() if answer == "success" else None)
    sent.reap()

    sent.answer(sent.made(200) if answer == "success" else make_accepted("1001", origin=Origin.RETRY))

    assert sent.resend.state == "succeeded"
    assert sent.failed.state == ("resolved" if answer == "success" else "confirming")
    assert (sent.attempt.result, sent.attempt.status_code) == ("answered", 200)


@pytest.mark.parametrize("status_code", [400, 503, 207])
def test_a_late_answer_that_is_no_success_changes_nothing_but_is_kept(status_code: int) -> None:
    sent = Sent()
    sent.reap()
    due_at, epoch = sent.resend.due_at, sent.resend.epoch

    sent.answered(status_code)

    resend = sent.resend
    assert (resend.state, resend.due_at, resend.epoch) == ("unknown", due_at, epoch)
    assert sent.failed.state == "unknown"
    assert (sent.attempt.result, sent.attempt.status_code) == ("answered", status_code)
    response = Response.objects.get(origin=Origin.RETRY)
    assert (sent.attempt.response_id, sent.failed.pk) == (response.pk, response.failed_request_id)


def test_a_late_409_has_it_looked_up_at_once() -> None:
    sent = Sent()
    sent.reap()

    sent.answered(409)

    assert (sent.resend.state, sent.resend.due_at) == ("unknown", sent.now)


def test_a_late_success_takes_back_what_was_planned_meanwhile() -> None:
    sent = Sent(make_rest())
    sent.reap()
    assert sent.move(State.VERIFYING, lease_until=sent.now + policies.LEASE)
    assert sent.move(State.SCHEDULED, due_at=sent.now + MINUTE)
    FailedRequest.objects.update(state="retrying")

    sent.answered(200)

    assert (sent.resend.state, sent.failed.state) == ("superseded", "resolved")


def test_an_answer_to_an_earlier_send_does_not_end_the_next_one() -> None:
    sent = Sent()
    earlier = sent.ref
    sent.reap()
    assert sent.move(State.VERIFYING, lease_until=sent.now + policies.LEASE)
    assert sent.move(State.SCHEDULED, due_at=sent.now + MINUTE)
    sent.begin(at=sent.now + MINUTE)
    current, sent.ref = sent.ref, earlier

    sent.answered(503)

    assert sent.resend.state == "sending"
    assert Attempt.objects.get(pk=current.attempt_id).result == ""


@pytest.mark.parametrize(("status_code", "state"), [(200, "succeeded"), (503, "exhausted"), (400, "failed")])
def test_the_answer_for_a_request_that_is_closed_by_now_is_kept_and_ends_the_send(status_code: int, state: str) -> None:
    sent = Sent(make_rest())
    sent.call(200, at=sent.now + SECOND)
    assert sent.failed.state == "resolved"

    sent.answered(status_code)

    assert sent.resend.state == state
    assert (sent.failed.state, sent.failed.resolved_by) == ("resolved", "caller")
    assert Response.objects.get(origin=Origin.RETRY).failed_request_id == sent.failed.pk


def test_a_part_that_failed_for_a_closed_request_opens_another() -> None:
    sent = Sent(make_purchase("1001", products=["77", "88"]))
    FailedRequest.objects.update(state="dismissed", closed_at=sent.now)

    sent.answer(make_partial("1001", origin=Origin.RETRY))

    assert sent.resend.state == "partial"
    assert FailedRequest.objects.open().get().state == "needs_fix"


def test_an_answer_for_a_resend_that_has_gone_is_still_recorded() -> None:
    sent = Sent()
    shop, ref = sent.shop, sent.ref
    FailedRequest.objects.all().delete()

    one = prepare(facts.of(shop), sent.made(503), now=sent.now, attempt=ref)
    written = recording.write([one], now=sent.now)

    assert [result.status for result in written.results] == ["recorded"]
    assert Response.objects.get(pk=written.results[0].id).failed_request_id is None


def test_our_own_success_makes_no_newer_wish_out_of_date() -> None:
    sent = Sent(make_rest("/subscriptions/ab12/cancel/"))
    newer = make_exchange(make_rest("/subscriptions/ab12/change_quantity/"), 503, sent_at=NOW + SECOND)
    recording.record(facts.of(sent.shop, sent.key), [newer], now=NOW + SECOND)

    one = prepare(facts.of(sent.shop), sent.made(200), now=sent.now, attempt=sent.ref)
    recording.write([one], now=sent.now)

    waiting = Resend.objects.exclude(pk=sent.ref.resend_id).get()
    assert waiting.state == "scheduled"


def test_our_own_success_holds_an_older_wish() -> None:
    older = make_exchange(make_rest("/subscriptions/ab12/change_quantity/"), 503, sent_at=NOW - SECOND)
    sent = Sent(make_rest("/subscriptions/ab12/cancel/"))
    recording.record(facts.of(sent.shop, sent.key), [older], now=NOW + SECOND)

    one = prepare(facts.of(sent.shop), sent.made(200), now=sent.now, attempt=sent.ref)
    recording.write([one], now=sent.now)

    assert Resend.objects.exclude(pk=sent.ref.resend_id).get().state == "held"


ANSWERS = st.lists(st.sampled_from([200, 207, 400, 409, 423, 429, 503, "left", "refused"]), min_size=1, max_size=14)


@settings(max_examples=40)
@given(answers=ANSWERS, is_purchase=st.booleans(), chance=st.floats(0, 1))
def test_whatever_answers_come_the_limits_hold(answers: list[int | str], is_purchase: bool, chance: float) -> None:
    sent = Sent(None if is_purchase else make_rest())
    for answer in answers:
        failure = {"left": LEFT, "refused": REFUSED}.get(str(answer))
        code = answer if isinstance(answer, int) else 0
        exchange = sent.made(code, response=None, failure=failure) if failure else sent.made(code)
        sent.answer(exchange, dice=chance)
        resend, failed = sent.resend, sent.failed
        assert resend.sends <= resend.max_sends
        assert resend.sends + resend.not_sent == Attempt.objects.filter(resend=resend).count()
        if resend.state in Resend.SEEN_AS:
            assert failed.state == Resend.SEEN_AS[State(resend.state)]
        if resend.state != State.SCHEDULED:
            break
        assert resend.due_at > sent.now
        assert resend.expires_at is not None
        assert resend.due_at <= resend.expires_at <= NOW + DAY + 15 * MINUTE
        sent.begin(at=resend.due_at)
    assert not Attempt.objects.open().filter(resend=sent.resend).exists() or sent.resend.state == State.SENDING
