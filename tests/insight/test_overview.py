"""The figures of the overview."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.exchanges import Outcome, Request
from responses.insight import overview
from responses.insight.overview import Rate
from responses.models import FailedRequest, Integration, User
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
STATUS_URL = "https://sc.ordergroove.com/subscription/{}/response"


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


@pytest.mark.parametrize(
    ("outcome", "counts", "expected"),
    [
        (Outcome.SUCCESS, (5, 0, 0), Rate(5, 5, 5)),
        (Outcome.NEEDS_FIX, (5, 0, 0), Rate(5, 5, 0)),
        (Outcome.ACCEPTED, (5, 2, 1), Rate(5, 3, 2)),
    ],
)
def test_only_what_is_proven_counts_as_success(outcome: Outcome, counts: tuple[int, int, int], expected: Rate) -> None:
    assert overview.rate_of(outcome, *counts) == expected


def test_the_rate_leaves_out_what_nobody_knows_yet(integration: Integration, viewer: User) -> None:
    record(
        integration,
        *(make_exchange(make_rest(), 204) for _ in range(3)),
        make_refusal(),
        make_accepted(subs_req_id="abc"),
        make_accepted(),
    )
    created = {"errors": {}, "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}]}
    record(integration, make_exchange(Request("GET", STATUS_URL.format("abc")), 200, created))

    total = overview.day(viewer, integration.pk, now=NOW).total

    # The look itself is a response of the caller's too: a success.
    assert (total.responses, total.known, total.good) == (7, 6, 5)
    assert total.share == pytest.approx(5 / 6)


def test_yesterday_is_what_lies_24_to_48_hours_back(integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_refusal(sent_at=NOW - timedelta(hours=47)),
        make_exchange(make_rest(), 204, sent_at=NOW - timedelta(hours=24)),
        make_exchange(make_rest(), 204, sent_at=NOW - timedelta(hours=23)),
        make_refusal(sent_at=NOW - timedelta(hours=48)),
    )

    day = overview.day(viewer, integration.pk, now=NOW)

    assert (day.before.known, day.before.good) == (2, 1)
    assert (day.total.known, day.total.good) == (1, 1)
    assert day.hours[0] == Rate(1, 1, 1)
    assert len(day.hours) == 24


def test_no_response_has_no_rate(integration: Integration, viewer: User) -> None:
    assert overview.day(viewer, integration.pk, now=NOW).total.share is None


def test_acceptances_wait_until_their_result_is_known(viewer: User, integration: Integration) -> None:
    integration.api_key_sealed = b"sealed"
    integration.save()
    record(
        integration,
        make_accepted(sent_at=NOW - timedelta(minutes=9)),
        make_accepted(sent_at=NOW - timedelta(minutes=4)),
    )

    waiting = overview.waiting(viewer, integration.pk, now=NOW)

    assert (waiting.asked, waiting.unconfirmed) == (2, 0)
    assert waiting.oldest_at == NOW - timedelta(minutes=9)


def test_without_credentials_an_acceptance_stays_unconfirmed(viewer: User, integration: Integration) -> None:
    record(integration, make_accepted())

    waiting = overview.waiting(viewer, integration.pk, now=NOW)

    assert (waiting.asked, waiting.unconfirmed, waiting.oldest_at) == (0, 1, None)


def test_the_queue_holds_what_a_person_must_do_and_the_first_to_expire(integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_refusal("late", sent_at=NOW),
        make_refusal("soon", sent_at=NOW - timedelta(hours=20)),
        make_timeout(),
        make_exchange(make_rest(), 503, b""),
        make_exchange(make_rest("/orders/", method="GET"), 404, {"detail": "Not found."}),
    )

    queue = overview.queue(viewer, integration.pk, now=NOW)

    assert queue.requests == 3
    assert queue.next is not None
    assert queue.next.order_id == "soon"


def test_the_queue_tells_what_is_pressing_and_what_was_lost(integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_refusal("soon", sent_at=NOW - timedelta(hours=23, minutes=30)),
        make_refusal("later", sent_at=NOW - timedelta(hours=22)),
        make_refusal("lost", sent_at=NOW - timedelta(hours=26)),
        make_refusal("lost long ago", sent_at=NOW - timedelta(hours=49)),
    )
    FailedRequest.objects.filter(deadline_at__lte=NOW).update(state="expired", closed_at=NOW)

    queue = overview.queue(viewer, integration.pk, now=NOW)

    assert (queue.requests, queue.within_hour, queue.expired) == (2, 1, 1)


def test_the_last_response_is_the_one_recorded_last(integration: Integration, viewer: User) -> None:
    assert overview.last_recorded_at(viewer, integration.pk) is None
    record(integration, make_refusal(sent_at=NOW - timedelta(hours=3)), now=NOW)

    assert overview.last_recorded_at(viewer, integration.pk) == NOW


def test_a_stranger_sees_nothing(integration: Integration) -> None:
    record(integration, make_refusal(), make_accepted())
    stranger = make_user(integration=make_integration())

    assert overview.day(stranger, integration.pk, now=NOW).total == Rate()
    assert overview.queue(stranger, integration.pk, now=NOW).requests == 0
    assert overview.waiting(stranger, integration.pk, now=NOW).unconfirmed == 0
    assert overview.last_recorded_at(stranger, integration.pk) is None


def test_the_number_of_queries_does_not_grow(
    integration: Integration, viewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    for count in (1, 20):
        record(integration, *(make_refusal() for _ in range(count)))
        with django_assert_num_queries(7):
            overview.day(viewer, integration.pk, now=NOW)
            overview.queue(viewer, integration.pk, now=NOW)
            overview.waiting(viewer, integration.pk, now=NOW)
            overview.last_recorded_at(viewer, integration.pk)
