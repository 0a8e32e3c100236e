"""Ends alerts: writes down, once for each, that what it was about is over, and why. Announcing that closes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction

from responses.alerting import pulse, transitions
from responses.alerting.sweeps import auth, calm, clocks, scope, silence
from responses.models import Alert, AlertRule, Transition

Trigger = AlertRule.Trigger
NEWS_END = timedelta(hours=24)
"""What only tells that something has happened is over when it has not happened again for so long."""
REFUSED_END = timedelta(minutes=15)


def sweep(now: datetime) -> int:
    """End the alerts that are over; return how many these were."""
    ended = 0
    for alert, words in [*calm.resolved(), *calm.passed(now), *_others(now)]:
        ended += _end(alert, words, now=now)
    return ended


def _end(alert: Alert, words: str, *, now: datetime) -> bool:
    """Say why it ends, and have that announced; without its rule nobody is told, and it closes at once."""
    rule = alert.rule
    with transaction.atomic():
        same = Alert.objects.open().filter(pk=alert.pk, closed_because="")
        if not same.update(closed_because=words[:200]):
            return False
        if rule is None:
            Alert.objects.filter(pk=alert.pk).update(closed_at=now)
            return True
        return transitions.once(
            Transition.Kind.RECOVERED,
            rule=rule,
            subject=alert.subject,
            window=f"alert-{alert.pk}",
            integration=alert.integration,
            issue=alert.issue,
            failed_request=alert.failed_request,
            now=now,
        )


def _others(now: datetime) -> Iterator[tuple[Alert, str]]:
    """The alerts that are about no issue and are over, each with the reason."""
    found = Alert.objects.open().filter(issue__isnull=True, closed_because="").select_related("rule", "integration")
    for alert in found.order_by("pk")[: scope.MOST]:
        words = _why(alert, now)
        if words:
            yield alert, words


def _why(alert: Alert, now: datetime) -> str:
    """Why an alert about no issue is over; empty while it is not. That of a breaker is ended by the breaker."""
    what, _, about = alert.subject.partition(":")
    if what == "breaker":
        return ""
    if what == "monitor":
        return "The monitor is well again." if pulse.is_well(about, now=now) else ""
    return _ENDS.get(about.rpartition(":")[2], _no_news)(alert, now)


def _silence(alert: Alert, now: datetime) -> str:
    if alert.integration_id is None:
        return ""
    has_come = silence.has_purchase(alert.integration_id, since=alert.opened_at, now=now)
    return "Purchases arrive again." if has_come else ""


def _auth(alert: Alert, now: datetime) -> str:
    if alert.integration_id is None:
        return ""
    # By the minutes of the calls, and not before the alert itself is as old.
    is_young = alert.last_at > now - REFUSED_END
    refused = auth.refused([alert.integration_id], rule=alert.rule, since=now - REFUSED_END, now=now)
    return "" if is_young or refused else "No call was refused with 401 or 403 for 15 minutes."


def _unknown(alert: Alert, now: datetime) -> str:
    rule, integration = alert.rule, alert.integration
    if rule is None or integration is None:
        return _no_news(alert, now)
    return "" if clocks.unknown(rule, integration, now=now).exists() else "No outcome is unknown for long any more."


def _expiring(alert: Alert, now: datetime) -> str:
    rule, integration = alert.rule, alert.integration
    if rule is None or integration is None:
        return _no_news(alert, now)
    return "" if clocks.expiring(rule, integration, now=now).exists() else "No request is about to expire any more."


def _no_news(alert: Alert, now: datetime) -> str:
    return "" if alert.last_at > now - NEWS_END else "It has not happened again for 24 hours."


_ENDS: dict[str, Callable[[Alert, datetime], str]] = {
    "silence": _silence,
    "auth": _auth,
    "unknown": _unknown,
    "expiring": _expiring,
}
