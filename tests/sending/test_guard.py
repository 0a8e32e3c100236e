"""One function says whether a failed request may be sent again, and every reason why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from responses.exchanges import Origin, Request
from responses.models import FailedRequest, Gate, IntakeKey, Integration, Resend, Response
from responses.models.integration import new_intake_key
from responses.sending import gates, guard
from tests.factories import NOW, make_accepted, make_exchange, make_partial, make_timeout, record
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import Shop, codes, fail, make_shop, purchase, resend_of, rest

pytestmark = pytest.mark.django_db

URL = "http://127.0.0.1:9"


@pytest.fixture
def shop() -> Shop:
    return make_shop(URL)


def why_not(request: FailedRequest, *, by_person: bool = True, at: float = 0) -> list[str]:
    request = FailedRequest.objects.get(pk=request.pk)
    return codes(guard.why_not(request, now=after(at), by_person=by_person))


@pytest.mark.parametrize("by_person", [True, False])
def test_a_transient_purchase_may_be_sent(shop: Shop, by_person: bool) -> None:
    assert why_not(fail(shop), by_person=by_person) == []


def test_every_reason_is_told_and_in_words(shop: Shop) -> None:
    request = fail(shop)
    Integration.objects.update(api_key_sealed=None)
    IntakeKey.objects.update(may_retry=False)
    FailedRequest.objects.update(state="dismissed", closed_at=NOW, seal_id=None)
    request.refresh_from_db()
    found = guard.why_not(request, now=NOW + timedelta(hours=25))
    assert codes(found) == ["settled", "deadline", "original", "credentials", "key"]
    assert found[0].words == "It is dismissed."
    assert all(reason.words.endswith(".") for reason in found)


def change_state(state: str) -> Callable[[FailedRequest], object]:
    def change(request: FailedRequest) -> None:
        Resend.objects.filter(failed_request=request).update(state="claimed", lease_until=after(60), epoch=1)
        if state != "claimed":
            Resend.objects.filter(failed_request=request).update(state="sending", epoch=2)
        if state in ("unknown", "verifying"):
            Resend.objects.filter(failed_request=request).update(state="unknown", epoch=3, lease_until=None)
        if state == "verifying":
            Resend.objects.filter(failed_request=request).update(state="verifying", epoch=4, lease_until=after(60))

    return change


@pytest.mark.parametrize(
    ("state", "code"),
    [("claimed", "in_flight"), ("sending", "in_flight"), ("verifying", "in_flight"), ("unknown", "unknown")],
)
def test_what_is_in_flight_is_not_sent_beside_itself(shop: Shop, state: str, code: str) -> None:
    request, other = fail(shop, rest(shop, body={"a": 1})), fail(shop, rest(shop, body={"a": 2}))
    change_state(state)(request)
    assert why_not(request) == [code]
    assert why_not(other) == ["resource"]


def test_the_one_in_flight_does_not_stand_in_its_own_way(shop: Shop) -> None:
    request = fail(shop)
    change_state("claimed")(request)
    assert guard.why_not(request, now=NOW, resend=resend_of(request)) == []


def test_an_unknown_outcome_must_be_decided_first(shop: Shop) -> None:
    request = again.record_for(shop, make_timeout(rest(shop, "/items/iu/", method="POST")))
    assert request.state == "unknown"
    assert why_not(request) == ["unknown"]


def test_what_was_accepted_is_followed_and_not_sent(shop: Shop) -> None:
    request = fail(shop, purchase(shop, "A1"))
    accepted = make_accepted("A1")
    record(
        shop.integration,
        make_exchange(
            purchase(shop, "A1"), 200, accepted.response.body if accepted.response else b"", sent_at=after(5)
        ),
        key=shop.key,
    )
    assert why_not(request) == ["confirming"]


def test_a_later_write_on_the_object_makes_it_stale(shop: Shop) -> None:
    request = fail(shop, rest(shop, "/subscriptions/s1/cancel/"))
    other = make_exchange(rest(shop, "/subscriptions/s1/update/", body={"quantity": 2}), 200, {}, sent_at=after(5))
    record(shop.integration, other, now=after(5))
    assert why_not(request) == ["later_write"]


@pytest.mark.parametrize(
    "harmless",
    [
        lambda shop: make_exchange(rest(shop, "/subscriptions/s1/", method="GET"), 200, {}, sent_at=after(5)),
        lambda shop: make_exchange(rest(shop, "/subscriptions/s1/update/", body={"a": 1}), 200, {}, sent_at=after(-5)),
        lambda shop: make_exchange(rest(shop, "/subscriptions/s1/update/", body={"a": 1}), 400, {}, sent_at=after(5)),
        lambda shop: make_exchange(rest(shop, "/subscriptions/s2/update/", body={"a": 1}), 200, {}, sent_at=after(5)),
    ],
)  # fmt: skip
def test_what_changes_nothing_later_on_the_object_does_not(shop: Shop, harmless: Callable[[Shop], object]) -> None:
    request = fail(shop, rest(shop, "/subscriptions/s1/cancel/"))
    record(shop.integration, harmless(shop), now=after(5))  # type: ignore[arg-type]
    assert why_not(request) == []


def test_nothing_is_sent_after_the_deadline_but_the_one_attempt_of_the_day_after(shop: Shop) -> None:
    request = fail(shop)
    day = 24 * 3600
    assert why_not(request, at=day) == []
    assert why_not(request, at=day + 1) == ["deadline"]
    Resend.objects.update(expires_at=after(day + 900))
    assert why_not(request, at=day + 900) == []
    assert why_not(request, at=day + 901) == ["deadline"]


def test_an_unsafe_call_is_a_persons_decision(shop: Shop) -> None:
    request = fail(shop, rest(shop, "/one_time_incentives/create/", method="POST"))
    assert why_not(request, by_person=False) == ["unsafe"]
    assert why_not(request) == []


def test_a_call_that_nobody_knows_is_never_sent(shop: Shop) -> None:
    request = fail(shop, rest(shop, "/no/such/thing/", method="POST"))
    assert "endpoint" in why_not(request)
    assert "endpoint" in why_not(request, by_person=False)


def test_a_part_that_was_created_is_not_created_twice(shop: Shop) -> None:
    partial = make_partial("A2")
    assert partial.response is not None
    exchange = make_exchange(purchase(shop, "A2", products=["77", "88"]), 207, partial.response.body)
    assert why_not(again.record_for(shop, exchange)) == ["partial"]


def test_a_refused_request_may_be_sent_unchanged_by_a_person_only(shop: Shop) -> None:
    request = again.record_for(shop, make_exchange(purchase(shop), 400, {"error_message": "No such product"}))
    assert why_not(request, by_person=False) == ["needs_fix"]
    assert why_not(request) == []


def test_what_can_never_be_resent_says_why(shop: Shop) -> None:
    request = again.record_for(shop, make_exchange(purchase(shop), 503, b"", redacted=True))
    found = guard.why_not(request, now=NOW)
    assert [reason.words for reason in found] == ["The caller removed data before it reported the request."]


def test_records_of_a_key_that_may_not_are_not_sent(shop: Shop) -> None:
    leaked = make_shop(URL, may_retry=False)
    request = fail(leaked)
    assert why_not(request) == why_not(request, by_person=False) == ["key"]


def test_a_revoked_key_may_not(shop: Shop) -> None:
    request = fail(shop)
    IntakeKey.objects.update(revoked_at=NOW)
    assert why_not(request) == ["key"]


def test_a_record_of_another_key_for_the_same_request_takes_the_permission_away(shop: Shop) -> None:
    request = fail(shop, purchase(shop, "A3"))
    stranger = Shop(shop.integration, make_key(shop.integration))
    fail(stranger, purchase(shop, "A3", og_cart_tracking=True), now=after(1))
    assert why_not(request) == ["key"]


def make_key(integration: Integration) -> IntakeKey:
    return new_intake_key(integration, may_retry=False)[0]


def test_imported_history_is_a_persons_decision(shop: Shop) -> None:
    exchange = make_exchange(purchase(shop), 503, b"busy", origin=Origin.IMPORT)
    [response] = record(shop.integration, exchange)
    request = FailedRequest.objects.get(pk=response.failed_request_id or 0)
    assert why_not(request) == []
    assert why_not(request, by_person=False) == ["key"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"is_paused": True, "paused_at": NOW, "pause_reason": "Sale"}, "paused"),
        ({"breaker": "open", "breaker_reason": "Mostly 503", "opened_at": NOW, "probe_at": after(30)}, "breaker"),
        ({"paused_until": after(10)}, "limited"),
    ],
)
def test_a_closed_gate_is_a_reason_until_it_has_let_this_one_through(
    shop: Shop, values: dict[str, object], code: str
) -> None:
    request = fail(shop)
    Gate.objects.create(scope=gates.host_scope("127.0.0.1:9"), **values)
    assert why_not(request) == [code]
    passed = codes(guard.why_not(request, now=NOW, resend=resend_of(request), has_passed_gate=True))
    assert passed == (["paused"] if code == "paused" else [])


def test_another_hosts_gate_is_no_reason(shop: Shop) -> None:
    Gate.objects.create(scope=gates.host_scope("127.0.0.1:10"), is_paused=True, pause_reason="Sale")
    assert why_not(fail(shop)) == []


def test_the_guard_changes_nothing(shop: Shop) -> None:
    request = fail(shop)
    before = FailedRequest.objects.values().get(), Resend.objects.values().get()
    guard.why_not(request, now=NOW)
    assert (FailedRequest.objects.values().get(), Resend.objects.values().get()) == before


def test_a_question_has_no_deadline_and_no_later_write(shop: Shop) -> None:
    request = fail(shop, Request("GET", f"{URL}/subscriptions/s1/"))
    record(shop.integration, make_exchange(rest(shop, "/subscriptions/s1/cancel/"), 200, {}, sent_at=after(5)))
    assert why_not(request, at=100_000) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans with the values themselves")
def test_a_later_write_is_looked_for_in_its_index() -> None:
    wanted = Response.objects.written().filter(integration_id=1, resource_key="subscriptions:s1", sent_at__gt=NOW)

    plan = wanted.exclude(request_key="k").explain()

    assert "response_later_write" in plan
