"""The same cause on many requests within a window. Where the first message has told of as many, that is no news."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
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
    found = list(untold.order_by("pk")[: scope.MOST])
    told = scope.failures_told([issue.pk for issue in found], since=now - length)
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
        for issue in found
        if 0 < told.get(issue.pk, 1) < least
    )


def _requests(issue: Issue, *, since: int) -> int:
    return FailedRequestIssue.objects.filter(issue=issue, pk__gte=since).count()


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then, by the hour."""
    least, hours = max(look.rule.threshold or REQUESTS, 1), max(-(-(look.rule.window_minutes or 60) // 60), 1)
    issues = scope.active(look.rule, look.integration_ids, since=look.since).filter(requests__gte=least)
    hit = []
    for issue_id, counts in scope.hours_of(issues, since=episodes.hour_of(look.since) - hours).items():
        for hour in counts:
            begins = hour - hours + 1
            failures = sum(counts.get(one, 0) for one in range(begins, hour + 1))
            if failures >= least and _is_hit(issue_id, begins, hour + 1, least=least):
                hit.append((issue_id, episodes.at_hour(hour)))
    return (at for at in episodes.bouts(hit, gap=timedelta(hours=hours + 1)) if at >= look.since - timedelta(hours=1))


def _is_hit(issue_id: int, first: int, end: int, *, least: int) -> bool:
    """Whether an issue hit so many requests from one hour to another: as many rows are read, and no more."""
    begins, ends = ids.floor(episodes.at_hour(first)), ids.floor(episodes.at_hour(end))
    links = FailedRequestIssue.objects.filter(issue_id=issue_id, pk__gte=begins, pk__lt=ends)
    return len(links.order_by("-id").values_list("pk", flat=True)[:least]) >= least
