"""Gates by name, and what they say to people: why nothing may be sent now, since when, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import msgspec
from django.conf import settings

from responses.models import Gate, Integration
from responses.sending import breaker, hosts, rates
from responses.sending.rates import Limits

HOST_LIMIT = 6_000.0
"""Calls a minute that Ordergroove allows to one address, where it states a limit (ordergroove-api.md, 2)."""
_HOST, _ACCOUNT = "host:", "account:"


class GateView(msgspec.Struct, frozen=True, kw_only=True):
    """One gate as a page shows it."""

    scope: str
    name: str
    """The host, or the integration."""
    kind: str
    """``paused`` (by a person), ``breaker``, ``half_open``, ``limited`` (after a 429), ``recovering`` or ``fine``."""
    words: str
    is_stopped: bool
    """Nothing is sent now, but for a probe."""
    since: datetime | None = None
    until: datetime | None = None
    """When the next probe is sent, or the pause ends; none where a person must end it."""
    by: str = ""
    """Who paused it."""


def host_scope(host: str) -> str:
    """Return the scope of a host."""
    return f"{_HOST}{host}"


def account_scope(integration_id: int) -> str:
    """Return the scope of an integration's account."""
    return f"{_ACCOUNT}{integration_id}"


def host_in(scope: str) -> str:
    """Return the host of a scope, ``""`` when it is no host's."""
    return scope.removeprefix(_HOST) if scope.startswith(_HOST) else ""


def integration_id_in(scope: str) -> int | None:
    """Return the integration of a scope, ``None`` when it is no account's."""
    number = scope.removeprefix(_ACCOUNT)
    return int(number) if scope.startswith(_ACCOUNT) and number.isascii() and number.isdigit() else None


def gates_of(integration: Integration, *, now: datetime, zone: tzinfo = UTC) -> list[GateView]:
    """Return an integration's own gate and those of its hosts, as far as anything was ever sent through them."""
    scopes = [account_scope(integration.pk), *(host_scope(host) for host in hosts.all_of(integration))]
    found = Gate.objects.select_related("paused_by").in_bulk(scopes)
    return [
        view(found[scope], host_in(scope) or integration.name, now=now, zone=zone) for scope in scopes if scope in found
    ]


def limits_of(gate: Gate) -> Limits:
    """Return what bounds the rate of a gate from outside."""
    return Limits(settings.SEND_BUDGET_PER_MINUTE, HOST_LIMIT if gate.has_limit else None)


def view(gate: Gate, name: str, *, now: datetime, zone: tzinfo = UTC) -> GateView:
    """Put one gate into words. What a person did stands before what Ordergroove did."""
    if gate.is_paused:
        by = gate.paused_by.get_username() if gate.paused_by is not None else ""
        words = _manual(gate, by, now=now, zone=zone)
        return GateView(
            scope=gate.scope, name=name, kind="paused", words=words, is_stopped=True, since=gate.paused_at, by=by
        )
    if not breaker.is_closed(gate):
        kind = "half_open" if gate.breaker == Gate.Breaker.HALF_OPEN else "breaker"
        return GateView(
            scope=gate.scope,
            name=name,
            kind=kind,
            words=_open(gate, now=now, zone=zone),
            is_stopped=True,
            since=gate.opened_at,
            until=gate.probe_at,
        )
    until = breaker.pause_ends_at(gate, now)
    if until is not None:
        words = f"Ordergroove answered 429: nothing is sent to this host before {_clock(until, zone)}."
        return GateView(scope=gate.scope, name=name, kind="limited", words=words, is_stopped=True, until=until)
    return _going(gate, name, now=now)


def _going(gate: Gate, name: str, *, now: datetime) -> GateView:
    limits = limits_of(gate)
    rate = rates.per_minute(gate, limits, now=now)
    if rates.is_recovering(gate, limits, now=now):
        words = f"Recovering: at most {rate:,.0f} sends a minute now, doubled each minute up to {limits.budget:,.0f}."
        return GateView(
            scope=gate.scope, name=name, kind="recovering", words=words, is_stopped=False, since=gate.recovering_since
        )
    words = "Sending as usual."
    if rate < limits.budget and host_in(gate.scope):
        words = f"At most {rate:,.0f} sends a minute: live calls need the rest of the host's {HOST_LIMIT:,.0f}."
    return GateView(scope=gate.scope, name=name, kind="fine", words=words, is_stopped=False)


def _manual(gate: Gate, by: str, *, now: datetime, zone: tzinfo) -> str:
    since = f" since {_moment(gate.paused_at, now=now, zone=zone)}" if gate.paused_at is not None else ""
    who = f" by {by}" if by else ""
    return f"Paused{since}{who}: {gate.pause_reason}"


def _open(gate: Gate, *, now: datetime, zone: tzinfo) -> str:
    if gate.breaker == Gate.Breaker.HALF_OPEN and not breaker.has_turn_for_probe(gate, now):
        following = "a probe is on its way"
    elif gate.probe_at is None or gate.probe_at <= now:
        following = "the next send is a probe"
    else:
        following = f"next probe {_clock(gate.probe_at, zone)}"
    return f"Breaker open: {gate.breaker_reason}; {following}."


def _moment(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """The time of day, with the day where it is another one."""
    local = at.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M}" if is_today else f"{local.day} {local:%b %H:%M}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"
