"""Accepted purchases are remembered, and settled by the first status answer that tells their result.

The answer may be our own poll's or the caller's. Also gives up on results that never came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from responses import fingerprints, meaning
from responses.exchanges import Answer, Exchange, Item, ItemState, Meaning, Origin, Outcome, Problem, Request, RetryBy
from responses.models import FailedRequest, FollowUp, ids
from responses.ordergroove import endpoints, purchase
from responses.recording import bodies, counts, rows, shown
from responses.recording.facts import Facts
from responses.recording.issues import Tallies
from responses.recording.prepare import Correction, Prepared
from responses.recording.requests import Gathering, Row

State = FollowUp.State
PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint

_INSERT_COLUMNS = (
    "id",
    "integration_id",
    "response_id",
    "failed_request_id",
    "subs_req_id",
    "request_key",
    "order_id",
    "customer_id",
    "sent",
    "seal_id",
    "state",
    "accepted_at",
    "polls",
    "next_poll_at",
    "give_up_at",
    "last_problem",
    "email_hash",
)
_READ_COLUMNS = (
    "id",
    "integration_id",
    "response_id",
    "failed_request_id",
    "subs_req_id",
    "request_key",
    "order_id",
    "customer_id",
    "sent",
    "seal_id",
    "state",
    "accepted_at",
    "email_hash",
)


class Sent(msgspec.Struct, frozen=True):
    """What of the POST is kept for its result, as JSON."""

    products: list[tuple[str, str]]
    """Product id and worth of each subscription asked for."""
    retry_by: RetryBy
    cannot_resend: str
    resource_key: str
    request_id: str
    correction: Correction | None = None
    """Of a correction: what its result belongs to is the request that was corrected."""


class Pursuit(msgspec.Struct, frozen=True):
    """One open follow-up as read from the database."""

    id: int
    integration_id: int
    response_id: int
    failed_request_id: int | None
    subs_req_id: str
    request_key: str
    order_id: str
    customer_id: str
    sent: Sent
    seal_id: int | None
    state: str
    accepted_at: datetime
    email_hash: str


class Settled(msgspec.Struct, frozen=True):
    """The end of one pursuit: the items, and the failed request that it opened or changed, if any."""

    pursuit: Pursuit
    answer: Prepared | None
    meaning: Meaning
    """Read beside what was sent."""
    causes: tuple[tuple[fingerprints.Cause, Item | None], ...]
    row: Row | None

    @property
    def items(self) -> tuple[Item, ...]:
        """What became of each product."""
        return self.meaning.items


def start(cursor: rows.Cursor, accepted: Sequence[tuple[Prepared, Row | None]], gathering: Gathering) -> bool:
    """Remember accepted purchases, each with the open failed request of its key. Says whether one can be polled."""
    now, new = gathering.now, []
    for one, row in accepted:
        state = _first_state(one, now=now)
        sent = Sent(
            [(product.product, product.value) for product in one.products if product.is_subscription],
            one.retry_by,
            one.cannot_resend,
            one.resource_key,
            one.request_id,
            one.correction,
        )
        new.append(
            (
                ids.new(now),
                one.facts.integration_id,
                one.response_id,
                row.id if row else None,
                one.meaning.subs_req_id,
                one.request_key,
                one.order_id,
                one.customer_id,
                msgspec.json.encode(sent).decode(),
                row.seal_id if one.attempt and row else gathering.keep_seal(one),
                state.value,
                rows.moment(one.sent_at),
                0,
                rows.moment(now + one.facts.first_poll) if state is State.PENDING else None,
                rows.moment(now + one.facts.follow_for),
                "",
                one.email_hash,
            )
        )
    rows.insert(cursor, FollowUp, _INSERT_COLUMNS, new, "ON CONFLICT (integration_id, subs_req_id) DO NOTHING")
    return any(row[10] == State.PENDING.value for row in new)


def _first_state(one: Prepared, *, now: datetime) -> FollowUp.State:
    """Without credentials, or long ago, nobody asks: accepted, not confirmed."""
    can_ask = one.facts.has_credentials and not one.is_foreign_host and one.origin is not Origin.IMPORT
    return State.PENDING if can_ask and one.sent_at + one.facts.follow_for > now else State.UNCONFIRMED


def load(cursor: rows.Cursor, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Pursuit]:
    """Read, and on PostgreSQL lock, the follow-ups of ``(integration id, subs_req_id)`` that an answer may settle.

    These are the open ones, and those that were given up: a result that comes late is still the result.
    """
    if not keys:
        return {}
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    marks = ", ".join(["%s"] * len(keys))
    cursor.execute(
        f"SELECT {', '.join(_READ_COLUMNS)} FROM responses_followup WHERE subs_req_id IN ({marks}) "
        f"AND integration_id IN ({marks}) AND (settled_at IS NULL OR state = 'unknown') ORDER BY id{lock}",
        [key[1] for key in keys] + [key[0] for key in keys],
    )
    wanted = set(keys)
    found = [_read(values) for values in cursor.fetchall()]
    return {key: one for one in found if (key := (one.integration_id, one.subs_req_id)) in wanted}


def settle(pursuit: Pursuit, answer: Prepared, gathering: Gathering, tallies: Tallies) -> Settled:
    """Turn the result into created and failed items; open, change or resolve the failed request."""
    assert answer.result is not None
    read = meaning.read(answer.result, answer.endpoint, purchase.Purchase(products=_products(pursuit)))
    understood = shown.meaning_of(read, answer.result.response, b"", ())
    row = gathering.open_for(pursuit.request_key)
    if understood.outcome is Outcome.SUCCESS:
        if row is not None:
            by, more = FailedRequest.ResolvedBy.CALLER, ""
            if pursuit.sent.correction is not None:
                by, more = FailedRequest.ResolvedBy.RESUBMISSION, pursuit.sent.correction.words
            gathering.resolve(row, by=by, reason=f"Accepted, and found created.{more}")
        return Settled(pursuit, answer, understood, (), row)
    if pursuit.state == State.UNKNOWN:
        # It was given up, and its failed request has counted it: a person may have closed that one since.
        if row is None or _says_nothing(understood):
            return Settled(pursuit, answer, understood, (), row)
        row.failures -= 1
        gathering.confirm_later(row, reason="")
    return _end_badly(pursuit, answer, understood, gathering, tallies)


def _says_nothing(understood: Meaning) -> bool:
    told = any(item.state is not ItemState.UNKNOWN for item in understood.items)
    return understood.outcome is Outcome.NO_ANSWER or not (told or understood.problems)


def give_up(pursuit: Pursuit, facts: Facts, gathering: Gathering, tallies: Tallies) -> Settled:
    """End a pursuit whose result never came: unknown, for a person to decide."""
    message = "Ordergroove accepted the order but told no result in time."
    items = tuple(Item(product, ItemState.UNKNOWN) for product, _ in pursuit.sent.products)
    understood = Meaning(Outcome.NO_ANSWER, items, (Problem("", message),))
    stand_in = _virtual(pursuit, facts, understood, message=message)
    return _end_badly(pursuit, stand_in, understood, gathering, tallies)


def finish(cursor: rows.Cursor, settled: Sequence[Settled], *, now: datetime) -> list[int]:
    """Write the ends of pursuits and count them. Returns the ids of seals that nobody needs any more."""
    seals = []
    for end in sorted(settled, key=lambda one: one.pursuit.id):
        pursuit, state = end.pursuit, _end_state(end)
        cursor.execute(
            "UPDATE responses_followup SET state = %s, settled_at = %s, next_poll_at = NULL, seal_id = NULL, "
            "result_response_id = %s, failed_request_id = COALESCE(%s, failed_request_id) WHERE id = %s",
            [
                state.value,
                rows.moment(now),
                end.answer.response_id or None if end.answer else None,
                end.row.id if end.row else None,
                pursuit.id,
            ],
        )
        hour = int(pursuit.accepted_at.timestamp()) // 3600
        is_confirmed, was_refused = state is State.CREATED, pursuit.state == State.UNKNOWN
        if is_confirmed and was_refused:
            counts.take_back_refusal(cursor, integration_id=pursuit.integration_id, hour=hour)
        if is_confirmed or not was_refused:
            counts.settle(cursor, integration_id=pursuit.integration_id, hour=hour, is_confirmed=is_confirmed)
        if end.row is not None:
            cursor.execute(
                "UPDATE responses_response SET failed_request_id = %s WHERE id = %s", [end.row.id, pursuit.response_id]
            )
        if pursuit.seal_id is not None and (end.row is None or end.row.seal_id != pursuit.seal_id):
            seals.append(pursuit.seal_id)
    return seals


def _end_state(end: Settled) -> FollowUp.State:
    states = {item.state for item in end.items}
    if not end.causes and states <= {ItemState.CREATED}:
        return State.CREATED
    if ItemState.CREATED in states:
        return State.PARTIAL
    return State.UNKNOWN if _says_nothing(end.meaning) else State.FAILED


def _end_badly(
    pursuit: Pursuit, answer: Prepared, understood: Meaning, gathering: Gathering, tallies: Tallies
) -> Settled:
    """Open (or change) the failed request with the POST's clock, and count its causes."""
    status_code = 200
    made_up = Exchange(request=Request("POST", ""), response=Answer(status_code), origin=Origin.POLL)
    causes = fingerprints.causes(made_up, PURCHASE, understood)
    stand_in = _virtual(pursuit, answer.facts, understood, message=_words(understood) or answer.message)
    primary = causes[0][0].fingerprint if causes else ""
    row = gathering.fail(stand_in, started_at=pursuit.accepted_at, understood=understood, cause=primary)
    gathering.adopt_seal(row, pursuit.seal_id)
    if _says_nothing(understood):
        gathering.doubt(row, reason="Accepted, but nobody knows what became of it.")
    for cause, _ in causes:
        tallies.add(pursuit.integration_id, cause, at=gathering.now)
    return Settled(pursuit, answer, understood, causes, row)


def _virtual(pursuit: Pursuit, facts: Facts, understood: Meaning, *, message: str) -> Prepared:
    """Return the accepted POST as it would have been recorded, had its result come in its own answer."""
    codec, data = bodies.pack(bodies.Shown())
    return Prepared(
        facts=facts,
        origin=Origin.POLL,
        caller_id="",
        sent_at=pursuit.accepted_at,
        duration_ms=None,
        method="POST",
        endpoint=PURCHASE,
        path_ids=(),
        status_code=200,
        failure="",
        meaning=understood,
        causes=(),
        request_key=pursuit.request_key,
        request_id=pursuit.sent.request_id,
        resource_key=pursuit.sent.resource_key,
        order_id=pursuit.order_id,
        customer_id=pursuit.customer_id,
        message=message,
        products=_products(pursuit),
        release="",
        is_foreign_host=False,
        is_truncated=False,
        codec=codec,
        data=data,
        retry_by=pursuit.sent.retry_by,
        cannot_resend=pursuit.sent.cannot_resend,
        seal=None,
        body_hash="",
        correction=pursuit.sent.correction,
        email_hash=pursuit.email_hash,
    )


def _products(pursuit: Pursuit) -> tuple[purchase.Product, ...]:
    return tuple(
        purchase.Product(product, value=value, is_subscription=True) for product, value in pursuit.sent.products
    )


def _words(understood: Meaning) -> str:
    complaints = [*understood.problems, *(problem for item in understood.items for problem in item.problems)]
    for problem in complaints:
        return f"{problem.field}: {problem.message}"[:500] if problem.field else problem.message
    if understood.count(ItemState.UNKNOWN):
        return "The result does not mention every product that was sent."
    return ""


def _read(values: tuple[Any, ...]) -> Pursuit:
    columns = dict(zip(_READ_COLUMNS, values, strict=True))
    sent = columns["sent"]
    is_text = isinstance(sent, str | bytes)  # SQLite keeps JSON as text
    columns["sent"] = msgspec.json.decode(sent, type=Sent) if is_text else msgspec.convert(sent, Sent)
    columns["accepted_at"] = rows.read_moment(columns["accepted_at"])
    return Pursuit(**columns)
