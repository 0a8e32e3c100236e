"""Rules, alerts and failures for the sweeps, made short."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from responses.models import Alert, AlertRule, AlertThread, Channel, Integration, Issue, Transition, ids
from tests.factories import NOW, make_exchange, make_purchase, make_refusal, make_rest, record

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rule(trigger: str, **overrides: Any) -> AlertRule:
    """The rule that is shipped for a trigger, changed, and older than everything in tests."""
    found = AlertRule.objects.get(shipped=trigger)
    for name, value in ({"created_at": NOW - 60 * DAY} | overrides).items():
        setattr(found, name, value)
    found.save()
    return found


def refuse(shop: Integration, number: int, *, at: datetime, message: str = "Session id cannot be null") -> Issue:
    """So many orders are refused for one reason."""
    return _issue(shop, *(make_refusal(sent_at=at, message=message) for _ in range(number)), at=at)


def outage(shop: Integration, number: int = 1, *, at: datetime, order_id: str = "") -> Issue:
    """So many purchases get 503."""
    return _issue(shop, *(make_exchange(make_purchase(order_id), 503, sent_at=at) for _ in range(number)), at=at)


def call(shop: Integration, status_code: int, number: int = 1, *, at: datetime) -> None:
    """So many calls get an answer with this code."""
    record(shop, *(make_exchange(make_rest(), status_code, sent_at=at) for _ in range(number)), now=at)


def _issue(shop: Integration, *exchanges: Any, at: datetime) -> Issue:
    response = record(shop, *exchanges, now=at)[-1]
    return Issue.objects.get(pk=response.issue_id or 0)


def make_alert(subject: str, *, at: datetime, **overrides: Any) -> Alert:
    """An alert that is open."""
    values: dict[str, Any] = {"kind": "issue_opened", "opened_at": at, "last_at": at}
    return Alert.objects.create(id=ids.new(at), subject=subject, **values | overrides)


def alert_of(issue: Issue, *, at: datetime, told: int | None = None, **overrides: Any) -> Alert:
    """An open alert of an issue, of which ``told`` failures have been told."""
    values: dict[str, Any] = {"issue": issue, "integration": issue.integration, "rule": rule("new_issue")}
    alert = make_alert(f"issue:{issue.pk}", at=at, **values | overrides)
    if told is not None:
        channel = Channel.objects.create(kind="email", name="team", target_sealed=b"", target_hint="")
        AlertThread.objects.create(alert=alert, channel=channel, told=told)
    return alert


def told(kind: str) -> list[Transition]:
    """What the sweeps wrote down, oldest first."""
    return list(Transition.objects.filter(kind=kind).order_by("id"))


def handle(alert: Alert) -> None:
    """What announcing does with the transitions of an alert's subject, as far as sweeps look at it."""
    Transition.objects.filter(subject=alert.subject, alert=None).update(alert=alert, handled_at=alert.opened_at)
