"""``/api/v1/requests``: failed requests, with their clock and what happened to each."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from responses.api import answers, asking, refusals, rows, shapes
from responses.api.asking import Id, Listing, Name
from responses.exchanges import Outcome
from responses.insight import failed_requests as insight
from responses.insight.failed_requests import Story
from responses.models import FailedRequest

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
    """Show one failed request with its timeline."""
    user = asking.person(request)
    visible = FailedRequest.objects.visible_to(user).select_related("integration")
    found = visible.filter(pk=asking.row_id(id)).first()
    if found is None:
        raise refusals.not_found("request")
    story = insight.story(user, found)
    return rows.request_detail(
        found,
        found.integration,
        timeline=timeline(found, story),
        items=[rows.item(row, story.last) for row in story.items] if story.last else [],
        issue_ids=list(story.issue_ids),
    )


def timeline(found: FailedRequest, story: Story) -> list[shapes.Event]:
    """What happened, the oldest first; for an open request with its deadline, which may lie ahead."""
    events = [rows.event_of_response(row) for row in story.responses]
    events += [
        shapes.Event(at=deed.at, kind="deed", text=deed.reason or deed.action, by=deed.actor) for deed in story.deeds
    ]
    if found.closed_at is not None:
        by = found.resolved_by or None
        text = found.reason or found.get_state_display()
        events.append(shapes.Event(at=found.closed_at, kind="closed", text=text, by=by))
    elif found.deadline_at is not None:
        events.append(
            shapes.Event(at=found.deadline_at, kind="deadline", text="After this the cart is no longer reliable.")
        )
    return sorted(events, key=lambda event: event.at)
