"""Ends the clocks: failed requests whose 24 hours are over, and sealed originals that may no longer be kept.

What is still to be sent, the one attempt when the 24 hours are over above all, is left alone until it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from responses.models import FailedRequest, FollowUp, Integration, Resend, SealedRequest, ids
from responses.models.failed_request import FailedRequestQuerySet
from responses.recording import transitions

AT_A_TIME = 500
State = FailedRequest.State
_EXPIRED = "24 hours have passed: the cart is no longer reliable."
_UNSEALED = "The original was kept for 24 hours only, and they are over."


def expire(now: datetime) -> int:
    """Expire what is over, ``AT_A_TIME`` a transaction; return how many."""
    expired = _expire_resends(now)
    for integration_id in Integration.objects.values_list("pk", flat=True):
        while chunk := _overdue(integration_id, now=now):
            expired += _expire_chunk(chunk, now=now)
    return expired


def _overdue(integration_id: int, *, now: datetime) -> list[int]:
    # By integration, since the index of the clock begins with it. Read outside a transaction: no writer waits for this.
    rows = _left_to_expire(now).filter(integration_id=integration_id).order_by("deadline_at")
    return list(rows.values_list("pk", flat=True)[:AT_A_TIME])


def _expire_chunk(chunk: Sequence[int], *, now: datetime) -> int:
    """Expire those of ``chunk`` that still wait. Their originals stay for their own last hour (``unseal_overdue``)."""
    with transaction.atomic():
        columns = ("pk", "integration_id", "cause")
        mine = _left_to_expire(now).filter(pk__in=chunk).order_by("pk").only(*columns).select_for_update()
        found = list(mine)
        FailedRequest.objects.filter(pk__in=[request.pk for request in found]).update(
            state=State.EXPIRED, reason=_EXPIRED, closed_at=now
        )
        transitions.write([_ended(request) for request in found], now=now)
    return len(found)


def _ended(request: FailedRequest) -> transitions.Ended:
    return transitions.Ended(request.pk, request.integration_id, request.cause, State.EXPIRED.value)


def _left_to_expire(now: datetime) -> FailedRequestQuerySet:
    live = Resend.objects.live().filter(failed_request_id=OuterRef("pk"))
    return FailedRequest.objects.expirable(now).filter(~Exists(live))


def _expire_resends(now: datetime) -> int:
    """Expire what was held, or could not be sent, until its time was over; return how many requests that closed."""
    expired = 0
    waiting = Q(state__in=[Resend.State.HELD, Resend.State.SCHEDULED])
    over = Resend.objects.filter(
        waiting, Q(expires_at__lt=now) | Q(expires_at=None, failed_request__deadline_at__lt=now)
    )
    for request_id in list(over.order_by("pk").values_list("failed_request_id", flat=True)[:AT_A_TIME]):
        with transaction.atomic():
            request = FailedRequest.objects.select_for_update().filter(pk=request_id).first()
            resend = over.filter(failed_request_id=request_id).first()
            if request is None or resend is None:
                continue
            was = Resend.State(resend.state)
            values = {"ended_at": now, "reason": _EXPIRED}
            if Resend.objects.move(
                resend.pk, from_state=was, epoch=resend.epoch, to_state=Resend.State.EXPIRED, **values
            ):
                expired += _close(request, now=now)
    return expired


def _close(request: FailedRequest, *, now: datetime) -> int:
    mine = FailedRequest.objects.open().filter(pk=request.pk)
    closed = mine.update(state=State.EXPIRED, reason=_EXPIRED, closed_at=now)
    if closed:
        transitions.write([_ended(request)], now=now)
    return closed


def unseal_overdue(now: datetime) -> int:
    """Delete sealed originals whose time is over; return how many. Only what may still be sent keeps its own."""
    deleted = 0
    needed = Resend.objects.live().filter(expires_at__gt=now, seal_id__isnull=False)
    overdue = SealedRequest.objects.filter(expires_at__lte=now).exclude(pk__in=needed.values("seal_id"))
    overdue = overdue.order_by("expires_at")
    while chunk := list(overdue.values_list("pk", flat=True)[:AT_A_TIME]):
        holders = _holders(chunk)
        with transaction.atomic():
            deleted += SealedRequest.objects.filter(pk__in=chunk).delete()[0]
            held = FailedRequest.objects.filter(pk__in=holders, seal_id__in=chunk)
            held.update(seal_id=None, cannot_resend=_UNSEALED)
            _of_follow_ups(chunk)
    return deleted


def _holders(chunk: Sequence[int]) -> list[int]:
    """Return the failed requests that point to these seals: there is an index of their states, none of seals."""
    states = [state for state in State if state not in FailedRequest.CLOSED]
    integration_ids = SealedRequest.objects.filter(pk__in=chunk).values_list("integration_id", flat=True).distinct()
    rows = FailedRequest.objects.filter(integration_id__in=list(integration_ids), seal_id__in=chunk)
    # Of what has expired only the newest: the others have lost theirs long ago.
    lately = ids.time_of(min(chunk)) - timedelta(days=2)
    found = rows.filter(Q(state__in=states) | Q(state=State.EXPIRED, deadline_at__gte=lately))
    return list(found.values_list("pk", flat=True))


def _of_follow_ups(chunk: Sequence[int]) -> None:
    """A follow-up is made at the instant of its seal, so that its id lies in the same range."""
    first, last = ids.time_of(min(chunk)), ids.time_of(max(chunk)) + timedelta(milliseconds=1)
    rows = FollowUp.objects.filter(pk__gte=ids.floor(first), pk__lt=ids.floor(last), seal_id__in=chunk)
    rows.update(seal_id=None)
