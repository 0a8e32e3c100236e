from __future__ import annotations

from typing import Any

import pytest

from responses.alerting.sweeps import reminders
from responses.models import Alert
from tests.alerting.sweeps.watching import HOUR, MINUTE, alert_of, make_alert, refuse, rule, told
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


def make_due(**overrides: Any) -> Alert:
    return alert_of(refuse(make_integration(), 1, at=NOW), at=NOW, remind_at=NOW + 4 * HOUR, **overrides)


def test_an_alert_that_nobody_acknowledges_is_told_again_when_it_is_time() -> None:
    alert = make_due()
    assert reminders.sweep(NOW + 4 * HOUR - MINUTE) == 0

    assert reminders.sweep(NOW + 4 * HOUR) == 1
    assert reminders.sweep(NOW + 4 * HOUR) == 0

    alert.refresh_from_db()
    assert (alert.remind_at, alert.reminders) == (NOW + 8 * HOUR, 1)
    [one] = told("reminder")
    assert (one.subject, one.issue, one.rule) == (alert.subject, alert.issue, alert.rule)

    assert reminders.sweep(NOW + 8 * HOUR) == 1
    assert len({one.window for one in told("reminder")}) == 2


@pytest.mark.parametrize("state", ["acknowledged", "muted", "resolved"])
def test_an_issue_that_somebody_takes_care_of_is_not_told_again(state: str) -> None:
    alert = make_due()
    type(alert.issue).objects.update(state=state)  # type: ignore[union-attr]

    assert reminders.sweep(NOW + 5 * HOUR) == 0

    alert.refresh_from_db()
    assert (alert.remind_at, alert.reminders) == (NOW + 9 * HOUR, 0)


def test_acknowledged_and_ended_alerts_are_left_alone() -> None:
    make_due(acknowledged_at=NOW)
    make_due(closed_at=NOW)
    make_due(closed_because="The issue was resolved.")
    assert reminders.sweep(NOW + 5 * HOUR) == 0


@pytest.mark.parametrize("overrides", [{"is_on": False}, {"is_on": False, "removed_at": NOW}])
def test_a_rule_that_is_off_reminds_no_more(overrides: dict[str, object]) -> None:
    alert = make_due()
    rule("new_issue", **overrides)
    assert reminders.sweep(NOW + 5 * HOUR) == 0
    alert.refresh_from_db()
    assert alert.remind_at is None


def test_a_rule_without_reminders_is_told_once_where_announcing_asked_for_it() -> None:
    alert = make_due()
    rule("new_issue", remind_minutes=None)
    assert reminders.sweep(NOW + 5 * HOUR) == 1
    alert.refresh_from_db()
    assert (alert.remind_at, alert.reminders) == (None, 1)


def test_an_alert_without_its_rule_reminds_nobody() -> None:
    make_alert("integration:1:auth", at=NOW, remind_at=NOW)
    assert reminders.sweep(NOW) == 0
    assert Alert.objects.get().remind_at is None
