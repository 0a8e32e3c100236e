"""The daily digest: for each integration, once a day at the rule's hour. What quiet hours kept goes out with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from responses.alerting import transitions
from responses.alerting.sweeps import scope
from responses.models import AlertRule, Integration, OutcomeHour, Transition

HOUR_OF_DAY = 8
IN_USE_HOURS = 7 * 24
"""An integration without a call for so long gets none."""


def sweep(now: datetime) -> int:
    """Write down whose digest is due; return how many."""
    local = now.astimezone(ZoneInfo(settings.DISPLAY_TIME_ZONE))
    found = 0
    for rule in scope.rules(AlertRule.Trigger.DIGEST):
        due_at = due(rule, local)
        if due_at <= now and rule.created_at < due_at:
            found += sum(_tell(rule, one, local, due_at=due_at, now=now) for one in scope.integrations(rule))
    return found


def due(rule: AlertRule, local: datetime) -> datetime:
    """When on the day of ``local`` the digest is due, by the clock of its zone."""
    hour = HOUR_OF_DAY if rule.threshold is None else rule.threshold
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def subject(integration_id: int) -> str:
    """What a digest is about."""
    return f"digest:{integration_id}"


def is_in_use(integration_id: int, *, now: datetime) -> bool:
    """Whether calls of the integration were counted lately."""
    since = int(now.timestamp()) // 3600 - IN_USE_HOURS
    return OutcomeHour.objects.filter(integration_id=integration_id, hour__gte=since).exists()


def _tell(rule: AlertRule, integration: Integration, local: datetime, *, due_at: datetime, now: datetime) -> bool:
    about, day = subject(integration.pk), local.date().isoformat()
    is_told = scope.told(rule, [about], within=now - due_at + timedelta(seconds=1), now=now)
    if is_told or integration.created_at >= due_at or not is_in_use(integration.pk, now=now):
        return False
    return transitions.once(
        Transition.Kind.DIGEST, rule=rule, subject=about, window=day, integration=integration, now=now
    )
