"""Requests that failed again and again, and causes that many requests share. Pages by cursor."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db.models import F

from responses.insight import cursors
from responses.models import FailedRequest, Issue, User
from responses.models.failed_request import FailedRequestQuerySet

PAGE = 50
MOST_CAUSES = 8
QUIET = timedelta(hours=24)
SORTS = ("most", "last", "left")
_ALIVE = (Issue.State.OPEN, Issue.State.ACKNOWLEDGED)


class Page(msgspec.Struct, frozen=True):
    """A page of requests; ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[FailedRequest, ...]
    after: str


def page(
    user: User,
    integration_id: int,
    *,
    now: datetime,
    sort: str = "most",
    has_closed: bool = False,
    after: str = "",
    size: int = PAGE,
) -> Page:
    """Return one page of the requests with two failures or more, the open ones unless ``has_closed``.

    A question (GET, HEAD) has no clock that ends it: one that has not failed again for ``QUIET`` counts as over.
    """
    found = FailedRequest.objects.visible_in(user, integration_id).repeated()
    if not has_closed:
        open_states = [state.value for state in FailedRequest.State if state not in FailedRequest.CLOSED]
        found = found.filter(state__in=open_states)
        found = found.exclude(deadline_at__isnull=True, last_failed_at__lt=now - QUIET)
    rows = list(_sorted(found, sort, cursors.read(after, 2))[: size + 1])
    if len(rows) <= size:
        return Page(tuple(rows), "")
    return Page(tuple(rows[:size]), cursors.write(_number(rows[size - 1], sort), rows[size - 1].pk))


def shared_causes(user: User, integration_id: int) -> tuple[Issue, ...]:
    """Return the issues that two requests or more have in common, the most frequent first."""
    alive = Issue.objects.visible_in(user, integration_id).filter(state__in=_ALIVE, requests__gte=2)
    return tuple(alive.order_by("-requests", "-last_seen_at")[:MOST_CAUSES])


def _sorted(found: FailedRequestQuerySet, sort: str, key: tuple[int, ...] | None) -> FailedRequestQuerySet:
    if sort == "left":
        ordered = found.filter(deadline_at__isnull=False).order_by("deadline_at", "id")
        at = cursors.time_of(key[0]) if key else None
        if key is None or at is None:
            return ordered
        return ordered.filter(deadline_at__gte=at).exclude(deadline_at=at, id__lte=key[1])
    column = "last_failed_at" if sort == "last" else "failures"
    ordered = found.order_by(F(column).desc(), "-id")
    value = (cursors.time_of(key[0]) if sort == "last" else min(key[0], 2**31 - 1)) if key else None
    if key is None or value is None:
        return ordered
    return ordered.filter(**{f"{column}__lte": value}).exclude(**{column: value, "id__gte": key[1]})


def _number(row: FailedRequest, sort: str) -> int:
    if sort == "most":
        return row.failures
    at: datetime | None = row.last_failed_at if sort == "last" else row.deadline_at
    assert at is not None
    return cursors.number_of(at)
