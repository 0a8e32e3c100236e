"""Who may send now: the budget, the breakers and the pauses of a host and of an account, shared by all workers.

Everything stands in the database. A worker asks (``admit`` for a send, ``let`` for a question) and tells what it heard;
the rows are locked meanwhile, so of many workers that ask at once each gets a token of its own, and one gets the probe.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from responses import backoff
from responses.exchanges import Exchange
from responses.models import Gate, Integration, Resend, Transition, ids
from responses.ordergroove import policies
from responses.sending import breaker, gates, hosts, rates, windows
from responses.sending.breaker import Heard
from responses.sending.hosts import Users

MOST_OUTSTANDING = 30
"""So many sends to one host may wait for their answers: a host that hangs gets no more until it is heard of."""
LOOK_EVERY = timedelta(seconds=5)
"""How old what we know of live traffic may be."""
_ON_THE_WIRE = timedelta(seconds=40)
"""Longer ago than the claim of any send that may still be answered (its deadline is 30 s)."""

_ASK_AGAIN = timedelta(seconds=1)


class Admission(msgspec.Struct, frozen=True):
    """Whether one send may start now; if not, why in words, and when to ask again where that is known."""

    is_allowed: bool
    reason: str = ""
    until: datetime | None = None
    is_probe: bool = False


def admit(host: str, integration_id: int, *, now: datetime) -> Admission:
    """Ask for one send, and take its token. Call it inside the transaction of one claim, and of no second one.

    Where that transaction is rolled back, the token and the probe are back too. ``host`` is as ``hosts.of`` writes it.
    """
    with transaction.atomic(savepoint=False):
        return _decide(host, integration_id, is_question=False, now=now)


def let(host: str, integration_id: int, wanted: int, *, now: datetime) -> int:
    """Return how many of ``wanted`` questions (polls, look-ups) may be asked now: all, one as the probe, or none.

    Questions take no token, and a person's pause of an integration lets them pass; breakers and a host's pauses do not.
    """
    if wanted <= 0:
        return 0
    found = Gate.objects.filter(scope__in=[gates.host_scope(host), gates.account_scope(integration_id)])
    if not any(_is_in_the_way(gate, is_question=True, now=now) for gate in found):
        return wanted
    with transaction.atomic():
        admission = _decide(host, integration_id, is_question=True, now=now)
    if not admission.is_allowed:
        return 0
    return 1 if admission.is_probe else wanted


def tell(host: str, integration_id: int, exchange: Exchange, *, is_question: bool = False, now: datetime) -> None:
    """Note what a call of ours got (``heard``), with what its answer asks us to wait."""
    asked = exchange.response.headers.get("retry-after") if exchange.response is not None else None
    heard(
        host,
        integration_id,
        status_code=exchange.status_code,
        retry_after=backoff.retry_after(asked, now=now),
        is_question=is_question,
        now=now,
    )


def heard(
    host: str,
    integration_id: int,
    *,
    status_code: int | None,
    retry_after: float | None = None,
    is_question: bool = False,
    now: datetime,
) -> None:
    """Note what a call of ours got; without a status code it got no answer. ``retry_after`` in seconds.

    Call it after each send, poll (``is_question``) and look-up, when its answer has been recorded.
    """
    answer = Heard(status_code=status_code, retry_after=retry_after, is_counted=not is_question)
    with transaction.atomic():
        of_host, of_account = _locked(host, integration_id)
        were_closed = [breaker.is_closed(gate) for gate in (of_host, of_account)]
        users = _look(of_host, host, now=now)
        outstanding = _outstanding(host, now=now) if answer.is_bad else 0
        breaker.hear_host(of_host, answer, gates.limits_of(of_host), outstanding=outstanding, now=now)
        breaker.hear_account(of_account, answer, now=now)
        of_host.save()
        of_account.save()
        for gate, was_closed in zip((of_host, of_account), were_closed, strict=True):
            _tell(gate, integration_id, users, was_closed=was_closed, now=now)


def forget_refusals(integration_id: int, *, now: datetime) -> None:
    """Close the breaker of an account that has new credentials: what the old ones got says nothing about them."""
    with transaction.atomic():
        gate = Gate.objects.select_for_update().filter(pk=gates.account_scope(integration_id)).first()
        if gate is None:
            return
        was_closed = breaker.is_closed(gate)
        breaker.forget(gate)
        gate.save()
        _tell(gate, integration_id, None, was_closed=was_closed, now=now)


def _decide(host: str, integration_id: int, *, is_question: bool, now: datetime) -> Admission:
    of_host, of_account = _locked(host, integration_id)
    was_closed = breaker.is_closed(of_host)
    users = _look(of_host, host, now=now)
    _tell(of_host, integration_id, users, was_closed=was_closed, now=now)
    asked = [gate for gate in (of_account, of_host) if _is_in_the_way(gate, is_question=is_question, now=now)]
    stopped = next((gate for gate in asked if not _may_probe(gate, is_question=is_question, now=now)), None)
    if stopped is not None:
        admission = _refusal(stopped, host, now=now)
    elif is_question or of_host in asked:
        admission = Admission(is_allowed=True, is_probe=bool(asked))
    else:
        admission = _spend(of_host, host, is_probe=bool(asked), now=now)
    if admission.is_probe:
        for gate in asked:
            breaker.begin_probe(gate, now)
        of_account.save()
    of_host.save()
    return admission


def _spend(of_host: Gate, host: str, *, is_probe: bool, now: datetime) -> Admission:
    """Take a token, if there is one, and if not too many answers are awaited already."""
    limits = gates.limits_of(of_host)
    rates.refill(of_host, limits, now=now)
    if _outstanding(host, now=now) >= MOST_OUTSTANDING:
        words = f"{MOST_OUTSTANDING} sends to {host} wait for their answers."
        return Admission(is_allowed=False, reason=words, until=now + _ASK_AGAIN)
    if rates.take(of_host):
        return Admission(is_allowed=True, is_probe=is_probe)
    rate = rates.per_minute(of_host, limits, now=now)
    until = rates.next_token_at(of_host, limits, now=now)
    return Admission(is_allowed=False, reason=f"{host} gets at most {rate:,.0f} sends a minute now.", until=until)


def _refusal(gate: Gate, host: str, *, now: datetime) -> Admission:
    found = gates.view(gate, host, now=now)
    return Admission(is_allowed=False, reason=found.words, until=found.until)


def _is_in_the_way(gate: Gate, *, is_question: bool, now: datetime) -> bool:
    """Whether a gate is not simply open to the call."""
    return (
        _is_held(gate, is_question=is_question)
        or not breaker.is_closed(gate)
        or breaker.pause_ends_at(gate, now) is not None
    )


def _is_held(gate: Gate, *, is_question: bool) -> bool:
    """Whether a person has paused it. To ask what became of things changes nothing: that stops with the host only."""
    return gate.is_paused and not (is_question and gates.integration_id_in(gate.scope) is not None)


def _may_probe(gate: Gate, *, is_question: bool, now: datetime) -> bool:
    if _is_held(gate, is_question=is_question) or breaker.pause_ends_at(gate, now) is not None:
        return False
    return breaker.has_turn_for_probe(gate, now)


def _locked(host: str, integration_id: int) -> tuple[Gate, Gate]:
    """Return the rows of a host and an account, locked in this order, made where they are not there yet."""
    scopes = (gates.host_scope(host), gates.account_scope(integration_id))
    found = _lock(scopes)
    if len(found) < len(scopes):
        Gate.objects.bulk_create([Gate(scope=scope) for scope in scopes if scope not in found], ignore_conflicts=True)
        found = _lock(scopes)
    return found[scopes[0]], found[scopes[1]]


def _lock(scopes: Iterable[str]) -> dict[str, Gate]:
    rows = Gate.objects.select_for_update().filter(scope__in=list(scopes)).order_by("-scope")
    return {gate.scope: gate for gate in rows}


def _outstanding(host: str, *, now: datetime) -> int:
    """Count the sends to a host whose answers may still come."""
    claimed_after = now + policies.LEASE - _ON_THE_WIRE
    states = (Resend.State.CLAIMED, Resend.State.SENDING)
    return Resend.objects.filter(state__in=states, host=host, lease_until__gt=claimed_after).count()


def _look(gate: Gate, host: str, *, now: datetime) -> Users | None:
    """Look at live traffic, if that was not done just now; open the breaker where it mostly fails."""
    if gate.live_at is not None and gate.live_at <= now < gate.live_at + LOOK_EVERY:
        return None
    users = hosts.users_of(host)
    seen = hosts.traffic(users, since=gate.closed_at, now=now)
    ours = windows.of(gate.answers, now)
    gate.live_at, gate.has_limit = now, users.has_limit
    # Our own sends are in the minute counts too.
    gate.live_calls = max(0.0, seen.calls - ours.counted_good - ours.counted_bad)
    gate.live_bad = max(0.0, seen.bad - ours.counted_bad)
    gate.live_answers = gate.live_bad + max(0.0, seen.good - ours.counted_good)
    breaker.judge_live(gate, now)
    return users


def _tell(gate: Gate, integration_id: int, users: Users | None, *, was_closed: bool, now: datetime) -> None:
    """Write down that a breaker has opened or closed, for each integration that would send through it."""
    if breaker.is_closed(gate) == was_closed:
        return
    concerned = {integration_id}
    if host := gates.host_in(gate.scope):
        users = users or hosts.users_of(host)
        sending = Integration.objects.filter(pk__in=list(users.roles))
        concerned |= {integration.pk for integration in sending if integration.has_credentials}
    kind = Transition.Kind.BREAKER_OPENED if was_closed else Transition.Kind.BREAKER_CLOSED
    Transition.objects.bulk_create(
        Transition(id=ids.new(now), kind=kind, integration_id=one, at=now) for one in sorted(concerned)
    )
