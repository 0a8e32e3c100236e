"""Transitions become alerts: whose rules want them, what is told once, what is only counted, and when it is over."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from responses.alerting import acknowledge, addressing, announce, rules, setup, threads, transitions
from responses.audit import Doer
from responses.models import Alert, AlertRule, AuditEntry, Channel, Delivery, Integration, Issue, Role, Transition, ids
from responses.triage import issues as triage
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_refusal, make_user, record

pytestmark = pytest.mark.django_db

Kind = Transition.Kind
Fate = Transition.Fate
Severity = Alert.Severity
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Integration:
    return make_integration(name="Shop EU")


@pytest.fixture
def channel(shop: Integration) -> Channel:
    return make_channel(shop)


def make_channel(integration: Integration | None = None, **values: Any) -> Channel:
    channel = setup.add(Channel.Kind.EMAIL, "team@example.com", integration=integration, doer=Doer(), now=NOW)
    Channel.objects.filter(pk=channel.pk).update(**values)
    channel.refresh_from_db()
    return channel


def make_issue(shop: Integration, *, now: datetime = NOW, status_code: int = 400) -> Issue:
    """A new issue, told."""
    answer = {"error_message": "Session id cannot be null"}
    record(shop, make_exchange(make_purchase(), status_code, answer, sent_at=now), now=now)
    announce.announce(now)
    return Issue.objects.order_by("-id")[0]


def change(kind: Kind, shop: Integration | None = None, *, now: datetime = NOW, **values: Any) -> Transition:
    """A change of state that nobody has handled."""
    return Transition.objects.create(id=ids.new(now), kind=kind, integration=shop, at=now, **values)


def found(kind: Kind, issue: Issue, shipped: str, *, now: datetime = NOW) -> Transition:
    """What a sweep has found about an issue."""
    rule = AlertRule.objects.get(shipped=shipped)
    subject, window = f"issue:{issue.pk}", f"{now:%H:%M:%S}"
    assert transitions.once(
        kind, rule=rule, subject=subject, window=window, integration=issue.integration, issue=issue, now=now
    )
    return Transition.objects.order_by("-id")[0]


def fates() -> list[str]:
    return list(Transition.objects.order_by("id").values_list("fate", flat=True))


def told() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("transition__kind", flat=True))


def accept() -> None:
    """As if the channels had taken what waits for them."""
    Delivery.objects.filter(state=Delivery.State.PENDING).update(state=Delivery.State.SENT, sent_at=NOW)


def test_a_new_issue_opens_an_alert_with_all_that_is_known(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)

    alert, opened, delivery = Alert.objects.get(), Transition.objects.get(), Delivery.objects.get()
    rule = AlertRule.objects.get(shipped="new_issue")
    assert (alert.subject, alert.kind, alert.title) == (f"issue:{issue.pk}", Kind.ISSUE_OPENED, issue.title)
    assert (alert.integration, alert.issue, alert.rule, alert.severity) == (shop, issue, rule, Severity.HIGH)
    assert (alert.opened_at, alert.last_at, alert.remind_at) == (NOW, NOW, NOW + timedelta(hours=4))
    assert (opened.alert, opened.fate, opened.handled_at) == (alert, Fate.TOLD, NOW)
    assert (delivery.channel, delivery.rule) == (channel, rule)


def test_what_no_rule_asks_for_opens_nothing(shop: Integration, channel: Channel) -> None:
    AlertRule.objects.filter(shipped="new_issue").update(is_on=False)

    make_issue(shop)

    assert (fates(), Alert.objects.count(), Delivery.objects.count()) == ([Fate.NO_RULE], 0, 0)


def test_what_no_channel_hears_of_is_an_alert_all_the_same(shop: Integration) -> None:
    make_issue(shop)

    assert (fates(), Alert.objects.open().count()) == ([Fate.NO_CHANNEL], 1)


def test_what_is_muted_opens_nothing(shop: Integration, channel: Channel) -> None:
    record(shop, make_refusal())
    Issue.objects.update(state=Issue.State.MUTED)

    announce.announce(NOW)

    assert (fates(), Alert.objects.count(), Delivery.objects.count()) == ([Fate.MUTED], 0, 0)


def test_only_the_channels_of_the_rules_hear_of_it_each_once(shop: Integration, channel: Channel) -> None:
    chosen = make_channel()
    AlertRule.objects.filter(shipped="new_issue").update(is_on=False)
    values = {"trigger": "new_issue", "every_channel": False, "channels": [chosen]}
    first, _second = (rules.add(values, Doer(), now=NOW) for _ in range(2))
    first.channels.add(make_channel(make_integration()))  # it came to hear of another integration only

    make_issue(shop)

    delivery = Delivery.objects.get()
    assert (delivery.channel, delivery.rule) == (chosen, first)


def test_what_waits_for_one_subject_is_one_message_the_worst(shop: Integration, channel: Channel) -> None:
    record(shop, make_exchange(make_purchase(), 503))
    issue = Issue.objects.get()
    found(Kind.ISSUE_MANY, issue, "many")
    change(Kind.REQUEST_EXHAUSTED, shop, issue=issue, number=3)

    announce.announce(NOW)

    assert told() == [Kind.REQUEST_EXHAUSTED]
    assert fates() == [Fate.FOLDED, Fate.FOLDED, Fate.TOLD]
    assert Alert.objects.get().severity == Severity.HIGH
    assert Transition.objects.filter(alert=Alert.objects.get()).count() == 3


def test_of_equals_the_oldest_is_told_and_every_channel_that_hears_of_one(shop: Integration, channel: Channel) -> None:
    other = make_channel(shop)
    AlertRule.objects.filter(shipped="new_issue").update(every_channel=False)
    AlertRule.objects.get(shipped="new_issue").channels.add(channel)
    record(shop, make_refusal())
    found(Kind.ISSUE_MANY, Issue.objects.get(), "many")

    announce.announce(NOW)

    deliveries = Delivery.objects.order_by("channel_id")
    assert [(one.channel, one.transition and one.transition.kind) for one in deliveries] == [
        (channel, Kind.ISSUE_OPENED),
        (other, Kind.ISSUE_OPENED),
    ]
    assert [one.rule and one.rule.shipped for one in deliveries] == ["new_issue", "many"]


def test_an_alert_goes_on_and_gets_worse_but_never_better(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop, status_code=503)
    later = NOW + 10 * MINUTE
    change(Kind.REQUEST_EXHAUSTED, shop, issue=issue, now=later)
    announce.announce(later)
    found(Kind.ISSUE_GREW, issue, "growth", now=later + MINUTE)
    announce.announce(later + MINUTE)

    alert = Alert.objects.get()
    assert (alert.severity, alert.last_at) == (Severity.HIGH, later + MINUTE)
    assert alert.remind_at == later + MINUTE + timedelta(hours=4)
    assert told() == [Kind.ISSUE_OPENED, Kind.REQUEST_EXHAUSTED, Kind.ISSUE_GREW]


def test_of_an_issue_that_somebody_is_on_only_what_is_worse_is_told(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop, status_code=503)
    Issue.objects.update(state=Issue.State.ACKNOWLEDGED)
    for kind, shipped in (
        (Kind.ISSUE_GREW, "growth"),
        (Kind.ISSUE_LASTS, "lasting"),
        (Kind.ISSUE_MANY, "many"),
        (Kind.REQUEST_REPEATED, "repeated"),
        (Kind.REMINDER, "new_issue"),
    ):
        found(kind, issue, shipped, now=NOW + MINUTE)
    announce.announce(NOW + MINUTE)
    assert told() == [Kind.ISSUE_OPENED]
    assert set(fates()[1:]) == {Fate.FOLDED}

    change(Kind.REQUEST_EXHAUSTED, shop, issue=issue, now=NOW + 2 * MINUTE)
    announce.announce(NOW + 2 * MINUTE)

    assert told() == [Kind.ISSUE_OPENED, Kind.REQUEST_EXHAUSTED]


def test_what_somebody_is_on_is_known_also_where_its_alert_is_gone(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    Alert.objects.all().delete()
    Issue.objects.update(state=Issue.State.ACKNOWLEDGED)
    found(Kind.ISSUE_GREW, issue, "growth", now=NOW + MINUTE)

    announce.announce(NOW + MINUTE)

    assert fates()[-1] == Fate.FOLDED


def test_an_issue_that_is_back_gets_an_alert_of_its_own(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    later = NOW + timedelta(hours=1)
    record(shop, make_refusal(sent_at=later), now=later)
    assert Issue.objects.get().pk == issue.pk

    announce.announce(later)

    first, second = Alert.objects.order_by("id")
    assert (first.closed_at, first.closed_because) == (later, "It had ended, and is back.")
    assert (second.kind, second.opened_at, second.is_open) == (Kind.ISSUE_REGRESSED, later, True)


def test_requests_that_are_exhausted_are_told_once_an_hour_then_counted(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop, status_code=503)
    for minute in (1, 2, 30, 59, 62):
        now = NOW + minute * MINUTE
        change(Kind.REQUEST_EXHAUSTED, shop, issue=issue, now=now)
        announce.announce(now)
        if minute == 30:
            assert Alert.objects.get().remind_at == NOW + 61 * MINUTE

    assert fates()[1:] == [Fate.TOLD, Fate.FOLDED, Fate.FOLDED, Fate.FOLDED, Fate.TOLD]


def test_a_thousand_expired_requests_are_one_message(
    shop: Integration, channel: Channel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    subject = f"integration:{shop.pk}:expired"
    Transition.objects.bulk_create(
        Transition(id=ids.new(NOW), kind=Kind.REQUEST_EXPIRED, integration=shop, at=NOW, number=1) for _ in range(1_000)
    )

    with django_assert_max_num_queries(1_200):
        announce.announce(NOW)

    assert (Alert.objects.get().subject, Delivery.objects.count()) == (subject, 1)
    assert sorted(set(fates())) == [Fate.FOLDED, Fate.TOLD]
    assert not Transition.objects.unhandled().exists()


@pytest.mark.parametrize(
    ("begins", "ends", "is_quiet"),
    [
        (time(11), time(13), True),
        (time(12), time(13), True),
        (time(11), time(12), False),
        (time(22), time(6), False),
        (time(22), time(12, 1), True),
        (time(11, 59), time(6), True),
    ],
)
def test_in_its_quiet_hours_a_rule_leaves_it_to_the_digest(
    shop: Integration, channel: Channel, begins: time, ends: time, is_quiet: bool
) -> None:
    AlertRule.objects.update(quiet_from=begins, quiet_until=ends)

    make_issue(shop)

    assert fates() == [Fate.QUIET if is_quiet else Fate.TOLD]
    assert Delivery.objects.exists() is not is_quiet
    assert Alert.objects.open().count() == 1


def test_quiet_hours_are_those_of_the_team(shop: Integration, channel: Channel, settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Asia/Tokyo"  # 21:00 there
    AlertRule.objects.update(quiet_from=time(20), quiet_until=time(22))

    make_issue(shop)

    assert fates() == [Fate.QUIET]


def test_what_is_critical_knows_no_quiet_hours(shop: Integration, channel: Channel) -> None:
    AlertRule.objects.update(quiet_from=time(11), quiet_until=time(13))

    make_issue(shop, status_code=401)

    assert fates() == [Fate.TOLD]
    assert Alert.objects.get().severity == Severity.CRITICAL


def test_a_rule_without_quiet_hours_tells_its_channels(shop: Integration, channel: Channel) -> None:
    night = make_channel(shop)
    rules.add({"trigger": "new_issue", "every_channel": False, "channels": [night]}, Doer(), now=NOW)
    AlertRule.objects.filter(shipped="new_issue").update(quiet_from=time(11), quiet_until=time(13))

    make_issue(shop)

    assert [one.channel for one in Delivery.objects.all()] == [night]


def test_when_it_is_over_whoever_heard_of_it_is_told(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    accept()
    make_channel(shop)  # it heard nothing
    Alert.objects.update(closed_because="Nothing has failed for 15 minutes.")
    later = NOW + timedelta(hours=1)
    found(Kind.RECOVERED, issue, "new_issue", now=later)

    announce.announce(later)

    alert = Alert.objects.get()
    assert (alert.closed_at, alert.remind_at) == (later, None)
    assert alert.closed_because == "Nothing has failed for 15 minutes."
    assert [(one.channel, one.transition and one.transition.kind) for one in Delivery.objects.order_by("id")] == [
        (channel, Kind.ISSUE_OPENED),
        (channel, Kind.RECOVERED),
    ]


@pytest.mark.parametrize("why", ["no end told", "rule is off", "muted", "nobody heard", "quiet"])
def test_it_is_over_also_where_nobody_is_told(shop: Integration, channel: Channel, why: str) -> None:
    if why == "nobody heard":
        Channel.objects.update(is_on=False)
    issue = make_issue(shop)
    rule = AlertRule.objects.filter(shipped="new_issue")
    expected = Fate.NO_RULE
    if why == "no end told":
        rule.update(tells_end=False)
    elif why == "rule is off":
        rule.update(is_on=False)
    elif why == "quiet":
        rule.update(quiet_from=time(11), quiet_until=time(13))
        expected = Fate.QUIET
    elif why == "muted":
        Issue.objects.update(state=Issue.State.MUTED)
        expected = Fate.MUTED
    else:
        expected = Fate.FOLDED
    recovered = found(Kind.RECOVERED, issue, "new_issue", now=NOW + MINUTE)

    announce.announce(NOW + MINUTE)

    recovered.refresh_from_db()
    assert (Alert.objects.get().closed_at, recovered.fate) == (NOW + MINUTE, expected)
    assert recovered.alert == Alert.objects.get()
    assert Kind.RECOVERED not in told()


def test_an_end_without_a_beginning_is_no_message(shop: Integration, channel: Channel) -> None:
    change(Kind.BREAKER_CLOSED, shop)

    announce.announce(NOW)

    assert (fates(), Alert.objects.count(), Delivery.objects.count()) == ([Fate.FOLDED], 0, 0)


def test_a_breaker_that_closes_ends_its_alert_even_if_both_waited(shop: Integration, channel: Channel) -> None:
    change(Kind.BREAKER_OPENED, shop)
    change(Kind.BREAKER_CLOSED, shop)
    change(Kind.BREAKER_OPENED, shop)

    announce.announce(NOW)

    assert told() == [Kind.BREAKER_OPENED, Kind.BREAKER_CLOSED, Kind.BREAKER_OPENED]
    first, second = Alert.objects.order_by("id")
    assert (first.subject, first.severity) == (f"breaker:{shop.pk}", Severity.CRITICAL)
    assert (first.closed_because, second.is_open) == ("Sending goes on.", True)


def test_a_reminder_is_told_of_an_open_alert_and_leaves_the_next_one_to_the_sweep(
    shop: Integration, channel: Channel
) -> None:
    issue = make_issue(shop)
    later = NOW + timedelta(hours=4)
    Alert.objects.update(remind_at=later + timedelta(hours=4))
    found(Kind.REMINDER, issue, "new_issue", now=later)
    announce.announce(later)
    assert told() == [Kind.ISSUE_OPENED, Kind.REMINDER]
    assert Alert.objects.get().remind_at == later + timedelta(hours=4)

    Alert.objects.update(closed_at=later, remind_at=None)
    found(Kind.REMINDER, issue, "new_issue", now=later + MINUTE)
    announce.announce(later + MINUTE)

    assert fates()[-1] == Fate.FOLDED


def test_a_reminder_gives_way_to_news(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    found(Kind.REMINDER, issue, "new_issue", now=NOW + MINUTE)
    found(Kind.ISSUE_GREW, issue, "growth", now=NOW + MINUTE)

    announce.announce(NOW + MINUTE)

    assert told() == [Kind.ISSUE_OPENED, Kind.ISSUE_GREW]


def test_a_digest_is_over_once_it_is_told(shop: Integration, channel: Channel) -> None:
    rule = AlertRule.objects.get(shipped="digest")
    for day in ("2026-11-22", "2026-11-23"):
        transitions.once(
            Kind.DIGEST, rule=rule, subject=f"digest:{shop.pk}", window=day, integration=shop, now=NOW + MINUTE
        )
        announce.announce(NOW + MINUTE)

    assert told() == [Kind.DIGEST] * 2
    assert [(one.is_open, one.remind_at) for one in Alert.objects.all()] == [(False, None)] * 2


def test_the_monitor_itself_is_told_to_the_channels_of_all(shop: Integration, channel: Channel) -> None:
    everywhere = make_channel()
    rule = AlertRule.objects.get(shipped="monitor")
    transitions.once(Kind.MONITOR_LAGS, rule=rule, subject="monitor:worker", window="12:00", now=NOW)

    announce.announce(NOW)

    assert [one.channel for one in Delivery.objects.all()] == [everywhere]


def test_sentry_hears_of_new_and_returning_issues_only(shop: Integration, channel: Channel) -> None:
    Channel.objects.update(kind=Channel.Kind.SENTRY)
    issue = make_issue(shop)
    found(Kind.ISSUE_MANY, issue, "many", now=NOW + MINUTE)
    announce.announce(NOW + MINUTE)

    assert told() == [Kind.ISSUE_OPENED]
    assert fates() == [Fate.TOLD, Fate.NO_CHANNEL]


def test_later_messages_of_a_thread_follow_the_earlier_ones(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop, now=NOW + MINUTE)
    Delivery.objects.update(next_attempt_at=NOW + 30 * MINUTE)
    found(Kind.RECOVERED, issue, "new_issue")

    announce.announce(NOW)  # a worker whose clock is a minute late

    opened, recovered = Delivery.objects.order_by("transition__kind")
    assert (opened.transition and opened.transition.kind) == Kind.ISSUE_OPENED
    assert recovered.pk > opened.pk
    assert recovered.next_attempt_at == NOW + 30 * MINUTE


def test_an_error_leaves_its_subject_for_the_next_time_and_the_others_alone(
    shop: Integration, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(shop, make_refusal())
    change(Kind.BREAKER_OPENED, shop)
    works = addressing.deliver

    def breaks(about: Transition, *args: Any, **values: Any) -> list[Delivery]:
        if about.kind == Kind.ISSUE_OPENED:
            raise RuntimeError("killed here")
        return works(about, *args, **values)

    monkeypatch.setattr(addressing, "deliver", breaks)
    announce.announce(NOW)
    assert told() == [Kind.BREAKER_OPENED]
    assert Alert.objects.filter(issue__isnull=False).count() == 0
    [waiting] = Transition.objects.unhandled()
    assert (waiting.kind, waiting.fate) == (Kind.ISSUE_OPENED, "")

    monkeypatch.undo()
    announce.announce(NOW)

    assert sorted(told()) == [Kind.BREAKER_OPENED, Kind.ISSUE_OPENED]


@pytest.mark.django_db(transaction=True)
def test_workers_that_handle_one_subject_at_once_open_one_alert_and_tell_each_thing_once() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, make_refusal())
    issue = Issue.objects.get()
    for second in range(12):
        found(Kind.ISSUE_MANY, issue, "many", now=NOW + timedelta(seconds=second))
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        announce.announce(NOW)
        connection.close()

    workers = [threading.Thread(target=run) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    announce.announce(NOW)

    alert = Alert.objects.get()
    assert not Transition.objects.unhandled().exists()
    assert Transition.objects.filter(alert=alert).count() == 13
    assert Delivery.objects.count() == Transition.objects.filter(fate=Fate.TOLD).count()


def test_two_who_open_the_same_alert_continue_one(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    again = change(Kind.ISSUE_OPENED, shop, issue=issue)
    rule = AlertRule.objects.get(shipped="new_issue")

    alert = threads.begin(again, rule, Severity.HIGH, now=NOW + MINUTE)

    assert alert == Alert.objects.get()


def test_an_alert_is_acknowledged_with_its_issue_and_written_down(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    ada = make_user("ada", role=Role.SUPPORT, integration=shop)
    alert = Alert.objects.select_related("issue").get()

    assert acknowledge.acknowledge(alert, ada, now=NOW + MINUTE, address="192.0.2.7")
    assert not acknowledge.acknowledge(alert, ada, now=NOW + MINUTE)

    kept = Alert.objects.get()
    issue.refresh_from_db()
    assert (kept.acknowledged_at, kept.acknowledged_by, kept.remind_at) == (NOW + MINUTE, ada, None)
    assert issue.state == Issue.State.ACKNOWLEDGED
    assert sorted(AuditEntry.objects.filter(actor="ada").values_list("action", flat=True)) == [
        "alert.acknowledged",
        "issue.acknowledged",
    ]


def test_an_alert_is_not_acknowledged_without_the_role(shop: Integration, channel: Channel) -> None:
    make_issue(shop)
    change(Kind.MONITOR_LAGS, subject="monitor:worker", rule=AlertRule.objects.get(shipped="monitor"))
    announce.announce(NOW)
    viewer = make_user(role=Role.VIEWER, integration=shop)
    elsewhere = make_user(role=Role.ADMIN, integration=make_integration())

    for alert, person in ((alert, viewer) for alert in Alert.objects.all()):
        with pytest.raises(PermissionDenied):
            acknowledge.acknowledge(alert, person, now=NOW)
    with pytest.raises(PermissionDenied):
        acknowledge.acknowledge(Alert.objects.get(integration=shop), elsewhere, now=NOW)
    assert acknowledge.acknowledge(Alert.objects.get(integration=None), elsewhere, now=NOW)


def test_an_alert_follows_what_is_said_of_its_issue(shop: Integration, channel: Channel) -> None:
    issue = make_issue(shop)
    ada = make_user("ada", role=Role.SUPPORT, integration=shop)
    triage.acknowledge(issue, ada, now=NOW + MINUTE)

    assert acknowledge.follow(NOW + 2 * MINUTE) == 1
    assert acknowledge.follow(NOW + 2 * MINUTE) == 0

    alert = Alert.objects.get()
    assert (alert.acknowledged_at, alert.acknowledged_by, alert.remind_at) == (NOW + MINUTE, ada, None)
    triage.reopen(issue, ada, now=NOW + 3 * MINUTE)
    assert acknowledge.follow(NOW + 4 * MINUTE) == 1
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.remind_at) == (None, NOW + 4 * MINUTE + timedelta(hours=4))
