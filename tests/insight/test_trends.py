"""Trends and splits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.exchanges import Origin
from responses.insight import periods, trends
from responses.models import Integration, User
from responses.recording import counts, rows
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


@pytest.mark.parametrize("key", ["1h", "30d"])
def test_the_number_of_queries_does_not_grow(
    key: str, integration: Integration, viewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    for count in (1, 20):
        record(integration, *(make_refusal(sent_at=NOW - timedelta(minutes=nth)) for nth in range(count)))
        with django_assert_num_queries(1):
            trends.trend(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_what_was_retried_and_fine_is_counted_apart(key: str, integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_exchange(make_rest(), 204),
        make_exchange(make_rest(), 204, origin=Origin.RETRY),
        make_accepted(origin=Origin.RETRY),
        make_exchange(make_rest(), 503, b"<html>", origin=Origin.RETRY),
    )
    record(integration, make_exchange(make_rest(), 204, origin=Origin.RETRY))

    trend = trends.trend(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)

    assert counted(trend) == {"success": 1, "recovered": 3, "transient": 1}


def test_counting_what_was_retried_takes_no_statement_more(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def listen(name: str) -> None:
        real = getattr(rows.Cursor, name)

        def listening(cursor: rows.Cursor, statement: str, values: Any = ()) -> None:
            said.append(statement)
            real(cursor, statement, values)

        monkeypatch.setattr(rows.Cursor, name, listening)

    listen("execute")
    listen("executemany")

    def statements(origin: Origin) -> int:
        said.clear()
        record(integration, make_exchange(make_rest("/orders/", method="GET"), 200, [], origin=origin))
        return sum("count" in statement or "outcomehour" in statement for statement in said)

    assert statements(Origin.RETRY) == statements(Origin.CALLER) == 3


def test_what_a_retry_got_accepted_and_was_refused_later_is_the_latter(integration: Integration, viewer: User) -> None:
    record(integration, make_accepted(origin=Origin.RETRY))
    with rows.cursor() as cursor:
        hour = periods.hour_of(NOW)
        counts.settle(cursor, integration_id=integration.pk, hour=hour, is_confirmed=False)

    trend = trends.trend(viewer, integration.pk, periods.DEFAULT, now=NOW, zone=UTC)

    assert counted(trend) == {"refused": 1}
