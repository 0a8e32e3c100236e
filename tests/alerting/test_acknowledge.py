"""Somebody is on it: what is still told, and how an alert follows what people say of its issue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from responses.alerting import acknowledge, announce
from responses.models import Alert, AlertRule, AuditEntry, Channel, Integration, Issue, Role
from responses.triage import issues as triage
from tests.alerting.changes import (
    MINUTE,
    Fate,
    Kind,
    change,
    channel,
    fates,
    found,
    make_issue,
    shop,
    told,
)
from tests.factories import NOW, make_integration, make_user

__all__ = ["channel", "shop"]

pytestmark = pytest.mark.django_db


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

    for alert in Alert.objects.all():
        with pytest.raises(PermissionDenied):
            acknowledge.acknowledge(alert, viewer, now=NOW)
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
