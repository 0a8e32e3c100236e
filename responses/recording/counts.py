"""Adds one batch to the counts, in the transaction that stores its responses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from responses.exchanges import Origin, Outcome
from responses.models import HourlyCount, IssueHour, MinuteCount, OutcomeHour
from responses.ordergroove import endpoints
from responses.recording import rows
from responses.recording.prepare import Prepared

_COUNT_COLUMNS = ("endpoint", "status_code", "outcome", "responses", "duration_ms")


def add(cursor: rows.Cursor, batch: Iterable[Prepared]) -> None:
    """Count every response of ``batch`` but our own polls and look-ups, by event time."""
    hours: dict[tuple[int, int, str, int, int], list[int]] = {}
    minutes: dict[tuple[int, int, str, int, int], list[int]] = {}
    outcomes: dict[tuple[int, int, int], int] = defaultdict(int)
    recovered_minutes: Counter[tuple[int, int, str, int, int]] = Counter()
    recovered_hours: Counter[tuple[int, int, int]] = Counter()
    for one in batch:
        if one.origin.is_own_question:
            continue
        minute = int(one.sent_at.timestamp()) // 60
        integration, duration = one.facts.integration_id, one.duration_ms or 0
        rest = (one.endpoint.name, one.status_code or 0, int(one.outcome))
        for counts, at in ((hours, minute // 60), (minutes, minute)):
            row = counts.setdefault((integration, at, *rest), [0, 0])
            row[0] += 1
            row[1] += duration
        outcomes[integration, minute // 60, int(outcome_for_rate(one))] += 1
        if one.origin is Origin.RETRY and not one.outcome.is_failure:
            recovered_minutes[integration, minute, *rest] += 1
            recovered_hours[integration, minute // 60, int(outcome_for_rate(one))] += 1
    _upsert_counts(cursor, HourlyCount, "hour", hours)
    _upsert_counts(cursor, MinuteCount, "minute", minutes, recovered=recovered_minutes)
    rows.insert(
        cursor,
        OutcomeHour,
        ("integration_id", "hour", "outcome", "responses", "confirmed", "refused", "recovered"),
        [(*key, count, 0, 0, recovered_hours[key]) for key, count in sorted(outcomes.items())],
        "ON CONFLICT (integration_id, hour, outcome) DO UPDATE SET "
        "responses = responses_outcomehour.responses + excluded.responses, "
        "recovered = responses_outcomehour.recovered + excluded.recovered",
    )


def outcome_for_rate(one: Prepared) -> Outcome:
    """The outcome that the rates count: *accepted* is only an accepted purchase, not a status still pending."""
    if one.outcome is Outcome.ACCEPTED and one.endpoint.kind is not endpoints.Kind.PURCHASE:
        return Outcome.SUCCESS
    return one.outcome


def settle(cursor: rows.Cursor, *, integration_id: int, hour: int, is_confirmed: bool) -> None:
    """Count that an accepted purchase of that hour was found created, or was not."""
    confirmed = int(is_confirmed)
    rows.insert(
        cursor,
        OutcomeHour,
        ("integration_id", "hour", "outcome", "responses", "confirmed", "refused"),
        [(integration_id, hour, Outcome.ACCEPTED.value, 0, confirmed, 1 - confirmed)],
        "ON CONFLICT (integration_id, hour, outcome) DO UPDATE SET "
        "confirmed = responses_outcomehour.confirmed + excluded.confirmed, "
        "refused = responses_outcomehour.refused + excluded.refused",
    )


def take_back_refusal(cursor: rows.Cursor, *, integration_id: int, hour: int) -> None:
    """An accepted purchase that had been given up was found created after all."""
    cursor.execute(
        "UPDATE responses_outcomehour SET refused = refused - 1 "
        "WHERE integration_id = %s AND hour = %s AND outcome = %s AND refused > 0",
        [integration_id, hour, Outcome.ACCEPTED.value],
    )


def add_issues(cursor: rows.Cursor, failures: dict[tuple[int, int], int]) -> None:
    """Count failures by ``(issue id, hour)``."""
    rows.insert(
        cursor,
        IssueHour,
        ("issue_id", "hour", "failures"),
        [(*key, count) for key, count in sorted(failures.items())],
        "ON CONFLICT (issue_id, hour) DO UPDATE SET failures = responses_issuehour.failures + excluded.failures",
    )


def _upsert_counts(
    cursor: rows.Cursor,
    model: type[HourlyCount | MinuteCount],
    unit: str,
    counts: dict[tuple[int, int, str, int, int], list[int]],
    *,
    recovered: Counter[tuple[int, int, str, int, int]] | None = None,
) -> None:
    table = model._meta.db_table
    columns = (*_COUNT_COLUMNS, *(() if recovered is None else ("recovered",)))
    rows.insert(
        cursor,
        model,
        ("integration_id", unit, *columns),
        [(*key, *sums) if recovered is None else (*key, *sums, recovered[key]) for key, sums in sorted(counts.items())],
        f"ON CONFLICT (integration_id, {unit}, endpoint, status_code, outcome) DO UPDATE SET "
        + ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns[3:]),
    )
