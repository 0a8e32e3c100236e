"""Ends an attempt of our own with its answer, in the transaction that stores the answer.

The Resend is changed only from the very send that the answer belongs to (state and epoch). An answer that comes too late
for that is kept on its attempt; only a proof of success still changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Exists, OuterRef

from responses.exchanges import Origin, Outcome
from responses.models import Attempt, Resend, Resubmission
from responses.models.resend import MAX_NOT_SENT
from responses.ordergroove import endpoints, policies
from responses.recording.prepare import Correction, Prepared
from responses.recording.requests import Gathering, Row, resolver_of
from responses.recording.resends import LONGEST_REASON, Dice, Resends

State = Resend.State
_DID_NOTHING = (423, 429)
_ARRIVED = "Ordergroove answered 409: an earlier attempt arrived."
_OVER = "24 hours have passed: the cart is no longer reliable."


class Verdict(msgspec.Struct, frozen=True):
    """What an answer makes of its Resend: the state, why in words, and what else changes with it."""

    state: Resend.State
    reason: str
    values: dict[str, Any] = {}


class Attempts:
    """The answers to our own sends in one batch."""

    def __init__(self, gathering: Gathering, resends: Resends, *, now: datetime) -> None:
        self.now = now
        self._gathering = gathering
        self._resends = resends

    def name(self, own_sends: Sequence[Prepared]) -> None:
        """Give each answer the names of the failed request that was sent again: they are not told by the bytes alone."""
        wanted = [one.attempt.resend_id for one in own_sends if one.attempt is not None]
        fields = ("pk", "failed_request_id", "failed_request__request_key", "failed_request__resource_key")
        found = {
            resend_id: rest
            for resend_id, *rest in Resend.objects.filter(pk__in=wanted).values_list(
                *fields, "failed_request__request_id"
            )
        }
        for one in own_sends:
            if one.attempt is not None and one.attempt.resend_id in found:
                one.failed_request_id, one.request_key, resource_key, one.request_id = found[one.attempt.resend_id]
                one.resource_key = resource_key or one.resource_key
        if any(one.origin is Origin.RESUBMISSION for one in own_sends):
            corrections = _corrections(wanted)
            for one in own_sends:
                one.correction = corrections.get(one.attempt.resend_id) if one.attempt is not None else None

    def take(self, one: Prepared) -> Row | None:
        """End the attempt, move its Resend, and return the failed request if that is still open."""
        assert one.attempt is not None
        self._end(one)
        row = self._gathering.known(one.failed_request_id or 0)
        row = row if row is not None and row.closed_at is None else None
        resend = self._resends.get(one.attempt.resend_id)
        if resend is None:
            return row
        self._resends.counts_from(one, resend.first_failed_at)
        if resend.state == State.SENDING and resend.epoch == one.attempt.epoch:
            deadline_at = row.deadline_at if row is not None else resend.expires_at
            verdict = judge(one, resend, deadline_at=deadline_at, now=self.now, dice=self._resends.dice)
            if row is None and verdict.state in (State.SCHEDULED, State.HELD):
                verdict = _settled(verdict)
            self._resends.move(resend, verdict.state, verdict.reason, **verdict.values)
            self._resends.has_planned |= resend.is_live
            if row is not None:
                self._show(one, row, verdict)
        else:
            self._take_late(one, row, resend)
        if _is_proof(one):
            one.causes = ()
        return row

    def _show(self, one: Prepared, row: Row, verdict: Verdict) -> None:
        """Let the failed request say what the answer made of its Resend."""
        if verdict.state is State.SUCCEEDED:
            self._succeed(one, row, verdict.reason)
            return
        if not one.never_left and not _is_proof(one):
            self._gathering.fail_again(one, row, cause=one.causes[0][0].fingerprint if one.causes else "")
        if verdict.state is State.EXPIRED:
            self._gathering.expire(row, reason=verdict.reason)
        else:
            self._gathering.move(row, Resend.SEEN_AS[verdict.state], verdict.reason)

    def _succeed(self, one: Prepared, row: Row, reason: str) -> None:
        if _is_accepted(one):
            self._gathering.confirm_later(row, reason="")
        else:
            more = one.correction.words if one.correction is not None else ""
            self._gathering.resolve(row, by=resolver_of(one), reason=reason + more)

    def _take_late(self, one: Prepared, row: Row | None, resend: Resend) -> None:
        """The lease was over, and somebody else has decided since: only a proof of success can add anything."""
        if one.outcome in (Outcome.SUCCESS, Outcome.ACCEPTED):
            reason = "The answer of an earlier attempt came late: it had succeeded."
            if resend.state in (State.UNKNOWN, State.VERIFYING):
                self._resends.move(resend, State.SUCCEEDED, reason)
            elif resend.state in Resend.NOT_BEGUN:
                self._resends.move(resend, State.SUPERSEDED, reason)
            if row is not None:
                self._succeed(one, row, reason)
        elif _is_proof(one) and resend.state == State.UNKNOWN:
            Resend.objects.filter(pk=resend.pk, epoch=resend.epoch).update(due_at=self.now, reason=_ARRIVED)

    def _end(self, one: Prepared) -> None:
        """Close the attempt with what came back; one that was closed as unknown keeps the late answer."""
        assert one.attempt is not None
        result = Attempt.Result.ANSWERED
        if one.status_code is None:
            result = Attempt.Result.NOT_SENT if one.never_left else Attempt.Result.UNKNOWN
        values = {
            "result": result,
            "failure": one.failure,
            "words": one.message[:300],
            "status_code": one.status_code,
            "response_id": one.response_id,
        }
        mine = Attempt.objects.filter(pk=one.attempt.attempt_id)
        if not mine.open().update(ended_at=self.now, **values):
            if result is Attempt.Result.NOT_SENT:
                # It was counted as a send when it was given up, and stays one.
                del values["result"]
            mine.update(**values)


def judge(one: Prepared, resend: Resend, *, deadline_at: datetime | None, now: datetime, dice: Dice) -> Verdict:
    """Decide what an answer, or that there was none, makes of the Resend that was sent (reliability.md, 3)."""
    if one.status_code is None:
        return _of_no_answer(one, resend, deadline_at=deadline_at, now=now, dice=dice)
    if one.status_code == 409:
        return _of_conflict(one, resend, now=now)
    match one.outcome:
        case Outcome.SUCCESS:
            return Verdict(State.SUCCEEDED, "Sent again, and it succeeded.")
        case Outcome.ACCEPTED:
            return Verdict(State.SUCCEEDED, "Sent again, and Ordergroove accepted it.")
        case Outcome.PARTIAL:
            return Verdict(State.PARTIAL, "Sent again, and only a part of it succeeded.")
        case Outcome.TRANSIENT:
            return _again(one, resend, deadline_at=deadline_at, now=now, dice=dice)
    return Verdict(State.FAILED, f"Sent again, and Ordergroove refused it with {one.status_code}.")


def _of_conflict(one: Prepared, resend: Resend, *, now: datetime) -> Verdict:
    if one.correction is not None and one.correction.has_new_id and resend.sends <= 1:
        return Verdict(State.FAILED, "Ordergroove answered 409: it knows another order under this id.")
    if one.endpoint.kind is endpoints.Kind.PURCHASE:
        return Verdict(State.UNKNOWN, _ARRIVED, {"due_at": now})
    return Verdict(State.SUCCEEDED, f"{_ARRIVED} Received, not verified.")


def _of_no_answer(one: Prepared, resend: Resend, *, deadline_at: datetime | None, now: datetime, dice: Dice) -> Verdict:
    if one.never_left:
        return _not_sent(one, resend, deadline_at=deadline_at, now=now, dice=dice)
    if not one.has_clock:
        return _again(one, resend, deadline_at=deadline_at, now=now, dice=dice)
    reason = "It was sent again and no answer came back, so it is looked up before anything else is sent."
    return Verdict(State.UNKNOWN, reason, {"due_at": now + policies.SETTLE})


def _not_sent(one: Prepared, resend: Resend, *, deadline_at: datetime | None, now: datetime, dice: Dice) -> Verdict:
    """It is certain that nothing arrived: the send does not count, but the waits grow."""
    count = min(resend.not_sent + 1, MAX_NOT_SENT)
    values: dict[str, Any] = {"sends": max(resend.sends - 1, 0), "not_sent": count}
    words = one.message.rstrip(".") or "no connection"
    if count == MAX_NOT_SENT:
        return Verdict(State.HELD, f"It could not be sent {count} times, lastly: {words}.", values)
    wait = policies.wait_after_not_sent(count, random=dice())
    due_at = now + timedelta(seconds=wait)
    if resend.expires_at is not None and due_at > resend.expires_at:
        return _used_up(deadline_at=deadline_at, now=now, values=values)
    reason = f"It could not be sent ({words}), so it is tried again after {policies.in_words(wait)}."
    return Verdict(State.SCHEDULED, reason[:LONGEST_REASON], values | {"due_at": due_at})


def _again(one: Prepared, resend: Resend, *, deadline_at: datetime | None, now: datetime, dice: Dice) -> Verdict:
    """The class of the newest answer chooses the next wait; sends are counted together, up to the largest limit."""
    policy = policies.policy_for(
        status_code=one.status_code, never_left=False, endpoint=one.endpoint, method=one.method
    )
    is_ours = resend.kind == Resend.Kind.AUTOMATIC
    # Of a correction only what certainly did nothing: anything else is for the person to see.
    is_ours |= resend.kind == Resend.Kind.CORRECTION and one.status_code in _DID_NOTHING
    if policy is None or not is_ours:
        return _used_up(deadline_at=deadline_at, now=now)
    most = max(resend.max_sends, policies.max_sends(one.facts.schedules, policy))
    following = policies.next_send(
        one.facts.schedules,
        policy,
        sends=resend.sends,
        first_failed_at=resend.first_failed_at,
        now=now,
        deadline_at=deadline_at,
        retry_after=one.retry_after,
        random=dice(),
        most=most,
    )
    if following is None:
        return _used_up(deadline_at=deadline_at, now=now)
    values: dict[str, Any] = {
        "due_at": following.due_at,
        "expires_at": following.expires_at,
        "policy": policy.value,
        "max_sends": most,
    }
    if resend.kind == Resend.Kind.CORRECTION:
        del values["expires_at"]  # a person has approved until when it may be sent
    return Verdict(State.SCHEDULED, following.why, values)


def _used_up(*, deadline_at: datetime | None, now: datetime, values: dict[str, Any] | None = None) -> Verdict:
    if deadline_at is not None and now >= deadline_at:
        return Verdict(State.EXPIRED, _OVER, values or {})
    return Verdict(State.EXHAUSTED, "It failed again, and its attempts are used up.", values or {})


def _settled(verdict: Verdict) -> Verdict:
    """The failed request was closed while it was being sent: nothing more is to be sent for it."""
    counts = {name: value for name, value in verdict.values.items() if name in ("sends", "not_sent")}
    return Verdict(State.EXHAUSTED, "It failed again, and its request is closed.", counts)


def _is_proof(one: Prepared) -> bool:
    """Whether a 409 says that an earlier attempt of the same order had arrived: that is no new failure."""
    if one.correction is None:
        return one.status_code == 409
    is_of_order = one.endpoint.kind is endpoints.Kind.PURCHASE and not one.correction.has_new_id
    return one.status_code == 409 and is_of_order


def _corrections(resend_ids: Sequence[int]) -> dict[int, Correction]:
    """Return what must be known of corrections to read their answers, by the Resend."""
    earlier = Resubmission.objects.filter(
        failed_request_id=OuterRef("failed_request_id"), order_id=OuterRef("order_id"), pk__lt=OuterRef("pk")
    ).filter(resend__sends__gt=0)
    rows = Resubmission.objects.filter(resend_id__in=resend_ids).annotate(was_sent=Exists(earlier))
    columns = ("resend_id", "kind", "kept", "sent", "order_id", "failed_request__order_id", "was_sent")
    found = {}
    for resend_id, kind, kept, sent, order_id, first_order_id, was_sent in rows.values_list(*columns):
        has_new_id = bool(order_id) and order_id != first_order_id and not was_sent
        kept = kept if kind == Resubmission.Kind.ONLY_FAILED else 0
        found[resend_id] = Correction(kept=kept, sent=sent, has_new_id=has_new_id)
    return found


def _is_accepted(one: Prepared) -> bool:
    return one.outcome is Outcome.ACCEPTED and one.endpoint.kind is endpoints.Kind.PURCHASE
