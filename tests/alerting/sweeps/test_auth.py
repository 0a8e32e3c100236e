from __future__ import annotations

import pytest

from responses.alerting.sweeps import auth
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, call, handle, make_alert, rule, told
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


def test_five_refusals_within_five_minutes_are_a_burst() -> None:
    shop = make_integration()
    call(shop, 401, 3, at=NOW - 2 * MINUTE)
    call(shop, 403, 1, at=NOW)
    call(shop, 500, 9, at=NOW)
    assert auth.sweep(NOW) == 0
    call(shop, 403, 1, at=NOW)

    assert auth.sweep(NOW) == 1
    assert auth.sweep(NOW + MINUTE) == 0

    [burst] = told("auth_burst")
    assert (burst.integration, burst.number, burst.issue) == (shop, 5, None)
    assert burst.subject == f"integration:{shop.pk}:auth"


def test_what_is_older_does_not_count() -> None:
    shop = make_integration()
    call(shop, 401, 4, at=NOW - 5 * MINUTE)
    call(shop, 401, 4, at=NOW)
    assert auth.sweep(NOW) == 0


def test_integrations_are_counted_apart() -> None:
    for _ in range(3):
        call(make_integration(), 401, 4, at=NOW)
    assert auth.sweep(NOW) == 0


def test_the_rule_may_mean_one_of_the_codes() -> None:
    call(make_integration(), 403, 9, at=NOW)
    rule("auth", codes="401")
    assert auth.sweep(NOW) == 0


def test_it_is_not_told_again_while_its_alert_is_open() -> None:
    shop = make_integration()
    call(shop, 401, 9, at=NOW)
    assert auth.sweep(NOW) == 1
    alert = make_alert(f"integration:{shop.pk}:auth", at=NOW, integration=shop)
    handle(alert)
    call(shop, 401, 9, at=NOW + DAY)
    assert auth.sweep(NOW + DAY) == 0
    type(alert).objects.update(closed_at=NOW + HOUR)
    assert auth.sweep(NOW + DAY) == 1
