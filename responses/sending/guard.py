"""The guard: whether a failed request may be sent again, and if not, why not. Every send passes it, also by hand.

It only reads. The pages ask it for the reason beside a button, and the machine asks it again right before the send.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from django.db.models import Q, QuerySet

from responses.exchanges import ItemState, Origin, Outcome
from responses.models import FailedRequest, Gate, IntakeKey, Item, Resend, Response, Resubmission, ids
from responses.ordergroove.endpoints import Kind
from responses.recording.facts import netloc_of
from responses.recording.resends import READS
from responses.sending import gates
from responses.sending.originals import endpoint_called

State = FailedRequest.State
_CALLERS = (Origin.CALLER, Origin.GATEWAY, Origin.IMPORT)


class Reason(msgspec.Struct, frozen=True):
    """One reason why something is not sent: a word for programs, and a sentence for people."""

    code: str
    words: str


def why_not(
    request: FailedRequest,
    *,
    now: datetime,
    by_person: bool = True,
    resend: Resend | None = None,
    has_passed_gate: bool = False,
    correction: Resubmission.Kind | None = None,
) -> list[Reason]:
    """Return every reason why ``request`` may not be sent (again) now; empty: it may.

    ``resend`` is the one about to send it; without it, the live one that has not begun, if there is one. By
    ``has_passed_gate`` the caller says that the breaker and the budget have let this very send through. ``correction``
    is asked for one that a person has not approved yet: it would take the place of what has not begun.
    """
    live = request.resends.live().first() if resend is None else resend
    corrected = live if correction is None and live is not None and live.kind == Resend.Kind.CORRECTION else None
    return [
        *_of_request(request, live, is_own=resend is not None, by_person=by_person),
        *_of_later_calls(request, resend),
        *_of_time(request, live, now=now),
        *_of_content(request, by_person=by_person),
        *_of_parts(request, corrected, kind=correction or _kind_of(corrected)),
        *_of_original(request, corrected),
        *_of_key(request, by_person=by_person),
        *_of_gates(request, now=now, has_passed_gate=has_passed_gate),
    ]


def _of_request(request: FailedRequest, live: Resend | None, *, is_own: bool, by_person: bool) -> Iterator[Reason]:
    if request.closed_at is not None:
        yield Reason("settled", f"It is {State(request.state).label.lower()}.")
    elif request.state == State.CONFIRMING:
        yield Reason("confirming", "Ordergroove has accepted it, and its result is being followed.")
    elif request.state == State.NEEDS_FIX and not by_person:
        yield Reason("needs_fix", "The same request would be refused again: it must be corrected.")
    if live is not None and not is_own and live.state in Resend.IN_FLIGHT:
        yield _of_flight(live)
    elif request.state == State.UNKNOWN and not is_own:
        yield Reason("unknown", "Nobody knows whether it took effect: that must be decided first.")
    others = Resend.objects.in_flight().filter(integration_id=request.integration_id, resource_key=request.resource_key)
    if request.resource_key and others.exclude(failed_request_id=request.pk).exists():
        yield Reason("resource", "Another request on the same object is being sent, or its outcome is unknown.")


def _of_flight(live: Resend) -> Reason:
    if live.state == Resend.State.UNKNOWN:
        return Reason("unknown", "It was sent, and nobody knows yet whether it took effect.")
    if live.state == Resend.State.VERIFYING:
        return Reason("in_flight", "It is being looked up at this moment.")
    return Reason("in_flight", "It is being sent at this moment.")


def _of_later_calls(request: FailedRequest, resend: Resend | None) -> Iterator[Reason]:
    later = Response.objects.filter(integration_id=request.integration_id, outcome=Outcome.SUCCESS)
    if later.filter(
        request_key=request.request_key, sent_at__gte=request.last_failed_at, origin__lt=Origin.POLL
    ).exists():
        yield Reason("later_success", "A later call of the same request has succeeded.")
    if request.method in READS or not request.resource_key:
        return
    since = request.first_failed_at
    if resend is not None and resend.kind != Resend.Kind.AUTOMATIC:
        # Who asked for it knew, or could see, what had come before.
        since = max(since, ids.time_of(resend.pk))
    if _has_later_write(request, since):
        yield Reason("later_write", "A later change of the same object has succeeded, and this one would undo it.")


def _has_later_write(request: FailedRequest, since: datetime) -> bool:
    """Whether somebody else has changed the object since. What we have sent again ourselves is an older wish."""
    writes = Response.objects.written().filter(
        integration_id=request.integration_id, resource_key=request.resource_key, sent_at__gt=since
    )
    return writes.exclude(origin=Origin.RETRY).exclude(request_key=request.request_key).exists()


def _of_time(request: FailedRequest, live: Resend | None, *, now: datetime) -> Iterator[Reason]:
    ends_at = request.deadline_at
    if live is not None and live.expires_at is not None:
        ends_at = live.expires_at if ends_at is None else max(ends_at, live.expires_at)
    if ends_at is not None and now > ends_at:
        yield Reason("deadline", "Its 24 hours are over: the cart is no longer reliable.")


def _of_content(request: FailedRequest, *, by_person: bool) -> Iterator[Reason]:
    known = endpoint_called(request.endpoint)
    if known is None:
        yield Reason("endpoint", "It is no documented call of Ordergroove, so nobody knows what it does.")
    elif not known[1].safe_to_repeat and not by_person:
        yield Reason("unsafe", "Repeating this call could do its work twice, so a person decides.")


def _of_parts(request: FailedRequest, corrected: Resend | None, *, kind: Resubmission.Kind | None) -> Iterator[Reason]:
    """What was created is never sent again: the whole is not, and of the failed only what has stayed so."""
    if kind == Resubmission.Kind.ONLY_FAILED:
        if corrected is not None and _created(request, since=corrected.pk).exists():
            yield Reason("partial", "A part of it was created since this correction was approved.")
    elif (request.items_created or _created(request).exists()) and (kind is not None or not _is_rest(request)):
        yield Reason("partial", "A part of it was created already, and would be created twice.")
    elif request.outcome == Outcome.PARTIAL and _is_purchase(request):
        yield Reason("partial", "A part of it may have been created already, and would be created twice.")


def _of_original(request: FailedRequest, corrected: Resend | None) -> Iterator[Reason]:
    if request.cannot_resend:
        yield Reason("original", request.cannot_resend)
    elif request.seal_id is None and corrected is None:
        yield Reason("original", "The original is no longer kept.")
    if not request.integration.has_credentials:
        yield Reason("credentials", "The integration has no credentials to send with.")


def _kind_of(corrected: Resend | None) -> Resubmission.Kind | None:
    """Return which kind of correction a resend is."""
    if corrected is None:
        return None
    kind = Resubmission.objects.filter(resend_id=corrected.pk).values_list("kind", flat=True).first()
    return Resubmission.Kind(kind) if kind else None


def _is_rest(request: FailedRequest) -> bool:
    """Whether the original at hand holds only what failed: a correction without what had been created before it."""
    sent = Resubmission.objects.filter(
        failed_request=request, kind=Resubmission.Kind.ONLY_FAILED, resend__seal_id=request.seal_id
    )
    since = sent.order_by("-id").values_list("resend_id", flat=True).first() if request.seal_id is not None else None
    return since is not None and not _created(request, since=since).exists()


def _created(request: FailedRequest, since: int = 0) -> QuerySet[Item]:
    """Return what answers to this request, recorded after the row ``since``, say was created."""
    return Item.objects.filter(failed_request_id=request.pk, state=ItemState.CREATED, response_id__gt=since)


def _is_purchase(request: FailedRequest) -> bool:
    known = endpoint_called(request.endpoint)
    return known is not None and known[1].kind is Kind.PURCHASE


def _of_key(request: FailedRequest, *, by_person: bool) -> Iterator[Reason]:
    """Whose record it is: a leaked intake key must not make us speak with our credentials."""
    reported = Response.objects.filter(failed_request_id=request.pk, origin__in=_CALLERS).order_by("-id")
    found = reported.values_list("key_id", "origin").first()
    key_id, origin = found if found is not None else (None, None)
    if key_id is not None:
        if not IntakeKey.objects.usable().filter(pk=key_id, may_retry=True).exists():
            yield Reason("key", "It was reported with a key whose records may not be sent again.")
    elif not by_person:
        words = "It was imported: history is never sent again by itself."
        yield Reason("key", words if origin == Origin.IMPORT else "Nobody who may report for sending has reported it.")


def _of_gates(request: FailedRequest, *, now: datetime, has_passed_gate: bool) -> Iterator[Reason]:
    known = endpoint_called(request.endpoint)
    base = request.integration.base_urls.get(known[0], "") if known is not None else ""
    scopes = {gates.account_scope(request.integration_id): request.integration.name}
    if base:
        scopes[gates.host_scope(netloc_of(base))] = netloc_of(base)
    stops = Q(is_paused=True)
    if not has_passed_gate:
        stops |= ~Q(breaker=Gate.Breaker.CLOSED) | Q(paused_until__gt=now)
    for gate in Gate.objects.filter(stops, pk__in=scopes).select_related("paused_by").order_by("pk"):
        shown = gates.view(gate, scopes[gate.scope], now=now)
        if shown.is_stopped:
            yield Reason("paused" if gate.is_paused else shown.kind, shown.words)
