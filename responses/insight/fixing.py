"""What a person must fix before time runs out, in the order of the clocks. Each state has its index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from responses.insight import cursors
from responses.models import FailedRequest, User
from responses.models.failed_request import FailedRequestQuerySet

PAGE = 50
MOST_EXPORTED = 10_000
DAY = timedelta(days=1)


class Page(msgspec.Struct, frozen=True):
    """A page of requests, the most urgent first. ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[FailedRequest, ...]
    after: str


def page(user: User, integration_id: int, *, state: str = "", after: str = "", size: int = PAGE) -> Page:
    """Return one page of what is to fix, in one state or in all of them."""
    found = FailedRequest.objects.visible_in(user, integration_id)
    states = [state] if state else [one.value for one in FailedRequest.TO_FIX]
    key = _key_of(after)
    rows: list[FailedRequest] = []
    for one in states:
        rows += _beyond(found.filter(state=one, deadline_at__isnull=False), key)[: size + 1]
    return _cut(sorted(rows, key=_order), size)


def running(user: User, integration_id: int, *, state: str = "", now: datetime, after: str = "") -> Page:
    """Return one page of what can still be saved: the first one begins with the clock that ends next."""
    return page(user, integration_id, state=state, after=after or cursors.write(cursors.number_of(now), 0))


def overdue(
    user: User, integration_id: int, *, state: str = "", now: datetime, size: int = PAGE
) -> list[FailedRequest]:
    """Return what a person must decide although its clock has ended, the latest first."""
    found = FailedRequest.objects.visible_in(user, integration_id).filter(deadline_at__lte=now)
    states = [state] if state else [one.value for one in FailedRequest.TO_FIX]
    rows = [row for one in states for row in found.filter(state=one).order_by("-deadline_at", "-id")[:size]]
    return sorted(rows, key=_order, reverse=True)[:size]


def expired(user: User, integration_id: int, *, now: datetime, after: str = "", size: int = PAGE) -> Page:
    """Return what ran out of time in the last 24 hours, the latest last."""
    found = FailedRequest.objects.visible_in(user, integration_id)
    today = found.filter(state=FailedRequest.State.EXPIRED, deadline_at__gt=now - DAY, deadline_at__lte=now)
    return _cut(list(_beyond(today, _key_of(after))[: size + 1]), size)


def counts(user: User, integration_id: int, *, now: datetime, most: int) -> dict[str, int]:
    """Return how many there are in each state, and how many expired today (``expired``), counted up to ``most``."""
    found = FailedRequest.objects.visible_in(user, integration_id)
    counted = {
        state.value: found.filter(state=state, deadline_at__isnull=False).order_by()[:most].count()
        for state in FailedRequest.TO_FIX
    }
    today = found.filter(state=FailedRequest.State.EXPIRED, deadline_at__gt=now - DAY, deadline_at__lte=now)
    return counted | {"expired": today.order_by()[:most].count()}


def everything(user: User, integration_id: int, *, state: str = "", now: datetime) -> Iterator[FailedRequest]:
    """Return all of it in order, up to ``MOST_EXPORTED``, reading page by page."""
    after, left = "", MOST_EXPORTED
    while left > 0:
        size = min(500, left)
        found = (
            expired(user, integration_id, now=now, after=after, size=size)
            if state == "expired"
            else page(user, integration_id, state=state, after=after, size=size)
        )
        yield from found.rows
        after, left = found.after, left - len(found.rows)
        if not after:
            return


def _beyond(found: FailedRequestQuerySet, key: tuple[datetime, int] | None) -> FailedRequestQuerySet:
    ordered = found.order_by("deadline_at", "id")
    if key is None:
        return ordered
    at, row_id = key
    return ordered.filter(deadline_at__gte=at).exclude(deadline_at=at, id__lte=row_id)


def _cut(rows: list[FailedRequest], size: int) -> Page:
    shown = tuple(rows[:size])
    if len(rows) <= size:
        return Page(shown, "")
    at, row_id = _order(shown[-1])
    return Page(shown, cursors.write(cursors.number_of(at), row_id))


def _order(request: FailedRequest) -> tuple[datetime, int]:
    assert request.deadline_at is not None
    return request.deadline_at, request.pk


def _key_of(after: str) -> tuple[datetime, int] | None:
    key = cursors.read(after, 2)
    at = cursors.time_of(key[0]) if key else None
    return (at, key[1]) if key and at is not None else None
