from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from responses.alerting.sweeps import digest
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, call, rule, told
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db

EIGHT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # in Berlin


@pytest.fixture(autouse=True)
def _zone(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Berlin"
    rule("digest", is_on=True)


def test_the_digest_is_due_once_a_day_at_its_hour() -> None:
    shop = make_integration()
    call(shop, 200, at=NOW)

    assert digest.sweep(EIGHT - MINUTE) == 0
    assert digest.sweep(EIGHT) == 1
    assert digest.sweep(EIGHT + MINUTE) == digest.sweep(EIGHT + 15 * HOUR) == 0

    assert digest.sweep(EIGHT + DAY) == 1
    assert [(one.integration, one.subject, one.window) for one in told("digest")] == [
        (shop, f"digest:{shop.pk}", "2026-11-23"),
        (shop, f"digest:{shop.pk}", "2026-11-24"),
    ]


def test_a_worker_that_was_down_at_that_hour_makes_it_later() -> None:
    call(make_integration(), 200, at=NOW)
    assert digest.sweep(EIGHT + 5 * HOUR) == 1


def test_each_integration_has_its_own() -> None:
    for _ in range(2):
        call(make_integration(), 200, at=NOW)
    assert digest.sweep(EIGHT) == 2


def test_an_integration_that_is_not_in_use_has_none() -> None:
    shop = make_integration()
    assert digest.sweep(EIGHT) == 0
    call(shop, 200, at=NOW)
    assert digest.sweep(EIGHT + 8 * DAY) == 0


def test_what_was_made_after_that_hour_waits_for_the_next_day() -> None:
    shop = make_integration(created_at=EIGHT + MINUTE)
    call(shop, 200, at=EIGHT + HOUR)
    assert digest.sweep(EIGHT + 2 * HOUR) == 0
    assert digest.sweep(EIGHT + DAY) == 1

    rule("digest", created_at=EIGHT + DAY + MINUTE)
    assert digest.sweep(EIGHT + DAY + HOUR) == 0


@pytest.mark.parametrize(("hour", "due"), [(0, 1), (7, 1), (9, 0)])
def test_the_rule_says_at_which_hour(hour: int, due: int) -> None:
    call(make_integration(), 200, at=NOW)
    rule("digest", threshold=hour)
    assert digest.sweep(EIGHT - HOUR) == due
