from __future__ import annotations

import pytest

from responses.alerting.sweeps import growth
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, alert_of, refuse, rule, told
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("lately", "before", "usual", "already_told", "has_grown"),
    [
        (20, 0, 0.0, 0, True),
        (19, 0, 0.0, 0, False),  # three where there was one is no growth
        (50, 10, 0.0, 0, True),
        (49, 10, 0.0, 0, False),
        (50, 0, 10.5, 0, False),
        (50, 0, 0.0, 11, False),
    ],
)
def test_fivefold_is_against_all_that_was_before(
    lately: int, before: int, usual: float, already_told: int, has_grown: bool
) -> None:
    assert growth.has_grown(lately, before=before, usual=usual, told=already_told, times=5) == has_grown


def test_five_times_the_hour_before_is_growth_and_told_once_an_hour() -> None:
    shop = make_integration()
    issue = refuse(shop, 6, at=NOW - HOUR)
    refuse(shop, 29, at=NOW)
    assert growth.sweep(NOW + MINUTE) == 0
    refuse(shop, 1, at=NOW)

    assert growth.sweep(NOW + MINUTE) == 1
    assert growth.sweep(NOW + 2 * MINUTE) == growth.sweep(NOW + 30 * MINUTE) == 0

    [grown] = told("issue_grew")
    assert (grown.rule, grown.issue, grown.integration, grown.number) == (rule("growth"), issue, shop, 30)
    assert (grown.subject, grown.window) == (f"issue:{issue.pk}", "2026-11-22T12:00")


def test_what_is_usual_is_the_mean_of_the_day_before() -> None:
    shop = make_integration()
    refuse(shop, 144, at=NOW - 10 * HOUR)  # six an hour
    refuse(shop, 29, at=NOW)
    assert growth.sweep(NOW) == 0
    refuse(shop, 1, at=NOW)
    assert growth.sweep(NOW) == 1


def test_a_new_issue_has_grown_since_its_first_message() -> None:
    issue = refuse(make_integration(), 1, at=NOW)
    alert_of(issue, at=NOW, told=10)
    refuse(issue.integration, 48, at=NOW + MINUTE)
    assert growth.sweep(NOW + MINUTE) == 0
    refuse(issue.integration, 1, at=NOW + MINUTE)
    assert growth.sweep(NOW + MINUTE) == 1


def test_before_the_first_message_has_gone_out_nothing_has_grown() -> None:
    issue = refuse(make_integration(), 100, at=NOW)
    alert_of(issue, at=NOW, told=0)
    assert growth.sweep(NOW) == 0


@pytest.mark.parametrize("state", ["acknowledged", "muted", "resolved"])
def test_what_somebody_has_taken_care_of_is_not_told(state: str) -> None:
    issue = refuse(make_integration(), 100, at=NOW)
    type(issue).objects.update(state=state)
    assert growth.sweep(NOW) == 0


def test_the_conditions_of_the_rule_hold() -> None:
    shop = make_integration()
    other = make_integration(environment="staging", hosts={"sc": "https://sc.ordergroove.com"})
    refuse(shop, 100, at=NOW)
    refuse(other, 100, at=NOW)
    rule("growth", environment="staging", codes="4xx", outcomes=["needs_fix"], endpoint="POST /subscription/create")

    assert growth.sweep(NOW) == 1

    assert told("issue_grew")[0].integration == other


@pytest.mark.parametrize("conditions", [{"codes": "5xx, none"}, {"endpoint": "GET /x"}, {"outcomes": ["partial"]}])
def test_what_does_not_meet_them_is_not_told(conditions: dict[str, object]) -> None:
    refuse(make_integration(), 100, at=NOW)
    rule("growth", **conditions)
    assert growth.sweep(NOW) == 0


def test_a_longer_window_counts_whole_hours() -> None:
    shop = make_integration()
    refuse(shop, 10, at=NOW - 2 * HOUR)
    refuse(shop, 10, at=NOW - HOUR)
    refuse(shop, 10, at=NOW)
    rule("growth", window_minutes=150)
    assert growth.sweep(NOW) == 1
    assert told("issue_grew")[0].number == 30


def test_a_rule_that_is_off_finds_nothing() -> None:
    refuse(make_integration(), 100, at=NOW)
    rule("growth", is_on=False)
    assert growth.sweep(NOW) == 0


def test_growth_of_yesterday_is_none_of_today() -> None:
    refuse(make_integration(), 100, at=NOW)
    assert growth.sweep(NOW + DAY) == 0
