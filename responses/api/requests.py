"""``/api/v1/requests``: failed requests, with their clock and what happened to each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router
from pydantic import Field

from responses.api import answers, asking, refusals, rows, shapes
from responses.api.asking import Id, Listing, Name
from responses.exchanges import Outcome
from responses.insight import failed_requests as insight
from responses.insight import request as request_depth
from responses.insight import sendings
from responses.insight.request import Depth
from responses.models import AuditEntry, FailedRequest, User
from responses.sending import guard

router = Router(tags=["Requests"])


class RequestQuery(Listing):
    """Which failed requests: all that is given must hold."""

    queue: Literal["open", "to_fix", "repeated", "partial"] | None = Field(
        None, description="As the pages list them. `to_fix` has the most urgent first, every other list the newest."
    )
    state: shapes.RequestWord | None = None
    outcome: shapes.OutcomeWord | None = None
    endpoint: Name | None = None
    order: Name | None = None
    customer: Name | None = None
    issue: Id | None = None

    def wanted(self) -> insight.Wanted:
        """The same in the words of the log."""
        return insight.Wanted(
            queue=self.queue or "",
            state=self.state or "",
            outcome=Outcome[self.outcome.upper()] if self.outcome else None,
            endpoint=self.endpoint or "",
            order=self.order or "",
            customer=self.customer or "",
            issue=asking.filter_id("issue", self.issue),
        )


@router.get(
    "/requests", response=answers.of(shapes.RequestPage, 404, 422), operation_id="list_requests", url_name="requests"
)
def list_requests(request: HttpRequest, asked: Query[RequestQuery]) -> Any:
    """List the failed requests of one integration."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    wanted = asked.wanted()
    after = asking.check_cursor(asked.after, numbers=wanted.cursor_numbers, is_by_time=wanted.is_by_clock)
    page = insight.page(user, integration.pk, wanted, after=after, size=asked.limit)
    results = [rows.request(row, integration) for row in page.rows]
    return shapes.RequestPage(results=results, next=asking.next_url(request, page.after))


@router.get(
    "/requests/{id}",
    response=answers.of(shapes.RequestDetail, 404, 422),
    operation_id="get_request",
    url_name="request",
)
def get_request(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002  # the name that callers read
    """Show one failed request with its timeline, and how it was sent again."""
    user = asking.person(request)
    return shown(user, visible(user, id), now=timezone.now())


def visible(user: User, request_id: str) -> FailedRequest:
    """Return a failed request; refused with 404 for what the person may not see."""
    rows_seen = FailedRequest.objects.visible_to(user).select_related("integration")
    found = rows_seen.filter(pk=asking.row_id(request_id)).first()
    if found is None:
        raise refusals.not_found("request")
    return found


def shown(user: User, found: FailedRequest, *, now: datetime) -> shapes.RequestDetail:
    """Return one failed request with all that belongs to it."""
    depth = request_depth.read(user, found)
    of = {attempt.response.pk: attempt.response for attempt in depth.attempts}
    return rows.request_detail(
        found,
        found.integration,
        advice=request_depth.advice(found, depth.items),
        timeline=timeline(found, depth, request_depth.deeds(user, found)),
        items=[rows.item(row, of.get(row.response_id)) for row in depth.items],
        issue_ids=[issue.pk for issue in depth.issues],
        sendings=sendings.of_request(user, found),
        reasons=guard.why_not(found, now=now),
    )


def timeline(found: FailedRequest, depth: Depth, deeds: Iterable[AuditEntry]) -> list[shapes.Event]:
    """What happened, the oldest first; for an open request with its deadline, which may lie ahead."""
    events = [rows.event_of_attempt(attempt) for attempt in depth.attempts]
    events += [rows.event_of_deed(deed) for deed in deeds]
    if found.closed_at is not None:
        text = found.reason or found.get_state_display()
        events.append(shapes.Event(at=found.closed_at, kind="closed", text=text, by=found.resolved_by or None))
    elif found.deadline_at is not None:
        text = "After this the cart is no longer reliable."
        events.append(shapes.Event(at=found.deadline_at, kind="deadline", text=text, by=None))
    return sorted(events, key=lambda event: event.at)
