"""Reads what the monitor's tables hold, in a process of its own that is configured like the monitor's.

Usage: python -m chaos.rows [quick]. ``quick`` leaves out what is only looked at when all has settled. Prints
``evidence.Rows`` as one line of JSON. Changes nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import django

django.setup()

import msgspec  # noqa: E402
from django.apps import apps  # noqa: E402
from django.db.models import Count, Sum  # noqa: E402

from chaos import canaries, evidence  # noqa: E402
from chaos.canaries import CANARIES  # noqa: E402
from responses.exchanges import Origin  # noqa: E402
from responses.models import (  # noqa: E402
    Attempt,
    AuditEntry,
    CallerId,
    Delivery,
    FailedRequest,
    FailureBody,
    FollowUp,
    HourlyCount,
    MinuteCount,
    OutcomeHour,
    Resend,
    Response,
    SuccessBody,
    Transition,
)
from responses.recording import bodies  # noqa: E402
from responses.retrying import conclusions  # noqa: E402


def read(*, is_quick: bool) -> evidence.Rows:
    """Read everything that the checker compares."""
    found = evidence.Rows(
        resends=[_resend(row) for row in Resend.objects.select_related("failed_request")],
        attempts=[_attempt(row) for row in Attempt.objects.all()],
        failed=[_failed(row) for row in FailedRequest.objects.all()],
        unhandled_transitions=Transition.objects.filter(handled_at=None).count(),
        messages=[_message(row) for row in Delivery.objects.select_related("channel", "counted_in")],
        pending_follow_ups=FollowUp.objects.filter(state=FollowUp.State.PENDING).count(),
    )
    if is_quick:
        return found
    return msgspec.structs.replace(
        found,
        changes=[_change(row) for row in Transition.objects.select_related("issue")],
        stored_ids=list(CallerId.objects.values_list("caller_id", flat=True)),
        wrong_counts=list(_wrong_counts()),
        leaks=sorted(set(_leaks())),
        audit=dict(Counter(AuditEntry.objects.values_list("action", flat=True))),
    )


def _resend(row: Resend) -> evidence.Resend:
    is_unknown = row.state == Resend.State.UNKNOWN
    return evidence.Resend(
        id=row.pk,
        failed_request_id=row.failed_request_id,
        state=row.state,
        is_live=row.is_live,
        body_hash=row.body_hash,
        kind=row.kind,
        policy=row.policy,
        due_at=row.due_at.timestamp(),
        reason=row.reason,
        sends=row.sends,
        max_sends=row.max_sends,
        lookups=row.lookups,
        first_failed_at=row.first_failed_at.timestamp(),
        deadline_at=_seconds(row.failed_request.deadline_at),
        waits_for_a_person=is_unknown and row.lookups >= conclusions.MOST,
        failed_request_state=row.failed_request.state,
    )


def _attempt(row: Attempt) -> evidence.Attempt:
    return evidence.Attempt(
        resend_id=row.resend_id,
        number=row.number,
        intent_at=row.intent_at.timestamp(),
        ended_at=_seconds(row.ended_at),
        result=row.result,
        status_code=row.status_code,
    )


def _failed(row: FailedRequest) -> evidence.Failed:
    is_purchase = bool(row.order_id) and row.endpoint.endswith("/subscription/create")
    return evidence.Failed(
        id=row.pk,
        name=row.order_id if is_purchase else row.resource_key,
        is_purchase=is_purchase,
        state=row.state,
        resolved_by=row.resolved_by,
    )


def _message(row: Delivery) -> evidence.Message:
    """What the hourly cap held back has arrived when the message that counts it has."""
    said = row.counted_in if row.state == Delivery.State.HELD_BACK and row.counted_in is not None else row
    return evidence.Message(
        id=row.pk,
        kind=row.channel.kind,
        state=said.state,
        mark=f"delivery-{said.pk}",
        transition_id=row.transition_id or 0,
        sent_at=_seconds(said.sent_at),
    )


def _change(row: Transition) -> evidence.Change:
    return evidence.Change(
        id=row.pk,
        kind=row.kind,
        fate=row.fate,
        alert_id=row.alert_id,
        title=row.issue.title if row.issue is not None else "",
    )


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None


def _wrong_counts() -> Iterator[str]:
    """Compare the sums of every counter with the log of responses itself."""
    counted = Response.objects.exclude(origin__in=[origin.value for origin in Origin if origin.is_own_question])
    by_outcome = dict(counted.order_by().values_list("outcome").annotate(Count("id")))
    by_code: Counter[tuple[str, int]] = Counter()
    for endpoint, status_code, number in (
        counted.order_by().values_list("endpoint", "status_code").annotate(Count("id"))
    ):
        by_code[endpoint, status_code or 0] += number
    kept = dict(OutcomeHour.objects.order_by().values_list("outcome").annotate(Sum("responses")))
    for outcome in sorted(set(by_outcome) | set(kept)):
        if by_outcome.get(outcome, 0) != kept.get(outcome, 0):
            yield f"outcome {outcome}: counted {kept.get(outcome, 0)}, stored {by_outcome.get(outcome, 0)}"
    for model in (HourlyCount, MinuteCount):
        found = model.objects.order_by().values_list("endpoint", "status_code").annotate(Sum("responses"))
        sums = {(endpoint, code): number for endpoint, code, number in found}
        for key in sorted(set(sums) | set(by_code)):
            if sums.get(key, 0) != by_code[key]:
                yield f"{model.__name__} of {key}: counted {sums.get(key, 0)}, stored {by_code[key]}"


def _leaks() -> Iterator[str]:
    """Look for canaries in every column of every table of ours, and in every body when it is unpacked."""
    forms = {name: [form.decode() for form in canaries.spellings(secret)] for name, secret in CANARIES.items()}
    for model in apps.get_app_config("responses").get_models():
        for row in model._default_manager.values_list():
            text = repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
            yield from _found(forms, text, model.__name__)
    for kept in (SuccessBody, FailureBody):
        for codec, data in kept.objects.values_list("codec", "data"):
            yield from _found(forms, repr(bodies.unpack(codec, bytes(data))), f"an unpacked {kept.__name__}")


def _found(forms: dict[str, list[str]], text: str, place: str) -> Iterator[str]:
    for name, spellings in forms.items():
        if any(spelling in text for spelling in spellings):
            yield f"{name} in {place}"


if __name__ == "__main__":
    print(msgspec.json.encode(read(is_quick="quick" in sys.argv[1:])).decode())
