"""Transient issues that do not pass: failures go on for longer than the rule allows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from responses.alerting import transitions
from responses.alerting.sweeps import scope
from responses.exchanges import Outcome
from responses.models import AlertRule, Response, Transition, ids

TRANSIENT = (Outcome.TRANSIENT.value, Outcome.NO_ANSWER.value)
STRETCHES = ((2.0, 1.0), (1.0, 0.5), (0.5, 0.0))
"""In each of these, in windows before now, there must be a failure: one of a while ago and one of now are no lasting."""
AGAIN_AFTER = timedelta(hours=1)


def sweep(now: datetime) -> int:
    """Write down which transient issues last; return how many."""
    return sum(_sweep(rule, now=now) for rule in scope.rules(AlertRule.Trigger.LASTING))


def _sweep(rule: AlertRule, *, now: datetime) -> int:
    length = scope.window(rule)
    lasting = scope.issues(rule, since=now - length).filter(outcome__in=TRANSIENT, first_seen_at__lt=now - length)
    for begins, ends in STRETCHES:
        first, last = ids.floor(now - begins * length), ids.floor(now - ends * length)
        failed = Response.objects.filter(issue_id=OuterRef("pk"), pk__gte=first, pk__lt=last)
        lasting = lasting.filter(Exists(failed))
    again_after = max(length, AGAIN_AFTER)
    untold = scope.untold(lasting, rule, within=again_after, now=now, while_open=True)
    return sum(
        transitions.once(
            Transition.Kind.ISSUE_LASTS,
            rule=rule,
            subject=scope.about(issue),
            window=scope.bucket(now, again_after),
            integration=issue.integration,
            issue=issue,
            number=rule.window_minutes,
            now=now,
        )
        for issue in untold.order_by("pk")[: scope.MOST]
    )
