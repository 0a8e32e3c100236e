"""Alerts and their threads: what a transition is about, the one open alert of it, and what each channel was told.

Writes alerts and threads only: which transition is told, and to whom, is decided in ``announce``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db.models import F
from django.db.models.functions import Greatest

from responses.models import Alert, AlertRule, AlertThread, Channel, Delivery, Transition, ids

Kind = Transition.Kind

TOLD_AT_ONCE = (Kind.DIGEST,)
"""What is over once it is told: its alert is opened closed."""
_OF_BREAKERS = (Kind.BREAKER_OPENED, Kind.BREAKER_CLOSED)
_NAMES = {
    Kind.REQUEST_EXHAUSTED: "exhausted",
    Kind.REQUEST_EXPIRED: "expired",
    Kind.AUTH_BURST: "auth",
    Kind.UNKNOWN_OLD: "unknown",
}


class Thread(msgspec.Struct, frozen=True):
    """Where the thread of an alert in a channel has come to, before the next message of it."""

    told: int = 0
    """How many failures its messages have told so far."""
    place: str = ""
    first_message_id: str = ""
    """Empty: nothing of it has been sent yet."""


def subject_of(transition: Transition) -> str:
    """What a transition is about: as its sweep says, else its issue, its breaker, or its kind in its integration."""
    if transition.subject:
        return transition.subject
    if transition.issue_id is not None:
        return f"issue:{transition.issue_id}"
    if transition.kind in _OF_BREAKERS:
        return f"breaker:{transition.integration_id}"
    name = _NAMES.get(Kind(transition.kind), transition.kind)
    return f"integration:{transition.integration_id}:{name}" if transition.integration_id else f"monitor:{name}"


def message_id(delivery_id: int) -> str:
    """The id of a message, the same at each attempt."""
    return f"delivery-{delivery_id}"


def open_of(subject: str) -> Alert | None:
    """The open alert of a subject, locked until the transaction ends."""
    return Alert.objects.open().select_for_update().filter(subject=subject).first()


def begin(transition: Transition, rule: AlertRule, severity: Alert.Severity, *, now: datetime) -> Alert:
    """Open the alert of a transition. Where another process was faster, its alert is continued."""
    is_over = transition.kind in TOLD_AT_ONCE
    alert = Alert(
        id=ids.new(now),
        subject=subject_of(transition),
        kind=transition.kind,
        severity=severity,
        title=_title(transition)[:300],
        integration_id=transition.integration_id,
        issue_id=transition.issue_id,
        failed_request_id=transition.failed_request_id,
        rule=rule,
        opened_at=transition.at,
        last_at=now,
        closed_at=now if is_over else None,
        closed_because="It was told." if is_over else "",
        remind_at=None if is_over else reminder_at(rule, now),
    )
    Alert.objects.bulk_create([alert], ignore_conflicts=not is_over)
    return alert if is_over else Alert.objects.open().select_for_update().get(subject=alert.subject)


def go_on(alert: Alert, severity: Alert.Severity, *, is_reminder: bool, now: datetime) -> None:
    """Note that an open alert is told again. Whatever is told is as good as a reminder, and puts the next one off."""
    alert.severity = max(Alert.Severity(alert.severity), severity)
    alert.last_at = now
    if alert.is_open and not is_reminder and alert.acknowledged_at is None:
        alert.remind_at = reminder_at(alert.rule, now)
    alert.save(update_fields=["severity", "last_at", "remind_at"])


def remind_by(alert: Alert, at: datetime) -> None:
    """Have an open alert reminded at the latest then: something was counted that no message has told yet."""
    if alert.acknowledged_at is None and (alert.remind_at is None or alert.remind_at > at):
        alert.remind_at = at
        alert.save(update_fields=["remind_at"])


def end(alert: Alert, because: str, *, now: datetime) -> None:
    """Close an alert, for the reason that a sweep has left on it, or else for ``because``."""
    alert.closed_at, alert.remind_at = now, None
    alert.closed_because = alert.closed_because or because
    alert.save(update_fields=["closed_at", "remind_at", "closed_because"])


def reminder_at(rule: AlertRule | None, now: datetime) -> datetime | None:
    """When an alert that was told ``now`` is reminded of by the rule that opened it; ``None``: never."""
    minutes = rule.remind_minutes if rule is not None else None
    return now + timedelta(minutes=minutes) if minutes else None


def of(alert: Alert, channel: Channel) -> Thread:
    """What a channel was told of an alert so far."""
    kept = AlertThread.objects.filter(alert=alert, channel=channel).first()
    sent = Delivery.objects.filter(channel=channel, transition__alert=alert, state=Delivery.State.SENT)
    first_id = sent.order_by("sent_at", "id").values_list("pk", flat=True).first()
    return Thread(
        told=kept.told if kept is not None else 0,
        place=kept.place if kept is not None else "",
        first_message_id=message_id(first_id) if first_id is not None else "",
    )


def note(alert_id: int, channel_id: int, *, total: int, place: str = "", now: datetime) -> None:
    """Write down that a channel accepted a message that tells an alert's failures up to ``total``."""
    thread, _ = AlertThread.objects.get_or_create(alert_id=alert_id, channel_id=channel_id)
    threads = AlertThread.objects.filter(pk=thread.pk)
    threads.update(told=Greatest(F("told"), total), last_sent_at=now)
    if place:
        threads.update(place=place)


def _title(transition: Transition) -> str:
    if transition.issue is not None:
        return transition.issue.title
    return transition.get_kind_display()
