"""All sweeps together."""

from __future__ import annotations

from datetime import datetime

import pytest

from responses.alerting.sweeps import rounds
from responses.models import LastRun
from tests.alerting.sweeps.watching import MINUTE, alert_of, refuse, told
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


def test_every_sweep_has_its_turn() -> None:
    refuse(make_integration(), 100, at=NOW)
    assert rounds.sweep(NOW) == 2
    assert len(told("issue_grew")) == len(told("issue_many")) == 1
    assert rounds.sweep(NOW) == 0


def test_what_changes_by_the_minute_is_looked_for_once_a_minute() -> None:
    rounds.sweep(NOW)
    refuse(make_integration(), 100, at=NOW)
    assert rounds.sweep(NOW + MINUTE / 4) == 1
    assert not told("issue_many")
    assert rounds.sweep(NOW + MINUTE) == 1
    assert LastRun.objects.get(name="sweep_alerts").ran_at == NOW + MINUTE


def test_a_sweep_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(now: datetime) -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr(rounds, "OFTEN", (fail, *rounds.OFTEN))
    monkeypatch.setattr(rounds, "SELDOM", (fail, *rounds.SELDOM))
    refuse(make_integration(), 100, at=NOW)
    assert rounds.sweep(NOW) == 2


def test_an_alert_follows_who_acknowledges_its_issue() -> None:
    issue = refuse(make_integration(), 1, at=NOW)
    alert = alert_of(issue, at=NOW, remind_at=NOW + 240 * MINUTE)
    type(issue).objects.update(state="acknowledged")

    rounds.sweep(NOW + 240 * MINUTE)

    alert.refresh_from_db()
    assert alert.acknowledged_at is not None
    assert not told("reminder")


def test_with_nothing_to_find_it_is_a_few_small_reads(django_assert_max_num_queries: object) -> None:
    make_integration()
    rounds.sweep(NOW - MINUTE)
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        rounds.sweep(NOW)
