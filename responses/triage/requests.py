"""What a person decides about a failed request: handled elsewhere, dismissed, reopened. Nothing is sent from here.

Each decision is made against the state that the person saw, by compare-and-set, and is written down with its reason.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from responses import audit
from responses.exchanges import Outcome
from responses.models import AuditEntry, FailedRequest, FollowUp, Role, SealedRequest, User
from responses.sending import moves

State = FailedRequest.State
By = FailedRequest.ResolvedBy

_GONE = "A person closed it, and with that the original went."


def may_close(request: FailedRequest) -> bool:
    """Whether a person may say that it is handled, or does not matter: not while something of ours is under way."""
    return (request.is_open and request.state != State.RETRYING) or request.state == State.EXPIRED


def may_reopen(request: FailedRequest, *, now: datetime) -> bool:
    """Whether a person may take back what a person decided: while there is still time."""
    is_by_person = request.state == State.DISMISSED or request.resolved_by == By.PERSON
    return is_by_person and (request.deadline_at is None or request.deadline_at > now)


def handle(request: FailedRequest, user: User, *, reason: str, now: datetime, address: str = "") -> bool:
    """Say that it was handled elsewhere. ``False``: it is no longer in the state that ``request`` shows."""
    _check(request, user)
    if not may_close(request):
        return False
    return _close(request, user, "handled", State.RESOLVED, By.PERSON, reason=reason, now=now, address=address)


def dismiss(request: FailedRequest, user: User, *, reason: str, now: datetime, address: str = "") -> bool:
    """Say that it does not matter, and why."""
    _check(request, user)
    if not may_close(request):
        return False
    return _close(request, user, "dismissed", State.DISMISSED, None, reason=reason, now=now, address=address)


def reopen(request: FailedRequest, user: User, *, reason: str = "", now: datetime, address: str = "") -> bool:
    """Take either back. ``False`` also where the same request has meanwhile failed anew: that one is open then."""
    _check(request, user)
    if not may_reopen(request, now=now):
        return False
    state = _state_before(request)
    try:
        with transaction.atomic():
            mine = FailedRequest.objects.filter(pk=request.pk, state=request.state, closed_at=request.closed_at)
            values = {"state": state, "reason": "", "resolved_by": "", "closed_at": None}
            if mine.update(**values) != 1:
                return False
            _log(request, user, "reopened", state, reason=reason, now=now, address=address)
    except IntegrityError:
        return False
    request.refresh_from_db()
    return True


def _close(
    request: FailedRequest,
    user: User,
    deed: str,
    state: FailedRequest.State,
    by: FailedRequest.ResolvedBy | None,
    *,
    reason: str,
    now: datetime,
    address: str,
) -> bool:
    reason = reason.strip()[:300]
    with transaction.atomic():
        mine = FailedRequest.objects.filter(
            pk=request.pk, state=request.state, closed_at=request.closed_at, last_failed_at=request.last_failed_at
        )
        values = {"state": state, "reason": reason, "resolved_by": by or "", "closed_at": now, "seal_id": None}
        seal_id = mine.values_list("seal_id", flat=True).first()
        if mine.update(**values) != 1:
            return False
        if not moves.end_live(request.pk, reason or "A person closed the request.", now=now):
            transaction.set_rollback(True)
            return False
        if seal_id is not None:
            # What is still being followed may need it when its result is bad.
            if not FollowUp.objects.filter(
                request_key=request.request_key, seal_id=seal_id, settled_at__isnull=True
            ).exists():
                SealedRequest.objects.filter(pk=seal_id).delete()
            FailedRequest.objects.filter(pk=request.pk, cannot_resend="").update(cannot_resend=_GONE)
        _log(request, user, deed, state, reason=reason, now=now, address=address)
    request.refresh_from_db()
    return True


def _state_before(request: FailedRequest) -> FailedRequest.State:
    """Return the state in which a person found it, else the one that its last failure asks for."""
    deeds = AuditEntry.objects.filter(subject="request", subject_id=str(request.pk)).order_by("-id")
    for deed in deeds[:20]:
        found = deed.before.get("state", "")
        if found in State.values and found not in FailedRequest.CLOSED:
            return State(found)
    if request.outcome in (Outcome.PARTIAL, Outcome.NEEDS_FIX):
        return State.NEEDS_FIX
    return State.UNKNOWN if request.outcome == Outcome.NO_ANSWER else State.WAITING


def _log(
    request: FailedRequest,
    user: User,
    deed: str,
    state: FailedRequest.State,
    *,
    reason: str,
    now: datetime,
    address: str,
) -> None:
    audit.log(
        user,
        f"request.{deed}",
        integration_id=request.integration_id,
        subject="request",
        subject_id=request.pk,
        before={"state": str(request.state)},
        after={"state": str(state)},
        reason=reason,
        address=address,
        now=now,
    )


def _check(request: FailedRequest, user: User) -> None:
    if not user.has_role(request.integration_id, Role.SUPPORT):
        raise PermissionDenied
