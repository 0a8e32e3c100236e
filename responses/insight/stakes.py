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
from responses.models import FailedRequest, Issue
from responses.recording import rows

MOST = 500
OPEN = tuple(state for state in FailedRequest.State if state not in FailedRequest.CLOSED)


class Stake(msgspec.Struct, frozen=True):
    """The open requests of one issue whose 24 hours are running."""

    requests: int = 0
    value: Decimal | None = None
    """What was not created is worth so much, where the bodies tell."""
    deadline_at: datetime | None = None
    """When the first of them expires."""


class Stakes(msgspec.Struct, frozen=True):
    """The stakes of an integration by issue id."""

    by_issue: Mapping[int, Stake]
    is_more: bool = False
    """There are more requests than were counted."""

    def of(self, issue_id: int) -> Stake:
        """Return what is at stake behind one issue."""
        return self.by_issue.get(issue_id, NOTHING)


NOTHING = Stake()

_ONE_STATE = """SELECT * FROM (SELECT id, deadline_at, value FROM responses_failedrequest
    WHERE integration_id = %s AND state = %s AND deadline_at > %s ORDER BY deadline_at LIMIT %s) part"""
_URGENT = " UNION ALL ".join([_ONE_STATE] * len(OPEN))
_BY_ISSUE = f"""SELECT link.issue_id, count(*), sum(request.value), min(request.deadline_at) FROM ({_URGENT}) request
    JOIN responses_failedrequestissue link ON link.failed_request_id = request.id
    GROUP BY link.issue_id"""  # noqa: S608 -- repeats a constant
_COUNTS = " UNION ALL ".join([f"SELECT count(*) AS length FROM ({_ONE_STATE}) one"] * len(OPEN))  # noqa: S608
_LONGEST = f"SELECT max(length) FROM ({_COUNTS}) every"  # noqa: S608
_OF_ISSUE = f"""SELECT request.id, request.deadline_at FROM ({_URGENT}) request
    JOIN responses_failedrequestissue link ON link.failed_request_id = request.id AND link.issue_id = %s
    ORDER BY request.deadline_at, request.id"""  # noqa: S608 -- repeats a constant


def of_integration(integration_id: int, *, now: datetime) -> Stakes:
    """Return what is at stake in an integration, in one query. The caller has checked that it may be seen."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_ISSUE, _parameters(integration_id, now))
        found = cursor.fetchall()
    by_issue = {
        issue_id: Stake(requests, _money(value), _aware(deadline_at))
        for issue_id, requests, value, deadline_at in found
    }
    return Stakes(by_issue, is_more=_is_more(integration_id, by_issue, now=now))


def order(issue: Issue, *, now: datetime) -> list[tuple[int, int]]:
    """Return deadline (as a cursor's number) and id of the requests at stake behind an issue, the most urgent first."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ISSUE, [*_parameters(issue.integration_id, now), issue.pk])
        found = cursor.fetchall()
    return [(cursors.number_of(_aware(deadline_at)), request_id) for request_id, deadline_at in found]


def _parameters(integration_id: int, now: datetime) -> list[Any]:
    at = rows.moment(now)
    return [value for state in OPEN for value in (integration_id, state.value, at, MOST)]


def _is_more(integration_id: int, by_issue: Mapping[int, Stake], *, now: datetime) -> bool:
    """Whether a state has more requests than are counted; only asked where that is possible at all."""
    if sum(stake.requests for stake in by_issue.values()) < MOST:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_LONGEST, _parameters(integration_id, now))
        return bool(cursor.fetchone()[0] >= MOST)


def _money(value: object) -> Decimal | None:
    """SQLite sums amounts as floating point numbers."""
    return Decimal(str(value)).quantize(Decimal("0.01")) if value is not None else None


def _aware(value: datetime | str) -> datetime:
    """SQLite keeps instants as text without a zone, in UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
