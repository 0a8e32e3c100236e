"""Reads an integration's day for its digest: counts that are kept, and a few short lists. Reads only, never a body."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from responses.alerting import impact, wording
from responses.alerting.message import Link
from responses.alerting.telling.digest import Day
from responses.exchanges import Outcome
from responses.models import FailedRequest, Integration, Issue, OutcomeHour, Transition, ids

MOST_ISSUES = 5
MOST_KEPT = 10
LOOKED_AT = 1_000
OLDEST = timedelta(days=7)
ROW_LENGTH = 160

Kind = Transition.Kind


def of(transition: Transition, integration: Integration, *, now: datetime, zone: ZoneInfo) -> Day:
    """Gather the day before the one on which the digest is made."""
    local = transition.at.astimezone(zone).date() - timedelta(days=1)
    start, end = _bounds(local, zone)
    kept, kept_number = _kept(transition, now=now)
    issues, open_issues = _issues(integration)
    calls, failures, recovered, trend = _counts(integration, start, end)
    changes = Transition.objects.filter(integration=integration, id__gte=ids.floor(start), id__lt=ids.floor(end))
    expired = FailedRequest.objects.filter(
        integration=integration, state=FailedRequest.State.EXPIRED, deadline_at__gte=start, deadline_at__lt=end
    )
    waiting = FailedRequest.objects.to_fix().filter(integration=integration, deadline_at__gt=now)
    most = waiting.order_by("deadline_at").values("pk")[: impact.MOST_REQUESTS]
    return Day(
        day=local,
        integration=integration.name,
        environment=integration.environment,
        calls=calls,
        failures=failures,
        recovered=recovered,
        opened=changes.filter(kind=Kind.ISSUE_OPENED).count(),
        back=changes.filter(kind=Kind.ISSUE_REGRESSED).count(),
        expired=expired.count(),
        to_fix=impact.of(FailedRequest.objects.filter(pk__in=most), now=now),
        issues=issues,
        open_issues=open_issues,
        kept=kept,
        kept_number=kept_number,
        trend=trend,
    )


def _bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The day's beginning and its end; 23 or 25 hours apart when the clocks change."""
    start = datetime.combine(day, time(), tzinfo=zone)
    return start, datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


def _counts(integration: Integration, start: datetime, end: datetime) -> tuple[int, int, int, tuple[int, ...]]:
    """Calls, failures, those that we got right, and the failures by hour. What was refused later counts as a failure."""
    hours = range(int(start.timestamp()) // 3600, int(end.timestamp()) // 3600)
    found = OutcomeHour.objects.filter(integration_id=integration.pk, hour__gte=hours.start, hour__lt=hours.stop)
    calls = recovered = 0
    by_hour = dict.fromkeys(hours, 0)
    for row in found:
        calls += row.responses
        recovered += row.recovered
        by_hour[row.hour] += row.responses if Outcome(row.outcome).is_failure else row.refused
    return calls, sum(by_hour.values()), recovered, tuple(by_hour.values())


def _issues(integration: Integration) -> tuple[tuple[Link, ...], int]:
    """The open issues with the most failures, and how many there are, up to ``LOOKED_AT``."""
    newest = Issue.objects.open().filter(integration=integration).order_by("-last_seen_at")[:LOOKED_AT]
    found = sorted(newest.values_list("pk", "title", "failures"), key=lambda row: (-row[2], -row[0]))
    links = tuple(
        Link(
            f"{wording.count(failures, 'failure')}: {wording.clean(title, ROW_LENGTH) or 'A failure'}",
            settings.MONITOR_URL + reverse("issue-detail", args=[issue_id]),
        )
        for issue_id, title, failures in found[:MOST_ISSUES]
    )
    return links, len(found)


def _kept(transition: Transition, *, now: datetime) -> tuple[tuple[Link, ...], int]:
    """What quiet hours kept since the last digest of the integration, one line for each alert."""
    earlier = Transition.objects.filter(integration=transition.integration, kind=Kind.DIGEST, id__lt=transition.pk)
    since = earlier.order_by("-id").values_list("id", flat=True).first() or 0
    quiet = Transition.objects.filter(
        Q(integration=transition.integration),
        fate=Transition.Fate.QUIET,
        id__gt=max(since, ids.floor(now - OLDEST)),
        id__lt=transition.pk,
    )
    found: dict[int, tuple[str, str]] = {}
    for one in quiet.select_related("alert").order_by("id")[:LOOKED_AT]:
        kind = str(Kind(one.kind).label)
        key = one.alert_id or -one.pk
        title = one.alert.title if one.alert is not None else ""
        found[key] = (kind, title)
    links = tuple(
        Link(
            f"{kind}: {wording.clean(title, ROW_LENGTH)}" if title else kind,
            settings.MONITOR_URL + reverse("alert-detail", args=[key]) if key > 0 else "",
        )
        for key, (kind, title) in list(found.items())[:MOST_KEPT]
    )
    return links, len(found)
