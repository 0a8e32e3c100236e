"""Splits by code and by endpoint."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.exchanges import Outcome
from responses.insight import periods, splits
from responses.models import Integration, User
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def codes_of(user: User, integration: Integration, key: str = "30d") -> dict[str, int]:
    found = splits.kinds(user, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)
    return {group.key: group.responses for group in splits.by_code(found)}


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_responses_are_split_by_code_and_by_endpoint(key: str, integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_exchange(make_rest(), 204, duration_ms=100),
        make_exchange(make_rest(), 204, duration_ms=300),
        make_refusal(),
        make_timeout(),
    )

    kinds = splits.kinds(viewer, integration.pk, periods.BY_KEY[key], now=NOW, zone=UTC)

    codes = {group.key: group.responses for group in splits.by_code(kinds)}
    assert codes == {"204": 2, "400": 1, "0": 1}
    worst, quiet = splits.by_endpoint(kinds)
    assert (worst.key, worst.failures, worst.responses) == ("POST /subscription/create", 2, 2)
    assert (quiet.key, quiet.failures, quiet.mean_ms) == ("PATCH /subscriptions/{id}/cancel/", 0, 200)


def test_a_split_keeps_the_largest_and_sums_up_the_rest() -> None:
    kinds = [splits.Kind(f"GET /{nth}/", 200 + nth, Outcome.SUCCESS, nth, 10) for nth in range(1, 13)]

    groups = splits.by_code(kinds, most=8)

    assert [group.responses for group in groups] == [12, 11, 10, 9, 8, 7, 6, 15]
    assert (groups[-1].key, groups[-1].groups) == ("", 5)


def test_the_parts_of_a_group_begin_with_the_worst() -> None:
    kinds = [
        splits.Kind("POST /x", 207, Outcome.SUCCESS, 5, 0),
        splits.Kind("POST /x", 207, Outcome.PARTIAL, 2, 0),
    ]

    [group] = splits.by_endpoint(kinds)

    assert group.parts == ((Outcome.PARTIAL, 2), (Outcome.SUCCESS, 5))
    assert group.failures == 2


def test_the_integrations_of_others_are_not_counted(integration: Integration, viewer: User) -> None:
    record(integration, make_refusal(), make_refusal(sent_at=NOW - timedelta(days=9)))
    stranger = make_user(integration=make_integration())

    assert codes_of(viewer, integration) == {"400": 2}
    assert codes_of(stranger, integration) == {}


def test_the_past_is_read_once_and_again_when_it_changed(
    integration: Integration, viewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    record(integration, make_refusal(sent_at=NOW - timedelta(days=9)), make_timeout(sent_at=NOW - timedelta(days=3)))
    with django_assert_num_queries(3):
        assert codes_of(viewer, integration) == {"400": 1, "0": 1}

    record(integration, make_refusal())
    with django_assert_num_queries(2):
        assert codes_of(viewer, integration) == {"400": 2, "0": 1}

    record(integration, make_exchange(make_rest(), 204, sent_at=NOW - timedelta(days=9)))
    with django_assert_num_queries(3):
        assert codes_of(viewer, integration) == {"400": 2, "0": 1, "204": 1}


def test_each_period_has_a_past_of_its_own(integration: Integration, viewer: User) -> None:
    record(integration, *(make_refusal(sent_at=NOW - timedelta(days=days)) for days in (0, 1, 3, 6, 9, 20)))

    assert [codes_of(viewer, integration, key)["400"] for key in ("24h", "7d", "30d", "7d")] == [1, 4, 6, 4]


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_the_number_of_queries_does_not_grow(
    key: str, integration: Integration, viewer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    for count in (1, 20):
        record(integration, *(make_refusal(sent_at=NOW - timedelta(hours=nth * 30)) for nth in range(count)))
        with django_assert_max_num_queries(3):
            codes_of(viewer, integration, key)
