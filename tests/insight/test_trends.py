"""Trends and splits."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from responses.exchanges import Outcome
from responses.insight import periods, trends
from responses.models import Integration, User
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")
STATUS_URL = "https://sc.ordergroove.com/subscription/{}/response"


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def counted(trend: trends.Trend, index: int = -1) -> dict[str, int]:
    return {name: number for name, number in zip(trends.STRANDS, trend.counts[index], strict=True) if number}


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_each_outcome_is_counted_in_the_slot_of_its_event_time(
    key: str, integration: Integration, viewer: User
) -> None:
    record(
        integration,
        make_exchange(make_rest(), 204),
        make_exchange(make_rest(), 204),
        make_refusal(),
        make_partial(),
        make_accepted(),
        make_timeout(),
        make_exchange(make_rest("/orders/", method="GET"), 503, b"<html>"),
    )

    trend = trends.trend(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)

    expected = {"success": 2, "needs_fix": 1, "partial": 1, "accepted": 1, "no_answer": 1, "transient": 1}
    assert counted(trend) == expected
    assert trend.total == 7


def test_an_earlier_response_stands_in_an_earlier_slot(integration: Integration, viewer: User) -> None:
    record(integration, make_refusal(sent_at=NOW - timedelta(hours=5)))

    trend = trends.trend(viewer, integration.pk, periods.DEFAULT, now=NOW, zone=UTC)

    assert counted(trend, -6) == {"needs_fix": 1}
    assert trend.total == 1


def test_what_lies_before_the_period_is_left_out(integration: Integration, viewer: User) -> None:
    record(integration, make_refusal(sent_at=NOW - timedelta(hours=25)))

    assert trends.trend(viewer, integration.pk, periods.DEFAULT, now=NOW, zone=UTC).total == 0


def test_an_acceptance_that_failed_later_has_a_strand_of_its_own(integration: Integration, viewer: User) -> None:
    record(integration, make_accepted(subs_req_id="abc"), make_accepted(subs_req_id="def"))
    result = {"errors": {"products": ["sku is required"]}, "subscriptions": []}
    status = make_rest("", method="GET")
    record(
        integration,
        make_exchange(type(status)("GET", STATUS_URL.format("abc")), 200, result, sent_at=NOW + timedelta(seconds=5)),
    )

    trend = trends.trend(viewer, integration.pk, periods.DEFAULT, now=NOW, zone=UTC)

    assert counted(trend)["accepted"] == 1
    assert counted(trend)["refused"] == 1


def test_the_integrations_of_others_are_not_counted(integration: Integration) -> None:
    record(integration, make_refusal())
    stranger = make_user(integration=make_integration())

    assert trends.trend(stranger, integration.pk, periods.DEFAULT, now=NOW, zone=UTC).total == 0
    assert trends.kinds(stranger, integration.pk, periods.DEFAULT, now=NOW, zone=UTC) == ()
    assert not AnonymousUser().is_authenticated


@pytest.mark.parametrize("key", ["1h", "30d"])
def test_the_number_of_queries_does_not_grow(
    key: str, integration: Integration, viewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    for count in (1, 20):
        record(integration, *(make_refusal(sent_at=NOW - timedelta(minutes=nth)) for nth in range(count)))
        with django_assert_num_queries(2):
            trends.trend(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)
            trends.kinds(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_responses_are_split_by_code_and_by_endpoint(key: str, integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_exchange(make_rest(), 204, duration_ms=100),
        make_exchange(make_rest(), 204, duration_ms=300),
        make_refusal(),
        make_timeout(),
    )

    kinds = trends.kinds(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)

    codes = {group.key: group.responses for group in trends.by_code(kinds)}
    assert codes == {"204": 2, "400": 1, "0": 1}
    worst, quiet = trends.by_endpoint(kinds)
    assert (worst.key, worst.failures, worst.responses) == ("POST /subscription/create", 2, 2)
    assert (quiet.key, quiet.failures, quiet.mean_ms) == ("PATCH /subscriptions/{id}/cancel/", 0, 200)


def test_a_split_keeps_the_largest_and_sums_up_the_rest() -> None:
    kinds = [trends.Kind(f"GET /{nth}/", 200 + nth, Outcome.SUCCESS, nth, 10) for nth in range(1, 13)]

    groups = trends.by_code(kinds, most=8)

    assert [group.responses for group in groups] == [12, 11, 10, 9, 8, 7, 6, 15]
    assert (groups[-1].key, groups[-1].groups) == ("", 5)


def test_the_parts_of_a_group_begin_with_the_worst() -> None:
    kinds = [
        trends.Kind("POST /x", 207, Outcome.SUCCESS, 5, 0),
        trends.Kind("POST /x", 207, Outcome.PARTIAL, 2, 0),
    ]

    [group] = trends.by_endpoint(kinds)

    assert group.parts == ((Outcome.PARTIAL, 2), (Outcome.SUCCESS, 5))
    assert group.failures == 2
