from __future__ import annotations

from datetime import UTC, datetime, timedelta

from responses.sandbox import answers, weather

END = datetime(2026, 11, 22, 12, tzinfo=UTC)
KINDS = {"calm", "outage", "blackout", "locked", "throttled", "slow", "wrong sku", "no session", "old key"}


def test_thirty_days_have_every_kind_of_weather() -> None:
    found = {weather.in_history(END - timedelta(minutes=10 * n), END).name for n in range(30 * 24 * 6)}

    assert found == KINDS


def test_the_last_hours_hold_a_problem_that_is_still_open_and_the_very_last_are_calm() -> None:
    assert weather.in_history(END - timedelta(hours=2), END).name == "no session"
    assert weather.in_history(END - timedelta(minutes=30), END).name == "calm"


def test_who_watches_for_a_quarter_of_an_hour_sees_every_kind_and_mostly_calm() -> None:
    found = [weather.live(second).name for second in range(900)]

    assert set(found) == KINDS - {"outage"}
    assert found.count("calm") > 400
    assert {weather.live(second).name for second in range(600)} >= {"wrong sku", "blackout", "locked", "no session"}


def test_the_shop_is_busy_in_the_evening_and_once_on_average() -> None:
    week = [weather.busyness(END + timedelta(minutes=10 * n)) for n in range(7 * 24 * 6)]

    assert 0.9 < sum(week) / len(week) < 1.1
    assert weather.busyness(END.replace(hour=19)) > 5 * weather.busyness(END.replace(hour=3))


def test_every_weight_names_an_answer() -> None:
    for kind in (weather.CALM, weather.OUTAGE, weather.BLACKOUT, weather.LOCKED, weather.THROTTLED, weather.SLOW):
        assert sum(kind.weights.values()) <= 1
        assert all(answers.named(key.partition("@")[0]) is not None for key in kind.weights)
