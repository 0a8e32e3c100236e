"""What a person decides about sending again: now, not at all, go on, and what became of an unknown one.

Nothing is sent from here: a deed only plans, against the state that the person saw, and the machine's guard has the last
word. Each deed is written down with its reason, in the transaction that does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from responses import audit
from responses.exchanges import Outcome
from responses.models import FailedRequest, Resend, User, ids
from responses.ordergroove.policies import Policy
from responses.sending import guard, moves, originals, wishes
from responses.sending.guard import Reason
from responses.sending.wishes import Deed as Deed
from responses.sending.wishes import Wish
from responses.sending.wishes import seen as seen

HAPPENED, SEND_AGAIN, LEAVE = "happened", "send_again", "leave"
DECISIONS = (HAPPENED, SEND_AGAIN, LEAVE)
OVERRIDDEN = frozenset({"later_write"})
"""Reasons that a person may set aside by giving one of their own."""
_CHANGED = Reason("changed", "It has changed meanwhile: look at it again.")
_APPROVE_ANEW = Reason("correction", "It is a correction, and more has changed since it was approved: approve it anew.")
_NO_REASON = Reason("reason", "Say why.")
_SHOWN = FailedRequest.State
State = Resend.State


def retry_now(
    request: FailedRequest,
    user: User,
    *,
    nonce: str,
    now: datetime,
    reason: str = "",
    address: str = "",
    saw: str = "",
) -> Deed:
    """Send it now, unchanged. The same ``nonce`` twice is one wish; ``saw`` is what ``seen`` gave the form.

    With a ``reason`` what a person may set aside (``OVERRIDDEN``) is set aside.
    """
    wish = wishes.of(request, user, now=now, reason=reason, address=address)

    def do(current: FailedRequest, live: Resend | None) -> Deed:
        reasons = _reasons(current, wish)
        if reasons:
            return Deed(reasons=tuple(reasons))
        if live is not None and live.state == State.SCHEDULED:
            return _bring_forward(current, live, wish)
        if live is not None:
            return Deed(reasons=(Reason("held", "It is held: release it."),))
        return _plan(current, wish, nonce)

    return _decide(request, nonce=nonce, saw=saw, do=do)


def cancel(
    request: FailedRequest, user: User, *, now: datetime, reason: str = "", address: str = "", saw: str = ""
) -> Deed:
    """Do not send it: what is planned, or held, ends, and the request is what it was before."""
    wish = wishes.of(request, user, now=now, reason=reason, address=address)

    def do(current: FailedRequest, live: Resend | None) -> Deed:
        if live is None or live.state not in Resend.NOT_BEGUN:
            return Deed(reasons=(_CHANGED,))
        words = wish.reason or f"{user.get_username()} cancelled it."
        if not moves.move(live, State.CANCELLED, now=now, reason=words):
            return Deed(reasons=(_CHANGED,))
        moves.show(current.pk, _state_before(current), words, now=now)
        _log(current, wish, "retry_cancelled", after=_state_before(current))
        return Deed(live.pk)

    return _decide(request, nonce="", saw=saw, do=do)


def release(
    request: FailedRequest, user: User, *, nonce: str, reason: str, now: datetime, address: str = "", saw: str = ""
) -> Deed:
    """Let a held one go on, and say why that is right."""
    wish = wishes.of(request, user, now=now, reason=reason, address=address)
    if not wish.reason:
        return Deed(reasons=(_NO_REASON,))

    def do(current: FailedRequest, live: Resend | None) -> Deed:
        if live is None or live.state != State.HELD:
            return Deed(reasons=(_CHANGED,))
        reasons = _reasons(current, wish)
        if reasons:
            return Deed(reasons=tuple(reasons))
        if any(one.code in OVERRIDDEN for one in guard.why_not(current, now=now)):
            if live.kind == Resend.Kind.CORRECTION:
                return Deed(reasons=(_APPROVE_ANEW,))
            # Planned anew: only what came before this decision is set aside by it.
            moves.move(live, State.SUPERSEDED, now=now, reason=f"{user.get_username()} released it.")
            return _plan(current, wish, nonce, deed="retry_released")
        words = f"{user.get_username()} released it: {wish.reason}"
        if not moves.move(live, State.SCHEDULED, now=now, due_at=now, reason=words, **_of_today(current, live)):
            return Deed(reasons=(_CHANGED,))
        _log(current, wish, "retry_released", after=_SHOWN.RETRYING)
        return Deed(live.pk)

    return _decide(request, nonce=nonce, saw=saw, do=do)


def decide(
    request: FailedRequest,
    user: User,
    *,
    decision: str,
    reason: str,
    nonce: str,
    now: datetime,
    address: str = "",
    saw: str = "",
) -> Deed:
    """Say what became of an unknown one: it happened; it did not, send it again; or leave it as it is."""
    wish = wishes.of(request, user, now=now, reason=reason, address=address)
    if decision not in DECISIONS:
        raise ValueError(f"decision must be one of {', '.join(DECISIONS)}")
    if not wish.reason:
        return Deed(reasons=(_NO_REASON,))

    def do(current: FailedRequest, live: Resend | None) -> Deed:
        if current.state != _SHOWN.UNKNOWN or (live is not None and live.state != State.UNKNOWN):
            return Deed(reasons=(_CHANGED,))
        if decision == SEND_AGAIN:
            return _send_unknown(current, live, wish, nonce)
        end = State.SUPERSEDED if decision == HAPPENED else State.CANCELLED
        if live is not None and not moves.move(live, end, now=now, reason=wish.reason):
            return Deed(reasons=(_CHANGED,))
        if decision == HAPPENED:
            by = FailedRequest.ResolvedBy.PERSON
            moves.show(current.pk, _SHOWN.RESOLVED, wish.reason, now=now, resolved_by=by)
            _log(current, wish, "found_happened", after=_SHOWN.RESOLVED)
        else:
            moves.show(current.pk, _SHOWN.UNKNOWN, f"Left as it is: {wish.reason}", now=now)
            _log(current, wish, "left_unknown", after=_SHOWN.UNKNOWN)
        return Deed(live.pk if live is not None else None)

    return _decide(request, nonce=nonce, saw=saw, do=do)


def _decide(
    request: FailedRequest, *, nonce: str, saw: str, do: Callable[[FailedRequest, Resend | None], Deed]
) -> Deed:
    """Do it with the failed request locked, if it still is what the person saw."""
    try:
        with transaction.atomic():
            current = moves.locked(request.pk)
            done = Resend.objects.filter(idem_key=f"form:{nonce}", failed_request=current).first() if nonce else None
            if done is not None:
                return Deed(done.pk)
            if (current.state, current.last_failed_at) != (request.state, request.last_failed_at):
                return Deed(reasons=(_CHANGED,))
            if saw and saw != seen(current):
                return Deed(reasons=(_CHANGED,))
            deed = do(current, current.resends.live().first())
            if not deed.is_done:
                transaction.set_rollback(True)
    except IntegrityError:
        return Deed(reasons=(_CHANGED,))
    request.refresh_from_db()
    return deed


def _reasons(request: FailedRequest, wish: Wish, but: frozenset[str] = frozenset()) -> list[Reason]:
    """Return why it may not be sent, without what the person sets aside; the original must open, too."""
    set_aside = but | (OVERRIDDEN if wish.reason else frozenset())
    found = [one for one in guard.why_not(request, now=wish.now) if one.code not in set_aside]
    if found:
        return found
    try:
        _ready(request, request.resends.live().first())
    except originals.CannotSend as why:
        return [Reason(why.code, why.words)]
    return []


def _ready(request: FailedRequest, live: Resend | None = None) -> originals.Ready:
    """Open what would be sent: of a correction what was approved, else the newest original."""
    approved = live if live is not None and live.kind == Resend.Kind.CORRECTION else None
    return originals.ready(
        request.integration,
        seal_id=approved.seal_id if approved is not None else request.seal_id,
        body_hash=approved.body_hash if approved is not None else "",
        endpoint=request.endpoint,
        customer_id=request.customer_id,
    )


def _hash_of(found: originals.Ready) -> str:
    return hashlib.sha256(found.call.body).hexdigest()


def _bring_forward(request: FailedRequest, live: Resend, wish: Wish) -> Deed:
    words = f"{wish.user.get_username()} asked for it now."
    mine = Resend.objects.filter(pk=live.pk, state=State.SCHEDULED, epoch=live.epoch)
    if live.due_at > wish.now and mine.update(due_at=wish.now, reason=words) != 1:
        return Deed(reasons=(_CHANGED,))
    _log(request, wish, "retried", after=_SHOWN.RETRYING)
    return Deed(live.pk)


def _plan(request: FailedRequest, wish: Wish, nonce: str, *, deed: str = "retried") -> Deed:
    """Insert the one send that the person wants."""
    found = _ready(request)
    resend = Resend.objects.create(
        id=ids.new(wish.now),
        integration=request.integration,
        failed_request=request,
        kind=Resend.Kind.PERSON,
        idem_key=f"form:{nonce}",
        resource_key=request.resource_key or f"request:{request.request_key}",
        endpoint=request.endpoint,
        method=request.method,
        role=found.call.role,
        host=found.host,
        policy=Policy.PERSON,
        state=State.SCHEDULED,
        reason=f"{wish.user.get_username()} asked for it.",
        due_at=wish.now,
        expires_at=request.deadline_at,
        first_failed_at=request.first_failed_at,
        max_sends=1,
        seal_id=request.seal_id,
        body_hash=_hash_of(found),
        asked_by=wish.user,
    )
    moves.show(request.pk, _SHOWN.RETRYING, "", now=wish.now)
    _log(request, wish, deed, after=_SHOWN.RETRYING)
    return Deed(resend.pk)


def _send_unknown(request: FailedRequest, live: Resend | None, wish: Wish, nonce: str) -> Deed:
    reasons = _reasons(request, wish, but=frozenset({"unknown"}))
    if reasons:
        return Deed(reasons=tuple(reasons))
    if live is None:
        return _plan(request, wish, nonce, deed="found_absent")
    words = f"{wish.user.get_username()} says that it did not happen: {wish.reason}"
    if not moves.move(live, State.HELD, now=wish.now, reason=words):
        return Deed(reasons=(_CHANGED,))
    live.refresh_from_db()
    kind = live.kind if live.kind == Resend.Kind.CORRECTION else Resend.Kind.PERSON
    values = {"due_at": wish.now, "kind": kind, "asked_by": wish.user, "lookups": 0}
    values |= {"max_sends": max(live.max_sends, live.sends + 1)} | _of_today(request, live)
    if not moves.move(live, State.SCHEDULED, now=wish.now, reason=words, **values):
        return Deed(reasons=(_CHANGED,))
    _log(request, wish, "found_absent", after=_SHOWN.RETRYING)
    return Deed(live.pk)


def _of_today(request: FailedRequest, live: Resend) -> dict[str, object]:
    """Return the original and the way that are good now: those that a held one was planned with may have gone."""
    found = _ready(request, live)
    return {
        "seal_id": live.seal_id if live.kind == Resend.Kind.CORRECTION else request.seal_id,
        "body_hash": _hash_of(found),
        "role": found.call.role,
        "host": found.host,
        "not_sent": 0,
        "max_sends": max(live.max_sends, live.sends + 1),
    }


def _state_before(request: FailedRequest) -> FailedRequest.State:
    """Return what a request is without a resend. What is planned, or held, is of no unknown outcome any more."""
    return _SHOWN.NEEDS_FIX if request.outcome in (Outcome.PARTIAL, Outcome.NEEDS_FIX) else _SHOWN.WAITING


def _log(request: FailedRequest, wish: Wish, deed: str, *, after: FailedRequest.State) -> None:
    audit.log(
        wish.user,
        f"request.{deed}",
        integration_id=request.integration_id,
        subject="request",
        subject_id=request.pk,
        before={"state": str(request.state)},
        after={"state": str(after)},
        reason=wish.reason,
        address=wish.address,
        now=wish.now,
    )
