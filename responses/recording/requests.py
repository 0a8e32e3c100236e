"""Failures of one request gather on one open FailedRequest; a later success resolves it (design.md, 4).

The decisions are made on rows in memory, in the order of the batch, and written in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from responses.exchanges import ItemState, Meaning, Origin, Outcome
from responses.models import FailedRequest, SealedRequest, ids
from responses.ordergroove import endpoints
from responses.recording import rows, transitions
from responses.recording.prepare import CLOCK, Prepared, value_of

State = FailedRequest.State
By = FailedRequest.ResolvedBy

_COLUMNS = (
    "id",
    "integration_id",
    "request_key",
    "resource_key",
    "method",
    "endpoint",
    "order_id",
    "customer_id",
    "request_id",
    "email_hash",
    "state",
    "reason",
    "outcome",
    "status_code",
    "failure",
    "message",
    "items_created",
    "items_failed",
    "items_unknown",
    "failures",
    "same_cause",
    "cause",
    "first_failed_at",
    "last_failed_at",
    "deadline_at",
    "retry_by",
    "cannot_resend",
    "seal_id",
    "series",
    "caller_retries_too",
    "value",
    "resolved_by",
    "closed_at",
)
_CHANGING = _COLUMNS[10:]
_TIMES = frozenset({"first_failed_at", "last_failed_at", "deadline_at", "closed_at"})
_CALLERS = frozenset({Origin.CALLER, Origin.GATEWAY, Origin.IMPORT})
_RESOLVED_BY = {Origin.RETRY: By.RETRY, Origin.RESUBMISSION: By.RESUBMISSION, Origin.LOOKUP: By.LOOKUP}
_DOUBTFUL = frozenset({State.WAITING, State.UNKNOWN, State.RETRYING, State.CONFIRMING, State.HELD, State.EXHAUSTED})


class Row(msgspec.Struct, kw_only=True):
    """One FailedRequest in memory: its columns, and whether it must be inserted or updated."""

    id: int
    integration_id: int
    request_key: str
    resource_key: str
    method: str
    endpoint: str
    order_id: str
    customer_id: str
    request_id: str
    state: str
    outcome: int
    first_failed_at: datetime
    last_failed_at: datetime
    deadline_at: datetime | None
    retry_by: str
    email_hash: str = ""
    reason: str = ""
    status_code: int | None = None
    failure: str = ""
    message: str = ""
    items_created: int = 0
    items_failed: int = 0
    items_unknown: int = 0
    failures: int = 0
    same_cause: int = 0
    cause: str = ""
    cannot_resend: str = ""
    seal_id: int | None = None
    series: int = 0
    caller_retries_too: bool = False
    value: Decimal | None = None
    resolved_by: str = ""
    closed_at: datetime | None = None
    is_new: bool = False
    is_changed: bool = False
    was: str = ""
    """Its state in the database; empty when it is new."""


class Gathering:
    """The failed requests that one batch touches. ``load`` first, then decide one by one, then ``write``."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now
        self._open: dict[str, Row] = {}
        self._by_id: dict[int, Row] = {}
        self._loaded: set[str] = set()
        self._touched: list[Row] = []
        self._seals: list[tuple[Any, ...]] = []
        self.body_hashes: dict[int, str] = {}
        self.dropped_seals: list[int] = []

    def load(self, cursor: rows.Cursor, request_keys: Iterable[str]) -> None:
        """Read, and on PostgreSQL lock, the open rows of these keys, but those that the batch knows already."""
        keys = sorted(set(request_keys) - self._loaded)
        if not keys:
            return
        self._loaded.update(keys)
        lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM responses_failedrequest "
            f"WHERE request_key IN ({', '.join(['%s'] * len(keys))}) AND closed_at IS NULL ORDER BY id{lock}",
            keys,
        )
        for values in cursor.fetchall():
            row = _read(values)
            self._open[row.request_key] = self._by_id[row.id] = row

    def loaded(self) -> Iterable[Row]:
        """Return the rows that were open before this batch."""
        return self._by_id.values()

    def known(self, row_id: int) -> Row | None:
        """Return a row that was open before this batch, whatever has become of it since."""
        return self._by_id.get(row_id)

    def open_for(self, request_key: str) -> Row | None:
        """Return the open row of a key, as the batch has left it so far."""
        return self._open.get(request_key)

    def fail(
        self, one: Prepared, *, started_at: datetime | None = None, understood: Meaning | None = None, cause: str = ""
    ) -> Row:
        """Gather one failure. For the result of an accepted purchase, ``started_at`` is when the POST was sent."""
        understood = understood or one.meaning
        row = self._open.get(one.request_key) or self._start(one, at=started_at or one.sent_at)
        if one.origin in _CALLERS or one.origin.is_own_question:
            row.failures += 1
            row.same_cause = row.same_cause + 1 if cause == row.cause else 1
        row.last_failed_at = max(row.last_failed_at, one.sent_at)
        self._take_in(row, one, understood, cause, kept=one.correction.kept if one.correction else 0)
        state, reason = state_after_failure(State(row.state), one, understood.outcome, is_new=row.failures <= 1)
        self.move(row, state, reason)
        self._keep_original(row, one)
        return row

    def fail_again(self, one: Prepared, row: Row, *, cause: str) -> None:
        """Take in what a send of our own got. It is no call of the caller, and its state is the Resend's to say."""
        self._take_in(row, one, one.meaning, cause, kept=one.correction.kept if one.correction else 0)
        self.touch(row)

    def _take_in(self, row: Row, one: Prepared, understood: Meaning, cause: str, *, kept: int) -> None:
        """``kept`` products were left out of what was sent, since they had been created before."""
        row.cause = cause
        row.outcome, row.status_code, row.failure = int(understood.outcome), one.status_code, one.failure
        row.message = one.message
        if understood.items:
            row.items_created = kept + understood.count(ItemState.CREATED)
            row.items_failed = understood.count(ItemState.FAILED)
            row.items_unknown = understood.count(ItemState.UNKNOWN)
        row.value = value_of(one.products, understood.items) if one.products else row.value

    def succeed(self, one: Prepared, row: Row) -> bool:
        """Resolve ``row`` by a later success of the same request; ``False`` when the success was sent earlier."""
        if one.sent_at < row.last_failed_at:
            return False
        self.resolve(row, by=resolver_of(one), reason="A later call of the same request succeeded.")
        return True

    def confirm_later(self, row: Row, *, reason: str) -> None:
        """The same purchase was accepted: its result decides."""
        self.move(row, State.CONFIRMING, reason)

    def resolve(self, row: Row, *, by: FailedRequest.ResolvedBy, reason: str) -> None:
        """End it well. The sealed original goes at once."""
        self.move(row, State.RESOLVED, reason)
        row.resolved_by = by.value
        self._close(row)

    def expire(self, row: Row, *, reason: str) -> None:
        """End it, since its time is over. The original stays for its own last hour, for an Admin to have corrected."""
        self.move(row, State.EXPIRED, reason)
        row.closed_at = self.now
        self._open.pop(row.request_key, None)

    def doubt(self, row: Row, *, reason: str) -> None:
        """Nobody knows whether it took effect: a person decides."""
        self.move(row, State.UNKNOWN, reason)

    def adopt_seal(self, row: Row, seal_id: int | None) -> None:
        """Make another original the one to send again; the one before goes."""
        if row.seal_id != seal_id:
            self._drop_seal(row)
            row.seal_id = seal_id

    def keep(self, seal_id: int | None) -> None:
        """Let a seal stay that is still needed, though it is no longer the newest original."""
        if seal_id in self.dropped_seals:
            self.dropped_seals.remove(seal_id)

    def forget_unsent(self, row_id: int, seal_id: int | None) -> None:
        """Drop what a correction would have sent, where it has not become the original of its request."""
        row = self.known(row_id)
        if row is not None and seal_id is not None and row.seal_id != seal_id:
            self.dropped_seals.append(seal_id)

    def write(self, cursor: rows.Cursor) -> None:
        """Write the seals, then the changed rows, then the new ones: a key's old row must be closed before its next."""
        rows.insert(cursor, SealedRequest, ("id", "integration_id", "token", "body_hash", "expires_at"), self._seals)
        changed = [row for row in self._touched if row.is_changed and not row.is_new]
        if changed:
            settings = ", ".join(f"{column} = %s" for column in _CHANGING)
            cursor.executemany(
                f"UPDATE responses_failedrequest SET {settings} WHERE id = %s",
                [(*_values(row, _CHANGING), row.id) for row in sorted(changed, key=lambda row: row.id)],
            )
        rows.insert(cursor, FailedRequest, _COLUMNS, [_values(row, _COLUMNS) for row in self._touched if row.is_new])
        if self.dropped_seals:
            marks = ", ".join(["%s"] * len(self.dropped_seals))
            cursor.execute(f"DELETE FROM responses_sealedrequest WHERE id IN ({marks})", self.dropped_seals)

    def ended(self) -> list[transitions.Ended]:
        """Return the rows that this batch brings to an end that somebody may want to hear about."""
        return [
            transitions.Ended(row.id, row.integration_id, row.cause, row.state)
            for row in self._touched
            if row.state != row.was and row.state in transitions.KINDS
        ]

    def keep_seal(self, one: Prepared) -> int | None:
        """Store the sealed original of ``one``; return its id, or ``None`` when it has none."""
        if one.seal is None:
            return None
        seal_id = ids.new(self.now)
        expires_at = rows.moment(min(one.sent_at, self.now) + CLOCK + CLOCK / 24)
        self.body_hashes[seal_id] = one.body_hash
        self._seals.append((seal_id, one.facts.integration_id, one.seal, one.body_hash, expires_at))
        return seal_id

    def _start(self, one: Prepared, *, at: datetime) -> Row:
        started_at = min(at, self.now)
        row = Row(
            id=ids.new(self.now),
            integration_id=one.facts.integration_id,
            request_key=one.request_key,
            resource_key=one.resource_key,
            method=one.method,
            endpoint=one.endpoint.name,
            order_id=one.order_id,
            customer_id=one.customer_id,
            request_id=one.request_id,
            email_hash=one.email_hash,
            state=State.WAITING.value,
            outcome=int(one.outcome),
            first_failed_at=at,
            last_failed_at=at,
            deadline_at=started_at + CLOCK if one.has_clock else None,
            retry_by=one.retry_by.value,
            is_new=True,
        )
        self._open[row.request_key] = row
        self._touched.append(row)
        return row

    def move(self, row: Row, state: FailedRequest.State, reason: str) -> None:
        """Put it into a state that leaves it open, with the reason in words."""
        row.state, row.reason = state.value, reason[:300]
        self.touch(row)

    def touch(self, row: Row) -> None:
        """Have a changed row written."""
        if not row.is_changed:
            row.is_changed = True
            if not row.is_new:
                self._touched.append(row)

    def _close(self, row: Row) -> None:
        row.closed_at = self.now
        self._drop_seal(row)
        self._open.pop(row.request_key, None)

    def _keep_original(self, row: Row, one: Prepared) -> None:
        """The newest original is the one to send again; that of a followed purchase is with its pursuit."""
        row.cannot_resend = one.cannot_resend
        if one.origin.is_own_question:
            return
        self._drop_seal(row)
        row.seal_id = self.keep_seal(one)

    def _drop_seal(self, row: Row) -> None:
        if row.seal_id is not None:
            self.dropped_seals.append(row.seal_id)
            row.seal_id = None


def state_after_failure(
    state: FailedRequest.State, one: Prepared, outcome: Outcome, *, is_new: bool
) -> tuple[FailedRequest.State, str]:
    """Return the state, and its reason, of a failed request after one more failure."""
    if not is_new and state is State.UNKNOWN:
        return state, "An earlier call got no answer, and nobody knows whether it took effect."
    if outcome in (Outcome.PARTIAL, Outcome.NEEDS_FIX):
        return State.NEEDS_FIX, ""
    if outcome is Outcome.NO_ANSWER and one.has_clock and not one.never_left:
        return State.UNKNOWN, "No answer came back, so nobody knows whether it took effect."
    return State.WAITING, why_waiting(one)


def why_waiting(one: Prepared) -> str:
    """Return in words why nothing of ours sends this transient failure again."""
    if one.origin is Origin.IMPORT:
        return "It was imported: history is never sent again by itself."
    if one.retry_by.value == "caller":
        return "The caller sends it again."
    if one.retry_by.value == "never":
        return "It is marked as never to be sent again by itself."
    if not one.facts.may_retry:
        return "The key that reported it may not have its requests sent again."
    if one.cannot_resend:
        return one.cannot_resend
    if one.endpoint.kind is endpoints.Kind.OTHER:
        return "It is no documented call, so a person decides whether it may be sent again."
    if not one.endpoint.safe_to_repeat:
        return "Repeating this call could do its work twice, so a person decides."
    return ""


def resolver_of(one: Prepared) -> FailedRequest.ResolvedBy:
    """Return to whom a resolution by ``one`` is owed."""
    return _RESOLVED_BY.get(one.origin, By.CALLER)


def is_proof_of_arrival(one: Prepared, row: Row | None) -> bool:
    """Whether a 409 says that an earlier, doubtful attempt of the same purchase had arrived after all."""
    return (
        row is not None
        and one.status_code == 409
        and one.endpoint.kind is endpoints.Kind.PURCHASE
        and row.state in _DOUBTFUL
        and one.sent_at >= row.first_failed_at
    )


def _read(values: tuple[Any, ...]) -> Row:
    columns = dict(zip(_COLUMNS, values, strict=True))
    for name in _TIMES:
        columns[name] = rows.read_moment(columns[name])
    if columns["value"] is not None:
        columns["value"] = Decimal(str(columns["value"]))
    return Row(**columns, was=columns["state"])


def _values(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    values = []
    for column in columns:
        value = getattr(row, column)
        if column in _TIMES:
            value = rows.moment(value)
        elif column == "value" and value is not None and connection.vendor == "sqlite":
            value = str(value)
        values.append(value)
    return tuple(values)
