"""What open requests have at stake: orders, customers, subscriptions, value, clocks. Reads only, and never a body."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec
from django.db.models import Count, Min, Q, Sum

from responses.models import FailedRequest, FailedRequestIssue, Issue, Resend
from responses.models.failed_request import FailedRequestQuerySet

MOST_REQUESTS = 5_000
"""The newest requests that are looked at: a huge issue must not make its message late."""

State = FailedRequest.State


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """The open requests that something concerns. Where there are more than ``MOST_REQUESTS``, lower bounds."""

    requests: int = 0
    orders: int = 0
    customers: int = 0
    created: int = 0
    """Items, like the two that follow."""
    failed: int = 0
    unknown: int = 0
    refused: int = 0
    """Purchases whose answer named no item: at least one subscription each."""
    value: Decimal | None = None
    """What the products that were not created are worth, where the bodies tell."""
    deadline_at: datetime | None = None
    """When the oldest of those that still can be saved no longer can."""
    deadline_has_order: bool = False
    exhausted: int = 0
    is_retrying: bool = False
    """Whether a send of ours is planned or under way for one of them."""
    retry_at: datetime | None = None
    """When the next of these is planned."""

    @property
    def is_more(self) -> bool:
        """Whether there may be more than was counted."""
        return self.requests >= MOST_REQUESTS


NOTHING = Impact()


def of_issue(issue: Issue, *, now: datetime) -> Impact:
    """Measure the open requests of an issue."""
    newest = FailedRequestIssue.objects.filter(issue=issue).order_by("-id").values("failed_request_id")[:MOST_REQUESTS]
    return of(FailedRequest.objects.open().filter(pk__in=newest), now=now)


def of(requests: FailedRequestQuerySet, *, now: datetime) -> Impact:
    """Measure ``requests``, which the caller has narrowed to ``MOST_REQUESTS`` or fewer that are open."""
    has_order, is_running = ~Q(order_id=""), Q(deadline_at__gt=now)
    no_items = Q(items_created=0, items_failed=0, items_unknown=0)
    found = requests.aggregate(
        requests=Count("pk"),
        orders=Count("pk", filter=has_order),
        customers=Count("customer_id", distinct=True, filter=~Q(customer_id="")),
        created=Sum("items_created", default=0),
        failed=Sum("items_failed", default=0),
        unknown=Sum("items_unknown", default=0),
        refused=Count("pk", filter=has_order & no_items),
        worth=Sum("value"),
        oldest=Min("deadline_at", filter=is_running),
        oldest_order=Min("deadline_at", filter=is_running & has_order),
        exhausted=Count("pk", filter=Q(state=State.EXHAUSTED)),
        retrying=Count("pk", filter=Q(state=State.RETRYING)),
    )
    oldest, oldest_order = found.pop("oldest"), found.pop("oldest_order")
    worth, is_retrying = found.pop("worth"), bool(found.pop("retrying"))
    retry_at = None
    if is_retrying:
        planned = Resend.objects.live().filter(failed_request__in=requests.filter(state=State.RETRYING))
        retry_at = planned.aggregate(next=Min("due_at"))["next"]
    return Impact(
        **found,
        value=worth,
        deadline_at=oldest,
        deadline_has_order=oldest is not None and oldest == oldest_order,
        is_retrying=is_retrying,
        retry_at=retry_at,
    )
