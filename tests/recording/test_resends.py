"""What recording plans to send again, when it gives way, and what people see of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.exchanges import Exchange, Failure, FailureKind, Origin, RetryBy
from responses.models import FailedRequest, Integration, Resend, SealedRequest, ids
from responses.models.integration import IntakeKey, new_intake_key
from responses.ordergroove import policies
from responses.recording import facts
from responses.recording import record as recording
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
)

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LATER = NOW + 5 * MINUTE
SETTERS = "/subscriptions/ab12/cancel/"
OTHER_SETTER = "/subscriptions/ab12/change_quantity/"


def make_shop(*, may_retry: bool = True, **overrides: Any) -> tuple[Integration, IntakeKey]:
    """An integration whose failures the monitor sends again, with the key that reports them."""
    shop = make_integration(**{"retry_by": "monitor", "api_key_sealed": b"sealed"} | overrides)
    return shop, new_intake_key(shop, may_retry=may_retry)[0]


def record(shop: tuple[Integration, IntakeKey], *exchanges: Exchange, now: Any = NOW) -> frozenset[str]:
    """Record as one batch, without chance; return the nudges."""
    written = recording.record(facts.of(*shop), exchanges, now=now, dice=lambda: 0.0)
    assert {result.status for result in written.results} <= {"recorded"}
    return written.nudges


def make_down(order_id: str = "1001", **overrides: Any) -> Exchange:
    """A Purchase POST that got 503."""
    return make_exchange(make_purchase(order_id), 503, {"error": "down"}, **overrides)


def make_setter(status_code: int = 503, path: str = SETTERS, **overrides: Any) -> Exchange:
    """A call that sets something of one subscription."""
    return make_exchange(make_rest(path), status_code, **overrides)


def the_request() -> FailedRequest:
    return FailedRequest.objects.get()


def the_resend() -> Resend:
    return Resend.objects.get()


def test_a_503_of_a_purchase_is_planned_in_the_transaction_that_stores_it() -> None:
    shop = make_shop()

    nudges = record(shop, make_down())

    request, resend = the_request(), the_resend()
    assert (request.state, request.series) == ("retrying", 1)
    assert request.reason == resend.reason == "1st of 4: about 1 minute after the first failure"
    assert (resend.state, resend.kind, resend.policy, resend.epoch) == ("scheduled", "automatic", "purchase", 0)
    assert (resend.due_at, resend.expires_at) == (NOW + MINUTE, request.deadline_at)
    assert (resend.sends, resend.max_sends, resend.not_sent, resend.first_failed_at) == (0, 4, 0, NOW)
    assert resend.idem_key == f"auto:{request.pk}:1"
    assert (resend.role, resend.host) == ("sc", "sc.ordergroove.com")
    assert (resend.resource_key, resend.endpoint) == (request.resource_key, "POST /subscription/create")
    seal = SealedRequest.objects.get()
    assert (resend.seal_id, resend.body_hash) == (seal.pk, seal.body_hash)
    assert "retrying" in nudges


def test_the_dice_choose_the_time() -> None:
    shop = make_shop()

    recording.record(facts.of(*shop), [make_down()], now=NOW, dice=lambda: 1.0)

    assert the_resend().due_at == NOW + timedelta(seconds=75)


def test_the_schedules_are_the_integrations_own() -> None:
    shop = make_shop(retry_policies={"purchase": {"times": [120], "after_a_day": False}})

    record(shop, make_down())

    assert (the_resend().due_at, the_resend().max_sends) == (NOW + 2 * MINUTE, 1)


@pytest.mark.parametrize(
    ("exchange", "policy", "seconds"),
    [
        (make_setter(423), "locked", 2),
        (make_setter(429), "limited", 5),
        (make_setter(503), "safe", 60),
        (make_exchange(make_rest(method="GET", path="/orders/ab/"), 500), "safe", 60),
        (make_timeout(make_rest(method="GET", path="/orders/ab/")), "safe", 60),
    ],
)
def test_each_class_has_its_own_wait(exchange: Exchange, policy: str, seconds: int) -> None:
    record(make_shop(), exchange)

    resend = the_resend()
    assert (resend.state, resend.policy) == ("scheduled", policy)
    assert resend.due_at == NOW + timedelta(seconds=seconds)


def test_the_wait_that_ordergroove_asks_for_is_kept() -> None:
    answer = make_setter(429).response
    assert answer is not None
    headers = {"content-type": "application/json", "retry-after": "40"}

    record(make_shop(), make_setter(response=type(answer)(429, headers, b"")))

    assert the_resend().due_at == NOW + timedelta(seconds=40)
    assert "asked to wait 40 seconds" in the_request().reason


@pytest.mark.parametrize(
    ("kind", "words"),
    [(FailureKind.DNS, "no such host"), (FailureKind.TLS, "bad"), (FailureKind.CONNECTION, "Connection refused")],
)
def test_what_never_left_needs_no_look_up(kind: FailureKind, words: str) -> None:
    record(make_shop(), make_exchange(make_purchase("1001"), response=None, failure=Failure(kind, words)))

    assert (the_request().state, the_resend().state) == ("retrying", "scheduled")


def test_a_timeout_of_a_purchase_is_looked_up_before_anything_is_sent() -> None:
    record(make_shop(), make_timeout(make_purchase("1001")))

    request, resend = the_request(), the_resend()
    assert (request.state, resend.state) == ("unknown", "unknown")
    assert (resend.due_at, resend.expires_at) == (NOW + policies.SETTLE, request.deadline_at)
    assert "nobody knows" in request.reason


def test_two_calls_of_one_object_without_an_answer_are_looked_up_one_at_a_time() -> None:
    shop = make_shop()

    record(shop, make_timeout(make_rest(SETTERS)), make_timeout(make_rest(OTHER_SETTER)))

    resend = the_resend()
    other = FailedRequest.objects.exclude(pk=resend.failed_request_id).get()
    assert (resend.state, other.state) == ("unknown", "unknown")
    assert "person decides" in other.reason


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"retry": RetryBy.CALLER}, "The caller sends it again."),
        ({"retry": RetryBy.NEVER}, "never to be sent again"),
        ({"origin": Origin.IMPORT}, "history is never sent again"),
        ({"redacted": True}, "removed data"),
    ],
)
def test_what_is_not_ours_waits_and_says_why(overrides: dict[str, Any], words: str) -> None:
    nudges = record(make_shop(), make_down(**overrides))

    assert not Resend.objects.exists()
    assert the_request().state == "waiting"
    assert words in the_request().reason
    assert "retrying" not in nudges


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (make_exchange(make_rest("/subscriptions/iu/", method="POST"), 503), "could do its work twice"),
        (make_exchange(make_rest("/subscriptions/iu/", method="POST"), 429), "could do its work twice"),
        (make_exchange(make_rest("/orders/ab/send_now/", method="POST"), 423), "could do its work twice"),
        (make_exchange(make_rest("/made/up/"), 503), "no documented call"),
        (make_down(sent_at=NOW - timedelta(hours=25)), "no longer kept"),
        (make_setter(sent_at=NOW - timedelta(hours=2)), "too late"),
    ],
)
def test_what_may_not_be_repeated_waits_for_a_person(exchange: Exchange, words: str) -> None:
    record(make_shop(), exchange)

    assert not Resend.objects.exists()
    assert the_request().state == "waiting"
    assert words in the_request().reason


@pytest.mark.parametrize("status_code", [301, 400, 401, 403, 404, 409])
def test_what_must_be_corrected_is_never_planned(status_code: int) -> None:
    record(make_shop(), make_exchange(make_purchase("1001"), status_code))

    assert not Resend.objects.exists()
    assert the_request().state == "needs_fix"


def test_a_key_that_may_not_makes_nothing_of_ours_speak() -> None:
    record(make_shop(may_retry=False), make_down())

    assert not Resend.objects.exists()
    assert "key" in the_request().reason


def test_an_integration_whose_caller_retries_can_ask_for_one_response() -> None:
    record(make_shop(retry_by="caller"), make_down(retry=RetryBy.MONITOR))

    assert the_resend().state == "scheduled"


def test_without_credentials_it_is_held_with_the_reason() -> None:
    record(make_shop(api_key_sealed=None), make_down())

    assert (the_request().state, the_resend().state) == ("held", "held")
    assert "credentials" in the_request().reason


def test_a_class_that_is_switched_off_waits() -> None:
    record(make_shop(retry_policies={"locked": {"most": 0}}), make_setter(423))

    assert not Resend.objects.exists()
    assert the_request().state == "waiting"


def test_a_later_failure_of_the_caller_supersedes_ours_and_plans_anew() -> None:
    shop = make_shop()
    record(shop, make_down())

    record(shop, make_down(sent_at=LATER), now=LATER)

    old, new = Resend.objects.order_by("pk")
    assert (old.state, old.ended_at, old.epoch) == ("superseded", LATER, 1)
    assert "caller" in old.reason
    assert (new.state, new.idem_key) == ("scheduled", f"auto:{the_request().pk}:2")
    assert new.due_at == LATER + MINUTE
    assert (the_request().state, the_request().caller_retries_too) == ("retrying", True)
    assert new.seal_id == SealedRequest.objects.get().pk


def test_a_later_refusal_of_the_caller_supersedes_ours_and_must_be_fixed() -> None:
    shop = make_shop()
    record(shop, make_down())

    record(shop, make_refusal("1001", sent_at=LATER), now=LATER)

    assert the_resend().state == "superseded"
    assert (the_request().state, the_request().caller_retries_too) == ("needs_fix", True)


def test_a_later_success_of_the_caller_supersedes_ours_and_resolves() -> None:
    shop = make_shop()
    record(shop, make_setter())

    record(shop, make_setter(200, sent_at=LATER), now=LATER)

    request = the_request()
    assert the_resend().state == "superseded"
    assert (request.state, request.resolved_by, request.caller_retries_too) == ("resolved", "caller", True)
    assert not SealedRequest.objects.exists()


def test_a_purchase_that_the_caller_gets_accepted_is_followed_and_ours_gives_way() -> None:
    shop = make_shop()
    record(shop, make_down())

    record(shop, make_accepted("1001", sent_at=LATER), now=LATER)

    assert (the_request().state, the_resend().state) == ("confirming", "superseded")


def test_a_success_that_was_sent_earlier_takes_nothing_back() -> None:
    shop = make_shop()
    record(shop, make_setter())

    record(shop, make_setter(200, sent_at=NOW - SECOND), now=LATER)

    assert (the_request().state, the_resend().state) == ("retrying", "scheduled")
    assert not the_request().caller_retries_too


def test_a_timeout_that_is_told_late_stops_what_was_planned() -> None:
    shop = make_shop()
    record(shop, make_down(sent_at=NOW))

    record(shop, make_timeout(make_purchase("1001"), sent_at=NOW - 10 * SECOND), now=LATER)

    old, new = Resend.objects.order_by("pk")
    assert (old.state, new.state) == ("superseded", "unknown")
    assert the_request().state == "unknown"


def test_a_failure_and_its_success_in_one_batch_plan_nothing() -> None:
    shop = make_shop()

    record(shop, make_setter(), make_setter(200, sent_at=NOW + SECOND), now=LATER)

    assert not Resend.objects.exists()
    assert the_request().state == "resolved"


def test_two_failures_in_one_batch_plan_once() -> None:
    shop = make_shop()

    record(shop, make_down(), make_down(sent_at=NOW + SECOND), now=LATER)

    assert the_resend().state == "scheduled"
    assert (the_request().state, the_request().caller_retries_too) == ("retrying", True)


def test_a_failure_that_arrives_after_its_success_is_not_planned() -> None:
    shop = make_shop()
    record(shop, make_setter(200, sent_at=LATER), now=LATER)

    record(shop, make_setter(503), now=LATER)

    assert not Resend.objects.exists()
    assert the_request().state == "resolved"


def test_an_import_neither_plans_nor_takes_back() -> None:
    shop = make_shop()
    record(shop, make_down())

    record(shop, make_down(origin=Origin.IMPORT), now=LATER)

    assert (the_request().state, the_resend().state) == ("retrying", "scheduled")
    assert not the_request().caller_retries_too


def make_in_flight(*, state: str) -> None:
    """Bring the planned one onto the wire, or beyond."""
    steps = {"sending": ["claimed", "sending"], "unknown": ["claimed", "sending", "unknown"]}
    for step in steps[state]:
        resend = the_resend()
        values = {"lease_until": LATER} if step in Resend.LEASED else {}
        assert Resend.objects.move(
            resend.pk,
            from_state=Resend.State(resend.state),
            epoch=resend.epoch,
            to_state=Resend.State(step),
            **values,
        )
    seen = Resend.SEEN_AS[Resend.State(state)]
    FailedRequest.objects.update(state=seen)


@pytest.mark.parametrize(("state", "seen"), [("sending", "retrying"), ("unknown", "unknown")])
def test_a_later_failure_leaves_alone_what_may_be_on_the_wire(state: str, seen: str) -> None:
    shop = make_shop()
    record(shop, make_down())
    make_in_flight(state=state)

    record(shop, make_down(sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == (state, seen)
    assert the_request().caller_retries_too


def test_what_has_to_be_sent_once_more_is_the_newest_original() -> None:
    shop = make_shop()
    record(shop, make_down())
    make_in_flight(state="unknown")

    request = make_purchase("1001", products=["78"])
    record(shop, make_exchange(request, 503, sent_at=LATER), now=LATER)

    seal = SealedRequest.objects.get()
    assert (the_resend().seal_id, the_resend().body_hash) == (seal.pk, seal.body_hash)
    assert the_request().seal_id == seal.pk


def test_a_success_of_the_caller_is_evidence_for_an_unknown_one() -> None:
    shop = make_shop()
    record(shop, make_setter())
    make_in_flight(state="unknown")

    record(shop, make_setter(200, sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == ("succeeded", "resolved")


def test_a_409_to_the_caller_is_evidence_for_an_unknown_one() -> None:
    shop = make_shop()
    record(shop, make_timeout(make_purchase("1001")))

    record(shop, make_exchange(make_purchase("1001"), 409, sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == ("succeeded", "resolved")


def test_an_acceptance_of_the_callers_ends_an_unknown_one_and_is_followed() -> None:
    shop = make_shop()
    record(shop, make_timeout(make_purchase("1001")))

    record(shop, make_accepted("1001", sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == ("superseded", "confirming")


def test_a_success_of_the_caller_while_ours_is_on_the_wire_resolves_and_waits_for_the_answer() -> None:
    shop = make_shop()
    record(shop, make_setter())
    make_in_flight(state="sending")

    record(shop, make_setter(200, sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == ("sending", "resolved")


def test_a_later_change_of_the_same_object_holds_what_would_undo_it() -> None:
    shop = make_shop()
    record(shop, make_setter())

    record(shop, make_setter(200, OTHER_SETTER, sent_at=LATER), now=LATER)

    assert (the_resend().state, the_request().state) == ("held", "held")
    assert "later change" in the_request().reason
    assert SealedRequest.objects.exists()


def test_a_later_change_in_the_same_batch_holds_it_too() -> None:
    shop = make_shop()

    record(shop, make_setter(), make_setter(200, OTHER_SETTER, sent_at=NOW + SECOND), now=LATER)

    assert (the_resend().state, the_request().state) == ("held", "held")


def test_a_later_change_that_was_recorded_before_holds_it_too() -> None:
    shop = make_shop()
    record(shop, make_setter(200, OTHER_SETTER, sent_at=NOW + SECOND))

    record(shop, make_setter(503), now=NOW + 2 * SECOND)

    assert (the_resend().state, the_request().state) == ("held", "held")


@pytest.mark.parametrize(
    "change",
    [
        make_setter(200, OTHER_SETTER, sent_at=NOW - SECOND),
        make_setter(503, OTHER_SETTER, sent_at=LATER, retry=RetryBy.CALLER),
        make_exchange(make_rest("/subscriptions/ab12/", method="GET"), 200, sent_at=LATER),
        make_setter(200, "/subscriptions/cd34/cancel/", sent_at=LATER),
    ],
)
def test_what_is_no_later_change_of_the_same_object_holds_nothing(change: Exchange) -> None:
    shop = make_shop()
    record(shop, make_setter())

    record(shop, change, now=LATER)

    assert (the_resend().state, FailedRequest.objects.order_by("pk")[0].state) == ("scheduled", "retrying")


def test_a_change_in_another_integration_holds_nothing() -> None:
    record(make_shop(), make_setter())

    record(make_shop(), make_setter(200, OTHER_SETTER, sent_at=LATER), now=LATER)

    assert the_resend().state == "scheduled"


def test_a_read_is_never_out_of_date() -> None:
    shop = make_shop()
    record(shop, make_exchange(make_rest("/subscriptions/ab12/", method="GET"), 503))

    record(shop, make_setter(200, sent_at=LATER), now=LATER)

    assert the_resend().state == "scheduled"


def test_what_is_used_up_is_not_planned_for_a_late_failure_of_the_caller() -> None:
    shop = make_shop()
    record(shop, make_setter())
    late = NOW + timedelta(hours=2)

    record(shop, make_setter(sent_at=late), now=late)

    assert the_resend().state == "superseded"
    assert the_request().state == "exhausted"


def questions(known: facts.Facts, batch: list[Exchange]) -> int:
    """How many statements about Resends the recording of a batch takes."""
    with CaptureQueriesContext(connection) as context:
        recording.record(known, batch, now=NOW)
    return sum("responses_re" in query["sql"] for query in context.captured_queries)


def test_successes_and_refusals_cost_nothing_more_where_the_caller_sends_again() -> None:
    successes = [make_setter(200, f"/subscriptions/ab{number}/cancel/") for number in range(20)]

    assert questions(facts.of(make_integration()), [*successes, make_refusal("1001"), make_refusal("1001")]) == 0


def test_the_changes_of_a_batch_cost_one_question_where_the_monitor_does() -> None:
    known = facts.of(*make_shop())
    successes = [make_setter(200, f"/subscriptions/ab{number}/cancel/") for number in range(20)]
    reads = [make_exchange(make_rest("/orders/ab/", method="GET"), 200) for _ in range(20)]

    assert questions(known, successes) == 1
    assert questions(known, reads) == 0


def test_many_failures_ask_no_more_than_a_few() -> None:
    few, many = facts.of(*make_shop()), facts.of(*make_shop())

    asked = questions(few, [make_setter(503, f"/subscriptions/ab{number}/cancel/") for number in range(2)])
    assert questions(many, [make_setter(503, f"/subscriptions/ab{number}/cancel/") for number in range(20)]) == asked
    assert Resend.objects.count() == 22


CALLS = st.lists(
    st.tuples(
        st.sampled_from([200, 400, 409, 423, 429, 503, None]),
        st.sampled_from(["purchase", "setter", "other setter", "read"]),
        st.sampled_from([Origin.CALLER, Origin.GATEWAY, Origin.IMPORT]),
        st.integers(-30, 600),
    ),
    min_size=1,
    max_size=8,
)


def make_call(status_code: int | None, what: str, origin: Origin, seconds: int) -> Exchange:
    request = {
        "purchase": make_purchase("1001"),
        "setter": make_rest(SETTERS),
        "other setter": make_rest(OTHER_SETTER),
        "read": make_rest("/subscriptions/ab12/", method="GET"),
    }[what]
    values: dict[str, Any] = {"origin": origin, "sent_at": NOW + timedelta(seconds=seconds)}
    if status_code is None:
        return make_timeout(request, **values)
    return make_exchange(request, status_code, **values)


@settings(max_examples=40)
@given(calls=CALLS, size=st.integers(1, 8), has_credentials=st.booleans())
def test_whatever_comes_in_what_people_see_is_what_the_resends_do(
    calls: list[tuple[int | None, str, Origin, int]], size: int, has_credentials: bool
) -> None:
    shop = make_shop(api_key_sealed=b"sealed" if has_credentials else None)
    now = NOW + timedelta(minutes=10)

    for start in range(0, len(calls), size):
        record(shop, *(make_call(*call) for call in calls[start : start + size]), now=now)
        now += MINUTE

    of_shop = Resend.objects.filter(integration=shop[0])
    live = {resend.failed_request_id: resend for resend in of_shop.live()}
    for request in FailedRequest.objects.filter(integration=shop[0]):
        resend = live.pop(request.pk, None)
        if resend is None:
            assert request.state not in ("retrying", "held")
        else:
            assert request.is_open
            assert request.state == Resend.SEEN_AS[Resend.State(resend.state)]
            assert resend.seal_id == request.seal_id
            assert SealedRequest.objects.in_bulk()[resend.seal_id or 0].body_hash == resend.body_hash
            assert resend.expires_at == request.deadline_at
            assert resend.due_at > ids.time_of(resend.pk)
    assert not live
