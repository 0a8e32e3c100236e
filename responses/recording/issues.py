"""Failures with one cause become one Issue: opened, counted, and back again when it had been resolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from responses.fingerprints import Cause
from responses.models import FailedRequestIssue, Issue, Transition, ids
from responses.recording import counts, rows

_COLUMNS = (
    "id",
    "integration_id",
    "fingerprint",
    "version",
    "endpoint",
    "outcome",
    "status_code",
    "failure",
    "field",
    "message",
    "title",
    "state",
    "first_seen_at",
    "last_seen_at",
    "failures",
    "requests",
    "orders",
    "regressions",
)
# A failure that was sent before the issue was resolved is an old one that arrives late: no regression.
_IS_BACK = "responses_issue.state = 'resolved' AND excluded.last_seen_at > responses_issue.resolved_at"
_UPSERT = f"""ON CONFLICT (integration_id, fingerprint) DO UPDATE SET
    failures = responses_issue.failures + excluded.failures,
    first_seen_at = CASE WHEN excluded.first_seen_at < responses_issue.first_seen_at
        THEN excluded.first_seen_at ELSE responses_issue.first_seen_at END,
    last_seen_at = CASE WHEN excluded.last_seen_at > responses_issue.last_seen_at
        THEN excluded.last_seen_at ELSE responses_issue.last_seen_at END,
    regressed_at = CASE WHEN {_IS_BACK} THEN excluded.last_seen_at ELSE responses_issue.regressed_at END,
    regressed_by_id = CASE WHEN {_IS_BACK} THEN excluded.id ELSE responses_issue.regressed_by_id END,
    regressions = CASE WHEN {_IS_BACK} THEN responses_issue.regressions + 1 ELSE responses_issue.regressions END,
    state = CASE WHEN {_IS_BACK} THEN 'open' ELSE responses_issue.state END
    RETURNING id, regressed_by_id"""


class Tally(msgspec.Struct):
    """What one batch adds to one issue."""

    cause: Cause
    first_at: datetime
    last_at: datetime
    failures: int = 0
    hours: dict[int, int] = {}


class Tallies:
    """Collects the failures of a batch by issue, then writes them."""

    def __init__(self) -> None:
        self._by_cause: dict[tuple[int, str], Tally] = {}
        self.issue_ids: dict[tuple[int, str], int] = {}

    def add(self, integration_id: int, cause: Cause, *, at: datetime) -> None:
        """Count one failure (a response, or an item of one) that happened at ``at``."""
        tally = self._by_cause.setdefault((integration_id, cause.fingerprint), Tally(cause, at, at, hours={}))
        tally.first_at, tally.last_at = min(tally.first_at, at), max(tally.last_at, at)
        tally.failures += 1
        hour = int(at.timestamp()) // 3600
        tally.hours[hour] = tally.hours.get(hour, 0) + 1

    def write(self, cursor: rows.Cursor, *, now: datetime) -> list[tuple[Any, ...]]:
        """Upsert the issues, fill ``issue_ids``, count by hour; return the Transition rows of new and regressed."""
        transitions: list[tuple[Any, ...]] = []
        hours: dict[tuple[int, int], int] = {}
        for key in sorted(self._by_cause):  # one order for every writer, or two of them could deadlock
            tally = self._by_cause[key]
            proposed = ids.new(now)
            [(issue_id, regressed_by)] = rows.insert_returning(
                cursor, Issue, _COLUMNS, [self._row(proposed, key, tally)], _UPSERT
            )
            self.issue_ids[key] = issue_id
            for hour, count in tally.hours.items():
                hours[issue_id, hour] = count
            if issue_id == proposed:
                transitions.append(_transition(Transition.Kind.ISSUE_OPENED, key[0], issue_id, now=now))
            elif regressed_by == proposed:
                transitions.append(_transition(Transition.Kind.ISSUE_REGRESSED, key[0], issue_id, now=now))
        counts.add_issues(cursor, hours)
        return transitions

    @staticmethod
    def _row(issue_id: int, key: tuple[int, str], tally: Tally) -> tuple[Any, ...]:
        cause = tally.cause
        first_at, last_at = rows.moment(tally.first_at), rows.moment(tally.last_at)
        return (
            issue_id,
            key[0],
            cause.fingerprint,
            cause.version,
            cause.endpoint,
            int(cause.outcome),
            cause.status_code,
            cause.failure or "",
            cause.field,
            cause.message,
            cause.title[:300],
            Issue.State.OPEN.value,
            first_at,
            last_at,
            tally.failures,
            0,
            0,
            0,
        )


TRANSITION_COLUMNS = ("id", "kind", "integration_id", "issue_id", "failed_request_id", "at")


def _transition(kind: Transition.Kind, integration_id: int, issue_id: int, *, now: datetime) -> tuple[Any, ...]:
    return ids.new(now), kind.value, integration_id, issue_id, None, rows.moment(now)


def link(cursor: rows.Cursor, links: Iterable[tuple[int, int, bool]], *, now: datetime) -> None:
    """Link failed requests to issues: ``(issue id, failed request id, has an order)``. A pair counts once."""
    wanted = {(issue_id, request_id): has_order for issue_id, request_id, has_order in links}
    added = rows.insert_returning(
        cursor,
        FailedRequestIssue,
        ("id", "issue_id", "failed_request_id"),
        [(ids.new(now), *pair) for pair in sorted(wanted)],
        "ON CONFLICT (issue_id, failed_request_id) DO NOTHING RETURNING issue_id, failed_request_id",
    )
    sums: dict[int, list[int]] = {}
    for issue_id, request_id in added:
        sums.setdefault(issue_id, [0, 0])
        sums[issue_id][0] += 1
        sums[issue_id][1] += wanted[issue_id, request_id]
    for issue_id, (requests, orders) in sorted(sums.items()):
        cursor.execute(
            "UPDATE responses_issue SET requests = requests + %s, orders = orders + %s WHERE id = %s",
            [requests, orders, issue_id],
        )
