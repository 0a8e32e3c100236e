"""What is at stake."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.insight import cursors, stakes
from responses.models import FailedRequest, Integration, Issue
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    record,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    return make_integration()


def test_the_open_requests_of_an_issue_are_summed(integration: Integration) -> None:
    record(
        integration,
        make_refusal("1", sent_at=NOW - timedelta(hours=20)),
        make_refusal("2", sent_at=NOW - timedelta(hours=1)),
        make_refusal("3", sent_at=NOW, message="Something else"),
    )
    issue = Issue.objects.get(title="Session id cannot be null")

    stake = stakes.of_integration(integration.pk, now=NOW).of(issue.pk)

    assert stake.requests == 2
    assert stake.value == Decimal("25.00")
    assert stake.deadline_at == NOW + timedelta(hours=4)
    first, second = FailedRequest.objects.filter(issues=issue).order_by("deadline_at")
    assert first.deadline_at is not None
    soonest, later = stakes.order(issue, now=NOW)
    assert soonest == (cursors.number_of(first.deadline_at), first.pk)
    assert later[1] == second.pk


def test_a_request_with_two_causes_is_at_stake_behind_both(integration: Integration) -> None:
    answer = {
        "subscriptions": [],
        "errors": {
            "subscriptions": [
                {"product": "77", "subscription": {"product": ["Object does not exist."]}},
                {"product": "88", "subscription": {"quantity": ["This field is required."]}},
            ]
        },
    }
    record(integration, make_exchange(make_purchase("1", products=["77", "88"]), 207, answer))

    found = stakes.of_integration(integration.pk, now=NOW)

    assert [found.of(issue.pk).requests for issue in Issue.objects.all()] == [1, 1]


def test_what_was_created_is_not_at_stake(integration: Integration) -> None:
    record(integration, make_partial("1"))

    stake = stakes.of_integration(integration.pk, now=NOW).of(Issue.objects.get().pk)

    assert stake.value == Decimal("12.50")


def test_resolved_expired_and_questions_are_not_at_stake(integration: Integration) -> None:
    record(
        integration,
        make_refusal("solved", sent_at=NOW - timedelta(hours=2)),
        make_refusal("gone", sent_at=NOW - timedelta(hours=25)),
        make_exchange(make_rest("/orders/", method="GET"), 400, {"error_message": "Session id cannot be null"}),
    )
    record(integration, make_exchange(make_purchase("solved"), 201, {"subscriptions": [{"77": "abc"}]}))

    assert stakes.of_integration(integration.pk, now=NOW).by_issue == {}


def test_other_integrations_are_left_out(integration: Integration) -> None:
    record(make_integration(), make_refusal())

    assert stakes.of_integration(integration.pk, now=NOW).by_issue == {}


def test_an_issue_without_clocks_has_no_stake(integration: Integration) -> None:
    assert stakes.of_integration(integration.pk, now=NOW).of(4711) == stakes.NOTHING


@pytest.mark.slow
def test_beyond_the_cap_figures_are_lower_bounds_and_say_so(integration: Integration) -> None:
    record(integration, *(make_refusal(sent_at=NOW - timedelta(seconds=nth)) for nth in range(stakes.MOST + 5)))

    found = stakes.of_integration(integration.pk, now=NOW)

    stake = found.of(Issue.objects.get().pk)
    assert found.is_more
    assert stake.requests == stakes.MOST
    assert stake.deadline_at == NOW + timedelta(days=1) - timedelta(seconds=stakes.MOST + 4)


def test_it_is_one_query(integration: Integration, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for count in (1, 20):
        record(integration, *(make_refusal(message=f"Trouble {chr(65 + nth)}") for nth in range(count)))
        with django_assert_num_queries(1):
            stakes.of_integration(integration.pk, now=NOW)
