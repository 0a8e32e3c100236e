"""What is sent again, when, and what it waits for: the live Resends in groups, and those that ended lately.

The groups of one integration do not overlap. Each is counted only as far as anybody reads the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db.models import Exists, F, OuterRef, Q

from responses.insight import cursors
from responses.models import Attempt, Gate, Resend, User, ids
from responses.models.resend import ResendQuerySet
from responses.ordergroove.policies import Policy
from responses.sending import gates, rates
from responses.sending.gates import GateView

PAGE = 40
MOST_COUNTED = 1000
MOST_ENDED = 12
GROUPS = ("due", "sending", "later", "resource", "budget", "stopped", "day", "held", "unknown")
DAY = timedelta(hours=24)
_NEARLY_A_DAY = timedelta(hours=23)
_MINUTE = timedelta(minutes=1)
State = Resend.State


class Stops(msgspec.Struct, frozen=True):
    """Where nothing is sent now: the whole integration, or some of its hosts."""

    has_all: bool = False
    hosts: frozenset[str] = frozenset()
    dry: frozenset[str] = frozenset()
    """Hosts whose budget is used up at this moment."""

    def holds(self, resend: Resend) -> bool:
        """Whether this one is stopped."""
        return self.has_all or resend.host in self.hosts


class Row(msgspec.Struct, frozen=True):
    """One live Resend with its last attempt."""

    resend: Resend
    group: str
    last: Attempt | None


class Page(msgspec.Struct, frozen=True):
    """A page of rows, the next due first. ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[Row, ...]
    after: str


class Allowance(msgspec.Struct, frozen=True):
    """How much of its budget a host has used, in sends a minute."""

    host: str
    sent: int
    """In the last minute, for whichever integration."""
    rate: int
    """How many are allowed now: fewer than the budget after an outage, or while live calls need the host."""
    budget: int
    is_dry: bool
    """Whether the next send has to wait for the budget."""


def stops_of(found: Iterable[GateView], allowances: Iterable[Allowance] = ()) -> Stops:
    """Return what the gates of one integration stop."""
    stopped = [gate for gate in found if gate.is_stopped]
    hosts = frozenset(host for gate in stopped if (host := gates.host_in(gate.scope)))
    dry = frozenset(one.host for one in allowances if one.is_dry)
    return Stops(any(not gates.host_in(gate.scope) for gate in stopped), hosts, dry)


def allowances(found: Iterable[GateView], *, now: datetime) -> tuple[Allowance, ...]:
    """Return the budget of each host among the gates."""
    names = [host for gate in found if (host := gates.host_in(gate.scope))]
    rows = Gate.objects.in_bulk([gates.host_scope(name) for name in names])
    sent = _sent_lately(names, now=now)
    return tuple(
        _allowance(rows[scope], name, sent[name], now=now)
        for name in names
        if (scope := gates.host_scope(name)) in rows
    )


def _allowance(gate: Gate, host: str, sent: int, *, now: datetime) -> Allowance:
    limits = gates.limits_of(gate)
    rate = rates.per_minute(gate, limits, now=now)
    rates.refill(gate, limits, now=now)
    return Allowance(host, sent, round(rate), round(limits.budget), gate.tokens < 1)


def counts(user: User, integration_id: int, stops: Stops, *, now: datetime) -> dict[str, int]:
    """Return how many are in each group, up to ``MOST_COUNTED``."""
    return {
        name: of_group(user, integration_id, name, stops, now=now).order_by()[:MOST_COUNTED].count() for name in GROUPS
    }


def page(
    user: User, integration_id: int, group: str, stops: Stops, *, now: datetime, after: str = "", size: int = PAGE
) -> Page:
    """Return one page of a group, or of all that are live (``""``)."""
    found = of_group(user, integration_id, group, stops, now=now) if group else _live(user, integration_id)
    key = cursors.read(after, 2)
    at = cursors.time_of(key[0]) if key else None
    if key and at is not None:
        found = found.filter(due_at__gte=at).exclude(due_at=at, id__lte=key[1])
    chosen = list(found.select_related("failed_request").order_by("due_at", "id")[: size + 1])
    shown = chosen[:size]
    lasts, busy = last_attempts(shown), _busy(shown)
    rows = tuple(Row(one, group or _group_of(one, stops, busy, now=now), lasts.get(one.pk)) for one in shown)
    following = cursors.write(cursors.number_of(shown[-1].due_at), shown[-1].pk) if len(chosen) > size else ""
    return Page(rows, following)


def of_group(user: User, integration_id: int, group: str, stops: Stops, *, now: datetime) -> ResendQuerySet:
    """Return the live Resends of one group."""
    found = _live(user, integration_id)
    if group in _STATES:
        return found.filter(state__in=_STATES[group])
    scheduled = found.filter(state=State.SCHEDULED)
    if group in ("later", "day"):
        ahead, is_last = scheduled.filter(due_at__gt=now), _is_last_of_a_day()
        return ahead.filter(is_last) if group == "day" else ahead.exclude(is_last)
    due = scheduled.filter(due_at__lte=now)
    if group == "stopped":
        return due if stops.has_all else due.filter(host__in=stops.hosts)
    flowing = due.none() if stops.has_all else due.exclude(host__in=stops.hosts)
    same = Resend.objects.in_flight().filter(
        integration_id=OuterRef("integration_id"), resource_key=OuterRef("resource_key")
    )
    if group == "resource":
        return flowing.filter(Exists(same))
    free = flowing.exclude(Exists(same))
    return free.filter(host__in=stops.dry) if group == "budget" else free.exclude(host__in=stops.dry)


_STATES = {
    "sending": (State.CLAIMED, State.SENDING),
    "held": (State.HELD,),
    "unknown": (State.UNKNOWN, State.VERIFYING),
}


def _live(user: User, integration_id: int) -> ResendQuerySet:
    return Resend.objects.visible_in(user, integration_id).live()


def _is_last_of_a_day() -> Q:
    return Q(policy=Policy.PURCHASE.value, due_at__gte=F("first_failed_at") + _NEARLY_A_DAY)


def _group_of(resend: Resend, stops: Stops, busy: set[str], *, now: datetime) -> str:
    for name, states in _STATES.items():
        if resend.state in states:
            return name
    if resend.due_at > now:
        return "day" if is_last_of_a_day(resend) else "later"
    if stops.holds(resend):
        return "stopped"
    if resend.resource_key in busy:
        return "resource"
    return "budget" if resend.host in stops.dry else "due"


def is_last_of_a_day(resend: Resend) -> bool:
    """Whether it waits for the one attempt of a purchase after 24 hours."""
    is_late = resend.due_at - resend.first_failed_at >= _NEARLY_A_DAY
    return resend.state == State.SCHEDULED and resend.policy == Policy.PURCHASE.value and is_late


def _busy(rows: Sequence[Resend]) -> set[str]:
    """Return on which resources of these rows something is in flight."""
    if not rows:
        return set()
    same = Resend.objects.in_flight().filter(
        integration_id=rows[0].integration_id, resource_key__in={row.resource_key for row in rows}
    )
    return set(same.values_list("resource_key", flat=True))


def last_attempts(rows: Sequence[Resend]) -> dict[int, Attempt]:
    """Return the last attempt of each Resend that had any, in one query."""
    found = Attempt.objects.filter(resend_id__in=[row.pk for row in rows]).order_by("resend_id", "number")
    return {attempt.resend_id: attempt for attempt in found}


def ended(user: User, integration_id: int, *, now: datetime, most: int = MOST_ENDED) -> tuple[Resend, ...]:
    """Return those that ended last, in the last 24 hours, the latest first."""
    found = Resend.objects.visible_in(user, integration_id).filter(ended_at__gt=now - DAY)
    return tuple(found.select_related("failed_request").order_by("-ended_at", "-id")[:most])


class Waiting(msgspec.Struct, frozen=True):
    """How many live Resends there are, up to ``MOST_COUNTED``, and since when the oldest waits."""

    live: int
    oldest_at: datetime | None


def waiting(user: User, integration_id: int) -> Waiting:
    """Return what is being retried."""
    found = _live(user, integration_id)
    oldest = found.order_by("id").values_list("id", flat=True).first()
    if oldest is None:
        return Waiting(0, None)
    return Waiting(found.order_by()[:MOST_COUNTED].count(), ids.time_of(oldest))


def _sent_lately(hosts: Sequence[str], *, now: datetime) -> dict[str, int]:
    since = now - _MINUTE
    begun = Attempt.objects.filter(id__gte=ids.floor(since), intent_at__gt=since, resend__host__in=hosts)
    found = dict.fromkeys(hosts, 0)
    for host in begun.values_list("resend__host", flat=True):
        found[host] += 1
    return found


def mark(user: User, integration_id: int) -> str:
    """Return a text that changes with every change of a live Resend's state."""
    found = _live(user, integration_id).order_by()
    epochs = list(found.values_list("epoch", flat=True)[: MOST_COUNTED * 5])
    return f"{len(epochs):x}-{sum(epochs):x}"
