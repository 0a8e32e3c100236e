"""What is read of an issue for its message."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.alerting import facts
from responses.alerting.message import Kind
from responses.alerting.telling.known import Facts
from responses.exchanges import Outcome
from responses.models import Alert, FailedRequest, Issue, Transition
from tests.factories import NOW, make_exchange, make_integration, make_partial, make_refusal, make_rest, record

pytestmark = pytest.mark.django_db


def read(kind: Transition.Kind = Transition.Kind.ISSUE_OPENED, *, now: datetime = NOW) -> Facts:
    transition = Transition.objects.select_related("issue__integration").filter(kind=kind).get()
    assert transition.issue is not None
    alert = Alert(kind=kind, opened_at=transition.at)
    return facts.of(transition, transition.issue, alert=alert, now=now)


def test_the_numbers_are_those_of_the_moment_of_sending() -> None:
    shop = make_integration(name="Shop EU")
    record(shop, make_refusal("1001"))
    record(shop, make_refusal("1001"), make_refusal("1002"))

    known = read()

    assert (known.failures, known.requests, known.orders) == (3, 2, 2)
    assert (known.kind, known.integration, known.environment) == (Kind.NEW, "Shop EU", "production")
    assert (known.outcome, known.status_code) == (Outcome.NEEDS_FIX, 400)


def test_the_clock_is_that_of_the_oldest_open_request() -> None:
    shop = make_integration()
    record(shop, make_refusal("1001"), make_refusal("1002", sent_at=NOW - timedelta(hours=3)))
    record(shop, make_refusal("1003", sent_at=NOW - timedelta(hours=5)))
    FailedRequest.objects.filter(order_id="1003").update(state="resolved", closed_at=NOW)

    known = read()

    assert known.impact.deadline_at == NOW + timedelta(hours=21)
    assert known.impact.deadline_has_order is True


def test_a_request_without_an_order_has_a_clock_of_its_own_kind() -> None:
    shop = make_integration()
    record(shop, make_exchange(make_rest(), 400, {"detail": "No"}))

    known = read()

    assert (known.impact.deadline_has_order, known.orders) == (False, 0)
    assert known.impact.deadline_at == NOW + timedelta(hours=24)


def test_a_read_has_no_clock() -> None:
    shop = make_integration()
    record(shop, make_exchange(make_rest("/orders/", method="GET"), 503))

    assert read().impact.deadline_at is None


def test_items_are_counted_over_the_open_requests() -> None:
    shop = make_integration()
    record(shop, make_partial("1001"), make_partial("1002"))

    known = read()

    assert (known.impact.created, known.impact.failed, known.impact.unknown) == (2, 2, 0)


def test_an_issue_that_is_back_counts_since_then() -> None:
    shop = make_integration()
    record(shop, *(make_refusal() for _ in range(4)))
    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    later = NOW + timedelta(hours=2)
    record(shop, make_refusal(sent_at=later), make_refusal(sent_at=later), now=later)

    known = read(Transition.Kind.ISSUE_REGRESSED)

    assert (known.kind, known.failures, known.failures_since) == (Kind.BACK, 6, 2)
    assert known.resolved_at == NOW


def test_reading_costs_the_same_for_few_and_for_many(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shop = make_integration()
    record(shop, make_refusal())
    transition = Transition.objects.select_related("issue__integration").get()
    issue = transition.issue
    assert issue is not None
    with django_assert_num_queries(1):
        facts.of(transition, issue, now=NOW)
    record(shop, *(make_refusal() for _ in range(30)))
    with django_assert_num_queries(1):
        facts.of(transition, issue, now=NOW)
