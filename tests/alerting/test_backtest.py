"""How often a rule would have fired in each of the last seven days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from responses.alerting import backtest
from responses.models import AlertRule, FailedRequest, Integration, Issue, Transition, ids
from tests.alerting.sweeps.test_silence import count
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, call, outage, refuse
from tests.factories import NOW, make_integration, make_partial, make_purchase, make_refusal, make_timeout, record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _zone(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "UTC"


def fires(trigger: str, *, now: Any = NOW, **values: Any) -> list[int]:
    """For every integration, with a rule that is not stored."""
    every = list(Integration.objects.values_list("pk", flat=True))
    return backtest.fires(AlertRule(trigger=trigger, **values), integration_ids=every, now=now)


def test_new_issues_are_counted_by_the_day_they_were_found() -> None:
    shop = make_integration()
    for days, messages in ((8, ["a"]), (6, ["b", "c"]), (1, ["d"]), (0, ["e", "b"])):
        for message in messages:
            refuse(shop, 1, at=NOW - days * DAY, message=f"Problem with {message * 5}")
    record(shop, make_partial())

    assert fires("new_issue") == [2, 0, 0, 0, 0, 1, 1]
    assert fires("partial") == [0, 0, 0, 0, 0, 0, 1]
    assert fires("new_issue", codes="5xx") == [0] * 7


def test_days_are_those_of_the_calendar(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Asia/Tokyo"  # nine hours ahead: it is nine in the evening
    refuse(make_integration(), 1, at=NOW - 22 * HOUR)
    assert fires("new_issue") == [0, 0, 0, 0, 0, 1, 0]


def test_only_what_the_rule_and_the_person_look_at_counts() -> None:
    shop, other = make_integration(), make_integration()
    refuse(shop, 1, at=NOW)
    refuse(other, 1, at=NOW)
    assert fires("new_issue") == [0] * 6 + [2]
    assert fires("new_issue", integration=shop) == [0] * 6 + [1]
    assert fires("new_issue", environment="staging") == [0] * 7
    mine = backtest.fires(AlertRule(trigger="new_issue"), integration_ids=[other.pk], now=NOW)
    assert mine == [0] * 6 + [1]


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [("regression", "issue_regressed"), ("expired", "request_expired"), ("breaker", "breaker_closed")],
)
def test_changes_of_state_are_counted(trigger: str, kind: str) -> None:
    shop = make_integration()
    for days in (3, 2, 2):
        change(shop, kind, at=NOW - days * DAY + days * HOUR)
    assert sum(fires(trigger)) == (2 if trigger == "expired" else 3)  # of one issue, at most one message an hour
    assert fires(trigger)[3] == 1


def change(shop: Integration, kind: str, **values: Any) -> None:
    Transition.objects.create(id=ids.new(values["at"]), integration=shop, kind=kind, **values)


def test_attempts_used_up_are_those_of_fitting_issues() -> None:
    shop = make_integration()
    issue = outage(shop, at=NOW)
    change(shop, "request_exhausted", at=NOW, issue=issue)
    assert fires("exhausted", codes="503")[-1] == 1
    assert fires("exhausted", codes="500")[-1] == 0


def test_growth_is_counted_by_the_hour() -> None:
    shop = make_integration()
    refuse(shop, 4, at=NOW - 2 * DAY)
    refuse(shop, 30, at=NOW - 2 * DAY + HOUR)
    refuse(shop, 40, at=NOW - 2 * DAY + 2 * HOUR)
    refuse(shop, 100, at=NOW)
    assert fires("growth", threshold=5, window_minutes=60) == [0, 0, 0, 0, 1, 0, 1]
    assert fires("growth", threshold=50, window_minutes=60) == [0] * 7


def test_lasting_is_a_span_of_failures() -> None:
    shop = make_integration()
    for minutes in (50, 55, 62):
        outage(shop, at=NOW - DAY + minutes * MINUTE)
    for minutes in (0, 1, 2):
        outage(shop, at=NOW + minutes * MINUTE)
    assert fires("lasting", window_minutes=10, now=NOW + HOUR) == [0, 0, 0, 0, 0, 1, 0]
    assert fires("lasting", window_minutes=30, now=NOW + HOUR) == [0] * 7


def test_many_requests_of_one_cause_are_told_once_while_they_go_on() -> None:
    shop = make_integration()
    for hours in (30, 29, 2):
        refuse(shop, 30, at=NOW - hours * HOUR)
    record(shop, *(make_refusal("8001", sent_at=NOW - 50 * HOUR) for _ in range(30)), now=NOW - 50 * HOUR)
    assert fires("many", threshold=25, window_minutes=60) == [0, 0, 0, 0, 0, 1, 1]
    assert fires("many", threshold=31, window_minutes=60) == [0] * 7


def test_repeated_errors_are_told_once_a_day_for_each_cause() -> None:
    shop = make_integration()
    for order_id in ("8002", "8003"):
        record(shop, *(make_refusal(order_id, sent_at=NOW - DAY) for _ in range(3)), now=NOW - DAY)
    record(shop, make_refusal("8004"), make_refusal("8004"))
    assert fires("repeated", threshold=3, window_minutes=1440) == [0, 0, 0, 0, 0, 1, 0]
    assert fires("repeated", threshold=2, window_minutes=720) == [0, 0, 0, 0, 0, 1, 1]


def test_bursts_of_refusals_are_counted_by_the_hour() -> None:
    shop = make_integration()
    for hours in (50, 49, 3):
        call(shop, 401, 5, at=NOW - hours * HOUR)
    call(shop, 403, 4, at=NOW - 30 * HOUR)
    assert fires("auth", threshold=5, window_minutes=5) == [0, 0, 0, 0, 1, 0, 1]


def test_outcomes_that_stayed_unknown_are_counted() -> None:
    shop = make_integration()
    for days in (2, 1):
        at = NOW - days * DAY
        record(shop, make_timeout(make_purchase(f"80{days}"), sent_at=at), now=at)
    closed = FailedRequest.objects.filter(order_id="802")
    closed.update(state="resolved", resolved_by="lookup", closed_at=NOW - 2 * DAY + 11 * MINUTE)
    assert fires("unknown", window_minutes=30) == [0, 0, 0, 0, 0, 1, 0]
    assert fires("unknown", window_minutes=10) == [0, 0, 0, 0, 1, 1, 0]


def test_requests_that_came_near_their_end_are_counted() -> None:
    shop = make_integration()
    refuse(shop, 5, at=NOW - 3 * DAY)
    refuse(shop, 5, at=NOW - 5 * DAY)
    early = FailedRequest.objects.filter(deadline_at__lt=NOW - 3 * DAY)
    early.update(state="resolved", resolved_by="person", closed_at=NOW - 5 * DAY)
    assert fires("expiring", window_minutes=60) == [0, 0, 0, 0, 1, 0, 0]


def test_silence_is_counted_once_until_the_next_purchase() -> None:
    shop = make_integration()
    for hours in range(35 * 24):
        at = (NOW - hours * HOUR).replace(minute=0)
        if not NOW - 2 * DAY <= at < NOW - 2 * DAY + 5 * HOUR:
            count(shop, at, 10)
    assert fires("silence", window_minutes=60) == [0, 0, 0, 0, 1, 0, 0]


def test_a_digest_comes_each_day_for_what_is_in_use() -> None:
    shop = make_integration()
    make_integration()
    call(shop, 200, at=NOW)
    assert fires("digest", threshold=8) == [1] * 7
    assert fires("digest", threshold=20) == [1] * 6 + [0]


def test_what_was_told_of_the_monitor_itself_is_counted_once_for_several_rules() -> None:
    at = NOW - DAY
    for part in ("worker", "worker", "beat"):
        Transition.objects.create(id=ids.new(at), kind="monitor_lags", subject=f"monitor:{part}", at=at)
    assert fires("monitor", window_minutes=2) == [0, 0, 0, 0, 0, 2, 0]


@pytest.mark.parametrize("trigger", AlertRule.Trigger.values)
def test_every_trigger_can_be_tried_on_nothing(trigger: str) -> None:
    make_integration()
    assert fires(trigger) == [0] * 7
    assert not Issue.objects.exists()


def test_the_shipped_rules_can_be_tried_with_a_few_reads(django_assert_max_num_queries: Any) -> None:
    refuse(make_integration(), 30, at=NOW - timedelta(days=3))
    for rule in AlertRule.objects.exclude(trigger="expiring"):
        with django_assert_max_num_queries(12):
            backtest.fires(rule, integration_ids=[Integration.objects.get().pk], now=NOW)
