"""Alerts as people read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.insight import alerts, queues
from responses.insight.alerts import Wanted
from responses.models import Alert, AlertRule, Channel, Integration, Issue, Role, Transition, User
from tests.alerted import make_alert, make_channel, make_issue, make_step
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop")


@pytest.fixture
def viewer(shop: Integration) -> User:
    return make_user(role=Role.VIEWER, integration=shop)


@pytest.fixture
def slack(shop: Integration) -> Channel:
    return make_channel(shop)


def test_pages_lead_through_all_alerts_once_the_newest_first(shop: Integration, viewer: User) -> None:
    made = [make_alert(shop, subject=f"x:{nth}", at=NOW + nth * HOUR).pk for nth in range(5)]
    seen: list[int] = []
    after = ""
    while True:
        page = alerts.page(viewer, shop.pk, Wanted(), after=after, size=2)
        seen += [row.alert.pk for row in page.rows]
        after = page.after
        if not after:
            break

    assert seen == made[::-1]


def test_alerts_of_others_are_not_seen_and_those_of_the_monitor_are(shop: Integration, viewer: User) -> None:
    make_alert(make_integration("other"))
    mine, monitor = make_alert(shop), make_alert(None, subject="monitor:worker")

    found = [row.alert.pk for row in alerts.page(viewer, shop.pk, Wanted()).rows]

    assert sorted(found) == sorted([mine.pk, monitor.pk])
    assert queues.of_integration(viewer, shop.pk, now=NOW).alerts == 2


def test_a_list_is_narrowed_by_state_kind_and_severity(shop: Integration, viewer: User) -> None:
    silence = make_alert(shop, severity=Alert.Severity.CRITICAL)
    over = make_alert(shop, subject="x:1", kind="digest", severity=Alert.Severity.INFO, closed_at=NOW)

    def found(**wanted: object) -> list[int]:
        return [row.alert.pk for row in alerts.page(viewer, shop.pk, Wanted(**wanted)).rows]  # type: ignore[arg-type]

    assert found() == [over.pk, silence.pk]
    assert found(is_open=True) == [silence.pk]
    assert found(kind="digest") == [over.pk]
    assert found(severity=3) == [silence.pk]


def test_a_row_says_what_each_channel_got(shop: Integration, viewer: User, slack: Channel) -> None:
    hidden = make_channel(make_integration("other"), "elsewhere")
    alert = make_alert(shop)
    make_step(alert, "silence", slack, hidden)
    make_step(alert, "reminder", slack, at=NOW + HOUR, state="pending", sent_at=None)

    [row] = alerts.page(viewer, shop.pk, Wanted()).rows

    assert [(one.channel.name, one.state, one.messages) for one in row.told] == [("#oncall", "pending", 2)]


def test_a_page_of_many_takes_as_many_queries_as_one_of_few(
    shop: Integration, viewer: User, slack: Channel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert viewer.roles
    for count in (1, 20):
        for nth in range(count):
            alert = make_alert(shop, subject=f"x:{count}:{nth}")
            make_step(alert, "silence", slack)
        with django_assert_num_queries(4):
            assert alerts.page(viewer, shop.pk, Wanted()).rows


@pytest.mark.parametrize(
    ("issue_state", "state"),
    [("open", "open"), ("acknowledged", "acknowledged"), ("muted", "muted"), ("resolved", "over")],
)
def test_what_was_decided_about_the_issue_holds_for_its_alert(shop: Integration, issue_state: str, state: str) -> None:
    issue = make_issue(shop)
    Issue.objects.filter(pk=issue.pk).update(state=issue_state)
    issue.refresh_from_db()

    assert alerts.state_of(make_alert(shop, issue=issue)) == state


def test_without_an_issue_it_is_the_alert_that_is_acknowledged(shop: Integration) -> None:
    assert alerts.state_of(make_alert(shop, acknowledged_at=NOW)) == "acknowledged"
    assert alerts.state_of(make_alert(shop, subject="x", acknowledged_at=NOW, closed_at=NOW)) == "over"


def test_a_thread_counts_what_had_no_message_of_its_own(
    shop: Integration, viewer: User, slack: Channel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alert = make_alert(shop)
    make_step(alert, "silence", slack)
    for nth in range(30):
        make_step(alert, "request_exhausted", at=NOW + nth * HOUR, fate="folded")
    make_step(alert, "reminder", slack, at=NOW + 40 * HOUR)
    assert viewer.roles

    with django_assert_num_queries(4):
        thread = alerts.thread(viewer, alert)

    assert [step.transition.kind for step in thread.steps] == ["reminder", "silence"]
    assert [one.channel.name for step in thread.steps for one in step.deliveries] == ["#oncall", "#oncall"]
    [silent] = thread.silent
    assert (silent.kind, silent.fate, silent.count, silent.last_at) == (
        "request_exhausted",
        "folded",
        30,
        NOW + 29 * HOUR,
    )


def test_a_thread_says_when_there_is_more_of_it(shop: Integration, viewer: User) -> None:
    alert = make_alert(shop)
    for nth in range(3):
        make_step(alert, "reminder", at=NOW + nth * HOUR)

    thread = alerts.thread(viewer, alert, most=2)

    assert thread.is_more
    assert [step.transition.at for step in thread.steps] == [NOW + 2 * HOUR, NOW + HOUR]


def test_a_change_nobody_has_handled_yet_stands_in_the_thread(shop: Integration, viewer: User) -> None:
    alert = make_alert(shop)
    transition = make_step(alert, "reminder", fate="")
    Transition.objects.filter(pk=transition.pk).update(handled_at=None)

    assert len(alerts.thread(viewer, alert).steps) == 1


def test_a_rule_speaks_once_for_each_thing_however_many_channels_hear(shop: Integration, slack: Channel) -> None:
    mail = make_channel(None, "team", "email")
    rule = AlertRule.objects.get(shipped="silence")
    alert = make_alert(shop)
    make_step(alert, "silence", slack, mail, at=NOW - HOUR)
    make_step(alert, "reminder", slack, at=NOW - 30 * HOUR)
    make_step(alert, "reminder", slack, at=NOW - 24 * 8 * HOUR)

    assert alerts.spoken([rule], now=NOW) == {rule.pk: (0, 0, 0, 0, 0, 1, 1)}


def test_rules_of_the_integration_come_before_those_of_all(shop: Integration, viewer: User) -> None:
    own = AlertRule.objects.create(trigger="growth", integration=shop, threshold=3, window_minutes=60)
    AlertRule.objects.create(trigger="growth", integration=make_integration("other"), threshold=3, window_minutes=60)
    removed = AlertRule.objects.get(shipped="digest")
    AlertRule.objects.filter(pk=removed.pk).update(is_on=False, removed_at=NOW)

    found = alerts.rules(viewer, shop.pk)

    assert found[0] == own
    assert all(rule.integration_id is None for rule in found[1:])
    assert removed not in found
