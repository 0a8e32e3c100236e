"""How a pursuit ends that no result has ended: unknown, or accepted and never confirmed; what new credentials change.

An accepted purchase about which nobody could ask opens no failed request: nothing says that anything is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from responses.exchanges import Origin
from responses.following.verdicts import Verdict
from responses.models import FailedRequest, FollowUp, Integration, Response, ids
from responses.recording import facts, record
from responses.recording.facts import Facts

AT_A_TIME = 500
GRACE = timedelta(minutes=10)
"""So long after its time a pursuit waits for a pause to end, so that a last question can be asked."""
State = FollowUp.State
_NO_ID = "Accepted, but the answer named no new id under which its result could be asked for."


def end(follow_up_id: int, known: Facts, verdict: Verdict, *, now: datetime) -> frozenset[str]:
    """End a pursuit whose last question has been asked in vain. Returns the nudges."""
    one = FollowUp.objects.filter(pk=follow_up_id, state=State.PENDING)
    if verdict.is_refused and not _is_confirming(one):
        one.update(state=State.UNCONFIRMED, next_poll_at=None, last_problem=verdict.problem[:300])
        return frozenset()
    one.update(last_problem=verdict.problem[:300])
    return record.give_up(follow_up_id, known, now=now)


def sweep(now: datetime) -> frozenset[str]:
    """End what is over and cannot be asked for; take up what can be asked for from now on. Returns the nudges."""
    nudges: frozenset[str] = frozenset()
    for integration in Integration.objects.all():
        if integration.has_credentials:
            _take_up(integration, now=now)
            nudges |= _end_paused(integration, now=now)
        else:
            _put_down(integration)
        nudges |= _end_confirming(integration, now=now)
    return nudges


def _take_up(integration: Integration, *, now: datetime) -> None:
    """There are credentials now: ask for what is still young, but was nobody's to ask for."""
    since = now - timedelta(seconds=integration.follow_for_seconds)
    young = FollowUp.objects.filter(
        integration=integration,
        state=State.UNCONFIRMED,
        pk__gte=ids.floor(since),
        give_up_at__gt=now,
        last_problem="",
    )
    asked_here = Response.objects.filter(pk=OuterRef("response_id"), is_foreign_host=False).exclude(
        origin=Origin.IMPORT
    )
    found = list(young.filter(Exists(asked_here)).values_list("pk", flat=True)[:AT_A_TIME])
    if found:
        FollowUp.objects.filter(pk__in=found, state=State.UNCONFIRMED).update(state=State.PENDING, next_poll_at=now)


def _put_down(integration: Integration) -> None:
    """The credentials are gone: accepted, not confirmed."""
    pending = FollowUp.objects.filter(integration=integration, state=State.PENDING)
    found = list(pending.values_list("pk", flat=True)[:AT_A_TIME])
    if found:
        pending.filter(pk__in=found).update(state=State.UNCONFIRMED, next_poll_at=None, last_problem="")


def _end_paused(integration: Integration, *, now: datetime) -> frozenset[str]:
    """What is long over while nobody may ask was never answered: accepted, not confirmed."""
    if integration.follow_paused_until is None or integration.follow_paused_until <= now:
        return frozenset()
    over = FollowUp.objects.filter(integration=integration, state=State.PENDING, give_up_at__lte=now - GRACE)
    nudges: frozenset[str] = frozenset()
    for follow_up_id in list(over.values_list("pk", flat=True)[:AT_A_TIME]):
        verdict = Verdict(problem=integration.follow_problem, is_refused=True)
        nudges |= end(follow_up_id, facts.of(integration), verdict, now=now)
    return nudges


def _end_confirming(integration: Integration, *, now: datetime) -> frozenset[str]:
    """A request that failed before, and was then accepted, must not wait for ever for a result nobody asks for."""
    nudges: frozenset[str] = frozenset()
    for row_ids in _confirming(integration):
        wanted = FollowUp.objects.filter(integration=integration, settled_at=None, request_key__in=row_ids)
        pursuits: dict[str, list[FollowUp]] = {}
        for pursuit in wanted.only("request_key", "state", "give_up_at"):
            pursuits.setdefault(pursuit.request_key, []).append(pursuit)
        for request_key, row_id in row_ids.items():
            open_ones = pursuits.get(request_key, [])
            if not open_ones:
                _doubt(row_id, _NO_ID)
            elif all(one.state == State.UNCONFIRMED and one.give_up_at <= now for one in open_ones):
                for one in open_ones:
                    nudges |= record.give_up(one.pk, facts.of(integration), now=now)
    return nudges


def _confirming(integration: Integration) -> Iterator[dict[str, int]]:
    """Yield request keys and ids of what waits for a confirmation, some at a time."""
    rows = FailedRequest.objects.filter(integration=integration, state=FailedRequest.State.CONFIRMING).order_by("id")
    after = 0
    while found := dict(rows.filter(pk__gt=after).values_list("request_key", "pk")[:AT_A_TIME]):
        yield found
        after = max(found.values())


def _doubt(row_id: int, reason: str) -> None:
    row = FailedRequest.objects.filter(pk=row_id, state=FailedRequest.State.CONFIRMING)
    row.update(state=FailedRequest.State.UNKNOWN, reason=reason)


def _is_confirming(follow_ups: QuerySet[FollowUp]) -> bool:
    keys = follow_ups.values_list("integration_id", "request_key")
    return any(
        FailedRequest.objects.filter(
            integration_id=integration_id, request_key=key, state=FailedRequest.State.CONFIRMING
        ).exists()
        for integration_id, key in keys
    )
