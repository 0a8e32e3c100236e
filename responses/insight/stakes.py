"""What is at stake behind issues: the requests that can still be saved, what they are worth, when their time is up.

It starts from the clocks, not from the issues: the most urgent requests of each open state, ``MOST`` at the most, so
that nothing here grows with what is stored. Where there are more, figures are lower bounds, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from responses.insight import cursors
from responses.models import FailedRequest
from responses.recording import rows

MOST = 1000
OPEN = tuple(state for state in FailedRequest.State if state not in FailedRequest.CLOSED)


class Stake(msgspec.Struct, frozen=True):
    """The open requests of one issue whose 24 hours are running."""

    requests: int = 0
    value: Decimal | None = None
    """What was not created is worth so much, where the bodies tell."""
    deadline_at: datetime | None = None
    """When the first of them expires."""
    order: tuple[tuple[int, int], ...] = ()
    """Deadline (a cursor's number) and id of each request, the most urgent first."""


class Stakes(msgspec.Struct, frozen=True):
    """The stakes of an integration by issue id."""

    by_issue: Mapping[int, Stake]
    is_more: bool = False
    """There are more requests than were counted."""

    def of(self, issue_id: int) -> Stake:
        """Return what is at stake behind one issue."""
        return self.by_issue.get(issue_id, NOTHING)


NOTHING = Stake()

_ONE_STATE = """SELECT * FROM (SELECT id, state, deadline_at, value FROM responses_failedrequest
    WHERE integration_id = %s AND state = %s AND deadline_at > %s ORDER BY deadline_at LIMIT %s) part"""
_QUERY = f"""SELECT link.issue_id, request.id, request.state, request.deadline_at, request.value
    FROM ({" UNION ALL ".join([_ONE_STATE] * len(OPEN))}) request
    JOIN responses_failedrequestissue link ON link.failed_request_id = request.id
    ORDER BY request.deadline_at, request.id"""  # noqa: S608 -- repeats a constant


def of_integration(integration_id: int, *, now: datetime) -> Stakes:
    """Return what is at stake in an integration, in one query. The caller has checked that it may be seen."""
    with connection.cursor() as cursor:
        at = rows.moment(now)
        cursor.execute(_QUERY, [value for state in OPEN for value in (integration_id, state.value, at, MOST)])
        found = cursor.fetchall()
    by_issue: dict[int, list[tuple[Any, ...]]] = {}
    by_state: dict[str, set[int]] = {}
    for issue_id, request_id, state, *rest in found:
        by_issue.setdefault(issue_id, []).append((request_id, *rest))
        by_state.setdefault(state, set()).add(request_id)
    return Stakes(
        {issue_id: _stake(requests) for issue_id, requests in by_issue.items()},
        is_more=any(len(request_ids) >= MOST for request_ids in by_state.values()),
    )


def _stake(requests: list[tuple[Any, ...]]) -> Stake:
    values = [Decimal(str(value)) for _, _, value in requests if value is not None]
    return Stake(
        len(requests),
        sum(values, Decimal(0)).quantize(Decimal("0.01")) if values else None,
        _aware(requests[0][1]),
        tuple((cursors.number_of(_aware(deadline_at)), request_id) for request_id, deadline_at, _ in requests),
    )


def _aware(value: datetime | str) -> datetime:
    """SQLite keeps instants as text without a zone, in UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
