"""The work of one transaction: what a batch of responses does to everything else, decided and then written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from responses.exchanges import ItemState, Origin, Outcome
from responses.models import FailureBody, Response, SuccessBody, Transition, ids
from responses.models import Item as ItemRow
from responses.ordergroove import bodies, endpoints, items
from responses.recording import counts, follow_ups, issues, rows, transitions
from responses.recording.attempts import Attempts
from responses.recording.prepare import Prepared
from responses.recording.requests import Gathering, Row, is_proof_of_arrival, resolver_of
from responses.recording.resends import Dice, Resends

ALERTING, FOLLOWING, RETRYING = "alerting", "following", "retrying"
LATER_SUCCESS = (
    "SELECT 1 FROM responses_response WHERE request_key = %s AND outcome = %s AND sent_at >= %s AND origin < %s LIMIT 1"
)
_RESULT_CODES = (200, 206, 207)
_NO_CREDENTIALS = "Accepted, not confirmed: without credentials nobody can ask for the result."

_RESPONSE_COLUMNS = (
    "id",
    "integration_id",
    "key_id",
    "origin",
    "sent_at",
    "duration_ms",
    "method",
    "endpoint",
    "status_code",
    "failure",
    "outcome",
    "request_key",
    "request_id",
    "resource_key",
    "order_id",
    "customer_id",
    "message",
    "items_created",
    "items_failed",
    "items_unknown",
    "issue_id",
    "failed_request_id",
    "release",
    "is_foreign_host",
    "is_truncated",
)
_ITEM_COLUMNS = (
    "id",
    "response_id",
    "position",
    "product",
    "state",
    "subscription_id",
    "field",
    "message",
    "issue_id",
    "failed_request_id",
)


class Batch:
    """The work of one transaction: what was decided, until it is written."""

    def __init__(self, cursor: rows.Cursor, *, now: datetime, dice: Dice) -> None:
        self.cursor = cursor
        self.now = now
        self.gathering = Gathering(now=now)
        self.resends = Resends(self.gathering, now=now, dice=dice)
        self.attempts = Attempts(self.gathering, self.resends, now=now)
        self.tallies = issues.Tallies()
        self.recorded: list[tuple[Prepared, Row | None]] = []
        self.settled: list[follow_ups.Settled] = []
        self._has_pending = False

    def decide(self, batch: Sequence[Prepared]) -> None:
        """Decide what each response does to failed requests, issues and follow-ups, in the order of the batch."""
        own_sends = [one for one in batch if one.attempt is not None]
        if own_sends:
            self.attempts.name(own_sends)
        self.gathering.load(self.cursor, [one.request_key for one in batch])
        self.resends.load([one.attempt.resend_id for one in own_sends if one.attempt is not None])
        answers = [one for one in batch if _tells_a_result(one)]
        accepted: list[tuple[Prepared, Row | None]] = []
        for one in batch:
            if _tells_a_result(one):
                continue
            row = self._gather(one)
            self.recorded.append((one, row))
            if one.outcome is Outcome.ACCEPTED and one.meaning.subs_req_id and not one.origin.is_own_question:
                accepted.append((one, row))
        self._has_pending = follow_ups.start(self.cursor, accepted, self.gathering)
        if answers:
            self._settle(answers)

    def _gather(self, one: Prepared) -> Row | None:
        """Return the failed request that a response belongs to, if any."""
        if one.origin.is_own_question:
            one.causes = ()  # it is told on the follow-up, and opens no issue
            return None
        if one.attempt is not None:
            return self._take_own(one)
        row = self.gathering.open_for(one.request_key)
        if row is not None:
            self.resends.call_again(one, row)
        if is_proof_of_arrival(one, row) and row is not None:
            self.gathering.resolve(
                row,
                by=resolver_of(one),
                reason="Ordergroove answered 409: an earlier attempt had arrived after all.",
            )
            one.causes = ()
            return row
        if one.outcome.is_failure:
            return self._fail(one)
        if row is not None and one.outcome is Outcome.SUCCESS:
            return row if self.gathering.succeed(one, row) else None
        if row is not None and one.endpoint.kind is endpoints.Kind.PURCHASE and one.sent_at >= row.last_failed_at:
            self.gathering.confirm_later(row, reason="" if one.facts.has_credentials else _NO_CREDENTIALS)
            return row
        return None

    def _take_own(self, one: Prepared) -> Row | None:
        """Let the answer to a send of our own end its attempt."""
        row = self.attempts.take(one)
        if row is None and one.outcome is Outcome.PARTIAL:
            return self._fail(one)  # what it belongs to is closed, but a part of it failed only now
        if row is None:
            one.causes = ()
        self._tally(one)
        return row

    def _tally(self, one: Prepared) -> None:
        for cause, _ in one.causes:
            self.tallies.add(one.facts.integration_id, cause, at=one.sent_at)

    def _fail(self, one: Prepared) -> Row:
        self._tally(one)
        row = self.gathering.fail(one, cause=one.causes[0][0].fingerprint if one.causes else "")
        if row.failures == 1 and _has_later_success(self.cursor, one):
            reason = "A later call of the same request had already succeeded."
            self.gathering.resolve(row, by=resolver_of(one), reason=reason)
        else:
            self.resends.plan(one, row)
        return row

    def _settle(self, answers: Sequence[Prepared]) -> None:
        """Let status answers settle the acceptances that they belong to; one that fits none stands for itself."""
        keys = [(one.facts.integration_id, one.path_ids[0]) for one in answers]
        pursuits = follow_ups.load(self.cursor, keys)
        known = _known_follow_ups(self.cursor, keys)
        self.gathering.load(self.cursor, [pursuit.request_key for pursuit in pursuits.values()])
        self.resends.load()
        for key, one in zip(keys, answers, strict=True):
            pursuit = pursuits.pop(key, None)
            if pursuit is not None:
                end = follow_ups.settle(pursuit, one, self.gathering, self.tallies)
                self.settled.append(end)
                one.meaning = end.meaning
                one.causes = end.causes
                self.recorded.append((one, end.row))
            elif key in known:
                one.causes = ()
                self.recorded.append((one, None))
            else:
                self.recorded.append((one, self._gather(one)))

    def write(self) -> frozenset[str]:
        """Write all that was decided. Returns the nudges."""
        cursor, now = self.cursor, self.now
        changes = self.tallies.write(cursor, now=now)
        self.gathering.dropped_seals += follow_ups.finish(cursor, self.settled, now=now)
        self.resends.write(cursor, [one for one, _ in self.recorded])
        self.gathering.write(cursor)
        self._write_responses()
        self._write_items_and_links()
        counts.add(cursor, [one for one, _ in self.recorded])
        rows.insert(cursor, Transition, issues.TRANSITION_COLUMNS, changes)
        ended = transitions.write(self.gathering.ended(), now=now)
        kinds = {ALERTING: changes or ended, FOLLOWING: self._has_pending, RETRYING: self.resends.has_planned}
        return frozenset(kind for kind, has_work in kinds.items() if has_work)

    def _write_responses(self) -> None:
        kept: dict[bool, list[tuple[Any, ...]]] = {True: [], False: []}
        responses = []
        for one, row in self.recorded:
            responses.append(_response_row(one, row, self._issue_id(one)))
            kept[one.outcome.is_failure].append((one.response_id, one.codec, one.data))
        rows.insert(self.cursor, Response, _RESPONSE_COLUMNS, responses)
        rows.insert(self.cursor, FailureBody, ("response_id", "codec", "data"), kept[True])
        rows.insert(self.cursor, SuccessBody, ("response_id", "codec", "data"), kept[False])

    def _issue_id(self, one: Prepared) -> int | None:
        if not one.causes:
            return None
        return self.tallies.issue_ids[one.facts.integration_id, one.causes[0][0].fingerprint]

    def _write_items_and_links(self) -> None:
        found: list[tuple[Any, ...]] = []
        links: list[tuple[int, int, bool]] = []
        for one, row in self.recorded:
            integration_id = one.facts.integration_id
            if row is not None:
                for cause, _ in one.causes:
                    issue_id = self.tallies.issue_ids[integration_id, cause.fingerprint]
                    links.append((issue_id, row.id, bool(row.order_id)))
            if one.outcome.is_failure or (one.path_ids and one.meaning.items):
                found += self._item_rows(one, row)
        for end in self.settled:
            if end.row is not None and (end.answer is None or not end.answer.response_id):
                for cause, _ in end.causes:
                    issue_id = self.tallies.issue_ids[end.pursuit.integration_id, cause.fingerprint]
                    links.append((issue_id, end.row.id, bool(end.row.order_id)))
        rows.insert(self.cursor, ItemRow, _ITEM_COLUMNS, found)
        if links:
            issues.link(self.cursor, links, now=self.now)

    def _item_rows(self, one: Prepared, row: Row | None) -> list[tuple[Any, ...]]:
        issue_of = {
            id(item): self.tallies.issue_ids[one.facts.integration_id, cause.fingerprint]
            for cause, item in one.causes
            if item is not None
        }
        return [
            (
                ids.new(self.now),
                one.response_id,
                position,
                item.product,
                int(item.state),
                item.subscription_id,
                item.problems[0].field if item.problems else "",
                item.problems[0].message[:500] if item.problems else "",
                issue_of.get(id(item)),
                row.id if row else None,
            )
            for position, item in enumerate(one.meaning.items)
        ]


def _tells_a_result(one: Prepared) -> bool:
    """Whether this answer of the status endpoint says what became of an accepted purchase."""
    if one.result is None or one.result.response is None or one.status_code not in _RESULT_CODES:
        return False
    # A proxy's page, or an empty object, tells nothing, though its code is 200: whoever asks has to ask again.
    return items.has_result(bodies.parse(one.result.response.body))


def _known_follow_ups(cursor: rows.Cursor, keys: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return which ``(integration id, subs_req_id)`` have, or had, a follow-up."""
    marks = ", ".join(["%s"] * len(keys))
    cursor.execute(
        f"SELECT integration_id, subs_req_id FROM responses_followup WHERE subs_req_id IN ({marks})",
        [key[1] for key in keys],
    )
    return {(integration_id, subs_req_id) for integration_id, subs_req_id in cursor.fetchall()}


def _has_later_success(cursor: rows.Cursor, one: Prepared) -> bool:
    """Whether a success of the same request, sent not before this failure, was recorded earlier."""
    cursor.execute(
        LATER_SUCCESS,
        [one.request_key, Outcome.SUCCESS.value, rows.moment(one.sent_at), Origin.POLL.value],
    )
    return cursor.fetchone() is not None


def _response_row(one: Prepared, row: Row | None, issue_id: int | None) -> tuple[Any, ...]:
    understood = one.meaning
    created = failed = unknown = 0
    if understood.items:
        created = understood.count(ItemState.CREATED)
        failed = understood.count(ItemState.FAILED)
        unknown = understood.count(ItemState.UNKNOWN)
    return (
        one.response_id,
        one.facts.integration_id,
        one.facts.key_id,
        int(one.origin),
        rows.moment(one.sent_at),
        one.duration_ms,
        one.method,
        one.endpoint.name,
        one.status_code,
        one.failure,
        int(one.outcome),
        one.request_key,
        one.request_id,
        one.resource_key,
        one.order_id,
        one.customer_id,
        one.message,
        created,
        failed,
        unknown,
        issue_id,
        row.id if row else one.failed_request_id,
        one.release,
        one.is_foreign_host,
        one.is_truncated,
    )
