"""``/api/v1/responses``: what was recorded, read back."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from responses.api import answers, asking, recording, refusals, rows, shapes
from responses.api.asking import Id, Listing, Moment, Name
from responses.exchanges import Origin, Outcome
from responses.insight import response as insight
from responses.insight import responses as log
from responses.models import Response

router = Router(tags=["Responses"])
recording.add_to(router)


class ResponseQuery(Listing):
    """Which responses: all that is given must hold."""

    outcome: shapes.OutcomeWord | None = None
    code: Annotated[str, Field(pattern=r"^[1-9]([0-9]{2}|xx)$")] | None = Field(
        None, description="A status code, `404`, or a hundred of them, `5xx`.", examples=["5xx"]
    )
    endpoint: Name | None = Field(None, description="As `endpoint` of a response names it.")
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,16}$")] | None = None
    order: Name | None = None
    customer: Name | None = None
    request_id: Name | None = Field(None, description="The caller's own name of the request.")
    origin: shapes.OriginWord | None = None
    release: Annotated[Name, Field(max_length=100)] | None = None
    issue: Id | None = None
    since: Moment | None = Field(None, description="Sent then or later; the list is then in the order of sending.")
    until: Moment | None = Field(None, description="Sent before this instant.")
    q: Name | None = Field(
        None, description="An order, customer or request, or the beginning of one; or words of an error message."
    )

    def wanted(self) -> log.Wanted:
        """The same in the words of the log."""
        is_hundred = bool(self.code and self.code.endswith("xx"))
        return log.Wanted(
            outcome=Outcome[self.outcome.upper()] if self.outcome else None,
            code=int(self.code) if self.code and not is_hundred else 0,
            hundred=int(self.code[0]) if self.code and is_hundred else 0,
            endpoint=self.endpoint or "",
            method=(self.method or "").upper(),
            order=self.order or "",
            customer=self.customer or "",
            request_id=self.request_id or "",
            origin=Origin[self.origin.upper()] if self.origin else None,
            release=self.release or "",
            issue=asking.filter_id("issue", self.issue),
            since=self.since,
            until=self.until,
            words=self.q or "",
        )


@router.get(
    "/responses",
    response=answers.of(shapes.ResponsePage, 404, 422),
    operation_id="list_responses",
    url_name="responses",
)
def list_responses(request: HttpRequest, asked: Query[ResponseQuery]) -> Any:
    """List responses of one integration, the latest first."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    wanted = asked.wanted()
    asking.check_cursor(asked.after, numbers=2 if wanted.is_by_time else 1, is_by_time=wanted.is_by_time)
    cursor = log.read_cursor(wanted, before="", after=asked.after or "")
    found = log.page(user, integration.pk, wanted, cursor=cursor, size=asked.limit)
    return shapes.ResponsePage(
        results=[rows.response(row, integration) for row in found.rows],
        next=asking.next_url(request, found.older),
        searched_to=found.looked_to,
    )


@router.get(
    "/responses/{id}",
    response=answers.of(shapes.ResponseDetail, 404, 422),
    operation_id="get_response",
    url_name="response",
)
def get_response(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002  # the name that callers read
    """Show one response: what it means, its items, what was sent and answered (redacted)."""
    user = asking.person(request)
    found = Response.objects.visible_to(user).select_related("integration").filter(pk=asking.row_id(id)).first()
    if found is None:
        raise refusals.not_found("response")
    return rows.response_detail(found, found.integration, insight.read(user, found))
