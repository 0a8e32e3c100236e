"""What a rule's message would look like: about the newest issue that meets it, or else about a made-up one.

Reads only. The message says in its last line which of the two it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.urls import reverse

from responses.alerting import facts, matching, severity, situations
from responses.alerting.message import Message, Tone
from responses.alerting.telling import conditions, digest, examples, issues, news
from responses.exchanges import Outcome
from responses.models import Alert, AlertRule, Integration, Issue, Transition

LOOKED_AT = 200
"""So many issues, the newest, are tried."""
Trigger = AlertRule.Trigger
What = Transition.Kind

_KINDS: dict[str, Transition.Kind] = {
    **{trigger.value: What(kind) for kind, trigger in matching.TRIGGERS.items() if kind != What.BREAKER_CLOSED},
    Trigger.PARTIAL: What.ISSUE_OPENED,
}
_PASSING = (Outcome.TRANSIENT.value, Outcome.NO_ANSWER.value)


def of(rule: AlertRule, integration: Integration | None, *, now: datetime) -> Message:
    """Say what ``rule``, which need not be saved, would say of an integration; ``None``: of the monitor itself."""
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    kind = _KINDS[rule.trigger]
    is_about_issue = kind in facts.KINDS and kind != What.REQUEST_EXPIRED
    found = _newest(rule, integration) if is_about_issue and integration is not None else None
    if found is not None:
        said, words = _about(rule, kind, found, now=now, zone=zone), "A preview with the newest issue that fits."
    else:
        said, words = _made_up(rule, kind, integration, now=now, zone=zone), "An example: its numbers are made up."
    bad = severity.of(kind, issue=found, integration=integration)
    return msgspec.structs.replace(said, tone=Tone.of(bad.value), footer=f"{words} {said.footer}")


def _newest(rule: AlertRule, integration: Integration) -> Issue | None:
    seen = Issue.objects.filter(integration=integration).select_related("integration").order_by("-last_seen_at")
    for issue in seen[:LOOKED_AT]:
        if _is_of(rule, issue) and matching.fits_issue(rule, issue):
            return issue
    return None


def _is_of(rule: AlertRule, issue: Issue) -> bool:
    """Whether an issue is one that such a rule can be about."""
    match rule.trigger:
        case Trigger.PARTIAL:
            return issue.outcome == Outcome.PARTIAL.value
        case Trigger.NEW_ISSUE:
            return issue.outcome != Outcome.PARTIAL.value
        case Trigger.LASTING | Trigger.EXHAUSTED:
            return issue.outcome in _PASSING
        case _:
            return True


def _about(rule: AlertRule, kind: Transition.Kind, issue: Issue, *, now: datetime, zone: ZoneInfo) -> Message:
    transition = Transition(kind=kind, issue=issue, integration=issue.integration, at=now, number=_number(rule))
    alert = Alert(kind=kind, issue=issue, opened_at=now - timedelta(minutes=rule.window_minutes or 10))
    known = facts.of(transition, issue, alert=alert, now=now)
    url = settings.MONITOR_URL + reverse("issue-detail", args=[issue.pk])
    said = issues.tell(known, url=url, now=now, zone=zone)
    trend = facts.trend(issue, now=now)
    return msgspec.structs.replace(said, trend=trend, trend_words=news.trend_words(trend))


def _made_up(
    rule: AlertRule, kind: Transition.Kind, integration: Integration | None, *, now: datetime, zone: ZoneInfo
) -> Message:
    url = settings.MONITOR_URL + reverse("overview")
    name = integration.name if integration is not None else "Your shop"
    environment = integration.environment if integration is not None else rule.environment or "production"
    if kind == What.DIGEST:
        day = examples.day(integration=name, environment=environment, now=now, zone=zone)
        return digest.tell(day, url=url, now=now, zone=zone)
    if kind in facts.KINDS and kind != What.REQUEST_EXPIRED:
        known = examples.facts(
            facts.KINDS[kind], integration=name, environment=environment, number=_number(rule), now=now
        )
        return issues.tell(known, url=url, now=now, zone=zone)
    is_ours = kind == What.MONITOR_LAGS
    situation = examples.situation(
        kind,
        situations.KINDS[kind],
        integration="" if is_ours else name,
        environment="" if is_ours else environment,
        minutes=rule.window_minutes or 0,
        now=now,
        zone=zone,
    )
    return conditions.tell(situation, url=url)


def _number(rule: AlertRule) -> int:
    return rule.threshold or 1
