"""What follows from a look-up: succeeded, a part to correct, sent again, looked up again, or a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from responses import backoff
from responses.exchanges import ItemState, Outcome
from responses.models import FailedRequest, Item, Resend, Response, Resubmission, ids
from responses.ordergroove import policies
from responses.ordergroove.policies import Policy, Schedules
from responses.retrying.evidence import Evidence, Proof
from responses.sending import moves

MOST = 8
"""So many look-ups that tell nothing; then a person decides."""
MOST_AFTER_CONFLICT = 4
_FIRST, _CAP = 60.0, 1800.0
"""Seconds between two look-ups: the first wait, and the longest."""
_HARMLESS = "No answer came back, and repeating it ends in the same state."
_NOT_VERIFIED = "Ordergroove answered 409: an earlier attempt had arrived. Received, but not verified."
_PERSON = "A person decides."
SETTLED = "Something else has settled it."
State = Resend.State
_SHOWN = FailedRequest.State
By = FailedRequest.ResolvedBy


def conclude(
    resend: Resend,
    request: FailedRequest,
    found: Evidence,
    *,
    is_harmless: bool,
    can_be_asked: bool,
    had_conflict: bool,
    response_ids: Sequence[int],
    schedules: Schedules,
    now: datetime,
    random: float,
) -> None:
    """Move a resend on from ``verifying``. ``random`` lies from 0 to 1. Call it with the failed request locked."""
    if is_settled(request) or found.proof is Proof.REFUSED:
        _settled_otherwise(resend, request, found, now=now)
    elif found.proof is Proof.ALL:
        _succeed(resend, request, found.words, now=now)
    elif found.proof is Proof.SOME:
        _split(resend, request, found, response_ids, now=now)
    elif is_harmless or (found.proof is Proof.ABSENT and not had_conflict):
        _send_again(resend, request, found.words or _HARMLESS, schedules, now=now, random=random)
    elif had_conflict and (not can_be_asked or resend.lookups + 1 >= MOST_AFTER_CONFLICT):
        _succeed(resend, request, _NOT_VERIFIED, now=now)
    else:
        _look_again(resend, found.words, can_be_asked=can_be_asked, now=now)


def is_settled(request: FailedRequest) -> bool:
    """Whether something else has settled it, or is about to: the caller, or an acceptance that is being followed."""
    return request.closed_at is not None or request.state == _SHOWN.CONFIRMING


def link(request: FailedRequest, response_ids: Sequence[int]) -> None:
    """Show the answers on the failed request: they are the evidence."""
    Response.objects.filter(pk__in=response_ids, failed_request_id=None).update(failed_request_id=request.pk)


def _settled_otherwise(resend: Resend, request: FailedRequest, found: Evidence, *, now: datetime) -> None:
    """Ours ends. What people see stays what the other made of it, or says what was refused."""
    words = SETTLED if is_settled(request) else found.words
    if not moves.move(resend, State.UNKNOWN, now=now):
        return
    resend.refresh_from_db()
    if moves.move(resend, State.SUPERSEDED, now=now, reason=words) and not is_settled(request):
        moves.show(request.pk, _SHOWN.NEEDS_FIX, words, now=now)


def _succeed(resend: Resend, request: FailedRequest, words: str, *, now: datetime) -> None:
    if moves.move(resend, State.SUCCEEDED, now=now, reason=words):
        kept, sent = _kept(resend)
        words += f" {kept} kept, {sent} sent." if kept else ""
        moves.show(request.pk, _SHOWN.RESOLVED, words, now=now, resolved_by=By.LOOKUP)


def _split(
    resend: Resend, request: FailedRequest, found: Evidence, response_ids: Sequence[int], *, now: datetime
) -> None:
    """A part was created: the rest is for a person to correct."""
    if not moves.move(resend, State.PARTIAL, now=now, reason=found.words):
        return
    count = {state: sum(item.state is state for item in found.items) for state in ItemState}
    FailedRequest.objects.filter(pk=request.pk).update(
        outcome=Outcome.PARTIAL,
        items_created=_kept(resend)[0] + count[ItemState.CREATED],
        items_failed=count[ItemState.FAILED],
        items_unknown=count[ItemState.UNKNOWN],
        message=found.words[:500],
    )
    if response_ids:
        Item.objects.bulk_create(
            Item(
                id=ids.new(now),
                response_id=response_ids[-1],
                position=position,
                product=item.product[:200],
                state=item.state,
                subscription_id=item.subscription_id[:200],
                message=item.problems[0].message[:500] if item.problems else "",
                failed_request_id=request.pk,
            )
            for position, item in enumerate(found.items)
        )


def _kept(resend: Resend) -> tuple[int, int]:
    """Return how many products a correction left out, since they had been created before, and how many it sent."""
    of_rest = Resubmission.objects.filter(resend_id=resend.pk, kind=Resubmission.Kind.ONLY_FAILED)
    return of_rest.values_list("kept", "sent").first() or (0, 0)


def _send_again(
    resend: Resend, request: FailedRequest, words: str, schedules: Schedules, *, now: datetime, random: float
) -> None:
    """It is not there, or would do no harm: its policy says when it goes again."""
    following = policies.next_send(
        schedules,
        Policy(resend.policy),
        sends=resend.sends,
        first_failed_at=resend.first_failed_at,
        now=now,
        deadline_at=request.deadline_at,
        retry_after=None,
        random=random,
        most=resend.max_sends,
    )
    if following is None:
        moves.move(resend, State.EXHAUSTED, now=now, reason=f"{words} The attempts are used up.")
        return
    moves.move(
        resend,
        State.SCHEDULED,
        now=now,
        due_at=following.due_at,
        expires_at=following.expires_at,
        lookups=0,
        reason=f"{words} {following.why}",
    )


def _look_again(resend: Resend, words: str, *, can_be_asked: bool, now: datetime) -> None:
    lookups = resend.lookups + 1 if can_be_asked else MOST
    is_last = lookups >= MOST
    wait = timedelta(seconds=backoff.ceiling(lookups, initial=_FIRST, cap=_CAP))
    moves.move(
        resend,
        State.UNKNOWN,
        now=now,
        due_at=now + wait,
        lookups=lookups,
        reason=f"{words} {_PERSON}" if is_last else words,
    )
