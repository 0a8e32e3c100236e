"""Outcomes that stay unknown, and requests that are about to expire."""

from __future__ import annotations

from datetime import datetime

import pytest

from responses.alerting.sweeps import clocks
from responses.models import Attempt, FailedRequest, Integration, Resend, ids
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, refuse, rule, told
from tests.factories import NOW, make_integration, make_purchase, make_rest, make_timeout, record

pytestmark = pytest.mark.django_db


def lose(shop: Integration, number: int, *, at: datetime) -> None:
    record(shop, *(make_timeout(make_purchase(), sent_at=at) for _ in range(number)), now=at)


def test_an_outcome_unknown_for_thirty_minutes_is_told() -> None:
    shop = make_integration()
    lose(shop, 2, at=NOW)
    assert clocks.sweep_unknown(NOW + 29 * MINUTE) == 0

    assert clocks.sweep_unknown(NOW + 30 * MINUTE) == 1
    assert clocks.sweep_unknown(NOW + 3 * HOUR) == 0

    [one] = told("unknown_old")
    assert (one.integration, one.number, one.subject) == (shop, 2, f"integration:{shop.pk}:unknown")


def test_another_one_is_told_with_all_of_them_after_an_hour() -> None:
    shop = make_integration()
    lose(shop, 1, at=NOW)
    clocks.sweep_unknown(NOW + 30 * MINUTE)
    lose(shop, 1, at=NOW + 5 * MINUTE)
    assert clocks.sweep_unknown(NOW + 89 * MINUTE) == 0
    assert clocks.sweep_unknown(NOW + 90 * MINUTE) == 1
    assert [one.number for one in told("unknown_old")] == [1, 2]


def test_what_was_sent_again_just_now_has_not_been_unknown_for_long() -> None:
    shop = make_integration()
    lose(shop, 1, at=NOW)
    resend = make_resend(shop, at=NOW)
    attempt(resend, at=NOW + 20 * MINUTE)
    assert clocks.sweep_unknown(NOW + 40 * MINUTE) == 0
    assert clocks.sweep_unknown(NOW + 50 * MINUTE) == 1


def test_a_question_without_an_answer_is_not_unknown() -> None:
    record(make_integration(), make_timeout(make_rest(method="GET")))
    assert clocks.sweep_unknown(NOW + DAY) == 0


def test_requests_that_expire_within_the_hour_are_told() -> None:
    shop = make_integration()
    refuse(shop, 3, at=NOW)
    refuse(shop, 5, at=NOW + 2 * HOUR)
    soon = NOW + 23 * HOUR
    assert clocks.sweep_expiring(soon - MINUTE) == 0

    assert clocks.sweep_expiring(soon) == 1
    assert clocks.sweep_expiring(soon + 45 * MINUTE) == 0

    [one] = told("expiring")
    assert (one.integration, one.number, one.subject) == (shop, 3, f"integration:{shop.pk}:expiring")

    assert clocks.sweep_expiring(soon + 2 * HOUR) == 1
    assert told("expiring")[-1].number == 5


def test_those_that_come_soon_after_are_told_half_an_hour_later_at_most() -> None:
    shop = make_integration()
    refuse(shop, 1, at=NOW)
    clocks.sweep_expiring(NOW + 23 * HOUR)
    refuse(shop, 1, at=NOW + MINUTE)
    assert clocks.sweep_expiring(NOW + 23 * HOUR + 29 * MINUTE) == 0
    assert clocks.sweep_expiring(NOW + 23 * HOUR + 30 * MINUTE) == 1


def test_what_is_settled_or_over_is_not_about_to_expire() -> None:
    shop = make_integration()
    refuse(shop, 2, at=NOW)
    assert clocks.sweep_expiring(NOW + 24 * HOUR) == 0
    FailedRequest.objects.update(state="resolved", closed_at=NOW, resolved_by="person")
    assert clocks.sweep_expiring(NOW + 23 * HOUR + MINUTE) == 0


def test_the_rule_says_how_long_before_and_of_what() -> None:
    refuse(make_integration(), 1, at=NOW)
    rule("expiring", window_minutes=120)
    assert clocks.sweep_expiring(NOW + 22 * HOUR) == 1
    rule("expiring", codes="5xx", window_minutes=120)
    assert clocks.sweep_expiring(NOW + 22 * HOUR + HOUR) == 0


def make_resend(shop: Integration, *, at: datetime) -> Resend:
    request = FailedRequest.objects.get()
    return Resend.objects.create(
        id=ids.new(at),
        integration=shop,
        failed_request=request,
        kind="person",
        idem_key="form:1",
        resource_key="order:1",
        endpoint=request.endpoint,
        method="POST",
        role="sc",
        host="sc.ordergroove.com",
        policy="person",
        state="unknown",
        due_at=at,
        first_failed_at=at,
        max_sends=1,
    )


def attempt(resend: Resend, *, at: datetime) -> None:
    Attempt.objects.create(
        id=ids.new(at), resend=resend, number=1, epoch=1, intent_at=at, ended_at=at, result="unknown"
    )
