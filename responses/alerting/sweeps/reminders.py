"""Reminders of alerts that nobody has acknowledged."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from responses.alerting import transitions
from responses.alerting.sweeps import scope
from responses.models import Alert, Issue, Transition


def sweep(now: datetime) -> int:
    """Write down the reminders that are due, and when the next ones are; return how many."""
    due = Alert.objects.to_remind(now).filter(closed_because="").select_related("rule", "issue", "integration")
    return sum(_remind(alert, now=now) for alert in due[: scope.MOST])


def _remind(alert: Alert, *, now: datetime) -> bool:
    rule = alert.rule
    minutes = rule.remind_minutes if rule is not None and rule.is_on else None
    next_at = now + timedelta(minutes=minutes) if minutes else None
    is_wanted = rule is not None and rule.is_on and _needs_somebody(alert.issue)
    with transaction.atomic():
        same = Alert.objects.open().filter(pk=alert.pk, remind_at=alert.remind_at)
        if not same.update(remind_at=next_at, reminders=F("reminders") + int(is_wanted)):
            return False
        if rule is None or not is_wanted:
            return False
        return transitions.once(
            Transition.Kind.REMINDER,
            rule=rule,
            subject=alert.subject,
            window=f"{alert.pk}-{alert.reminders + 1}",
            integration=alert.integration,
            issue=alert.issue,
            failed_request=alert.failed_request,
            now=now,
        )


def _needs_somebody(issue: Issue | None) -> bool:
    """Whether nobody has taken care of the issue, where the alert is about one."""
    return issue is None or issue.state == Issue.State.OPEN
