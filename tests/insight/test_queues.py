"""The numbers of the navigation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from responses.insight import queues
from responses.insight.queues import Queues
from responses.models import FailedRequest, Integration, Issue
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    return make_integration()


def test_open_issues_requests_to_fix_and_partial_ones_are_counted(integration: Integration) -> None:
    record(
        integration,
        make_refusal(),
        make_refusal(),
        make_partial(),
        make_exchange(make_rest(), 503, b""),
        make_exchange(make_rest("/orders/", method="GET"), 404, {"detail": "Not found."}),
    )
    Issue.objects.filter(status_code=404).update(state=Issue.State.MUTED)

    assert queues.of_integration(make_user(integration=integration), integration.pk, now=NOW) == Queues(3, 3, 1)


def test_closed_requests_are_not_counted(integration: Integration) -> None:
    record(integration, make_refusal(), make_partial())
    FailedRequest.objects.update(state="dismissed", closed_at=NOW)

    found = queues.of_integration(make_user(integration=integration), integration.pk, now=NOW)

    assert (found.to_fix, found.partial) == (0, 0)


def test_a_stranger_counts_nothing(integration: Integration) -> None:
    record(integration, make_refusal(), make_partial())

    assert queues.of_integration(make_user(), integration.pk, now=NOW) == Queues()


@pytest.mark.slow
def test_nobody_counts_further_than_the_cap(integration: Integration) -> None:
    record(integration, *(make_partial(sent_at=NOW - timedelta(minutes=1)) for _ in range(queues.CAP + 5)))

    found = queues.of_integration(make_user(integration=integration), integration.pk, now=NOW)

    assert (found.to_fix, found.partial) == (queues.CAP, queues.CAP)


def test_the_switch_shows_how_many_issues_each_integration_has(integration: Integration) -> None:
    other, hidden = make_integration(), make_integration()
    for one in (integration, other, hidden):
        record(one, make_refusal(), make_partial())
    Issue.objects.filter(integration=other, status_code=400).update(state=Issue.State.RESOLVED, resolved_at=NOW)
    viewer = make_user(integration=integration)
    viewer.memberships.create(integration=other)

    found = queues.open_issues(viewer, [integration.pk, other.pk, hidden.pk])

    assert found == {integration.pk: 2, other.pk: 1}
