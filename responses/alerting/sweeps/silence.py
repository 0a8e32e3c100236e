"""Silence: no Purchase POST arrives where the same hours of the week usually have some.

A shop with few orders is silent for an hour by chance. So it counts how many purchases the silence would have held in
the weeks before: only where that is many is it no chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
from responses.models import AlertRule, HourlyCount, Integration, MinuteCount, Transition
from responses.ordergroove import endpoints

PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint.name
WEEKS, LEAST_WEEKS = 4, 2
EXPECTED = 8.0
"""At so many expected purchases, a shop that is well is silent about once in two weeks."""
LOOK_BACK = timedelta(hours=24)
HOUR = timedelta(hours=1)


def sweep(now: datetime) -> int:
    """Write down which integrations have gone silent; return how many."""
    return sum(
        _sweep(rule, one, now=now)
        for rule in scope.rules(AlertRule.Trigger.SILENCE)
        for one in scope.integrations(rule)
    )


def subject(integration_id: int) -> str:
    """What silence is about."""
    return f"integration:{integration_id}:silence"


def has_purchase(integration_id: int, *, since: datetime, now: datetime) -> bool:
    """Whether a Purchase POST was sent after the minute of ``since``, whatever it got."""
    minutes = MinuteCount.objects.filter(
        integration_id=integration_id,
        minute__gt=int(since.timestamp()) // 60,
        minute__lte=int(now.timestamp()) // 60,
        endpoint=PURCHASE,
    )
    return minutes.exists()


def is_silent(counts: Mapping[int, int], *, since: datetime, window: timedelta, weeks: int, now: datetime) -> bool:
    """Whether no purchase from ``since`` to ``now`` is more than chance, by the ``counts`` of hours of earlier weeks.

    Each hour that the rule's window touches must have had purchases in most of the weeks before.
    """
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    for hour, _ in stretches(max(since, now - window), now):
        same = [counts.get(one, 0) for one in same_hours(hour, weeks, zone)]
        if 2 * sum(1 for count in same if count) <= weeks:
            return False
    expected = 0.0
    for hour, share in stretches(since, now):
        expected += share * sum(counts.get(one, 0) for one in same_hours(hour, weeks, zone)) / weeks
    return expected >= EXPECTED


def stretches(since: datetime, now: datetime) -> Iterator[tuple[datetime, float]]:
    """The hours of the clock from ``since`` to ``now``, each by its beginning, with the share of it that lies between."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour < now:
        share = (min(hour + HOUR, now) - max(hour, since)) / HOUR
        yield hour, share
        hour += HOUR


def same_hours(hour: datetime, weeks: int, zone: ZoneInfo) -> list[int]:
    """The same hour of the week, by the clock on the wall, in the weeks before: in hours since 1970, UTC."""
    local = hour.astimezone(zone).replace(tzinfo=None)
    earlier = [(local - timedelta(weeks=week)).replace(tzinfo=zone) for week in range(1, weeks + 1)]
    return [int(one.timestamp()) // 3600 for one in earlier]


def weeks_of(integration_id: int, *, now: datetime) -> int:
    """How many whole weeks, up to ``WEEKS``, its calls have been counted."""
    first = _first_hour(integration_id)
    return min(WEEKS, (episodes.hour_of(now) - first) // 168) if first is not None else 0


def _first_hour(integration_id: int) -> int | None:
    hours = HourlyCount.objects.filter(integration_id=integration_id).order_by("hour")
    return hours.values_list("hour", flat=True).first()


def counts_of(integration_id: int, *, first: int, last: int) -> dict[int, int]:
    """Purchases by hour since 1970, from the hour ``first`` to ``last``."""
    rows = HourlyCount.objects.filter(integration_id=integration_id, endpoint=PURCHASE, hour__range=(first, last))
    return dict(rows.values_list("hour").annotate(Sum("responses")))


def _sweep(rule: AlertRule, integration: Integration, *, now: datetime) -> bool:
    length, about = scope.window(rule), subject(integration.pk)
    if has_purchase(integration.pk, since=now - length, now=now):
        return False
    weeks = weeks_of(integration.pk, now=now)
    if weeks < LEAST_WEEKS or scope.told(rule, [about], within=length, now=now, while_open=True):
        return False
    since = _last_purchase(integration.pk, now=now)
    if not is_silent(_past(integration.pk, weeks, now=now), since=since, window=length, weeks=weeks, now=now):
        return False
    return transitions.once(
        Transition.Kind.SILENCE,
        rule=rule,
        subject=about,
        window=scope.bucket(now, length),
        integration=integration,
        number=int((now - since).total_seconds()) // 60,
        now=now,
    )


def _last_purchase(integration_id: int, *, now: datetime) -> datetime:
    """The end of the minute of the last purchase, if that is not longer ago than ``LOOK_BACK``."""
    earliest = now - LOOK_BACK
    minutes = MinuteCount.objects.filter(
        integration_id=integration_id, minute__gt=int(earliest.timestamp()) // 60, endpoint=PURCHASE
    )
    last = minutes.filter(minute__lte=int(now.timestamp()) // 60).order_by("-minute")
    found = last.values_list("minute", flat=True).first()
    return earliest if found is None else datetime.fromtimestamp((found + 1) * 60, now.tzinfo)


def _past(integration_id: int, weeks: int, *, now: datetime) -> dict[int, int]:
    """Purchases by hour, of the day up to ``now`` and an hour around it, in the weeks before."""
    past: dict[int, int] = {}
    for week in range(1, weeks + 1):
        end = int((now - timedelta(weeks=week)).timestamp()) // 3600
        day = int(LOOK_BACK / HOUR)
        past |= counts_of(integration_id, first=end - day - 1, last=end + 1)
    return past


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then, by whole hours."""
    for integration_id in look.integration_ids:
        first = _first_hour(integration_id)
        if first is not None:
            yield from _past_of(look, integration_id, first)


def _past_of(look: episodes.Look, integration_id: int, first: int) -> Iterator[datetime]:
    begins, ends, window = episodes.hour_of(look.since), episodes.hour_of(look.now), scope.window(look.rule)
    back = int(LOOK_BACK / HOUR)
    counts = counts_of(integration_id, first=begins - WEEKS * 168 - back - 1, last=ends)
    last = max((hour for hour in counts if begins - back <= hour < begins), default=begins - back)
    is_told = False
    for hour in range(begins, ends):
        if counts.get(hour):
            last, is_told = hour, False
            continue
        end, weeks = episodes.at_hour(hour + 1), min(WEEKS, (hour + 1 - first) // 168)
        silent_from = max(episodes.at_hour(last + 1), end - LOOK_BACK)
        if is_told or weeks < LEAST_WEEKS or end - silent_from < window:
            continue
        if is_silent(counts, since=silent_from, window=window, weeks=weeks, now=end):
            is_told = True
            yield end
