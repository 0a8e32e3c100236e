"""The same cause on many requests within a window."""

from __future__ import annotations

from datetime import datetime

from django.db.models import OuterRef, Subquery

from responses.alerting import transitions
from responses.alerting.sweeps import scope
from responses.models import AlertRule, FailedRequestIssue, Issue, Transition, ids

REQUESTS = 25


def sweep(now: datetime) -> int:
    """Write down which issues have hit many requests; return how many."""
    return sum(_sweep(rule, now=now) for rule in scope.rules(AlertRule.Trigger.MANY))


def _sweep(rule: AlertRule, *, now: datetime) -> int:
    length, least = scope.window(rule), max(rule.threshold or REQUESTS, 1)
    since = ids.floor(now - length)
    newest = FailedRequestIssue.objects.filter(issue=OuterRef("pk")).order_by("-id").values("id")
    hit = scope.issues(rule, since=now - length).filter(requests__gte=least)
    hit = hit.annotate(enough=Subquery(newest[least - 1 : least])).filter(enough__gte=since)
    untold = scope.untold(hit, rule, within=length, now=now, while_open=True)
    return sum(
        transitions.once(
            Transition.Kind.ISSUE_MANY,
            rule=rule,
            subject=scope.about(issue),
            window=scope.bucket(now, length),
            integration=issue.integration,
            issue=issue,
            number=_requests(issue, since=since),
            now=now,
        )
        for issue in untold.order_by("pk")[: scope.MOST]
    )


def _requests(issue: Issue, *, since: int) -> int:
    return FailedRequestIssue.objects.filter(issue=issue, pk__gte=since).count()
