"""Says that somebody is on an alert. Of an issue's alert, triage decides; here the alert follows what was decided."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from responses import audit
from responses.alerting import threads
from responses.models import Alert, AuditEntry, Issue, Role, User
from responses.triage import issues

AT_A_TIME = 200


def acknowledge(alert: Alert, user: User, *, now: datetime, address: str = "") -> bool:
    """Say that somebody is on it, and on its issue where it has one; ``False`` when it is over or acknowledged already.

    ``PermissionDenied`` without the role Support: for the monitor itself, in any integration.
    """
    if not _may(alert, user):
        raise PermissionDenied
    with transaction.atomic():
        changed = Alert.objects.open().filter(pk=alert.pk, acknowledged_at__isnull=True)
        if not changed.update(acknowledged_at=now, acknowledged_by=user, remind_at=None):
            return False
        if alert.issue is not None and alert.issue.state != Issue.State.ACKNOWLEDGED:
            issues.acknowledge(alert.issue, user, now=now, address=address)
        audit.log(
            user,
            "alert.acknowledged",
            integration_id=alert.integration_id,
            subject="alert",
            subject_id=alert.pk,
            address=address,
            now=now,
        )
    alert.acknowledged_at, alert.acknowledged_by, alert.remind_at = now, user, None
    return True


def follow(now: datetime) -> int:
    """Let open alerts follow what people have said of their issues; return how many changed. For a sweep."""
    about = Alert.objects.open().filter(issue__isnull=False).select_related("rule")
    taken = list(about.filter(acknowledged_at=None, issue__state=Issue.State.ACKNOWLEDGED)[:AT_A_TIME])
    for alert in taken:
        entry = _entry(alert)
        alert.acknowledged_at = entry.at if entry is not None else now
        alert.acknowledged_by = _person(entry)
        alert.remind_at = None
        alert.save(update_fields=["acknowledged_at", "acknowledged_by", "remind_at"])
    given_back = list(about.filter(acknowledged_at__isnull=False, issue__state=Issue.State.OPEN)[:AT_A_TIME])
    for alert in given_back:
        alert.acknowledged_at, alert.acknowledged_by = None, None
        alert.remind_at = threads.reminder_at(alert.rule, now)
        alert.save(update_fields=["acknowledged_at", "acknowledged_by", "remind_at"])
    return len(taken) + len(given_back)


def _person(entry: AuditEntry | None) -> User | None:
    if entry is None or entry.user_id is None:
        return None
    return User.objects.filter(pk=entry.user_id).first()


def _may(alert: Alert, user: User) -> bool:
    if alert.integration_id is not None:
        return user.has_role(alert.integration_id, Role.SUPPORT)
    return user.is_superuser or any(role.rank >= Role.SUPPORT.rank for role in user.roles.values())


def _entry(alert: Alert) -> AuditEntry | None:
    """Who acknowledged the issue last."""
    entries = AuditEntry.objects.filter(subject="issue", subject_id=str(alert.issue_id), action="issue.acknowledged")
    return entries.order_by("-id").first()
