"""What becomes of a transition: told, kept for the digest, counted in another message, or nothing, and why.

Reads rows, writes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from responses.alerting import matching, quiet, severity
from responses.models import Alert, AlertRule, Delivery, Issue, Transition

Fate = Transition.Fate
Kind = Transition.Kind

CALM = (Kind.ISSUE_GREW, Kind.ISSUE_LASTS, Kind.ISSUE_MANY, Kind.REQUEST_REPEATED, Kind.REMINDER)
"""What is not told of an issue that somebody is on, unless it is worse than anything told before."""
ONCE_AN_HOUR = (Kind.REQUEST_EXHAUSTED, Kind.REQUEST_EXPIRED)
"""What comes request by request: told once in its rule's window, then counted."""
DEFAULT_WINDOW = 60


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one transition."""

    transition: Transition
    fate: Fate
    rules: tuple[AlertRule, ...] = ()
    """Those that ask for it now; not empty when it is told or kept for the digest."""
    severity: Alert.Severity = Alert.Severity.NORMAL
    ends: bool = False
    """Whether its alert is over with it, told or not."""
    tell_by: datetime | None = None
    """Of one that is counted only: when a message must tell it at the latest."""


def is_muted(issue: Issue, now: datetime) -> bool:
    """Whether a person has asked for silence about an issue, and the time for it has not passed."""
    return issue.state == Issue.State.MUTED and (issue.muted_until is None or issue.muted_until > now)


def of(change: Transition, alert: Alert | None, active: Sequence[AlertRule], *, now: datetime) -> Verdict:
    """Judge one transition that opens or continues ``alert``, by the rules that are on."""
    bad = severity.of(change.kind, issue=change.issue, integration=change.integration)
    if change.issue is not None and is_muted(change.issue, now):
        return Verdict(transition=change, fate=Fate.MUTED)
    rules = matching.rules_for(change, active)
    if not rules:
        return Verdict(transition=change, fate=Fate.NO_RULE)
    if _is_known(change, alert, bad):
        return Verdict(transition=change, fate=Fate.FOLDED)
    if told_at := _told_lately(change, alert, rules, now):
        return Verdict(transition=change, fate=Fate.FOLDED, tell_by=told_at + _window(rules))
    return _by_the_clock(change, rules, bad, now=now)


def of_end(change: Transition, alert: Alert | None, active: Sequence[AlertRule], *, now: datetime) -> Verdict:
    """Judge the end of an alert: told where its rule says so and somebody was told of its beginning."""
    if alert is None:
        return Verdict(transition=change, fate=Fate.FOLDED)
    if change.issue is not None and is_muted(change.issue, now):
        return Verdict(transition=change, fate=Fate.MUTED, ends=True)
    rules = [rule for rule in active if rule.pk == alert.rule_id and rule.tells_end]
    if not rules:
        return Verdict(transition=change, fate=Fate.NO_RULE, ends=True)
    if not Delivery.objects.filter(transition__alert=alert).exists():
        return Verdict(transition=change, fate=Fate.FOLDED, ends=True)
    bad = severity.of(change.kind, issue=change.issue, integration=change.integration)
    return msgspec.structs.replace(_by_the_clock(change, rules, bad, now=now), ends=True)


def worst_of(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The one that is told for all, else the one that is kept for the digest; of equals the oldest, a reminder last."""
    heard = [verdict for verdict in verdicts if verdict.fate in (Fate.TOLD, Fate.QUIET)]
    return max(
        heard,
        key=lambda verdict: (
            verdict.fate is Fate.TOLD,
            verdict.severity,
            verdict.transition.kind != Kind.REMINDER,
            -verdict.transition.pk,
        ),
        default=None,
    )


def _is_known(change: Transition, alert: Alert | None, bad: Alert.Severity) -> bool:
    """Whether somebody is on it already, or a reminder comes when there is nothing to remind of."""
    if change.kind not in CALM:
        return False
    if alert is None and change.kind == Kind.REMINDER:
        return True
    if change.issue is not None:
        is_acknowledged = change.issue.state in (Issue.State.ACKNOWLEDGED, Issue.State.RESOLVED)
    else:
        is_acknowledged = alert is not None and alert.acknowledged_at is not None
    opened = severity.of(Kind.ISSUE_OPENED, issue=change.issue, integration=change.integration)
    before = alert.severity if alert is not None else opened
    return is_acknowledged and bad <= before


def _told_lately(change: Transition, alert: Alert | None, rules: Sequence[AlertRule], now: datetime) -> datetime | None:
    """When the same was told of its alert, if that is within the window of its rules."""
    if alert is None or change.kind not in ONCE_AN_HOUR:
        return None
    same = Transition.objects.filter(alert=alert, kind=change.kind, fate=Fate.TOLD, handled_at__gt=now - _window(rules))
    return same.order_by("-handled_at").values_list("handled_at", flat=True).first()


def _window(rules: Sequence[AlertRule]) -> timedelta:
    return timedelta(minutes=min(rule.window_minutes or DEFAULT_WINDOW for rule in rules))


def _by_the_clock(change: Transition, rules: Sequence[AlertRule], bad: Alert.Severity, *, now: datetime) -> Verdict:
    """Told by the rules that have no quiet hours now; what is critical knows no quiet hours."""
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    is_critical = bad is Alert.Severity.CRITICAL
    loud = [rule for rule in rules if is_critical or not quiet.is_quiet(rule, now, zone)]
    fate = Fate.TOLD if loud else Fate.QUIET
    return Verdict(transition=change, fate=fate, rules=tuple(loud or rules), severity=bad)
