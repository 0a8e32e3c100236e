"""Changes of a resend's state that are not the answer's own: what they do to the failed request that people see.

Each is a compare-and-set on state and epoch. Rows are locked in one order everywhere: failed request, resend, gate.
Call them inside a transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from responses.models import FailedRequest, FollowUp, Resend, SealedRequest
from responses.recording import transitions
from responses.recording.resends import LONGEST_REASON

State = Resend.State
_SHOWN = FailedRequest.State


def locked(failed_request_id: int) -> FailedRequest:
    """Return the failed request, on PostgreSQL locked until the transaction ends. Raises ``DoesNotExist``."""
    rows = FailedRequest.objects.select_related("integration")
    if connection.features.has_select_for_update_of:
        rows = rows.select_for_update(of=("self",))
    return rows.get(pk=failed_request_id)


def move(resend: Resend, state: Resend.State, *, now: datetime, **values: Any) -> bool:
    """Change the state of ``resend`` as it was read, and what people see. ``False``: another was faster.

    A cancelled, superseded or succeeded one leaves what people see to the caller.
    """
    if state in Resend.ENDED:
        values["ended_at"] = now
    if "reason" in values:
        values["reason"] = values["reason"][:LONGEST_REASON]
    was = State(resend.state)
    if not Resend.objects.move(resend.pk, from_state=was, epoch=resend.epoch, to_state=state, **values):
        return False
    if state in Resend.ENDED and resend.kind == Resend.Kind.CORRECTION:
        _forget_unsent(resend)
    shown = Resend.SEEN_AS.get(state)
    is_confirming = FailedRequest.objects.filter(pk=resend.failed_request_id, state=_SHOWN.CONFIRMING).exists()
    if shown is not None and not is_confirming:
        show(resend.failed_request_id, shown, values.get("reason", resend.reason), now=now)
    return True


def show(failed_request_id: int, state: FailedRequest.State, reason: str, *, now: datetime, **values: Any) -> None:
    """Change what people see of an open failed request. With its end the sealed original goes.

    That of an expired one stays for its own last hour: an Admin may still have it corrected.
    """
    mine = FailedRequest.objects.open().filter(pk=failed_request_id)
    values |= {"state": state, "reason": reason[:LONGEST_REASON]}
    ended = _ended(failed_request_id, state)
    if state in FailedRequest.CLOSED:
        values["closed_at"] = now
    if state in FailedRequest.CLOSED and state != _SHOWN.EXPIRED:
        seal_id = mine.values_list("seal_id", flat=True).first()
        values["seal_id"] = None
        if seal_id is not None:
            SealedRequest.objects.filter(pk=seal_id).delete()
    if mine.update(**values):
        transitions.write(ended, now=now)


def _ended(failed_request_id: int, state: FailedRequest.State) -> list[transitions.Ended]:
    """What somebody may want to hear about, where the change to ``state`` is one: to exhausted, or expired."""
    if state not in transitions.KINDS:
        return []
    before = FailedRequest.objects.filter(pk=failed_request_id).exclude(state=state)
    return [transitions.Ended(*row, state.value) for row in before.values_list("pk", "integration_id", "cause")]


def adopt(resend: Resend, request: FailedRequest) -> None:
    """Make what a correction sends the original of its request: from now on it is what may have to be sent once more."""
    if resend.kind != Resend.Kind.CORRECTION or request.seal_id == resend.seal_id:
        return
    FailedRequest.objects.filter(pk=request.pk).update(seal_id=resend.seal_id)
    if request.seal_id is not None and not is_followed(request.request_key, request.seal_id):
        SealedRequest.objects.filter(pk=request.seal_id).delete()


def is_followed(request_key: str, seal_id: int) -> bool:
    """Whether the original is needed by a pursuit that has not ended."""
    return FollowUp.objects.filter(request_key=request_key, seal_id=seal_id, settled_at__isnull=True).exists()


def _forget_unsent(resend: Resend) -> None:
    """Delete what a correction would have sent, where it has not become the original of its request."""
    is_original = FailedRequest.objects.filter(pk=resend.failed_request_id, seal_id=resend.seal_id).exists()
    if resend.seal_id is not None and not is_original:
        SealedRequest.objects.filter(pk=resend.seal_id).delete()


def end_live(failed_request_id: int, reason: str, *, now: datetime) -> bool:
    """Cancel the live resend of a failed request that a person closes. ``False``: it is under way right now."""
    live = Resend.objects.live().filter(failed_request_id=failed_request_id).first()
    if live is None:
        return True
    if live.state in (State.SENDING, State.VERIFYING):
        return False
    return move(live, State.CANCELLED, now=now, reason=reason)
