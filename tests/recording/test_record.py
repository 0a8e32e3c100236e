"""Recording on the real database: what one exchange does to every table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from responses.exchanges import Exchange, Outcome, Request
from responses.models import (
    CallerId,
    FailedRequest,
    FailureBody,
    FollowUp,
    HourlyCount,
    Issue,
    IssueHour,
    Item,
    MinuteCount,
    OutcomeHour,
    Response,
    SealedRequest,
    SuccessBody,
    Transition,
)
from responses.recording import bodies, facts
from responses.recording import record as recording
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)

pytestmark = pytest.mark.django_db

HOUR = int(NOW.timestamp()) // 3600
LATER = NOW + timedelta(minutes=5)


def test_a_success_is_one_row_its_body_and_three_counts() -> None:
    shop = make_integration()
    [response] = record(shop, make_exchange(make_rest(method="GET", path="/subscriptions/ab12/")))
    assert (response.outcome, response.status_code, response.endpoint) == (1, 200, "GET /subscriptions/{id}/")
    assert (response.sent_at, response.duration_ms) == (NOW, 231)
    assert response.recorded_at == NOW
    assert SuccessBody.objects.filter(pk=response.pk).exists()
    assert not FailedRequest.objects.exists()
    hourly = HourlyCount.objects.get()
    assert (hourly.hour, hourly.responses, hourly.duration_ms) == (HOUR, 1, 231)
    assert MinuteCount.objects.get().minute == HOUR * 60
    assert OutcomeHour.objects.get().responses == 1


def test_a_refusal_opens_a_failed_request_and_an_issue_with_a_transition() -> None:
    shop = make_integration()
    [response] = record(shop, make_refusal("1001"))
    failed, issue = FailedRequest.objects.get(), Issue.objects.get()
    assert response.failed_request_id == failed.pk
    assert response.issue_id == issue.pk
    assert (failed.state, failed.order_id, failed.failures, failed.same_cause) == ("needs_fix", "1001", 1, 1)
    assert failed.deadline_at == NOW + timedelta(hours=24)
    assert (issue.failures, issue.requests, issue.orders, issue.state) == (1, 1, 1, "open")
    assert IssueHour.objects.get().failures == 1
    assert Transition.objects.get().kind == "issue_opened"
    assert FailureBody.objects.filter(pk=response.pk).exists()
    assert SealedRequest.objects.get().pk == failed.seal_id


def test_the_same_error_on_the_same_request_gathers_on_one_row() -> None:
    shop = make_integration()
    record(shop, make_refusal("1001"))
    record(shop, make_refusal("1001", sent_at=LATER), make_refusal("1001", sent_at=LATER), now=LATER)
    failed, issue = FailedRequest.objects.get(), Issue.objects.get()
    assert (failed.failures, failed.same_cause, failed.last_failed_at) == (3, 3, LATER)
    assert failed.first_failed_at == NOW
    assert (issue.failures, issue.requests) == (3, 1)
    assert Transition.objects.count() == 1
    assert SealedRequest.objects.count() == 1


def test_another_error_starts_the_streak_again() -> None:
    shop = make_integration()
    record(shop, make_refusal("1001"), make_refusal("1001"), make_refusal("1001", message="Missing payment data"))
    failed = FailedRequest.objects.get()
    assert (failed.failures, failed.same_cause) == (3, 1)
    assert Issue.objects.count() == 2


def test_a_later_success_resolves_and_the_seal_goes() -> None:
    shop = make_integration()
    request = make_rest()
    record(shop, make_exchange(request, 503))
    assert FailedRequest.objects.get().state == "waiting"
    record(shop, make_exchange(request, 200, sent_at=LATER), now=LATER)
    failed = FailedRequest.objects.get()
    assert (failed.state, failed.resolved_by, failed.closed_at) == ("resolved", "caller", LATER)
    assert not SealedRequest.objects.exists()


def test_a_success_that_was_sent_before_the_failure_resolves_nothing() -> None:
    shop = make_integration()
    request = make_rest()
    record(shop, make_exchange(request, 503))
    record(shop, make_exchange(request, 200, sent_at=NOW - timedelta(seconds=1)), now=LATER)
    assert FailedRequest.objects.get().state == "waiting"


def test_a_failure_that_arrives_after_its_success_is_resolved_at_once() -> None:
    shop = make_integration()
    request = make_rest()
    record(shop, make_exchange(request, 200, sent_at=LATER), now=LATER)
    record(shop, make_exchange(request, 503, sent_at=NOW), now=LATER)
    failed = FailedRequest.objects.get()
    assert (failed.state, failed.resolved_by) == ("resolved", "caller")
    assert not SealedRequest.objects.exists()


def test_failure_success_failure_in_one_batch_leaves_one_resolved_and_one_open() -> None:
    shop = make_integration()
    request = make_rest()
    times = [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)]
    codes = [503, 200, 503]
    record(shop, *(make_exchange(request, code, sent_at=at) for code, at in zip(codes, times, strict=True)), now=LATER)
    assert sorted(FailedRequest.objects.values_list("state", flat=True)) == ["resolved", "waiting"]
    record(shop, *(make_exchange(request, 200, sent_at=LATER), make_exchange(request, 503, sent_at=LATER)), now=LATER)
    assert sorted(FailedRequest.objects.values_list("state", flat=True)) == ["resolved", "resolved", "waiting"]


def test_a_partial_keeps_its_items_and_the_issue_of_the_failed_one() -> None:
    shop = make_integration()
    [response] = record(shop, make_partial("1001"))
    failed = FailedRequest.objects.get()
    assert (response.outcome, response.items_created, response.items_failed) == (Outcome.PARTIAL, 1, 1)
    assert (failed.items_created, failed.items_failed, str(failed.value)) == (1, 1, "12.50")
    items = {item.product: item for item in Item.objects.all()}
    assert (items["77"].state_word, items["77"].subscription_id) == ("created", "0ff0f88accc511e8b6c0bc764e106cf4")
    assert (items["88"].state_word, items["88"].issue_id) == ("failed", Issue.objects.get().pk)
    assert items["88"].failed_request_id == failed.pk


def test_every_item_with_one_cause_counts_for_its_issue_and_leads_to_it() -> None:
    rows = [{"product_id": str(number), "status": 400} for number in range(3)]
    record(make_integration(), make_exchange(make_rest("/products-batch/update/"), 207, {"results": rows}))
    issue = Issue.objects.get()
    assert (issue.failures, issue.requests) == (3, 1)
    assert set(Item.objects.values_list("issue_id", flat=True)) == {issue.pk}


def test_a_timeout_of_a_purchase_is_unknown_and_of_a_question_waits_without_a_clock() -> None:
    shop = make_integration()
    record(shop, make_timeout(make_purchase("1001")), make_timeout(make_rest(method="GET", path="/orders/ab/")))
    purchase, question = FailedRequest.objects.get(order_id="1001"), FailedRequest.objects.get(order_id="")
    assert (purchase.state, purchase.deadline_at) == ("unknown", NOW + timedelta(hours=24))
    assert (question.state, question.deadline_at) == ("waiting", None)


def test_a_409_after_a_timeout_proves_that_the_order_arrived() -> None:
    shop = make_integration()
    request = make_purchase("1001")
    record(shop, make_timeout(request))
    [response] = record(shop, make_exchange(request, 409, sent_at=LATER), now=LATER)
    failed = FailedRequest.objects.get()
    assert (failed.state, failed.resolved_by) == ("resolved", "caller")
    assert response.failed_request_id == failed.pk
    assert Issue.objects.count() == 1


def test_a_409_on_a_first_call_is_for_a_person() -> None:
    shop = make_integration()
    record(shop, make_exchange(make_purchase("1001"), 409))
    assert FailedRequest.objects.get().state == "needs_fix"


def test_an_issue_that_was_resolved_regresses_but_not_by_an_old_failure() -> None:
    shop = make_integration()
    record(shop, make_refusal("1001"))
    Issue.objects.update(state="resolved", resolved_at=LATER)
    record(shop, make_refusal("1002", sent_at=NOW + timedelta(seconds=30)), now=LATER)
    assert Issue.objects.get().state == "resolved"
    after = LATER + timedelta(minutes=1)
    record(shop, make_refusal("1003", sent_at=after), now=after)
    issue = Issue.objects.get()
    assert (issue.state, issue.regressions, issue.regressed_at) == ("open", 1, after)
    assert list(Transition.objects.order_by("id").values_list("kind", flat=True)) == ["issue_opened", "issue_regressed"]
    record(shop, make_refusal("1004", sent_at=after), now=after)
    assert Transition.objects.count() == 2


def test_an_id_is_recorded_once_in_one_batch_and_in_two() -> None:
    shop = make_integration()
    known = facts.of(shop)
    batch = [make_partial("1001", caller_id="a"), make_partial("1001", caller_id="a")]
    first = recording.record(known, batch, now=NOW).results
    second = recording.record(known, batch[:1], now=LATER).results
    assert [one.status for one in first] == ["recorded", "duplicate"]
    assert {one.id for one in (*first, *second)} == {first[0].id}
    assert (second[0].status, second[0].outcome, second[0].created) == ("duplicate", Outcome.PARTIAL, 1)
    assert Response.objects.count() == 1
    assert FailedRequest.objects.get().failures == 1
    assert HourlyCount.objects.get().responses == 1
    assert CallerId.objects.count() == 1


def test_the_same_id_in_two_integrations_is_two_responses() -> None:
    record(make_integration(), make_refusal("1001", caller_id="a"))
    record(make_integration(), make_refusal("1001", caller_id="a"))
    assert Response.objects.count() == 2
    assert FailedRequest.objects.count() == 2


def test_an_acceptance_opens_only_a_follow_up() -> None:
    shop = make_integration(api_key_sealed=b"x")
    [response] = record(shop, make_accepted("1001", subs_req_id="r1"))
    follow_up = FollowUp.objects.get()
    assert (follow_up.state, follow_up.subs_req_id, follow_up.response_id) == ("pending", "r1", response.pk)
    assert follow_up.next_poll_at == NOW + timedelta(seconds=2)
    assert follow_up.give_up_at == NOW + timedelta(hours=1)
    assert SealedRequest.objects.get().pk == follow_up.seal_id
    assert not FailedRequest.objects.exists()
    assert not Issue.objects.exists()


def test_without_credentials_it_is_accepted_and_not_confirmed() -> None:
    record(make_integration(), make_accepted("1001"))
    assert FollowUp.objects.get().state == "unconfirmed"


def _status(subs_req_id: str, answer: object, status_code: int = 200, **overrides: Any) -> Exchange:

    url = f"https://sc.ordergroove.com/subscription/{subs_req_id}/response"
    return make_exchange(Request("GET", url), status_code, answer, **overrides)


def test_the_callers_own_status_answer_settles_it_as_created() -> None:
    shop = make_integration()
    record(shop, make_accepted("1001", subs_req_id="r1"))
    record(shop, _status("r1", {"errors": {}, "subscriptions": [{"77": "s1"}]}, sent_at=LATER), now=LATER)
    follow_up = FollowUp.objects.get()
    assert (follow_up.state, follow_up.settled_at, follow_up.seal_id) == ("created", LATER, None)
    assert not SealedRequest.objects.exists()
    assert not FailedRequest.objects.exists()
    assert Item.objects.get().subscription_id == "s1"
    assert OutcomeHour.objects.get(outcome=Outcome.ACCEPTED).confirmed == 1


def test_a_result_in_which_every_product_failed_opens_a_failed_request_with_the_posts_clock() -> None:
    shop = make_integration()
    [post] = record(shop, make_accepted("1001", subs_req_id="r1"))
    errors = {"subscriptions": [{"product": "77", "subscription": {"product": ["Object does not exist."]}}]}
    [status] = record(shop, _status("r1", {"errors": errors, "subscriptions": []}, sent_at=LATER), now=LATER)
    failed = FailedRequest.objects.get()
    post.refresh_from_db()
    assert (failed.state, failed.order_id, failed.endpoint) == ("needs_fix", "1001", "POST /subscription/create")
    assert failed.deadline_at == NOW + timedelta(hours=24)
    assert (failed.items_failed, str(failed.value)) == (1, "12.50")
    assert post.failed_request_id == status.failed_request_id == failed.pk
    assert SealedRequest.objects.get().pk == failed.seal_id
    assert FollowUp.objects.get().state == "failed"
    assert Issue.objects.get().endpoint == "POST /subscription/create"
    assert OutcomeHour.objects.get(outcome=Outcome.ACCEPTED).refused == 1
    assert Transition.objects.get().kind == "issue_opened"


def test_a_product_that_the_result_does_not_mention_is_unknown_not_created() -> None:
    shop = make_integration()
    request = make_purchase("1001", products=["77", "88"])
    record(shop, make_exchange(request, 200, {"result": "Subscription request received", "subs_req_id": "r1"}))
    record(shop, _status("r1", {"errors": {}, "subscriptions": [{"77": "s1"}]}, sent_at=LATER), now=LATER)
    failed = FailedRequest.objects.get()
    assert (failed.items_created, failed.items_unknown) == (1, 1)
    assert FollowUp.objects.get().state == "partial"


def test_a_pending_status_answer_settles_nothing_and_a_second_result_changes_nothing() -> None:
    shop = make_integration()
    record(shop, make_accepted("1001", subs_req_id="r1"))
    record(shop, _status("r1", b"'Response is pending. Please try again soon.'", 202))
    assert FollowUp.objects.get().settled_at is None
    result = {"errors": {}, "subscriptions": [{"77": "s1"}]}
    record(shop, _status("r1", result, sent_at=LATER), _status("r1", result, sent_at=LATER), now=LATER)
    assert FollowUp.objects.get().state == "created"
    assert OutcomeHour.objects.get(outcome=Outcome.ACCEPTED).confirmed == 1


def test_a_post_and_its_result_in_one_batch() -> None:
    shop = make_integration()
    result = {"errors": {}, "subscriptions": [{"77": "s1"}]}
    record(shop, make_accepted("1001", subs_req_id="r1"), _status("r1", result, sent_at=LATER), now=LATER)
    assert FollowUp.objects.get().state == "created"


def test_a_bad_result_of_a_post_that_was_never_recorded_is_still_noticed() -> None:
    shop = make_integration()
    errors = {"subscriptions": [{"product": "77", "subscription": {"product": ["Object does not exist."]}}]}
    record(shop, _status("r9", {"errors": errors, "subscriptions": []}))
    assert FailedRequest.objects.get().deadline_at is None
    assert Issue.objects.count() == 1


def test_a_retry_that_is_accepted_confirms_and_its_result_resolves() -> None:
    shop = make_integration()
    record(shop, make_exchange(make_purchase("1001"), 503))
    record(shop, make_accepted("1001", subs_req_id="r1", sent_at=LATER), now=LATER)
    failed = FailedRequest.objects.get()
    assert failed.state == "confirming"
    assert "not confirmed" in failed.reason
    record(shop, _status("r1", {"errors": {}, "subscriptions": [{"77": "s1"}]}, sent_at=LATER), now=LATER)
    failed.refresh_from_db()
    assert (failed.state, failed.resolved_by) == ("resolved", "caller")
    assert not SealedRequest.objects.exists()


def test_giving_up_makes_the_order_unknown_for_a_person() -> None:
    shop = make_integration(api_key_sealed=b"x")
    record(shop, make_accepted("1001", subs_req_id="r1"))
    follow_up = FollowUp.objects.get()
    nudges = recording.give_up(follow_up.pk, facts.of(shop), now=LATER)
    again = recording.give_up(follow_up.pk, facts.of(shop), now=LATER)
    failed = FailedRequest.objects.get()
    assert (failed.state, failed.deadline_at) == ("unknown", NOW + timedelta(hours=24))
    assert FollowUp.objects.get().state == "unknown"
    assert Issue.objects.get().requests == 1
    assert (nudges, again) == (frozenset({"alerting"}), frozenset())


def test_a_clear_card_number_is_never_sealed() -> None:
    shop = make_integration()
    payment = {"cc_number": "4111111111111111", "cc_type": "1"}
    record(shop, make_exchange(make_purchase("1001", payment=payment), 400, {"error_message": "No"}))
    assert not SealedRequest.objects.exists()
    assert "card" in FailedRequest.objects.get().cannot_resend


def test_what_is_shown_is_redacted_and_still_useful() -> None:
    shop = make_integration()
    request = make_purchase("1001")
    [response] = record(shop, make_exchange(request, 400, {"error_message": "Session id cannot be null"}))
    stored = FailureBody.objects.get(pk=response.pk)
    shown = bodies.unpack(stored.codec, stored.data)
    assert b"ada@example.com" not in shown.request_body
    assert b"7654321" not in shown.request_body
    assert b"1001" in shown.request_body
    assert b"Session id cannot be null" in shown.response_body


def test_a_foreign_host_is_recorded_and_never_sendable() -> None:

    shop = make_integration()
    [response] = record(shop, make_exchange(Request("POST", "https://example.com/subscription/create"), 500))
    assert response.is_foreign_host
    assert response.endpoint == "POST other"
    assert "host" in FailedRequest.objects.get().cannot_resend
    assert not SealedRequest.objects.exists()


def test_a_body_that_is_too_large_is_cut_with_a_mark_and_kept_for_nobody() -> None:
    shop = make_integration()
    request = make_rest(path="/subscriptions/ab12/cancel/", body={"reason": "word " * 300_000})
    [response] = record(shop, make_exchange(request, 400, b"x" * 100_000))
    stored = FailureBody.objects.get(pk=response.pk)
    shown = bodies.unpack(stored.codec, stored.data)
    assert response.is_truncated
    assert shown.cut == ("request", "response")
    assert "cut here" in shown.request_body.decode()
    assert "cut here" in shown.response_body.decode()
    assert "larger" in FailedRequest.objects.get().cannot_resend
