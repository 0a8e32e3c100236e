"""Reads what a message says of a condition that is about no single issue. Reads only, and never a body."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Max, Sum

from responses.alerting import impact
from responses.alerting.impact import NOTHING, Impact
from responses.alerting.message import Kind
from responses.alerting.sweeps import silence
from responses.alerting.telling.conditions import Situation
from responses.models import (
    Alert,
    FailedRequest,
    Gate,
    HourlyCount,
    Integration,
    MinuteCount,
    Transition,
)
from responses.recording.facts import netloc_of

HOURS = 24

State = FailedRequest.State
What = Transition.Kind

KINDS = {
    What.AUTH_BURST: Kind.AUTH,
    What.BREAKER_OPENED: Kind.STOPPED,
    What.BREAKER_CLOSED: Kind.GOES_ON,
    What.UNKNOWN_OLD: Kind.UNKNOWN,
    What.EXPIRING: Kind.EXPIRING,
    What.REQUEST_EXPIRED: Kind.EXPIRED,
    What.REQUEST_EXHAUSTED: Kind.EXHAUSTED,
    What.SILENCE: Kind.SILENCE,
    What.MONITOR_LAGS: Kind.MONITOR,
}
_FOLLOWING = {What.REMINDER: Kind.REMINDER, What.RECOVERED: Kind.OVER}


def what_of(transition: Transition, alert: Alert | None) -> Transition.Kind:
    """The condition that a transition is about: of a reminder and of an end, its alert's."""
    kind = What(transition.kind)
    return What(alert.kind) if kind in _FOLLOWING and alert is not None else kind


def of(transition: Transition, alert: Alert | None, *, now: datetime, zone: ZoneInfo) -> Situation:
    """Gather what is known of a condition as it is now. ``KeyError``: it is none of those told here."""
    what = what_of(transition, alert)
    integration, rule = transition.integration, transition.rule
    minutes = (rule.window_minutes if rule is not None else None) or 0
    kind = _FOLLOWING.get(What(transition.kind)) or KINDS[what]
    opened_at = alert.opened_at if alert is not None else transition.at
    situation = Situation(
        what=what,
        kind=kind,
        now=now,
        zone=zone,
        integration=integration.name if integration is not None else "",
        environment=integration.environment if integration is not None else "",
        number=transition.number or 0,
        minutes=minutes if what != What.SILENCE else 0,
        part=(alert.subject if alert is not None else transition.subject).partition(":")[2],
        lasts_for=max((now - opened_at).total_seconds(), 0.0),
        reminders=alert.reminders if alert is not None else 0,
        ended_because=alert.closed_because if alert is not None else "",
    )
    return situation if integration is None else _with_rows(situation, integration, opened_at=opened_at)


def _with_rows(situation: Situation, integration: Integration, *, opened_at: datetime) -> Situation:
    """Add what is read of the integration: its requests, its gates, its purchases."""
    now = situation.now
    match situation.what:
        case What.SILENCE:
            return msgspec.structs.replace(
                situation,
                usual=_usual(integration, now=now, zone=situation.zone),
                last_at=_last_purchase(integration, now=now),
                trend=_purchases(integration, now=now),
            )
        case What.BREAKER_OPENED | What.BREAKER_CLOSED:
            reason, is_key = _why_open(integration)
            situation = msgspec.structs.replace(situation, reason=reason, is_key=is_key)
    return msgspec.structs.replace(situation, impact=_impact(situation, integration, opened_at=opened_at))


def _impact(situation: Situation, integration: Integration, *, opened_at: datetime) -> Impact:
    """What the requests concerned have at stake, the most urgent or else the newest ones."""
    found = FailedRequest.objects.filter(integration=integration)
    now, hour = situation.now, timedelta(hours=1)
    match situation.what:
        case What.AUTH_BURST:
            found = found.open().filter(status_code__in=(401, 403)).order_by("-id")
        case What.UNKNOWN_OLD:
            before = now - timedelta(minutes=situation.minutes or 30)
            found = found.filter(state=State.UNKNOWN, last_failed_at__lte=before).order_by("-id")
        case What.BREAKER_OPENED:
            found = found.filter(state=State.RETRYING).order_by("-id")
        case What.EXPIRING:
            until = now + timedelta(minutes=situation.minutes or 60)
            to_save = [*FailedRequest.TO_FIX, State.WAITING]
            found = found.filter(state__in=to_save, deadline_at__gt=now, deadline_at__lte=until).order_by("deadline_at")
        case What.REQUEST_EXPIRED:
            found = found.filter(state=State.EXPIRED, deadline_at__gte=opened_at - hour).order_by("-deadline_at")
        case What.REQUEST_EXHAUSTED:
            found = found.filter(state=State.EXHAUSTED).order_by("-id")
        case _:
            return NOTHING
    ids = found.values("pk")[: impact.MOST_REQUESTS]
    return impact.of(FailedRequest.objects.filter(pk__in=ids), now=now)


def _why_open(integration: Integration) -> tuple[str, bool]:
    """Why the integration's breaker is open, and whether it is its key that is refused."""
    account = f"account:{integration.pk}"
    hosts = {f"host:{netloc_of(url)}" for url in integration.base_urls.values()}
    gates = Gate.objects.filter(scope__in=[account, *sorted(hosts)]).exclude(breaker=Gate.Breaker.CLOSED)
    gate = gates.order_by("-opened_at").first()
    return (gate.breaker_reason, gate.scope == account) if gate is not None else ("", False)


def _last_purchase(integration: Integration, *, now: datetime) -> datetime | None:
    """When the last purchase was sent, to the minute, looking back two days."""
    since = int(now.timestamp()) // 60 - 2 * HOURS * 60
    found = MinuteCount.objects.filter(integration_id=integration.pk, minute__gte=since, endpoint=silence.PURCHASE)
    minute = found.aggregate(last=Max("minute"))["last"]
    return datetime.fromtimestamp(60 * minute, tz=now.tzinfo) if minute is not None else None


def _usual(integration: Integration, *, now: datetime, zone: ZoneInfo) -> int:
    """How many purchases there were on average in this hour of the week, over the weeks that had any."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts = _by_hour(integration, silence.same_hours(hour, silence.WEEKS, zone))
    return round(sum(counts.values()) / len(counts)) if counts else 0


def _purchases(integration: Integration, *, now: datetime) -> tuple[int, ...]:
    hour = int(now.timestamp()) // 3600
    hours = range(hour - HOURS + 1, hour + 1)
    counts = _by_hour(integration, list(hours))
    return tuple(counts.get(one, 0) for one in hours)


def _by_hour(integration: Integration, hours: list[int]) -> dict[int, int]:
    found = HourlyCount.objects.filter(integration_id=integration.pk, hour__in=hours, endpoint=silence.PURCHASE)
    return dict(found.values_list("hour").annotate(total=Sum("responses")).order_by())
