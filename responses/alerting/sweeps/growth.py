"""Issues that grow: so many times as many failures in this hour as there were, or were told of, before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from django.db.models import Sum

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
from responses.models import AlertRule, Issue, IssueHour, Transition

FLOOR = 4
"""Fewer failures than that count as so many: three where there was one is no growth."""
USUAL_HOURS = 24
TIMES = 5


def sweep(now: datetime) -> int:
    """Write down which issues have grown; return how many."""
    return sum(_sweep(rule, now=now) for rule in scope.rules(AlertRule.Trigger.GROWTH))


def has_grown(lately: int, *, before: int, usual: float, told: int, times: int) -> bool:
    """Whether ``lately`` is ``times`` as many as in the stretch before, as usual in the day before, and as told of it."""
    return lately >= times * max(before, usual, told, FLOOR)


def hours_of(rule: AlertRule) -> int:
    """How many hours of the clock a rule looks at: failures are counted by these."""
    return max(-(-(rule.window_minutes or 60) // 60), 1)


def _sweep(rule: AlertRule, *, now: datetime) -> int:
    times, hours = rule.threshold or TIMES, hours_of(rule)
    first = int(now.timestamp()) // 3600 - hours + 1
    left = {issue.pk: issue for issue in _candidates(rule, first=first, least=times * FLOOR, now=now)}
    before, usual = _before(left, first=first, hours=hours)
    told = scope.failures_told(left, since=datetime.fromtimestamp(first * 3600, UTC))
    found = 0
    for issue in left.values():
        lately = issue.lately  # type: ignore[attr-defined]  # annotated
        is_unsaid = told.get(issue.pk) == 0
        if is_unsaid or not has_grown(
            lately,
            before=before.get(issue.pk, 0),
            usual=usual.get(issue.pk, 0.0),
            told=told.get(issue.pk, 0),
            times=times,
        ):
            continue
        found += transitions.once(
            Transition.Kind.ISSUE_GREW,
            rule=rule,
            subject=scope.about(issue),
            window=scope.bucket(now, timedelta(hours=hours)),
            integration=issue.integration,
            issue=issue,
            number=lately,
            now=now,
        )
    return found


def _candidates(rule: AlertRule, *, first: int, least: int, now: datetime) -> list[Issue]:
    """The open issues with enough failures from the hour ``first`` on, those with the most first."""
    active = scope.issues(rule, since=datetime.fromtimestamp(first * 3600 - 1, UTC)).filter(failures__gte=least)
    active = scope.untold(active, rule, within=timedelta(hours=hours_of(rule)), now=now)
    lately = active.filter(hours__hour__gte=first).annotate(lately=Sum("hours__failures"))
    return list(lately.filter(lately__gte=least).order_by("-lately", "pk")[: scope.MOST])


def _before(issue_ids: Collection[int], *, first: int, hours: int) -> tuple[dict[int, int], dict[int, float]]:
    """Failures by issue in the stretch before, and in a stretch as long on the average of the day before."""
    before: dict[int, int] = {}
    usual: dict[int, float] = {}
    rows = IssueHour.objects.filter(issue_id__in=issue_ids, hour__gte=first - max(USUAL_HOURS, hours), hour__lt=first)
    for issue_id, hour, failures in rows.values_list("issue_id", "hour", "failures"):
        usual[issue_id] = usual.get(issue_id, 0.0) + failures * hours / max(USUAL_HOURS, hours)
        if hour >= first - hours:
            before[issue_id] = before.get(issue_id, 0) + failures
    return before, usual


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then, by the hour. What had been told before is not known, and counts as none."""
    times, hours = look.rule.threshold or TIMES, hours_of(look.rule)
    first, span = episodes.hour_of(look.since), max(USUAL_HOURS, hours)
    issues = scope.active(look.rule, look.integration_ids, since=look.since).filter(failures__gte=times * FLOOR)
    grown = []
    for issue_id, counts in scope.hours_of(issues, since=first - hours - span).items():
        for hour in counts:
            lately = _sum(counts, hour - hours + 1, hour + 1)
            if hour < first or lately < times * FLOOR:
                continue
            begins = hour - hours + 1
            before, usual = _sum(counts, begins - hours, begins), _sum(counts, begins - span, begins) * hours / span
            if has_grown(lately, before=before, usual=usual, told=0, times=times):
                grown.append((issue_id, episodes.at_hour(hour)))
    return episodes.apart(grown, by=timedelta(hours=hours))


def _sum(counts: Mapping[int, int], first: int, end: int) -> int:
    return sum(counts.get(hour, 0) for hour in range(first, end))
