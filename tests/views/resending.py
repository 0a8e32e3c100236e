"""Failed requests that are sent again, in every state: recorded, planned and moved on as it really happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from responses import configuring
from responses.audit import Doer
from responses.exchanges import Exchange, RetryBy
from responses.models import Attempt, FailedRequest, Gate, IntakeKey, Integration, Resend, Response, ids
from responses.models.integration import new_intake_key
from responses.recording import facts
from responses.recording import record as recording
from responses.sending import gates
from tests.factories import NOW, make_exchange, make_integration, make_purchase

State = Resend.State
HOST = "sc.ordergroove.com"
WAYS: dict[Resend.State, tuple[Resend.State, ...]] = {
    State.SENDING: (State.CLAIMED, State.SENDING),
    State.UNKNOWN: (State.CLAIMED, State.SENDING, State.UNKNOWN),
    State.SUCCEEDED: (State.CLAIMED, State.SENDING, State.SUCCEEDED),
    State.FAILED: (State.CLAIMED, State.SENDING, State.FAILED),
    State.EXHAUSTED: (State.CLAIMED, State.SENDING, State.EXHAUSTED),
}
"""How a scheduled one comes to a state that is more than one step away."""


def make_shop(slug: str = "acme", *, now: datetime = NOW, **overrides: Any) -> tuple[Integration, IntakeKey]:
    """An integration whose transient failures the monitor sends again, and the key that reports them."""
    shop = make_integration(slug, **overrides)
    configuring.give_credentials(
        shop, api_key="secret-key", hash_key="", retry_by=RetryBy.MONITOR, doer=Doer(), now=now
    )
    return shop, new_intake_key(shop, may_retry=True)[0]


def fail(
    shop: tuple[Integration, IntakeKey], order_id: str = "1001", *exchanges: Exchange, now: datetime = NOW
) -> FailedRequest:
    """Record a purchase that got 503, or what is given, and return its failed request."""
    found = exchanges or (make_exchange(make_purchase(order_id), 503, {"error": "down"}, sent_at=now),)
    written = recording.record(facts.of(*shop), found, now=now, dice=lambda: 0.0)
    return FailedRequest.objects.get(
        pk__in=Response.objects.filter(pk=written.results[-1].id).values("failed_request_id")
    )


def bring(resend: Resend, state: Resend.State, *, now: datetime = NOW, **values: Any) -> Resend:
    """Take ``resend`` to a state by legal steps, and let its request show it."""
    way = (State(resend.state), *WAYS.get(state, (state,)))
    for before, after in pairwise(way):
        more: dict[str, Any] = dict(values) if after == state else {}
        if after in Resend.LEASED:
            more |= {"lease_until": now + timedelta(minutes=2), "leased_by": "test"}
        if after in Resend.ENDED:
            more |= {"ended_at": now}
        assert Resend.objects.move(resend.pk, from_state=before, epoch=resend.epoch, to_state=after, **more)
        resend.refresh_from_db()
    if state in Resend.SEEN_AS:
        FailedRequest.objects.filter(pk=resend.failed_request_id).update(state=Resend.SEEN_AS[state])
    return resend


def add_attempt(resend: Resend, number: int = 1, *, now: datetime = NOW, **overrides: Any) -> Attempt:
    """An attempt that was answered with 503, or as the overrides say."""
    values: dict[str, Any] = {
        "id": ids.new(now),
        "resend": resend,
        "number": number,
        "epoch": 2,
        "intent_at": now,
        "ended_at": now + timedelta(seconds=1),
        "result": Attempt.Result.ANSWERED,
        "status_code": 503,
        "why": f"{number} of 4: about {number} minutes after the first failure",
    }
    return Attempt.objects.create(**values | overrides)


def open_breaker(host: str = HOST, *, now: datetime = NOW) -> Gate:
    """The breaker of a host is open, and a probe comes soon."""
    values = {
        "breaker": Gate.Breaker.OPEN,
        "breaker_reason": f"18 of 20 calls to {host} failed in the last minute",
        "opened_at": now - timedelta(minutes=4),
        "probe_at": now + timedelta(seconds=20),
    }
    return Gate.objects.update_or_create(scope=gates.host_scope(host), defaults=values)[0]
