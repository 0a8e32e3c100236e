"""Bursts of 401 and 403: the key is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Sum

from responses.alerting import transitions
from responses.alerting.severity import KEY_REFUSED
from responses.alerting.sweeps import episodes, scope
from responses.models import AlertRule, HourlyCount, MinuteCount, Transition

ANSWERS = 5


def sweep(now: datetime) -> int:
    """Write down for which integrations such a burst has come; return how many."""
    return sum(_sweep(rule, now=now) for rule in scope.rules(AlertRule.Trigger.AUTH))


def refused(integration_ids: list[int], *, rule: AlertRule | None, since: datetime, now: datetime) -> dict[int, int]:
    """How many 401 and 403 came after ``since``, by integration: whole minutes, of what ``rule`` looks at."""
    counts = MinuteCount.objects.filter(
        integration_id__in=integration_ids,
        minute__gt=int(since.timestamp()) // 60,
        minute__lte=int(now.timestamp()) // 60,
        status_code__in=KEY_REFUSED,
    )
    counts = scope.narrowed(counts, rule) if rule is not None else counts
    return dict(counts.values_list("integration_id").annotate(Sum("responses")))


def subject(integration_id: int) -> str:
    """What such a burst is about."""
    return f"integration:{integration_id}:auth"


def _sweep(rule: AlertRule, *, now: datetime) -> int:
    length = scope.window(rule)
    looked_at = {one.pk: one for one in scope.integrations(rule)}
    sums = refused(list(looked_at), rule=rule, since=now - length, now=now)
    burst = {pk: number for pk, number in sums.items() if number >= (rule.threshold or ANSWERS)}
    apart = max(length, timedelta(hours=1))
    said = scope.told(rule, [subject(pk) for pk in burst], within=apart, now=now, while_open=True)
    return sum(
        transitions.once(
            Transition.Kind.AUTH_BURST,
            rule=rule,
            subject=subject(pk),
            window=scope.bucket(now, apart),
            integration=looked_at[pk],
            number=number,
            now=now,
        )
        for pk, number in burst.items()
        if subject(pk) not in said
    )


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then: minutes are not kept so long, so that an hour counts as the window."""
    counts = HourlyCount.objects.filter(
        integration_id__in=look.integration_ids, hour__gte=episodes.hour_of(look.since), status_code__in=KEY_REFUSED
    )
    sums = scope.narrowed(counts, look.rule).values_list("integration_id", "hour").annotate(total=Sum("responses"))
    burst = sums.filter(total__gte=look.rule.threshold or ANSWERS)
    return episodes.bouts(((pk, episodes.at_hour(hour)) for pk, hour, _ in burst), gap=timedelta(hours=1))
