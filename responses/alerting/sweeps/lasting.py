"""Transient issues that do not pass: failures go on for longer than the rule allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
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


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then: where failures of hours that follow each other span the rule's time."""
    length = scope.window(look.rule)
    issues = scope.active(look.rule, look.integration_ids, since=look.since).filter(outcome__in=TRANSIENT)
    lasted = []
    for issue_id, counts in scope.hours_of(issues, since=episodes.hour_of(look.since)).items():
        for first, last in episodes.runs(counts):
            if sum(counts[hour] for hour in range(first, last + 1)) < len(STRETCHES):
                continue
            begun_at, ended_at = _span(issue_id, episodes.at_hour(first), episodes.at_hour(last + 1))
            if begun_at is not None and ended_at is not None and ended_at - begun_at >= length:
                lasted.append(begun_at + length)
    return iter(lasted)


def _span(issue_id: int, first: datetime, end: datetime) -> tuple[datetime | None, datetime | None]:
    """When the first and the last failure of an issue in a stretch of time were recorded."""
    failed = Response.objects.filter(issue_id=issue_id, pk__gte=ids.floor(first), pk__lt=ids.floor(end))
    rows = [failed.order_by(order).values_list("pk", flat=True).first() for order in ("pk", "-pk")]
    begun_at, ended_at = (ids.time_of(row) if row is not None else None for row in rows)
    return begun_at, ended_at
