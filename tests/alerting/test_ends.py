"""How an alert goes on and ends: reminders, what is over, and what is back."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from responses.alerting import announce, transitions
from responses.models import Alert, AlertRule, Channel, Delivery, Integration, Issue
from tests.alerting.changes import (
    MINUTE,
    Fate,
    Kind,
    Severity,
    accept,
    change,
    channel,
    fates,
    found,
    make_channel,
    make_issue,
    shop,
    told,
)
from tests.factories import NOW, make_refusal, record

__all__ = ["channel", "shop"]

pytestmark = pytest.mark.django_db


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
