"""The list of issues: counts by state, rows with their hours and stakes, in pages that do not jump."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db.models import Count, Q, Sum

from responses.exchanges import FailureKind, RetryBy
from responses.insight import cursors, periods, stakes
from responses.insight.stakes import Stake, Stakes
from responses.models import Integration, Issue, IssueHour, User
from responses.models.issue import IssueQuerySet
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor

PAGE = 30
SPARK_HOURS = 24
SORTS = ("time-left", "last-seen", "orders", "newest")
_ALIVE = (Issue.State.OPEN, Issue.State.ACKNOWLEDGED)
_MOST_COMPARED = 200
"""The busiest of the last 24 hours are looked for among so many, the last seen."""
_MOST_SORTED = 2000
"""So many issues, the last seen, are put into the order of their clocks: it is no column of theirs."""


class Row(msgspec.Struct, frozen=True):
    """One issue as a list shows it."""

    issue: Issue
    hours: tuple[int, ...]
    """Failures in each of the last 24 hours, the oldest first."""
    stake: Stake
    mark: str
    """``new``, ``regressed`` or nothing."""
    actor: str
    """Who acts, as the badges name them: ``you``, ``caller``, ``monitor``, ``ordergroove``, ``key``, ``nobody``."""


class Page(msgspec.Struct, frozen=True):
    """A page of rows; ``after`` is the cursor of the next page, empty on the last one."""

    rows: tuple[Row, ...]
    after: str
    is_more: bool
    """Whether the stakes are lower bounds."""


def tabs(user: User, integration_id: int) -> dict[str, int]:
    """Return how many issues there are in each state, by its word."""
    counted = Issue.objects.visible_in(user, integration_id).order_by()
    found = dict(counted.values_list("state").annotate(number=Count("id")))
    return {state.value: found.get(state.value, 0) for state in Issue.State}


def of_state(user: User, integration_id: int, state: str) -> IssueQuerySet:
    """Return the issues of an integration in one state, or in all of them (``""``)."""
    found = Issue.objects.visible_in(user, integration_id)
    return found.filter(state=state) if state else found


def page(
    found: IssueQuerySet, integration: Integration, *, sort: str, after: str = "", now: datetime, size: int = PAGE
) -> Page:
    """Return one page of ``found``, which are issues of ``integration``, with all that their rows show."""
    staked = stakes.of_integration(integration.pk, now=now)
    if sort == "time-left":
        chosen, following = _by_clock(found, staked, after=after, size=size)
    else:
        chosen, following = _by_column(found, sort, after=after, size=size)
    return Page(rows(chosen, integration, staked, now=now), following, staked.is_more)


def top(user: User, integration: Integration, staked: Stakes, *, now: datetime, count: int = 6) -> tuple[Row, ...]:
    """Return the issues that nobody has muted or resolved with the most failures in the last 24 hours."""
    alive = Issue.objects.visible_in(user, integration.pk).filter(state__in=_ALIVE)
    candidates = list(alive.order_by("-last_seen_at").values_list("id", flat=True)[:_MOST_COMPARED])
    since = periods.hour_of(now) - SPARK_HOURS
    sums = IssueHour.objects.filter(issue_id__in=candidates, hour__gt=since).values_list("issue_id")
    busiest = dict(sums.annotate(number=Sum("failures")).order_by("-number", "issue_id")[:count])
    by_id = Issue.objects.in_bulk(list(busiest))
    return rows([by_id[issue_id] for issue_id in busiest if issue_id in by_id], integration, staked, now=now)


def rows(found: Iterable[Issue], integration: Integration, staked: Stakes, *, now: datetime) -> tuple[Row, ...]:
    """Return issues with their sparklines, which take one query."""
    listed = list(found)
    sparks = hours([issue.pk for issue in listed], now=now, count=SPARK_HOURS)
    return tuple(
        Row(
            issue,
            sparks[issue.pk],
            staked.of(issue.pk),
            mark_of(issue, now=now),
            actor_of(issue, integration),
        )
        for issue in listed
    )


def hours(issue_ids: Sequence[int], *, now: datetime, count: int) -> dict[int, tuple[int, ...]]:
    """Return the failures of each issue in the last ``count`` hours, the hour of ``now`` included, oldest first."""
    last = periods.hour_of(now)
    found = {issue_id: [0] * count for issue_id in issue_ids}
    counted = IssueHour.objects.filter(issue_id__in=issue_ids, hour__gt=last - count, hour__lte=last)
    for issue_id, hour, failures in counted.values_list("issue_id", "hour", "failures"):
        found[issue_id][hour - last + count - 1] = failures
    return {issue_id: tuple(failures) for issue_id, failures in found.items()}


def mark_of(issue: Issue, *, now: datetime) -> str:
    """Return whether an issue needs a second look: it came back after it was resolved, or is less than a day old."""
    if issue.state == Issue.State.RESOLVED:
        return ""
    if issue.regressed_at is not None and now - issue.regressed_at < timedelta(days=1):
        return "regressed"
    return "new" if issue.is_new(now) else ""


def actor_of(issue: Issue, integration: Integration) -> str:
    """Return who acts. Whoever retries is the integration's choice, so a retry of the caller's is not called ours."""
    actor = codes.about(issue.status_code, FailureKind(issue.failure) if issue.failure else None).who
    if actor is Actor.NOBODY:
        # The code looks like a success, but its content made this an issue.
        actor = Actor.YOU
    if actor is not Actor.MONITOR:
        return actor.name.lower()
    return {RetryBy.MONITOR: "monitor", RetryBy.CALLER: "caller", RetryBy.NEVER: "you"}[RetryBy(integration.retry_by)]


def _by_clock(found: IssueQuerySet, staked: Stakes, *, after: str, size: int) -> tuple[list[Issue], str]:
    """Return those whose first request expires soonest, then, without a clock, those that were seen last."""
    keys = found.order_by("-last_seen_at", "-id").values_list("id", "last_seen_at")[:_MOST_SORTED]
    order = sorted(
        (_number(staked.of(issue_id).deadline_at), -cursors.number_of(seen_at), issue_id) for issue_id, seen_at in keys
    )
    if cursor := cursors.read(after, 3):
        order = [key for key in order if key > cursor]
    chosen = order[:size]
    by_id = found.in_bulk([issue_id for _, _, issue_id in chosen])
    following = cursors.write(*chosen[-1]) if len(order) > size else ""
    return [by_id[issue_id] for _, _, issue_id in chosen if issue_id in by_id], following


def _number(deadline_at: datetime | None) -> int:
    return 10**17 if deadline_at is None else cursors.number_of(deadline_at)


def _by_column(found: IssueQuerySet, sort: str, *, after: str, size: int) -> tuple[list[Issue], str]:
    column = {"last-seen": "last_seen_at", "orders": "orders", "newest": "first_seen_at"}[sort]
    if cursor := cursors.read(after, 2):
        value = cursor[0] if column == "orders" else cursors.time_of(cursor[0])
        if value is not None:
            found = found.filter(Q(**{f"{column}__lt": value}) | Q(**{column: value, "id__lt": cursor[1]}))
    chosen = list(found.order_by(f"-{column}", "-id")[: size + 1])
    if len(chosen) <= size:
        return chosen, ""
    last = getattr(chosen[size - 1], column)
    return chosen[:size], cursors.write(last if column == "orders" else cursors.number_of(last), chosen[size - 1].pk)
