"""``/api/v1/lookup``: what became of an order, in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from responses.api import answers, asking, shapes
from responses.api.asking import Asked, Slug
from responses.insight import explaining, safest
from responses.insight import lookup as insight
from responses.insight.lookup import Found
from responses.models import User

router = Router(tags=["Requests"])
_UTC = ZoneInfo("UTC")


class LookupQuery(Asked):
    """What is looked for."""

    integration: Slug | None = Field(None, description="The integration's slug. Needed by who may see more than one.")
    q: Annotated[str, Field(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")] = Field(
        description="An order, customer or subscription id, letter for letter, or an e-mail address: that one is "
        "compared as a keyed hash, but stands in the address of this call."
    )


class LookupRow(Schema):
    """What became of one request."""

    found_by: Literal["order", "customer", "subscription", "address"]
    order_id: str | None
    customer_id: str | None
    answer: str = Field(description="In plain words. Its times are UTC.")
    for_customer: str = Field(description="Sentences that may be sent to the customer as they are.")
    on_it: list[str] = Field(description="Who or what is at it.")
    state: shapes.RequestWord | None = Field(description="Of the failed request; null where nothing failed.")
    deadline_at: shapes.Time | None
    request: shapes.RowId | None
    response: shapes.RowId | None = Field(description="The last call.")
    safest: Literal["correct", "send_again", "decide", "release"] | None = Field(
        description="The one thing that is safest to do now; `why_not` says why it is forbidden."
    )
    why_not: list[str]
    url: str | None


class LookupAnswer(Schema):
    """What is open comes first, then the newest."""

    results: list[LookupRow]
    is_more: bool


@router.get("/lookup", response=answers.of(LookupAnswer, 404, 422), operation_id="look_up", url_name="lookup")
def look_up(request: HttpRequest, asked: Query[LookupQuery]) -> Any:
    """Say what became of an order, or of the last orders of a customer."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    now = timezone.now().astimezone(UTC)
    answer = insight.read(user, integration.pk, asked.q, now=now)
    return LookupAnswer(results=[_row(user, found, now=now) for found in answer.found], is_more=answer.is_more)


def _row(user: User, found: Found, *, now: datetime) -> LookupRow:
    row, latest = found.request, found.latest
    about = row or latest or found.follow_up
    chosen = safest.of(user, row, now=now) if row is not None and not found.is_over else safest.Safest()
    path = f"requests/{row.pk}" if row is not None else f"responses/{latest.pk}" if latest is not None else ""
    return LookupRow(
        found_by=found.by,  # type: ignore[arg-type]  # one of four words, checked when it is built
        order_id=found.order_id or None,
        customer_id=(about.customer_id if about is not None else "") or None,
        answer=explaining.answer(found, now=now, zone=_UTC),
        for_customer=explaining.for_customer(found),
        on_it=explaining.on_it(found, now=now, zone=_UTC),
        state=row.state if row is not None else None,  # type: ignore[arg-type]  # the same
        deadline_at=row.deadline_at if row is not None and row.is_open else None,
        request=str(row.pk) if row is not None else None,
        response=str(latest.pk) if latest is not None else None,
        safest=chosen.deed or None,  # type: ignore[arg-type]  # the same
        why_not=list(chosen.reasons),
        url=f"{settings.MONITOR_URL.rstrip('/')}/{path}/" if path else None,
    )
