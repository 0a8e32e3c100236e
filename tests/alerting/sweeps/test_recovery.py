"""What is over is told once; what was over and is back, too."""

from __future__ import annotations

from typing import Any

import pytest

from responses.alerting.sweeps import calm, recovery
from responses.models import Alert, FailedRequest, Heartbeat, Issue, Transition
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, alert_of, call, make_alert, outage, refuse, rule, told
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_rest, make_timeout, record

pytestmark = pytest.mark.django_db


def settle_all() -> None:
    FailedRequest.objects.update(state="resolved", closed_at=NOW, resolved_by="caller")


def close(alert: Alert, *, at: Any) -> None:
    """What announcing does."""
    Alert.objects.filter(pk=alert.pk).update(closed_at=at)


# --- issues ---


def test_an_alert_ends_when_a_person_resolves_its_issue() -> None:
    issue = refuse(make_integration(), 3, at=NOW)
    alert = alert_of(issue, at=NOW)
    assert recovery.sweep(NOW + MINUTE) == 0
    Issue.objects.update(state="resolved", resolved_at=NOW)

    assert recovery.sweep(NOW + MINUTE) == 1
    assert recovery.sweep(NOW + MINUTE) == 0

    [over] = told("recovered")
    assert (over.subject, over.issue, over.rule, over.window) == (alert.subject, issue, alert.rule, f"alert-{alert.pk}")
    alert.refresh_from_db()
    assert (alert.closed_at, alert.closed_because) == (None, "The issue was resolved.")


def test_a_transient_issue_is_over_after_a_quarter_of_an_hour_if_nothing_is_left() -> None:
    alert_of(outage(make_integration(), 2, at=NOW), at=NOW)
    assert recovery.sweep(NOW + 20 * MINUTE) == 0
    settle_all()
    assert recovery.sweep(NOW + 14 * MINUTE) == 0
    assert recovery.sweep(NOW + 15 * MINUTE) == 1


def test_an_issue_to_fix_is_over_an_hour_after_its_last_failure_if_nothing_is_left() -> None:
    alert_of(refuse(make_integration(), 2, at=NOW), at=NOW)
    assert recovery.sweep(NOW + 2 * HOUR) == 0
    FailedRequest.objects.update(state="expired", closed_at=NOW)
    assert recovery.sweep(NOW + 59 * MINUTE) == 0
    assert recovery.sweep(NOW + HOUR) == 1


def test_a_question_that_nobody_asks_again_leaves_nothing_to_settle() -> None:
    shop = make_integration()
    record(shop, make_exchange(make_rest(method="GET"), 503))
    alert_of(Issue.objects.get(), at=NOW)
    assert recovery.sweep(NOW + 15 * MINUTE) == 1


def test_but_one_that_we_ask_again_does() -> None:
    record(make_integration(), make_exchange(make_rest(method="GET"), 503))
    FailedRequest.objects.update(state="retrying")
    alert_of(Issue.objects.get(), at=NOW)
    assert recovery.sweep(NOW + 15 * MINUTE) == 0


def test_an_issue_that_comes_and_goes_must_be_quiet_for_longer_each_time() -> None:
    issue = outage(make_integration(), at=NOW)
    settle_all()
    for hours in (5, 3):
        close(alert_of(issue, at=NOW - hours * HOUR), at=NOW - hours * HOUR)
    alert_of(issue, at=NOW)
    assert recovery.sweep(NOW + 59 * MINUTE) == 0
    assert recovery.sweep(NOW + 60 * MINUTE) == 1


def test_quiet_is_never_asked_for_longer_than_four_hours() -> None:
    issue = outage(make_integration(), at=NOW)
    assert calm.quiet_for(issue, times=50) == 4 * HOUR


def test_an_alert_whose_rule_is_gone_closes_and_tells_nobody() -> None:
    alert = alert_of(refuse(make_integration(), 1, at=NOW), at=NOW, rule=None)
    Issue.objects.update(state="resolved", resolved_at=NOW)
    assert recovery.sweep(NOW + MINUTE) == 1
    alert.refresh_from_db()
    assert alert.closed_at == NOW + MINUTE
    assert not told("recovered")


# --- back ---


def test_an_issue_that_fails_again_after_its_alert_has_ended_is_told_as_back() -> None:
    shop = make_integration()
    issue = outage(shop, at=NOW)
    close(alert_of(issue, at=NOW), at=NOW + 15 * MINUTE)
    Transition.objects.update(handled_at=NOW)
    assert calm.sweep_back(NOW + HOUR) == 0
    outage(shop, at=NOW + HOUR)

    assert calm.sweep_back(NOW + HOUR) == 1
    assert calm.sweep_back(NOW + HOUR) == 0

    [back] = told("issue_regressed")
    assert (back.issue, back.integration, back.rule, back.subject) == (issue, shop, None, f"issue:{issue.pk}")


@pytest.mark.parametrize("state", ["muted", "resolved"])
def test_what_is_muted_or_resolved_is_not_told_as_back(state: str) -> None:
    issue = outage(make_integration(), at=NOW)
    close(alert_of(issue, at=NOW - HOUR), at=NOW - HOUR)
    Issue.objects.update(state=state)
    assert calm.sweep_back(NOW + MINUTE) == 0


def test_what_has_an_open_alert_is_not_back() -> None:
    issue = outage(make_integration(), at=NOW)
    close(alert_of(issue, at=NOW - HOUR), at=NOW - HOUR)
    alert_of(issue, at=NOW - MINUTE)
    Transition.objects.all().delete()
    assert calm.sweep_back(NOW + MINUTE) == 0


# --- the rest ---


def alert_about(word: str, trigger: str, **overrides: Any) -> Alert:
    shop = make_integration()
    return make_alert(f"integration:{shop.pk}:{word}", at=NOW, integration=shop, rule=rule(trigger), **overrides)


def because() -> str:
    return Alert.objects.get().closed_because


def test_silence_is_over_with_the_first_purchase() -> None:
    alert = alert_about("silence", "silence")
    assert recovery.sweep(NOW + HOUR) == 0
    record(alert.integration, make_exchange(make_purchase(), 500, sent_at=NOW + HOUR), now=NOW + HOUR)  # type: ignore[arg-type]
    assert recovery.sweep(NOW + HOUR) == 1
    assert because() == "Purchases arrive again."


def test_a_burst_is_over_when_no_call_is_refused_for_a_quarter_of_an_hour() -> None:
    alert = alert_about("auth", "auth")
    assert recovery.sweep(NOW + 14 * MINUTE) == 0
    call(alert.integration, 401, at=NOW + 5 * MINUTE)  # type: ignore[arg-type]
    assert recovery.sweep(NOW + 16 * MINUTE) == 0
    assert recovery.sweep(NOW + 20 * MINUTE) == 1


def test_unknown_outcomes_are_over_when_none_is_left() -> None:
    alert = alert_about("unknown", "unknown")
    record(alert.integration, make_timeout(make_purchase()))  # type: ignore[arg-type]
    assert recovery.sweep(NOW + HOUR) == 0
    settle_all()
    assert recovery.sweep(NOW + HOUR) == 1


def test_expiring_requests_are_over_when_none_is_left() -> None:
    alert = alert_about("expiring", "expiring")
    refuse(alert.integration, 1, at=NOW - 23 * HOUR)  # type: ignore[arg-type]
    assert recovery.sweep(NOW + MINUTE) == 0
    assert recovery.sweep(NOW + HOUR) == 1


@pytest.mark.parametrize("word", ["expired", "exhausted"])
def test_what_only_tells_is_over_after_a_day_without_news(word: str) -> None:
    alert_about(word, "expired")
    assert recovery.sweep(NOW + DAY - MINUTE) == 0
    assert recovery.sweep(NOW + DAY) == 1


def test_an_alert_about_the_monitor_is_over_when_the_part_is_seen_again() -> None:
    make_alert("monitor:beat", at=NOW, rule=rule("monitor"))
    Heartbeat.objects.create(name="beat", seen_at=NOW)
    assert recovery.sweep(NOW + 3 * MINUTE) == 0
    Heartbeat.objects.update(seen_at=NOW + 3 * MINUTE)
    assert recovery.sweep(NOW + 3 * MINUTE) == 1
    assert because() == "The monitor is well again."


def test_a_breakers_alert_is_ended_by_its_breaker() -> None:
    make_alert("breaker:1", at=NOW, rule=rule("breaker"))
    assert recovery.sweep(NOW + 30 * DAY) == 0
