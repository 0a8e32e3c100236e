"""Which codes and which endpoints the responses of a period had. Reads the count tables, never the log.

Thirty days of counts by hour are tens of thousands of rows, and nearly all of them never change again: the sums of the
past are remembered, and read anew when the hour and outcome counts of that past are not what they were.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet, Sum
from django.db.models.functions import Cast

from responses.exchanges import Outcome
from responses.insight import periods
from responses.insight.periods import Period
from responses.models import HourlyCount, MinuteCount, OutcomeHour, User

DAY_HOURS = 24
_MOST_REMEMBERED = 64


class Kind(msgspec.Struct, frozen=True):
    """The responses of a period that share endpoint, status code (0: no answer) and outcome."""

    endpoint: str
    status_code: int
    outcome: Outcome
    responses: int
    duration_ms: int
    """The sum over the responses."""


Kinds = tuple[Kind, ...]
_remembered: OrderedDict[tuple[int, int, int], tuple[object, Kinds]] = OrderedDict()


def kinds(user: User, integration_id: int, period: Period, *, now: datetime, zone: ZoneInfo) -> Kinds:
    """Return what kinds of responses a period had, from which every split is made."""
    slots = periods.slots(period, now=now, zone=zone)
    first, end = slots[0].first, slots[-1].end
    if period.unit is periods.MINUTE:
        minutes = MinuteCount.objects.visible_in(user, integration_id)
        return _summed(minutes.filter(minute__gte=first, minute__lt=end))
    hours = HourlyCount.objects.visible_in(user, integration_id)
    yesterday = (periods.hour_of(now) // DAY_HOURS - 1) * DAY_HOURS
    if user.role_in(integration_id) is None or yesterday - first < DAY_HOURS:
        return _summed(hours.filter(hour__gte=first, hour__lt=end))
    return _merged(
        (*_past(integration_id, first, yesterday), *_summed(hours.filter(hour__gte=yesterday, hour__lt=end)))
    )


def forget() -> None:
    """Forget the past: for tests, whose databases begin anew."""
    _remembered.clear()


def _past(integration_id: int, first: int, end: int) -> Kinds:
    """Return the sums of hours that hardly ever change, from memory where their counts are still the same."""
    hours = OutcomeHour.objects.filter(integration_id=integration_id, hour__gte=first, hour__lt=end)
    # Whole numbers of PostgreSQL are small: a product of three of them needs room.
    weight = ExpressionWrapper(Cast("responses", BigIntegerField()) * F("hour") * F("outcome"), BigIntegerField())
    mark = hours.aggregate(number=Sum("responses"), spread=Sum(weight))
    key = (integration_id, first, end)
    known = _remembered.get(key)
    if known is not None and known[0] == mark:
        return known[1]
    counted = HourlyCount.objects.filter(integration_id=integration_id, hour__gte=first, hour__lt=end)
    found = _summed(counted)
    _remembered[key] = (mark, found)
    while len(_remembered) > _MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return found


def _summed(counted: QuerySet[Any]) -> Kinds:
    rows = counted.values_list("endpoint", "status_code", "outcome").annotate(
        number=Sum("responses"), duration=Sum("duration_ms")
    )
    return tuple(Kind(endpoint, code, Outcome(outcome), *sums) for endpoint, code, outcome, *sums in rows)


def _merged(found: Iterable[Kind]) -> Kinds:
    sums: dict[tuple[str, int, Outcome], list[int]] = {}
    for kind in found:
        both = sums.setdefault((kind.endpoint, kind.status_code, kind.outcome), [0, 0])
        both[0] += kind.responses
        both[1] += kind.duration_ms
    return tuple(Kind(*key, *both) for key, both in sums.items())


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
