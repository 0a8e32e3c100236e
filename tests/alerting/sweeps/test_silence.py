from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from responses.alerting.sweeps import silence
from responses.models import HourlyCount, Integration
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, handle, make_alert, rule, told
from tests.factories import NOW, make_exchange, make_integration, make_purchase, record

pytestmark = pytest.mark.django_db

WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _zone(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "UTC"


def count(shop: Integration, hour: datetime, purchases: int) -> None:
    """So many purchases in the hour that begins then."""
    HourlyCount.objects.create(
        integration_id=shop.pk,
        hour=int(hour.timestamp()) // 3600,
        endpoint=silence.PURCHASE,
        status_code=200,
        outcome=2,
        responses=purchases,
        duration_ms=0,
    )


def make_busy(*, weeks: int = 4, purchases: int = 10, missing: tuple[int, ...] = ()) -> Integration:
    """A shop with so many purchases in each hour from eight to five on this day of the week, but in some weeks."""
    shop = make_integration()
    for week in range(1, weeks + 1):
        for hour in range(8, 17):
            if week not in missing:
                count(shop, NOW.replace(hour=hour) - week * WEEK, purchases)
    return shop


def buy(shop: Integration, *, at: datetime) -> None:
    record(shop, make_exchange(make_purchase(), 400, {"error_message": "x"}, sent_at=at), now=at)


def test_an_hour_without_a_purchase_where_there_usually_are_some_is_silence() -> None:
    shop = make_busy()
    buy(shop, at=NOW - HOUR)
    assert silence.sweep(NOW - MINUTE) == 0

    assert silence.sweep(NOW) == 1
    assert silence.sweep(NOW + MINUTE) == 0

    [one] = told("silence")
    assert (one.integration, one.number, one.subject) == (shop, 59, f"integration:{shop.pk}:silence")


def test_any_purchase_breaks_the_silence_even_a_refused_one() -> None:
    shop = make_busy()
    buy(shop, at=NOW - 59 * MINUTE)
    assert silence.sweep(NOW) == 0


def test_two_weeks_are_history_enough_and_less_is_not() -> None:
    make_busy(weeks=1)
    assert silence.sweep(NOW) == 0
    make_busy(weeks=2)
    assert silence.sweep(NOW) == 1


def test_one_week_without_is_an_exception_and_two_are_not() -> None:
    make_busy(missing=(2,))
    assert silence.sweep(NOW) == 1
    make_busy(missing=(2, 3))
    assert silence.sweep(NOW + MINUTE) == 0


def test_night_is_no_silence() -> None:
    make_busy()
    for hour in (0, 5, 8, 18, 23):
        assert silence.sweep(NOW.replace(hour=hour)) == 0


def test_a_small_shop_is_silent_for_longer_before_it_is_told() -> None:
    shop = make_busy(purchases=3)
    buy(shop, at=NOW - HOUR)
    assert silence.sweep(NOW) == 0
    assert silence.sweep(NOW + HOUR) == 0
    assert silence.sweep(NOW + 2 * HOUR) == 1
    assert told("silence")[0].number == 179


def test_hours_are_those_of_the_clock_on_the_wall(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Berlin"
    after = datetime(2026, 10, 26, 8, 30, tzinfo=UTC)  # the day after summer time ended: 9:30, and was 7:30 UTC before
    same = [datetime.fromtimestamp(one * 3600, UTC) for one in silence.same_hours(after, 1, ZoneInfo("Europe/Berlin"))]
    assert [one.hour for one in same] == [7]


def test_the_share_of_each_hour_counts() -> None:
    begun = NOW + 45 * MINUTE
    assert [round(share, 2) for _, share in silence.stretches(begun, NOW + 150 * MINUTE)] == [0.25, 1.0, 0.5]


def test_silence_is_told_once_while_its_alert_is_open() -> None:
    shop = make_busy()
    rule("silence", window_minutes=30)
    assert silence.sweep(NOW) == 1
    handle(make_alert(f"integration:{shop.pk}:silence", at=NOW, integration=shop))
    assert silence.sweep(NOW + 2 * HOUR) == 0


def test_the_day_before_is_looked_at_and_no_more() -> None:
    make_busy(purchases=1)
    assert silence.sweep(NOW + 4 * HOUR) == 1
    assert told("silence")[0].number == DAY / MINUTE
