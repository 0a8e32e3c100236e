"""How many responses of one kind there were over time: the trend beside a filtered log. Reads count tables alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from responses.exchanges import Outcome
from responses.insight import periods, trends
from responses.insight.periods import Period
from responses.insight.trends import STRANDS, Trend
from responses.models import HourlyCount, MinuteCount, User

_LISTED = timedelta(days=2)


def trend(
    user: User,
    integration_id: int,
    period: Period,
    *,
    now: datetime,
    zone: ZoneInfo,
    outcome: Outcome | None = None,
    code: int = 0,
    hundred: int = 0,
    endpoint: str = "",
) -> Trend:
    """Return the outcomes of the responses of a period that match."""
    if not (outcome or code or hundred or endpoint):
        return trends.trend(user, integration_id, period, now=now, zone=zone)
    slots = periods.slots(period, now=now, zone=zone)
    counted, number = _counted(user, integration_id, period, first=slots[0].first, end=slots[-1].end)
    if outcome is not None:
        counted = counted.filter(outcome=outcome.value)
    if code:
        counted = counted.filter(status_code=code)
    if hundred:
        counted = counted.filter(status_code__gte=hundred * 100, status_code__lt=hundred * 100 + 100)
    if endpoint:
        counted = counted.filter(endpoint=endpoint)
    counts = [[0] * len(STRANDS) for _ in slots]
    for at, found, responses in counted.order_by().values_list(number, "outcome").annotate(number=Sum("responses")):
        index = periods.place(slots, at)
        if index is not None:
            counts[index][STRANDS.index(Outcome(found).word)] += responses
    return Trend(period, slots, tuple(map(tuple, counts)))


def endpoints(user: User, integration_id: int, *, now: datetime) -> list[str]:
    """Return the endpoints of the last two days, by name."""
    since = periods.hour_of(now - _LISTED)
    found = HourlyCount.objects.visible_in(user, integration_id).filter(hour__gte=since)
    return sorted(found.order_by().values_list("endpoint", flat=True).distinct())


def _counted(user: User, integration_id: int, period: Period, *, first: int, end: int) -> tuple[QuerySet[Any], str]:
    if period.unit is periods.MINUTE:
        minutes = MinuteCount.objects.visible_in(user, integration_id)
        return minutes.filter(minute__gte=first, minute__lt=end), "minute"
    hours = HourlyCount.objects.visible_in(user, integration_id)
    return hours.filter(hour__gte=first, hour__lt=end), "hour"
