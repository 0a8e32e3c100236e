"""Alerts about issues that are over, and issues that were over and are back. The first reads only.

An issue that comes and goes must not be told as over and back all day: each time its alert has ended within a day, it must
have been quiet for twice as long before it counts as over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery

from responses.alerting.sweeps import scope
from responses.alerting.sweeps.lasting import TRANSIENT
from responses.models import Alert, FailedRequest, FailedRequestIssue, Integration, Issue, Transition, ids
from responses.models.alert import AlertQuerySet
from responses.models.transition import TransitionQuerySet

QUIET_TRANSIENT = timedelta(minutes=15)
QUIET = timedelta(minutes=60)
QUIET_MOST = timedelta(hours=4)
CLOCK = timedelta(hours=25)
"""Requests that are older have expired, or nobody knows what became of them: these have alerts of their own."""
COUNTED_FOR = timedelta(minutes=62)
BACK_WITHIN = timedelta(hours=24)


def resolved() -> list[tuple[Alert, str]]:
    """The open alerts of issues that a person has resolved."""
    found = _open().filter(issue__state=Issue.State.RESOLVED)
    return [(alert, "The issue was resolved.") for alert in found[: scope.MOST]]


def passed(now: datetime) -> list[tuple[Alert, str]]:
    """The open alerts of issues that have been quiet for long enough, and of which no request is left to settle."""
    quiet = Q(issue__last_seen_at__lte=now - QUIET)
    quiet |= Q(issue__last_seen_at__lte=now - QUIET_TRANSIENT, issue__outcome__in=TRANSIENT)
    links = FailedRequestIssue.objects.filter(issue_id=OuterRef("issue_id"), pk__gte=ids.floor(now - CLOCK))
    left = links.filter(_UNSETTLED, failed_request__closed_at__isnull=True)
    calm = _open().exclude(issue__state=Issue.State.RESOLVED).filter(quiet)
    found = list(calm.exclude(Exists(left)).exclude(Exists(_unsaid(now)))[: scope.MOST])
    times = _ended_times([alert.issue_id for alert in found if alert.issue_id is not None], since=now - BACK_WITHIN)
    return [
        (alert, "No failure came any more, and none of its requests is left.")
        for alert in found
        if alert.issue is not None
        and alert.issue.last_seen_at <= now - quiet_for(alert.issue, times=times.get(alert.issue.pk, 0))
    ]


def quiet_for(issue: Issue, *, times: int) -> timedelta:
    """How long an issue must have been quiet, whose alerts have ended so many ``times`` within a day."""
    least = QUIET_TRANSIENT if issue.outcome in TRANSIENT else QUIET
    return min(least * (1 << min(times, 8)), QUIET_MOST)


def sweep_back(now: datetime) -> int:
    """Write down which issues fail again after their alerts had ended by themselves; return how many."""
    told = 0
    for integration_id in Integration.objects.values_list("pk", flat=True):
        told += sum(_tell_back(issue, now=now) for issue in _back(integration_id, now=now))
    return told


def _open() -> AlertQuerySet:
    return Alert.objects.open().filter(issue__isnull=False, closed_because="").select_related("rule", "issue")


def _unsaid(now: datetime) -> TransitionQuerySet:
    """What was only counted, and is told by a reminder when its hour is over: until then an alert does not end."""
    counted = Transition.objects.filter(alert_id=OuterRef("pk"), fate=Transition.Fate.FOLDED, at__gt=now - COUNTED_FOR)
    return counted.filter(kind__in=[Transition.Kind.REQUEST_EXHAUSTED, Transition.Kind.REQUEST_EXPIRED])


# A question (GET) has no clock: where nobody asks again, nothing is left to settle.
_UNSETTLED = Q(failed_request__deadline_at__isnull=False) | Q(failed_request__state=FailedRequest.State.RETRYING)


def _ended_times(issue_ids: Collection[int], *, since: datetime) -> dict[int, int]:
    ended = Alert.objects.filter(issue_id__in=issue_ids, closed_at__gte=since)
    return dict(ended.values_list("issue_id").annotate(Count("pk")))


def _back(integration_id: int, *, now: datetime) -> list[Issue]:
    alerts = Alert.objects.filter(issue=OuterRef("pk"))
    newest_end = alerts.order_by("-id").values("closed_at")[:1]
    active = Issue.objects.filter(
        integration_id=integration_id,
        state__in=[Issue.State.OPEN, Issue.State.ACKNOWLEDGED],
        last_seen_at__gt=now - BACK_WITHIN,
    )
    ended = active.annotate(ended_at=Subquery(newest_end)).filter(last_seen_at__gt=Subquery(newest_end))
    return list(ended.exclude(Exists(alerts.filter(closed_at__isnull=True)))[: scope.MOST])


def _tell_back(issue: Issue, *, now: datetime) -> bool:
    """Once for each end: of two sweeps at the same time the second sees what the first has written."""
    with transaction.atomic():
        Issue.objects.select_for_update().get(pk=issue.pk)
        news = (Transition.Kind.ISSUE_REGRESSED, Transition.Kind.ISSUE_OPENED)
        ended_at = issue.ended_at  # type: ignore[attr-defined]  # annotated
        if Transition.objects.filter(issue=issue, kind__in=news, at__gt=ended_at).exists():
            return False
        Transition.objects.create(
            id=ids.new(now),
            kind=Transition.Kind.ISSUE_REGRESSED,
            integration_id=issue.integration_id,
            issue=issue,
            at=now,
            subject=scope.about(issue),
        )
    return True
