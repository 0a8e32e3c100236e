"""The send machine: claim, intent, send, keep, reap (reliability.md, 3). Nothing is ever sent twice because of it.

Every step is a compare-and-set on state and epoch, so that of many workers one does it, whenever each of them stops or
freezes. The attempt is committed before its first byte leaves, and no transaction is open while bytes move.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from responses.exchanges import Exchange, Failure, FailureKind, Origin, Request
from responses.models import Attempt, FailedRequest, Integration, Resend, ids
from responses.ordergroove.policies import LEASE, SETTLE, STALL
from responses.recording import facts, record
from responses.recording.prepare import AttemptRef, prepare
from responses.sending import budget, client, failpoints, guard, moves
from responses.sending.originals import CannotSend, Ready, ready

logger = logging.getLogger(__name__)

LONG_ENOUGH = timedelta(seconds=60)
"""So much of a claim's lease must be left at the intent. With less, the worker has stood still too long."""
LOOK_AGAIN = timedelta(seconds=60)
"""When a look-up whose worker has died is made again."""
AT_A_TIME = 200
State = Resend.State
Clock = Callable[[], datetime]

_SUPERSEDED = frozenset({"settled", "later_success", "confirming", "needs_fix"})
_WAITS = frozenset({"paused", "breaker", "half_open", "limited"})


class Claimed(msgspec.Struct, frozen=True):
    """One resend whose lease is ours; nothing is on the wire."""

    resend_id: int
    failed_request_id: int
    epoch: int


class Claims(msgspec.Struct, frozen=True):
    """What was claimed, and when the next one may be: none where nobody knows."""

    claimed: list[Claimed]
    again_at: datetime | None


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One send whose attempt is committed. It holds all that is needed: the database is not asked again."""

    resend_id: int
    attempt_id: int
    epoch: int
    """Of the resend, in state ``sending``."""
    intent_at: datetime
    ready: Ready
    integration: Integration
    origin: Origin
    request_id: str


def claim(now: datetime, worker: str, limit: int) -> Claims:
    """Take the lease on at most ``limit`` resends that are due and may be sent, the longest due first."""
    claimed: list[Claimed] = []
    stopped: set[tuple[str, int]] = set()
    passed: set[int] = set()
    until: list[datetime] = []
    while len(claimed) < limit and (found := _candidates(now, limit - len(claimed), stopped, passed)):
        for one in found:
            passed.add(one.pk)
            if (one.host, one.integration_id) in stopped:
                continue
            admission = _claim_one(one, worker, now=now)
            if admission is None:
                continue
            if admission.is_allowed:
                claimed.append(Claimed(one.pk, one.failed_request_id, one.epoch + 1))
                failpoints.hit("claim.after")
                continue
            stopped.add((one.host, one.integration_id))
            if admission.until is not None:
                until.append(admission.until)
    following = Resend.objects.filter(state=State.SCHEDULED, due_at__gt=now).order_by("due_at")
    until += following.values_list("due_at", flat=True)[:1]
    return Claims(claimed, min(until, default=None))


def _candidates(now: datetime, limit: int, stopped: Iterable[tuple[str, int]], passed: set[int]) -> list[Resend]:
    """Read what is due, without what another request in flight, or a gate, holds up."""
    in_flight = Resend.objects.in_flight().filter(
        integration_id=OuterRef("integration_id"), resource_key=OuterRef("resource_key")
    )
    due = Resend.objects.due(now).filter(~Exists(in_flight)).exclude(pk__in=passed)
    for host, integration_id in stopped:
        due = due.exclude(host=host, integration_id=integration_id)
    return list(due[:limit])


def _claim_one(one: Resend, worker: str, *, now: datetime) -> budget.Admission | None:
    """Claim one in a transaction of its own: state and token change together. ``None``: another was first."""
    try:
        with transaction.atomic():
            rows = _unlocked(Resend.objects.filter(pk=one.pk, state=State.SCHEDULED, epoch=one.epoch))
            if not rows.exists():
                return None
            admission = budget.admit(one.host, one.integration_id, now=now)
            values = {"lease_until": now + LEASE, "leased_by": worker[:60]}
            if admission.is_allowed and not Resend.objects.move(
                one.pk, from_state=State.SCHEDULED, epoch=one.epoch, to_state=State.CLAIMED, **values
            ):
                transaction.set_rollback(True)  # the token goes back
                return None
            return admission
    except IntegrityError:
        return None  # another one on the same resource was first


def _unlocked(rows: QuerySet[Resend]) -> QuerySet[Resend]:
    """Lock rows, and pass over those that another worker has locked, where the database can."""
    return rows.select_for_update(skip_locked=True) if connection.features.has_select_for_update_skip_locked else rows


def intent(claimed: Claimed, now: datetime) -> Sending | None:
    """Write down, and commit, that this is sent now. ``None``: it is not to be sent, or no longer ours."""
    failpoints.hit("intent.before")
    with transaction.atomic():
        request = moves.locked(claimed.failed_request_id)
        resend = Resend.objects.filter(pk=claimed.resend_id, state=State.CLAIMED, epoch=claimed.epoch).first()
        if resend is None:
            return None
        assert resend.lease_until is not None
        if resend.lease_until - now < LONG_ENOUGH:
            moves.move(resend, State.SCHEDULED, now=now)
            return None
        reasons = guard.why_not(
            request,
            now=now,
            by_person=resend.kind != Resend.Kind.AUTOMATIC,
            resend=resend,
            has_passed_gate=True,
        )
        if reasons:
            _put_down(resend, reasons, now=now)
            return None
        try:
            found = ready(
                request.integration,
                seal_id=resend.seal_id,
                body_hash=resend.body_hash,
                endpoint=resend.endpoint,
                customer_id=request.customer_id,
            )
        except CannotSend as why:
            _put_down(resend, [guard.Reason(why.code, why.words)], now=now)
            return None
        sending = _commit_to(resend, request, found, now=now)
    failpoints.hit("intent.after")
    return sending


def _commit_to(resend: Resend, request: FailedRequest, found: Ready, *, now: datetime) -> Sending | None:
    values = {"lease_until": now + LEASE, "sends": F("sends") + 1, "host": found.host}
    if not moves.move(resend, State.SENDING, now=now, **values):
        return None
    moves.adopt(resend, request)
    attempt = Attempt.objects.create(
        id=ids.new(now),
        resend=resend,
        number=resend.sends + resend.not_sent + 1,
        epoch=resend.epoch + 1,
        intent_at=now,
        why=resend.reason,
    )
    return Sending(
        resend_id=resend.pk,
        attempt_id=attempt.pk,
        epoch=resend.epoch + 1,
        intent_at=now,
        ready=found,
        integration=request.integration,
        origin=Origin.RESUBMISSION if resend.kind == Resend.Kind.CORRECTION else Origin.RETRY,
        request_id=request.request_id,
    )


def _put_down(resend: Resend, reasons: Sequence[guard.Reason], *, now: datetime) -> None:
    """Do with a claimed resend what the guard's reasons ask for."""
    codes = {reason.code for reason in reasons}
    words = " ".join(reason.words for reason in reasons)
    if codes & _SUPERSEDED:
        moves.move(resend, State.SUPERSEDED, now=now, reason=words)
    elif "deadline" in codes:
        moves.move(resend, State.EXPIRED, now=now, reason=words)
    elif codes <= _WAITS:
        moves.move(resend, State.SCHEDULED, now=now)
    else:
        moves.move(resend, State.HELD, now=now, reason=words)


def send(sending: Sending, clock: Clock, seconds: float = client.SEND_SECONDS) -> Exchange:
    """Send it, on a fresh connection, and return what happened. Touches no database: it runs beside others.

    Nothing leaves when more than ``STALL`` has passed since the intent.
    """
    failpoints.hit("send.before")
    try:
        exchange = client.send(
            sending.ready.account,
            sending.ready.call,
            origin=sending.origin,
            now=clock(),
            seconds=seconds,
            may_begin=lambda: clock() - sending.intent_at <= STALL,
        )
    except Exception:
        logger.exception("a send failed in a way of its own")
        exchange = _unread(sending, now=clock())
    failpoints.hit("send.after")
    return msgspec.structs.replace(exchange, request_id=sending.request_id)


def _unread(sending: Sending, *, now: datetime) -> Exchange:
    """Return the exchange of a send about which nothing is known, not even whether it left."""
    call = sending.ready.call
    url = sending.ready.account.base_urls[call.role].rstrip("/") + call.path
    failure = Failure(FailureKind.PROTOCOL, "The monitor itself failed while it was sent.", has_left=True)
    request = Request(call.method, url, call.headers, call.body)
    return Exchange(request=request, failure=failure, sent_at=now, origin=sending.origin)


def keep(
    answers: Sequence[tuple[Sending, Exchange]], now: datetime, dice: Callable[[], float] = random.random
) -> frozenset[str]:
    """Record answers: each closes its attempt and moves its resend, in one transaction. Returns the nudges.

    Raises ``OperationalError`` when the database cannot store them now. It may be called again with the same answers:
    what was stored after all, and only the confirmation was lost, is not stored twice.
    """
    failpoints.hit("record.before")
    wanted = Attempt.objects.filter(pk__in=[sending.attempt_id for sending, _ in answers], response_id=None)
    unstored = set(wanted.values_list("pk", flat=True))
    answers = [(sending, exchange) for sending, exchange in answers if sending.attempt_id in unstored]
    batch = []
    for sending, exchange in answers:
        mine = AttemptRef(
            resend_id=sending.resend_id,
            attempt_id=sending.attempt_id,
            epoch=sending.epoch,
        )
        batch.append(prepare(facts.of(sending.integration), exchange, now=now, attempt=mine))
    nudges = record.write(batch, now=now, dice=dice).nudges
    failpoints.hit("record.after")
    for sending, exchange in answers:
        _tell_gates(sending, exchange, now=now)
    return nudges


def _tell_gates(sending: Sending, exchange: Exchange, *, now: datetime) -> None:
    try:
        budget.tell(sending.ready.host, sending.integration.pk, exchange, now=now)
    except OperationalError:
        # The answer itself is stored; of one that a gate missed, the next one says as much.
        logger.warning("an answer could not be noted on the gates", exc_info=True)


def reap(now: datetime) -> int:
    """Take back what dead or frozen workers held. What may be on the wire is never taken back: it becomes unknown.

    Any process may call it at any time; returns how many.
    """
    abandoned = Resend.objects.abandoned(now).values_list("pk", "failed_request_id", "epoch")
    return sum(_reap_one(*one, now=now) for one in list(abandoned[:AT_A_TIME]))


def _reap_one(resend_id: int, failed_request_id: int, epoch: int, *, now: datetime) -> bool:
    with transaction.atomic():
        moves.locked(failed_request_id)
        resend = Resend.objects.abandoned(now).filter(pk=resend_id, epoch=epoch).first()
        if resend is None:
            return False
        if resend.state == State.CLAIMED:
            return moves.move(resend, State.SCHEDULED, now=now)
        if resend.state == State.VERIFYING:
            return moves.move(resend, State.UNKNOWN, now=now, due_at=now + LOOK_AGAIN)
        words = "The worker that sent it stopped before it had noted the answer."
        Attempt.objects.open().filter(resend=resend).update(ended_at=now, result=Attempt.Result.UNKNOWN, words=words)
        return moves.move(resend, State.UNKNOWN, now=now, due_at=now + SETTLE, reason=words)


def expire(now: datetime) -> int:
    """End what has not begun and may not begin any more; returns how many."""
    is_over = Q(expires_at__lt=now) | Q(expires_at=None, failed_request__deadline_at__lt=now)
    over = Resend.objects.filter(is_over, state__in=(State.SCHEDULED, State.HELD))
    found = over.values_list("pk", "failed_request_id", "epoch")
    return sum(_expire_one(*one, now=now) for one in list(found[:AT_A_TIME]))


def _expire_one(resend_id: int, failed_request_id: int, epoch: int, *, now: datetime) -> bool:
    with transaction.atomic():
        moves.locked(failed_request_id)
        resend = Resend.objects.filter(pk=resend_id, epoch=epoch).first()
        words = "24 hours have passed since the first failure."
        return resend is not None and moves.move(resend, State.EXPIRED, now=now, reason=words)
