"""Alerts, what they told and to whom, as rows for tests of what reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from responses.models import Alert, AlertRule, Channel, Delivery, Integration, Issue, Transition, ids
from tests.factories import NOW, make_refusal, record

Kind = Transition.Kind


def make_channel(
    integration: Integration | None, name: str = "#oncall", kind: str = "slack", **overrides: Any
) -> Channel:
    """A channel whose target nobody asks for."""
    values = {"target_sealed": b"", "target_hint": "…1234", "created_at": NOW}
    return Channel.objects.create(kind=kind, name=name, integration=integration, **values | overrides)


def make_issue(integration: Integration, message: str = "Session id cannot be null", *, now: datetime = NOW) -> Issue:
    """An open issue of a refused purchase, of which nobody has been told."""
    [row] = record(integration, make_refusal(message=message, sent_at=now), now=now)
    assert row.issue_id is not None
    issue = Issue.objects.get(pk=row.issue_id)
    Transition.objects.filter(issue=issue).update(handled_at=now, fate=Transition.Fate.BEFORE)
    return issue


def make_alert(
    integration: Integration | None, *, issue: Issue | None = None, at: datetime = NOW, **overrides: Any
) -> Alert:
    """An open alert: of ``issue``, or that no purchase arrives."""
    about = f"issue:{issue.pk}" if issue is not None else f"integration:{integration.pk if integration else 0}:silence"
    values = {
        "subject": about,
        "kind": Kind.ISSUE_OPENED if issue is not None else Kind.SILENCE,
        "severity": Alert.Severity.HIGH,
        "title": issue.title if issue is not None else "No purchase has arrived for an hour",
        "rule": AlertRule.objects.filter(shipped="new_issue" if issue is not None else "silence").first(),
        "opened_at": at,
        "last_at": at,
    }
    return Alert.objects.create(id=ids.new(at), integration=integration, issue=issue, **values | overrides)


def make_step(
    alert: Alert, kind: str, *channels: Channel, at: datetime = NOW, fate: str = "told", **overrides: Any
) -> Transition:
    """One step of an alert, sent to each of ``channels``; what is left over goes to the deliveries."""
    transition = Transition.objects.create(
        id=ids.new(at),
        kind=kind,
        integration=alert.integration,
        issue=alert.issue,
        alert=alert,
        at=at,
        fate=fate,
        handled_at=at,
        number=overrides.pop("number", None),
    )
    values = {
        "state": "sent",
        "attempts": 1,
        "next_attempt_at": at,
        "sent_at": at + timedelta(seconds=1),
        "rule": alert.rule,
    }
    for channel in channels:
        Delivery.objects.create(id=ids.new(at), transition=transition, channel=channel, **values | overrides)
    return transition
