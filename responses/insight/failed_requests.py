"""The log of failed requests, in pages by cursor. Nothing here counts it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db.models import Q

from responses.exchanges import Outcome
from responses.insight import cursors
from responses.models import FailedRequest, FailedRequestIssue, User
from responses.models.failed_request import FailedRequestQuerySet
from responses.recording import people

QUEUES = ("open", "to_fix", "repeated", "partial")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests: every value that is given must hold. ``queue`` is one of ``QUEUES``."""

    queue: str = ""
    state: str = ""
    outcome: Outcome | None = None
    endpoint: str = ""
    order: str = ""
    customer: str = ""
    issue: int = 0

    @property
    def is_by_clock(self) -> bool:
        """Whether the most urgent come first, rather than the newest: what a person must fix is a race."""
        return self.queue == "to_fix"

    @property
    def cursor_numbers(self) -> int:
        """How many numbers a cursor of these pages has."""
        return 2 if self.is_by_clock else 1


class Page(msgspec.Struct, frozen=True):
    """A page of rows; ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[FailedRequest, ...]
    after: str


def named(user: User, integration_id: int, name: str, *, most: int = 5) -> list[FailedRequest]:
    """Return the failed requests of one order, or of the customer with an e-mail address, the newest first."""
    column, value = "order_id", name
    if people.is_address(name):
        column, value = "email_hash", people.email_hash(integration_id, name)
    found = FailedRequest.objects.visible_in(user, integration_id).filter(**{column: value})
    return list(found.exclude(**{column: ""}).order_by("-id")[:most])


def page(user: User, integration_id: int, wanted: Wanted, *, after: str = "", size: int) -> Page:
    """Return one page of an integration's failed requests."""
    found = _matching(FailedRequest.objects.visible_in(user, integration_id), wanted)
    cursor = cursors.read(after, wanted.cursor_numbers)
    if wanted.is_by_clock:
        found = found.order_by("deadline_at", "id")
        if cursor and (at := cursors.time_of(cursor[0])) is not None:
            found = found.filter(Q(deadline_at__gte=at) & (Q(deadline_at__gt=at) | Q(id__gt=cursor[1])))
    else:
        found = found.order_by("-id")
        if cursor:
            found = found.filter(id__lt=cursor[0])
    rows = list(found[: size + 1])
    return Page(tuple(rows[:size]), cursors.write(*_key(rows[size - 1], wanted)) if len(rows) > size else "")


def _matching(found: FailedRequestQuerySet, wanted: Wanted) -> FailedRequestQuerySet:
    if wanted.queue == "open":
        found = found.open()
    elif wanted.queue == "to_fix":
        found = found.to_fix()
    elif wanted.queue == "repeated":
        found = found.repeated()
    elif wanted.queue == "partial":
        found = found.filter(outcome=Outcome.PARTIAL.value)
    if wanted.issue:
        linked = FailedRequestIssue.objects.filter(issue_id=wanted.issue).values("failed_request_id")
        found = found.filter(pk__in=linked)
    named = {
        "state": wanted.state,
        "outcome": wanted.outcome.value if wanted.outcome else None,
        "endpoint": wanted.endpoint,
        "order_id": wanted.order,
        "customer_id": wanted.customer,
    }
    # An order that is asked for is none without a number: said, so that the partial index may be used.
    return (found.exclude(order_id="") if wanted.order else found).filter(
        **{column: value for column, value in named.items() if value}
    )


def _key(row: FailedRequest, wanted: Wanted) -> tuple[int, ...]:
    if not wanted.is_by_clock:
        return (row.pk,)
    assert isinstance(row.deadline_at, datetime)
    return (cursors.number_of(row.deadline_at), row.pk)
