"""``/api/v1/issues``: causes, and what a person decides about one. The deciding is done by ``triage``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from ordergroove_monitor import client_address
from responses.api import answers, asking, refusals, rows, shapes
from responses.api.asking import Id, Listing, Moment, Name
from responses.exchanges import FailureKind
from responses.insight import issues as insight
from responses.insight import stakes
from responses.models import Issue, User
from responses.ordergroove import codes
from responses.triage import issues as triage

router = Router(tags=["Issues"])
LONGEST_MUTE = timedelta(days=90)


class IssueQuery(Listing):
    """Which issues, in which order."""

    state: Literal["open", "acknowledged", "muted", "resolved", "all"] = "open"
    sort: Literal["time-left", "last-seen", "orders", "newest"] = "time-left"
    q: Name | None = Field(None, description="Words of the title, message, field or endpoint.")


class Mute(Schema):
    """For how long an issue is kept quiet."""

    model_config = ConfigDict(extra="forbid")

    until: Moment = Field(description="Ahead, and not more than 90 days.")


@router.get("/issues", response=answers.of(shapes.IssuePage, 404, 422), operation_id="list_issues", url_name="issues")
def list_issues(request: HttpRequest, asked: Query[IssueQuery]) -> Any:
    """List the issues of one integration."""
    now = timezone.now()
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    is_by_time = asked.sort in ("last-seen", "newest")
    numbers = 3 if asked.sort == "time-left" else 2
    after = asking.check_cursor(asked.after, numbers=numbers, is_by_time=is_by_time)
    found = insight.of_state(user, integration.pk, "" if asked.state == "all" else asked.state)
    if asked.q:
        words = asked.q
        found = found.filter(
            Q(title__icontains=words)
            | Q(message__icontains=words)
            | Q(field__icontains=words)
            | Q(endpoint__icontains=words)
        )
    page = insight.page(
        found.select_related("assignee"), integration, sort=asked.sort, after=after, now=now, size=asked.limit
    )
    results = [rows.issue(row, integration, now=now) for row in page.rows]
    return shapes.IssuePage(results=results, next=asking.next_url(request, page.after))


@router.get(
    "/issues/{id}", response=answers.of(shapes.IssueDetail, 404, 422), operation_id="get_issue", url_name="issue"
)
def get_issue(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002  # the name that callers read
    """Show one issue: what it means, what to do, what is at stake."""
    return _shown(_visible(asking.person(request), id), now=timezone.now())


@router.post(
    "/issues/{id}/acknowledge",
    response=answers.of(shapes.IssueDetail, 403, 404, 409, 422),
    operation_id="acknowledge_issue",
    url_name="issue-acknowledge",
)
def acknowledge_issue(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002
    """Say that somebody is on it. Needs the role Support."""
    return _decide(request, id, Issue.State.ACKNOWLEDGED, triage.acknowledge)


@router.post(
    "/issues/{id}/mute",
    response=answers.of(shapes.IssueDetail, 400, 403, 404, 409, 413, 415, 422),
    operation_id="mute_issue",
    url_name="issue-mute",
)
def mute_issue(request: HttpRequest, id: Path[Id], body: Mute) -> Any:  # noqa: A002
    """Keep it quiet until an instant. Needs the role Support."""
    now = timezone.now()
    if not now < body.until <= now + LONGEST_MUTE:
        raise refusals.invalid({"until": [f"Must lie ahead, by at most {LONGEST_MUTE.days} days."]})

    def mute(issue: Issue, user: User, *, now: datetime, address: str) -> bool:
        return triage.mute(issue, user, until=body.until, now=now, address=address)

    return _decide(request, id, None, mute)


@router.post(
    "/issues/{id}/resolve",
    response=answers.of(shapes.IssueDetail, 403, 404, 409, 422),
    operation_id="resolve_issue",
    url_name="issue-resolve",
)
def resolve_issue(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002
    """Say that the cause is gone: a failure that is sent later makes it regress. Needs the role Support."""
    return _decide(request, id, Issue.State.RESOLVED, triage.resolve)


@router.post(
    "/issues/{id}/reopen",
    response=answers.of(shapes.IssueDetail, 403, 404, 409, 422),
    operation_id="reopen_issue",
    url_name="issue-reopen",
)
def reopen_issue(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002
    """Take any of these back. Needs the role Support."""
    return _decide(request, id, Issue.State.OPEN, triage.reopen)


def _decide(request: HttpRequest, issue_id: str, target: Issue.State | None, deed: Callable[..., bool]) -> Any:
    """Do it, and show the issue. Asking for the state that it is in already changes nothing and is no error."""
    now = timezone.now()
    user = asking.person(request)
    issue = _visible(user, issue_id)
    is_done = deed(issue, user, now=now, address=client_address.of(request))
    if not is_done and issue.state != target:
        raise refusals.Refused(409, f"The issue is {issue.get_state_display().lower()}, or was changed meanwhile.")
    return _shown(_visible(user, issue_id), now=now)


def _visible(user: User, issue_id: str) -> Issue:
    visible = Issue.objects.visible_to(user).select_related("integration", "assignee")
    found = visible.filter(pk=asking.row_id(issue_id)).first()
    if found is None:
        raise refusals.not_found("issue")
    return found


def _shown(issue: Issue, *, now: datetime) -> shapes.IssueDetail:
    staked = stakes.of_integration(issue.integration_id, now=now)
    [row] = insight.rows([issue], issue.integration, staked, now=now)
    failure = FailureKind(issue.failure) if issue.failure else None
    about = codes.about(issue.status_code, failure)
    advice = codes.advice(issue.endpoint, issue.status_code, issue.field, issue.message, failure=failure)
    return rows.issue_detail(row, issue.integration, about, advice, now=now)
