"""Plans what the monitor sends again by itself, and takes it back when a later call says more. It sends nothing.

A Resend is written in the transaction that stores its failure, so that a transient failure of an integration that asked
for it is never without one. The rows of a batch that matter are locked: failed requests first, then their Resends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from responses.exchanges import Origin, Outcome, RetryBy
from responses.models import FailedRequest, Resend, Response, ids
from responses.ordergroove import policies
from responses.recording import rows
from responses.recording.prepare import Prepared
from responses.recording.requests import Gathering, Row, why_waiting

Dice = Callable[[], float]
State = Resend.State
Seen = FailedRequest.State
Write = tuple[int, str]
"""Integration id and resource key of a change."""

READS = ("GET", "HEAD")
LONGEST_REASON = 300
STALE = "A later change of the same object succeeded; a person decides."
_NO_CREDENTIALS = "Without credentials of the integration nothing can be sent."
_NOT_KEPT = "The original is no longer kept."
_TOO_LATE = "It is too late to send it again by itself, or its class is not sent again."
_USED_UP = "It failed again, too late for one more attempt by itself."
_CROWDED = "No answer came back, and another call of the same object is not settled: a person decides."
_CALLERS = (Origin.CALLER, Origin.GATEWAY)
_COLUMNS = tuple(field.column for field in Resend._meta.concrete_fields if field.column)
_MOMENTS = frozenset({"due_at", "expires_at", "first_failed_at", "lease_until", "ended_at"})


class Resends:
    """The live Resends of one batch: those in the database, and those that it plans. Written by ``write``."""

    def __init__(self, gathering: Gathering, *, now: datetime, dice: Dice) -> None:
        self.now = now
        self.dice = dice
        self.has_planned = False
        self._gathering = gathering
        self._looked_for: set[int] = set()
        self._by_id: dict[int, Resend] = {}
        self._live: dict[int, Resend] = {}
        self._planned: dict[int, tuple[Resend, Row, Prepared]] = {}
        self._changes: dict[int, datetime] = {}

    def load(self, resend_ids: Sequence[int] = ()) -> None:
        """Read and lock the live Resends of the rows gathered so far, and those with these ids. Mostly there are none.

        A failed request with a live Resend is in one of three states, so that of others nothing is asked.
        """
        shown = (Seen.RETRYING, Seen.HELD, Seen.UNKNOWN)
        wanted = {row.id for row in self._gathering.loaded() if row.state in shown} - self._looked_for
        if not wanted and not resend_ids:
            return
        self._looked_for |= wanted
        of_rows = Q(failed_request_id__in=wanted, state__in=Resend.LIVE)
        found = Resend.objects.filter(of_rows | Q(pk__in=resend_ids) if resend_ids else of_rows)
        for resend in found.order_by("pk").select_for_update():
            resend = self._by_id.setdefault(resend.pk, resend)
            if resend.is_live:
                self._live[resend.failed_request_id] = resend

    def get(self, resend_id: int) -> Resend | None:
        """Return a Resend that was loaded by its id."""
        return self._by_id.get(resend_id)

    def call_again(self, one: Prepared, row: Row) -> None:
        """The caller has called again: two retriers make duplicates, so ours gives way where nothing is on the wire."""
        resend = self._live.get(row.id)
        if resend is None or one.origin not in _CALLERS:
            return
        if not one.outcome.is_failure and one.sent_at < row.last_failed_at:
            return  # an earlier call, told later
        row.caller_retries_too = True
        self._gathering.touch(row)
        if resend.state in Resend.NOT_BEGUN:
            self.move(resend, State.SUPERSEDED, "The caller has sent it again by itself.")

    def plan(self, one: Prepared, row: Row) -> None:
        """Plan the sending-again of a failure that ``row`` has just gathered, if it is ours to send again."""
        if row.id in self._live:
            return
        is_doubtful = row.state == Seen.UNKNOWN
        if row.state not in (Seen.WAITING, Seen.UNKNOWN) or (is_doubtful and one.outcome is not Outcome.NO_ANSWER):
            return
        if why_waiting(one) or row.seal_id is None:
            if not row.reason:
                self._gathering.move(row, Seen.WAITING, _NOT_KEPT)
            return
        policy = policies.policy_for(
            status_code=one.status_code, never_left=one.never_left, endpoint=one.endpoint, method=one.method
        )
        following = self.next_send(one, row, policy) if policy else None
        if policy is None or (following is None and not is_doubtful):
            self._leave(row)
            return
        resend = self._new(one, row, policy)
        if is_doubtful or following is None:
            # Bytes had left, so it may have taken effect: it is looked up before anything is sent.
            resend.state, resend.reason = State.UNKNOWN, row.reason
            resend.due_at, resend.expires_at = self.now + policies.SETTLE, row.deadline_at
        else:
            resend.state, resend.reason = State.SCHEDULED, following.why
            resend.due_at, resend.expires_at = following.due_at, following.expires_at
            if not one.facts.has_credentials:
                resend.state, resend.reason = State.HELD, _NO_CREDENTIALS
        self._live[row.id] = resend
        self._planned[row.id] = resend, row, one
        self.show(row, resend)

    def next_send(self, one: Prepared, row: Row, policy: policies.Policy) -> policies.Next | None:
        """Return when the first send of a new series is due."""
        return policies.next_send(
            one.facts.schedules,
            policy,
            sends=0,
            first_failed_at=min(row.first_failed_at, self.now),
            now=self.now,
            deadline_at=row.deadline_at,
            retry_after=one.retry_after,
            random=self.dice(),
        )

    def move(self, resend: Resend, state: Resend.State, reason: str, **values: Any) -> bool:
        """Change the state of a Resend, by compare-and-set if it is in the database; of a planned one in memory."""
        values["reason"] = reason[:LONGEST_REASON]
        if state in Resend.ENDED:
            values["ended_at"] = self.now
        planned = self._planned.get(resend.failed_request_id)
        if planned is not None and planned[0] is resend:
            if state in Resend.ENDED:
                del self._planned[resend.failed_request_id]
        elif not Resend.objects.move(
            resend.pk, from_state=State(resend.state), epoch=resend.epoch, to_state=state, **values
        ):
            return False
        else:
            resend.epoch += 1
        for name, value in ({"state": state} | values).items():
            setattr(resend, name, value)
        if state in Resend.ENDED and self._live.get(resend.failed_request_id) is resend:
            del self._live[resend.failed_request_id]
        if state in Resend.ENDED and resend.kind == Resend.Kind.CORRECTION:
            self._gathering.forget_unsent(resend.failed_request_id, resend.seal_id)
        return True

    def show(self, row: Row, resend: Resend) -> None:
        """Let the failed request say what its live Resend is doing."""
        shown = Resend.SEEN_AS[State(resend.state)]
        self._gathering.move(row, shown, resend.reason or row.reason)

    def counts_from(self, one: Prepared, at: datetime) -> None:
        """Say when the change that ``one``, a send of our own, has made was first asked for."""
        self._changes[one.response_id] = at

    def write(self, cursor: rows.Cursor, recorded: Sequence[Prepared]) -> None:
        """Bring everything into line with what the batch has decided, and write what it plans."""
        self.load()
        self._hold_stale(cursor, recorded)
        for row_id, resend in list(self._live.items()):
            row = self._planned[row_id][1] if row_id in self._planned else self._gathering.known(row_id)
            if row is not None:
                self._agree(row, resend)
        self._insert(cursor)

    def _new(self, one: Prepared, row: Row, policy: policies.Policy) -> Resend:
        row.series += 1
        return Resend(
            id=ids.new(self.now),
            integration_id=row.integration_id,
            failed_request_id=row.id,
            kind=Resend.Kind.AUTOMATIC,
            idem_key=f"auto:{row.id}:{row.series}",
            resource_key=row.resource_key or f"request:{row.request_key}",
            endpoint=row.endpoint,
            method=row.method,
            role=one.role,
            host=one.host[:260],
            policy=policy.value,
            due_at=self.now,
            first_failed_at=min(row.first_failed_at, self.now),
            max_sends=policies.max_sends(one.facts.schedules, policy),
            response_id=one.response_id,
            seal_id=row.seal_id,
            body_hash=one.body_hash,
        )

    def _leave(self, row: Row) -> None:
        """Nothing is planned: what was sent again before has used up its attempts, anything else waits."""
        if row.state != Seen.UNKNOWN:
            state, reason = (Seen.EXHAUSTED, _USED_UP) if row.series else (Seen.WAITING, _TOO_LATE)
            self._gathering.move(row, state, reason)

    def _agree(self, row: Row, resend: Resend) -> None:
        """A closed or accepted request needs no sending; of any other, the state is its Resend's."""
        if row.closed_at is not None:
            if resend.state in Resend.NOT_BEGUN:
                self.move(resend, State.SUPERSEDED, row.reason or "It is settled.")
            elif resend.state in (State.UNKNOWN, State.VERIFYING) and row.state == Seen.RESOLVED:
                self.move(resend, State.SUCCEEDED, row.reason)
        elif row.state == Seen.CONFIRMING:
            if resend.state in (*Resend.NOT_BEGUN, State.UNKNOWN):
                self.move(resend, State.SUPERSEDED, "A later call was accepted, and its result decides.")
        elif row.is_changed:
            self.show(row, resend)
            self._use_newest(row, resend)

    def _use_newest(self, row: Row, resend: Resend) -> None:
        """What is on the wire stays, but if it has to be sent once more, then it is the caller's newest original."""
        if resend.kind == Resend.Kind.CORRECTION:
            # A person has approved these bytes and no others.
            self._gathering.keep(resend.seal_id)
        elif resend.seal_id != row.seal_id:
            resend.seal_id, resend.body_hash = row.seal_id, self._gathering.body_hashes.get(row.seal_id or 0, "")
            same = Resend.objects.filter(pk=resend.pk, epoch=resend.epoch)
            same.update(seal_id=resend.seal_id, body_hash=resend.body_hash)

    def _hold_stale(self, cursor: rows.Cursor, recorded: Sequence[Prepared]) -> None:
        """Hold what would undo a later successful change of the same object."""
        changes = self._changes_of(recorded)
        if changes:
            self._load_touched(cursor, changes)
        planned = [resend for resend, row, one in self._planned.values() if resend.state == State.SCHEDULED]
        planned = [resend for resend in planned if resend.method not in READS]
        known = _recorded_changes(planned)
        for resend in list(self._live.values()):
            if resend.state not in (State.SCHEDULED, State.CLAIMED) or resend.method in READS:
                continue
            own_key, since = self._own(resend)
            key = resend.integration_id, resend.resource_key
            later = [*changes.get(key, ()), *known.get(key, ())]
            if any(request_key != own_key and at > since for request_key, at in later):
                self.move(resend, State.HELD, STALE)
                row = self._gathering.known(resend.failed_request_id)
                if row is not None:
                    self.show(row, resend)

    def _own(self, resend: Resend) -> tuple[str, datetime]:
        """Return the request key of a Resend, and when the call was made that it repeats."""
        if resend.failed_request_id in self._planned:
            _, row, one = self._planned[resend.failed_request_id]
            return row.request_key, one.sent_at
        known = self._gathering.known(resend.failed_request_id)
        return known.request_key if known else "", resend.first_failed_at

    def _changes_of(self, recorded: Iterable[Prepared]) -> dict[Write, list[tuple[str, datetime]]]:
        """Return the successful changes of a batch. Free of cost where the caller is the one who sends again."""
        changes: dict[Write, list[tuple[str, datetime]]] = {}
        for one in recorded:
            if one.outcome is not Outcome.SUCCESS or not one.has_clock or not one.resource_key:
                continue
            if RetryBy.MONITOR not in (one.retry_by, one.facts.retry_by):
                continue
            at = self._changes.get(one.response_id, one.sent_at)
            changes.setdefault((one.facts.integration_id, one.resource_key), []).append((one.request_key, at))
        return changes

    def _load_touched(self, cursor: rows.Cursor, changes: Collection[Write]) -> None:
        """Load what waits to be sent to the changed objects: one look at an index where nothing waits at all."""
        integration_ids = sorted({integration_id for integration_id, _ in changes})
        waiting = Resend.objects.filter(
            integration_id__in=integration_ids, state__in=[State.SCHEDULED, State.CLAIMED], ended_at__isnull=True
        )
        touched = waiting.filter(resource_key__in=sorted({resource_key for _, resource_key in changes}))
        request_keys = list(touched.values_list("failed_request__request_key", flat=True))
        if request_keys:
            self._gathering.load(cursor, request_keys)
            self.load()

    def _insert(self, cursor: rows.Cursor) -> None:
        planned = [(resend, row) for resend, row, _ in self._planned.values() if row.closed_at is None]
        if not planned:
            return
        added = rows.insert_returning(
            cursor,
            Resend,
            _COLUMNS,
            [_values(resend) for resend, _ in planned],
            "ON CONFLICT DO NOTHING RETURNING id",
        )
        written = {row_id for (row_id,) in added}
        self.has_planned = bool(written)
        for resend, row in planned:
            if resend.pk not in written:
                # Two calls of one object without an answer: only one of them can be looked up at a time.
                self._gathering.move(row, Seen.UNKNOWN, _CROWDED)


def _recorded_changes(planned: Sequence[Resend]) -> dict[Write, list[tuple[str, datetime]]]:
    """Return the successful changes, recorded earlier, of the objects that are to be sent to again."""
    if not planned:
        return {}
    since = min(resend.first_failed_at for resend in planned)
    found = (
        Response.objects.written()
        .filter(
            integration_id__in={resend.integration_id for resend in planned},
            resource_key__in={resend.resource_key for resend in planned},
            sent_at__gt=since,
        )
        .exclude(origin=Origin.RETRY)
        .values_list("integration_id", "resource_key", "request_key")
        .annotate(at=Max("sent_at"))
    )
    changes: dict[Write, list[tuple[str, datetime]]] = {}
    for integration_id, resource_key, request_key, at in found:
        changes.setdefault((integration_id, resource_key), []).append((request_key, at))
    return changes


def _values(resend: Resend) -> tuple[Any, ...]:
    values = ((column, getattr(resend, column)) for column in _COLUMNS)
    return tuple(
        rows.moment(value) if column in _MOMENTS else str(value) if column in ("state", "kind") else value
        for column, value in values
    )
