"""Transitions become alerts: whose rules want them, what is told once, and what is only counted."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from responses.alerting import addressing, announce, rules, threads, transitions
from responses.audit import Doer
from responses.models import Alert, AlertRule, Channel, Delivery, Integration, Issue, Transition, ids
from tests.alerting.changes import (
    MINUTE,
    Fate,
    Kind,
    Severity,
    change,
    channel,
    fates,
    found,
    make_channel,
    make_issue,
    shop,
    told,
)
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_refusal, record

__all__ = ["channel", "shop"]

pytestmark = pytest.mark.django_db


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
