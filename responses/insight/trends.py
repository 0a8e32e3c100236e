"""How many responses had which outcome, over time and by code and endpoint. Reads the count tables, never the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import QuerySet, Sum

from responses.exchanges import Outcome
from responses.insight import periods
from responses.insight.periods import Period, Slot
from responses.models import HourlyCount, MinuteCount, OutcomeHour, User

REFUSED = "refused"
"""Accepted purchases of which Ordergroove said later that they failed, wholly or in part."""
STRANDS = ("needs_fix", REFUSED, "no_answer", "transient", "partial", "accepted", "success")
"""What a bar is stacked from, the worst at the bottom, where all bars share one base line."""


class Trend(msgspec.Struct, frozen=True):
    """Counts by slot, and in each slot by strand."""

    period: Period
    slots: tuple[Slot, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """All responses of the period."""
        return sum(map(sum, self.counts))


def trend(user: User, integration_id: int, period: Period, *, now: datetime, zone: ZoneInfo) -> Trend:
    """Return the outcomes of one integration's responses over a period."""
    slots = periods.slots(period, now=now, zone=zone)
    counts = [[0] * len(STRANDS) for _ in slots]
    for number, outcome, responses, refused in _rows(user, integration_id, period, slots):
        index = periods.place(slots, number)
        if index is not None:
            counts[index][STRANDS.index(Outcome(outcome).word)] += responses - refused
            counts[index][STRANDS.index(REFUSED)] += refused
    return Trend(period, slots, tuple(map(tuple, counts)))


def _rows(
    user: User, integration_id: int, period: Period, slots: tuple[Slot, ...]
) -> Iterable[tuple[int, int, int, int]]:
    first, end = slots[0].first, slots[-1].end
    if period.unit is periods.MINUTE:
        minutes = MinuteCount.objects.visible_to(user).filter(
            integration_id=integration_id, minute__gte=first, minute__lt=end
        )
        sums = minutes.values_list("minute", "outcome").annotate(number=Sum("responses"))
        return ((minute, outcome, number, 0) for minute, outcome, number in sums)
    hours = OutcomeHour.objects.visible_to(user).filter(integration_id=integration_id, hour__gte=first, hour__lt=end)
    # Results of acceptances that were recorded before counting began have no acceptance to be taken from.
    return (
        (hour, outcome, responses, min(refused, responses))
        for hour, outcome, responses, refused in hours.values_list("hour", "outcome", "responses", "refused")
    )


class Kind(msgspec.Struct, frozen=True):
    """The responses of a period that share endpoint, status code (0: no answer) and outcome."""

    endpoint: str
    status_code: int
    outcome: Outcome
    responses: int
    duration_ms: int
    """The sum over the responses."""


def kinds(user: User, integration_id: int, period: Period, *, now: datetime, zone: ZoneInfo) -> tuple[Kind, ...]:
    """Return what kinds of responses a period had: one query, from which every split is made."""
    slots = periods.slots(period, now=now, zone=zone)
    first, end = slots[0].first, slots[-1].end
    minutes = MinuteCount.objects.visible_to(user).filter(integration_id=integration_id)
    hours = HourlyCount.objects.visible_to(user).filter(integration_id=integration_id)
    counted: QuerySet[Any] = (
        minutes.filter(minute__gte=first, minute__lt=end)
        if period.unit is periods.MINUTE
        else hours.filter(hour__gte=first, hour__lt=end)
    )
    found = counted.values_list("endpoint", "status_code", "outcome").annotate(
        number=Sum("responses"), duration=Sum("duration_ms")
    )
    return tuple(Kind(endpoint, code, Outcome(outcome), *sums) for endpoint, code, outcome, *sums in found)


class Group(msgspec.Struct, frozen=True):
    """One row of a split: the responses that share a code, or an endpoint, by outcome."""

    key: str
    """The code or the endpoint's name; ``""`` for all that are not among the largest."""
    groups: int
    """How many codes or endpoints the row stands for."""
    parts: tuple[tuple[Outcome, int], ...]
    duration_ms: int

    @property
    def responses(self) -> int:
        """All of them."""
        return sum(number for _, number in self.parts)

    @property
    def failures(self) -> int:
        """Those that are no success."""
        return sum(number for outcome, number in self.parts if outcome.is_failure)

    @property
    def mean_ms(self) -> int:
        """How long one took, on average."""
        return round(self.duration_ms / self.responses) if self.responses else 0


def by_code(found: Iterable[Kind], *, most: int = 8) -> tuple[Group, ...]:
    """Split by status code, the most frequent first; ``"0"`` is no answer."""
    return _split(found, lambda kind: str(kind.status_code), lambda group: group.responses, most)


def by_endpoint(found: Iterable[Kind], *, most: int = 8) -> tuple[Group, ...]:
    """Split by endpoint: those with the most failures first, then the busiest."""
    return _split(found, lambda kind: kind.endpoint, lambda group: (group.failures, group.responses), most)


def _split(
    found: Iterable[Kind], key: Callable[[Kind], str], weight: Callable[[Group], object], most: int
) -> tuple[Group, ...]:
    by_key: dict[str, list[Kind]] = {}
    for kind in found:
        by_key.setdefault(key(kind), []).append(kind)
    groups = [_group(name, 1, kinds_of) for name, kinds_of in by_key.items()]
    groups.sort(key=lambda group: group.key)
    groups.sort(key=weight, reverse=True)  # type: ignore[arg-type]  # a number, or a tuple of numbers
    if len(groups) <= most:
        return tuple(groups)
    rest = [kind for group in groups[most - 1 :] for kind in by_key[group.key]]
    return (*groups[: most - 1], _group("", len(groups) - most + 1, rest))


def _group(key: str, groups: int, found: Iterable[Kind]) -> Group:
    sums: dict[Outcome, int] = {}
    duration_ms = 0
    for kind in found:
        sums[kind.outcome] = sums.get(kind.outcome, 0) + kind.responses
        duration_ms += kind.duration_ms
    return Group(key, groups, tuple(sorted(sums.items(), reverse=True)), duration_ms)
