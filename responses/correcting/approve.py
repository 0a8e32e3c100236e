"""A person approves a correction: one transaction plans the one send of exactly these bytes, or says why not.

Nothing is sent from here. The bytes are sealed with their hash, which the machine compares before it sends them; the guard
is asked here, with the request locked, and again by the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import IntegrityError, transaction

from responses import audit, redaction
from responses.correcting import checks, drafts, editing, pointers
from responses.correcting.checks import Line
from responses.correcting.editing import CannotEdit, Corrected, Editable, Problem
from responses.exchanges import Exchange, Request
from responses.models import BulkRow, FailedRequest, Resend, Resubmission, SealedRequest, User, ids
from responses.ordergroove import storable
from responses.ordergroove.policies import Policy
from responses.recording.prepare import sealed
from responses.recording.resends import LONGEST_REASON
from responses.sending import moves, originals, wishes
from responses.sending.guard import Reason
from responses.sending.wishes import Deed, Wish

OVERTIME = timedelta(hours=1)
"""So long after it was approved a correction may be sent whose 24 hours were over."""
SEAL_GRACE = timedelta(hours=1)
MOST_KEPT = 100
"""So many changes are kept of one correction."""
Kind = Resubmission.Kind
State = Resend.State
_SHOWN = FailedRequest.State
_AT_ONCE = Reason("changed", "Somebody else was faster: look at it again.")


class _Refused(Exception):
    """Ends the transaction with reasons."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__()
        self.reasons = reasons


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What was approved: the request as it was opened, what became of the text, and the checks that were shown."""

    editable: Editable
    corrected: Corrected
    lines: list[Line]
    overrides: frozenset[str]
    nonce: str

    @property
    def body_hash(self) -> str:
        """SHA-256 of the exact bytes."""
        return hashlib.sha256(self.corrected.body).hexdigest()

    def checks(self) -> list[dict[str, Any]]:
        """Return the lines as they are kept."""
        return [
            {
                "code": line.code,
                "words": line.words,
                "is_good": line.is_good,
                "is_overridden": not line.is_good,
            }
            for line in self.lines
        ]

    def changes(self) -> list[dict[str, Any]]:
        """Return the redacted changes as they are kept."""
        return [msgspec.structs.asdict(one) for one in self.corrected.changes[:MOST_KEPT]]


def approve(
    request: FailedRequest,
    user: User,
    *,
    text: str,
    only_failed: bool,
    order_id: str | None,
    reason: str,
    overrides: Collection[str],
    nonce: str,
    saw: str,
    now: datetime,
    address: str = "",
    bulk_row: BulkRow | None = None,
) -> Deed:
    """Have ``text`` sent instead of the request. The same ``nonce`` twice is one wish; ``saw`` is what ``seen`` gave.

    ``overrides`` are the codes of checks to set aside, which needs a ``reason``. Raises ``PermissionDenied``.
    """
    wish = wishes.of(request, user, now=now, reason=reason, address=address)
    if not nonce:
        return Deed(reasons=(Reason("nonce", "The form has no number of its own: open it again."),))
    try:
        with transaction.atomic():
            current = moves.locked(request.pk)
            done = Resend.objects.filter(idem_key=f"form:{nonce}", failed_request=current).first()
            if done is not None:
                return Deed(done.pk)
            _check_is_same(current, request, saw)
            kind = Kind.ONLY_FAILED if only_failed else Kind.FIX
            approval = _judged(current, wish, kind, text, order_id, frozenset(overrides), nonce)
            resend = _plan(current, wish, approval, bulk_row)
    except (CannotEdit, _Refused) as why:
        return Deed(reasons=tuple(why.reasons))
    except IntegrityError:
        return Deed(reasons=(_AT_ONCE,))
    request.refresh_from_db()
    return Deed(resend.pk)


def _judged(
    request: FailedRequest,
    wish: Wish,
    kind: Resubmission.Kind,
    text: str,
    order_id: str | None,
    overrides: frozenset[str],
    nonce: str,
) -> Approval:
    """Open, check and read it once more: what a page has shown may be old, or made up."""
    lines = checks.lines(request, wish.user, kind=kind, now=wish.now)
    reasons = checks.unmet(lines, overrides, has_reason=bool(wish.reason))
    if reasons:
        raise _Refused(*reasons)
    editable = editing.open_original(request, only_failed=kind == Kind.ONLY_FAILED)
    corrected = editing.corrected(editable, text, order_id=order_id)
    if corrected.has_errors:
        wrong = [problem for problem in corrected.problems if problem.is_error]
        raise _Refused(*(Reason("invalid", _words(one)) for one in wrong))
    if corrected.needs_reason and not wish.reason:
        raise _Refused(Reason("reason", "Say why the order or the customer is changed."))
    if corrected.order_id != editable.first_order_id and _is_taken(request, corrected.order_id):
        raise _Refused(Reason("order_id", f"The order id {corrected.order_id} was used before: choose another one."))
    return Approval(editable=editable, corrected=corrected, lines=lines, overrides=overrides, nonce=nonce)


def _words(problem: Problem) -> str:
    """Return a problem in one line; a name in its path may itself be data that nobody should see."""
    parts = (storable.text(redaction.of_id(part), 60) for part in pointers.split(problem.path))
    return f"{pointers.join(tuple(parts))}: {problem.words}" if problem.path else problem.words


def _is_taken(request: FailedRequest, order_id: str) -> bool:
    """Whether a new order id is known already: of this request's corrections, or of any other order."""
    known = redaction.of_id(order_id)
    if not known:
        return False
    mine = Resubmission.objects.filter(integration_id=request.integration_id, order_id=known)
    others = FailedRequest.objects.filter(integration_id=request.integration_id, order_id=known)
    return mine.exists() or others.exists()


def _plan(request: FailedRequest, wish: Wish, approval: Approval, bulk_row: BulkRow | None) -> Resend:
    """Insert the one send of these bytes, in the place of whatever was planned."""
    before = str(request.state)
    _supersede(request, wish)
    expires_at = request.deadline_at
    if expires_at is not None and expires_at < wish.now:
        expires_at = wish.now + OVERTIME
    seal = _seal(request, approval, expires_at=expires_at or wish.now + timedelta(days=1), now=wish.now)
    ready = _ready(request, seal, approval)
    resend = Resend.objects.create(
        id=ids.new(wish.now),
        integration=request.integration,
        failed_request=request,
        kind=Resend.Kind.CORRECTION,
        idem_key=f"form:{approval.nonce}",
        resource_key=request.resource_key or f"request:{request.request_key}",
        endpoint=request.endpoint,
        method=request.method,
        role=ready.call.role,
        host=ready.host,
        policy=Policy.PERSON,
        state=State.SCHEDULED,
        reason=f"{wish.user.get_username()} approved a correction.",
        due_at=wish.now,
        expires_at=expires_at,
        first_failed_at=request.first_failed_at,
        max_sends=1,
        seal_id=seal.pk,
        body_hash=approval.body_hash,
        asked_by=wish.user,
    )
    resubmission = _keep(request, resend, wish, approval, bulk_row)
    _show(request, wish)
    _log(request, wish, approval, resubmission, before=before)
    drafts.drop(request, wish.user, only_failed=approval.editable.kind == Kind.ONLY_FAILED)
    return resend


def _supersede(request: FailedRequest, wish: Wish) -> None:
    live = request.resends.live().first()
    if live is None:
        return
    words = f"{wish.user.get_username()} approved a correction in its place."
    is_waiting = live.state in (State.SCHEDULED, State.HELD)
    if not is_waiting or not moves.move(live, State.SUPERSEDED, now=wish.now, reason=words):
        raise _Refused(_AT_ONCE)


def _seal(request: FailedRequest, approval: Approval, *, expires_at: datetime, now: datetime) -> SealedRequest:
    original = approval.editable.original
    made = Request(original.method, original.url, original.headers, approval.corrected.body)
    return SealedRequest.objects.create(
        id=ids.new(now),
        integration=request.integration,
        token=sealed(Exchange(request=made)),
        body_hash=approval.body_hash,
        expires_at=expires_at + SEAL_GRACE,
    )


def _ready(request: FailedRequest, seal: SealedRequest, approval: Approval) -> originals.Ready:
    """Find out whether it could be sent as it is: with these bytes, to today's host, with today's credentials."""
    try:
        return originals.ready(
            request.integration,
            seal_id=seal.pk,
            body_hash=approval.body_hash,
            endpoint=request.endpoint,
            customer_id=request.customer_id,
        )
    except originals.CannotSend as why:
        raise _Refused(Reason(why.code, why.words)) from None


def _keep(
    request: FailedRequest, resend: Resend, wish: Wish, approval: Approval, bulk_row: BulkRow | None
) -> Resubmission:
    corrected = approval.corrected
    return Resubmission.objects.create(
        id=ids.new(wish.now),
        integration=request.integration,
        failed_request=request,
        resend=resend,
        kind=approval.editable.kind,
        number=request.resubmissions.count() + 1,
        body_hash=approval.body_hash,
        order_id=redaction.of_id(corrected.order_id),
        kept=approval.editable.kept,
        sent=approval.editable.sent,
        changes=approval.changes(),
        recipe=list(corrected.recipe),
        checks=approval.checks(),
        reason=wish.reason,
        asked_by=wish.user,
        address=wish.address[:60],
        created_at=wish.now,
        bulk_row=bulk_row,
    )


def _show(request: FailedRequest, wish: Wish) -> None:
    """Say that it is being sent; one that had expired is open again from now on."""
    if request.closed_at is None:
        moves.show(request.pk, _SHOWN.RETRYING, "", now=wish.now)
        return
    same = FailedRequest.objects.open().filter(integration_id=request.integration_id, request_key=request.request_key)
    if same.exists():
        raise _Refused(Reason("newer", "The same request has failed anew since then: correct that one."))
    mine = FailedRequest.objects.filter(pk=request.pk, state=_SHOWN.EXPIRED)
    words = f"{wish.user.get_username()} had it sent although its 24 hours were over: {wish.reason}"
    if mine.update(state=_SHOWN.RETRYING, closed_at=None, reason=words[:LONGEST_REASON]) != 1:
        raise _Refused(_AT_ONCE)


def _log(request: FailedRequest, wish: Wish, approval: Approval, resubmission: Resubmission, *, before: str) -> None:
    after = {
        "state": str(_SHOWN.RETRYING),
        "kind": str(resubmission.kind),
        "order_id": resubmission.order_id,
        "body_hash": approval.body_hash,
        "changes": approval.changes(),
        "checks": approval.checks(),
    }
    audit.log(
        wish.user,
        "request.correction_approved",
        integration_id=request.integration_id,
        subject="request",
        subject_id=request.pk,
        before={"state": before},
        after=after,
        reason=wish.reason,
        address=wish.address,
        now=wish.now,
    )


def _check_is_same(current: FailedRequest, request: FailedRequest, saw: str) -> None:
    """Refuse what was decided about something else: say who was first, where it was another correction."""
    is_same = (current.state, current.last_failed_at) == (request.state, request.last_failed_at)
    if not is_same or (saw and saw != wishes.seen(current)):
        raise _Refused(_changed(current))


def _changed(request: FailedRequest) -> Reason:
    last = request.resubmissions.select_related("asked_by").order_by("-id").first()
    if last is None:
        return Reason("changed", "It has changed meanwhile: look at it again.")
    who = last.asked_by.get_username() if last.asked_by is not None else "Somebody"
    return Reason("changed", f"It has changed meanwhile: {who} had a correction sent at {last.created_at:%H:%M} UTC.")
