"""When a breaker was open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from responses.insight import breakers
from responses.models import Integration, Transition, User, ids
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db
OPENED, CLOSED = Transition.Kind.BREAKER_OPENED, Transition.Kind.BREAKER_CLOSED
SINCE = NOW - timedelta(hours=24)


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([(OPENED, 60), (CLOSED, 50)], [(60, 50)]),
        ([(OPENED, 60), (CLOSED, 50), (OPENED, 20)], [(60, 50), (20, None)]),
        ([(OPENED, 60), (OPENED, 55), (CLOSED, 50), (CLOSED, 40)], [(60, 40)]),
        ([(CLOSED, 50), (OPENED, 20), (CLOSED, 10)], [(None, 50), (20, 10)]),
    ],
)
def test_openings_are_put_together(
    integration: Integration,
    viewer: User,
    changes: list[tuple[str, int]],
    expected: list[tuple[int | None, int | None]],
) -> None:
    for kind, minutes in changes:
        moment = NOW - timedelta(minutes=minutes)
        Transition.objects.create(id=ids.new(moment), kind=kind, integration=integration, at=moment)

    found = breakers.openings(viewer, integration.pk, since=SINCE)

    def moment_of(minutes: int | None) -> object:
        return None if minutes is None else NOW - timedelta(minutes=minutes)

    assert [(one.start, one.end) for one in found] == [(moment_of(a), moment_of(b)) for a, b in expected]


def test_another_integrations_breaker_is_none_of_ours(integration: Integration, viewer: User) -> None:
    Transition.objects.create(id=ids.new(NOW), kind=OPENED, integration=make_integration(), at=NOW)

    assert breakers.openings(viewer, integration.pk, since=SINCE) == ()
