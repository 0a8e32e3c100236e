"""What a rule looks at, as queries; and what it has already said. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import models
from django.db.models import Exists, Max, OuterRef, Q

from responses.alerting import matching
from responses.exchanges import Outcome
from responses.models import AlertRule, AlertThread, Integration, Issue, IssueHour, Transition
from responses.models.issue import IssueQuerySet

MOST = 200
"""So many subjects a rule finds at a time; the others follow with the next sweep."""

MOST_PAST = 100
"""So many issues are looked at when a rule is tried on the last days."""

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def rules(trigger: AlertRule.Trigger) -> list[AlertRule]:
    """The rules of a trigger that are on, oldest first."""
    return list(AlertRule.objects.active().filter(trigger=trigger).order_by("pk"))


def integrations(rule: AlertRule) -> list[Integration]:
    """The integrations that a rule looks at."""
    return [one for one in Integration.objects.order_by("pk") if matching.covers(rule, integration=one)]


def narrowed(rows: Rows, rule: AlertRule) -> Rows:
    """Those rows that meet the rule's endpoint, codes and outcomes: issues, failed requests or counts."""
    wanted = Q()
    if rule.endpoint:
        wanted &= Q(endpoint=rule.endpoint)
    if rule.outcomes:
        wanted &= Q(outcome__in=[Outcome[word.upper()].value for word in rule.outcomes])
    if rule.codes:
        wanted &= _codes(rule.codes)
    return rows.filter(wanted) if wanted else rows


def _codes(text: str) -> Q:
    found = Q()
    for word in matching.codes_of(text):
        if word == matching.NO_ANSWER:
            # Counts hold 0 where a call got no answer.
            found |= Q(status_code__isnull=True) | Q(status_code=0)
        elif word.endswith("xx"):
            found |= Q(status_code__gte=int(word[0]) * 100, status_code__lt=int(word[0]) * 100 + 100)
        else:
            found |= Q(status_code=int(word))
    return found


def issues(rule: AlertRule, *, since: datetime) -> IssueQuerySet:
    """The issues nobody has taken care of that a rule looks at, and that had a failure after ``since``."""
    mine = Issue.objects.open().filter(integration__in=integrations(rule), last_seen_at__gt=since)
    return narrowed(mine.select_related("integration"), rule)


def about(issue: Issue) -> str:
    """The subject of everything about an issue."""
    return f"issue:{issue.pk}"


def window(rule: AlertRule) -> timedelta:
    """Within, or after, how long a rule looks."""
    return timedelta(minutes=rule.window_minutes or 60)


def bucket(now: datetime, length: timedelta) -> str:
    """The name of the stretch of time, of ``length``, that ``now`` lies in: ``2026-11-23T10:00``."""
    seconds = max(int(length.total_seconds()), 60)
    start = int(now.timestamp()) // seconds * seconds
    return datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M")


def untold(
    issues: IssueQuerySet, rule: AlertRule, *, within: timedelta, now: datetime, while_open: bool = False
) -> IssueQuerySet:
    """Those issues of which the rule has not spoken ``within`` so long, nor, on request, in an alert still open."""
    said = Transition.objects.filter(_lately(now - within, while_open=while_open), rule=rule, issue=OuterRef("pk"))
    return issues.exclude(Exists(said))


def told(
    rule: AlertRule, subjects: Collection[str], *, within: timedelta, now: datetime, while_open: bool = False
) -> set[str]:
    """Those subjects of which the rule has spoken ``within`` so long, or, on request, in an alert that is still open."""
    lately = _lately(now - within, while_open=while_open)
    mine = Transition.objects.filter(lately, rule=rule, subject__in=list(subjects))
    return set(mine.values_list("subject", flat=True))


def _lately(since: datetime, *, while_open: bool) -> Q:
    lately = Q(at__gt=since)
    return lately | Q(alert__isnull=False, alert__closed_at__isnull=True) if while_open else lately


def failures_told(issue_ids: Collection[int], *, since: datetime) -> dict[int, int]:
    """How many failures the open alerts, opened after ``since``, have told of; 0 where nothing has been sent yet."""
    threads = AlertThread.objects.filter(
        alert__issue_id__in=issue_ids, alert__closed_at__isnull=True, alert__opened_at__gte=since
    )
    return dict(threads.values_list("alert__issue_id").annotate(Max("told")))


def last_told_at(rule: AlertRule, subject: str) -> datetime | None:
    """When the rule last spoke of a subject."""
    mine = Transition.objects.filter(rule=rule, subject=subject).order_by("-at")
    return mine.values_list("at", flat=True).first()


def active(rule: AlertRule, integration_ids: Collection[int], *, since: datetime) -> IssueQuerySet:
    """The issues that meet a rule's conditions and had a failure after ``since``, whatever has become of them."""
    return narrowed(Issue.objects.filter(integration_id__in=integration_ids, last_seen_at__gt=since), rule)


def hours_of(issues: IssueQuerySet, *, since: int) -> dict[int, dict[int, int]]:
    """Failures by issue and hour, from the hour ``since`` on, of the issues with the most failures."""
    most = list(issues.order_by("-failures").values_list("pk", flat=True)[:MOST_PAST])
    found: dict[int, dict[int, int]] = {}
    rows = IssueHour.objects.filter(issue_id__in=most, hour__gte=since)
    for issue_id, hour, failures in rows.values_list("issue_id", "hour", "failures"):
        found.setdefault(issue_id, {})[hour] = failures
    return found
