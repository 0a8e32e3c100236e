"""Reads what a message says of an issue: its counts, its open requests, its clock. Reads only, and never a body."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Min, Q, Sum, When

from responses.alerting.message import Facts, Kind
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.models import FailedRequest, FailedRequestIssue, Issue, IssueHour, Transition

MOST_REQUESTS = 5_000
"""The newest requests of an issue that are looked at: a huge issue must not make its message late."""

_KINDS = {Transition.Kind.ISSUE_OPENED.value: Kind.NEW, Transition.Kind.ISSUE_REGRESSED.value: Kind.BACK}


def of(transition: Transition, issue: Issue) -> Facts:
    """Gather the facts of ``issue`` as they are now, for the message about ``transition``."""
    kind = _KINDS.get(transition.kind, Kind.NEW)
    open_requests = _open_requests(issue)
    oldest = open_requests["deadline"]
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
        failures_since_back=_failures_since(issue, issue.regressed_at) if kind is Kind.BACK else 0,
        created=open_requests["created"] or 0,
        failed=open_requests["failed"] or 0,
        unknown=open_requests["unknown"] or 0,
        deadline_at=oldest,
        deadline_has_order=oldest is not None and oldest == open_requests["order_deadline"],
        is_retrying=bool(open_requests["retrying"]),
        retry_by=RetryBy(issue.integration.retry_by),
    )


def _open_requests(issue: Issue) -> dict[str, Any]:
    newest = FailedRequestIssue.objects.filter(issue=issue).order_by("-id").values("failed_request_id")[:MOST_REQUESTS]
    return (
        FailedRequest.objects.open()
        .filter(pk__in=newest)
        .aggregate(
            created=Sum("items_created"),
            failed=Sum("items_failed"),
            unknown=Sum("items_unknown"),
            deadline=Min("deadline_at"),
            order_deadline=Min(Case(When(~Q(order_id=""), then="deadline_at"))),
            retrying=Count("pk", filter=Q(state=FailedRequest.State.RETRYING)),
        )
    )


def _failures_since(issue: Issue, at: datetime | None) -> int:
    """Counted from the beginning of the hour: hours are what is counted."""
    if at is None:
        return 0
    hours = IssueHour.objects.filter(issue=issue, hour__gte=int(at.timestamp()) // 3600)
    return hours.aggregate(total=Sum("failures"))["total"] or 0
