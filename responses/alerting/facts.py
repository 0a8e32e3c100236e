"""Reads what a message says of an issue: its counts, its open requests, its clock. Reads only, and never a body."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from responses.alerting import impact
from responses.alerting.message import Kind
from responses.alerting.telling.known import Facts
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.models import Alert, AlertThread, FailedRequest, FailedRequestIssue, Issue, IssueHour, Transition

HOURS = 24
AT_ONCE = timedelta(hours=1)
"""An issue that came back longer ago than that is not what opened an alert."""
State = FailedRequest.State

KINDS = {
    Transition.Kind.ISSUE_OPENED: Kind.NEW,
    Transition.Kind.ISSUE_REGRESSED: Kind.BACK,
    Transition.Kind.ISSUE_GREW: Kind.GROWS,
    Transition.Kind.ISSUE_LASTS: Kind.LASTS,
    Transition.Kind.ISSUE_MANY: Kind.MANY,
    Transition.Kind.REQUEST_REPEATED: Kind.REPEATED,
    Transition.Kind.REQUEST_EXHAUSTED: Kind.EXHAUSTED,
    Transition.Kind.REQUEST_EXPIRED: Kind.EXPIRED,
    Transition.Kind.REMINDER: Kind.REMINDER,
    Transition.Kind.RECOVERED: Kind.OVER,
}


def of(
    transition: Transition,
    issue: Issue,
    *,
    alert: Alert | None = None,
    thread: AlertThread | None = None,
    told: int = 0,
    now: datetime,
) -> Facts:
    """Gather the facts of ``issue`` as they are now, for the message about ``transition``.

    ``thread``: what the channel has heard of ``alert`` before, if anything; ``told``: of how many failures.
    """
    kind = KINDS.get(Transition.Kind(transition.kind), Kind.NEW)
    since_opened = failures_since_opened(issue, alert)
    saved, lost, left = _ended(issue, alert) if kind is Kind.OVER else (0, 0, 0)
    return Facts(
        issue_id=issue.pk,
        kind=kind,
        integration=issue.integration.name,
        environment=issue.integration.environment,
        endpoint=issue.endpoint,
        outcome=Outcome(issue.outcome),
        status_code=issue.status_code,
        failure=FailureKind(issue.failure) if issue.failure else None,
        field=issue.field,
        message=issue.message,
        title=issue.title,
        failures=issue.failures,
        requests=issue.requests,
        orders=issue.orders,
        first_seen_at=issue.first_seen_at,
        resolved_at=issue.resolved_at,
        failures_since=since_opened,
        more=max(since_opened - told, 0),
        told_at=thread.last_sent_at if thread is not None else None,
        number=transition.number,
        lasts_for=_length(alert, now),
        reminders=alert.reminders if alert is not None else 0,
        ended_because=alert.closed_because if alert is not None else "",
        saved=saved,
        lost=lost,
        left=left,
        impact=impact.of_issue(issue, now=now),
        retry_by=RetryBy(issue.integration.retry_by),
    )


def failures_since_opened(issue: Issue, alert: Alert | None) -> int:
    """How many failures an alert is about: all of a new issue, else those since it was opened.

    Counted from the beginning of that hour: hours are what is counted. It never goes down while the alert is open.
    """
    if alert is None or alert.kind == Transition.Kind.ISSUE_OPENED:
        return issue.failures
    began, back_at = alert.opened_at, issue.regressed_at
    if alert.kind == Transition.Kind.ISSUE_REGRESSED and back_at is not None and began - back_at < AT_ONCE:
        began = min(began, back_at)
    hours = IssueHour.objects.filter(issue=issue, hour__gte=int(began.timestamp()) // 3600)
    return int(hours.aggregate(total=Sum("failures", default=0))["total"])


def trend(issue: Issue, *, now: datetime) -> tuple[int, ...]:
    """How many failures it had in each of the last ``HOURS`` hours, this one included, the oldest first."""
    last = int(now.timestamp()) // 3600
    found = dict(
        IssueHour.objects.filter(issue=issue, hour__gt=last - HOURS, hour__lte=last).values_list("hour", "failures")
    )
    return tuple(found.get(hour, 0) for hour in range(last - HOURS + 1, last + 1))


def _ended(issue: Issue, alert: Alert | None) -> tuple[int, int, int]:
    """How many of its requests were fine after all, were lost, and are still open, since the alert was opened."""
    newest = FailedRequestIssue.objects.filter(issue=issue).order_by("-id").values("failed_request_id")
    touched = Q(closed_at__isnull=True)
    touched |= Q(closed_at__gte=alert.opened_at) if alert is not None else Q(closed_at__isnull=False)
    found = FailedRequest.objects.filter(touched, pk__in=newest[: impact.MOST_REQUESTS]).aggregate(
        saved=Count("pk", filter=Q(state=State.RESOLVED)),
        lost=Count("pk", filter=Q(state=State.EXPIRED)),
        left=Count("pk", filter=Q(closed_at__isnull=True)),
    )
    return found["saved"], found["lost"], found["left"]


def _length(alert: Alert | None, now: datetime) -> float:
    return (
        max(((now if alert.closed_at is None else alert.closed_at) - alert.opened_at).total_seconds(), 0.0)
        if alert
        else 0.0
    )
