"""How often a rule would have fired in the last days: from counts and rows, at a cost that does not grow with them.

It is an estimate. Hours stand for shorter windows where no minutes are kept, and very many rows are looked at in part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from responses.alerting import matching
from responses.alerting.sweeps import auth, clocks, digest, episodes, growth, lasting, many, repeated, scope, silence
from responses.alerting.sweeps.episodes import Look
from responses.exchanges import Outcome
from responses.models import AlertRule, Integration, Issue, Transition, ids

DAYS = 7
NEWEST = 20_000
"""So many changes of state are looked at."""
Trigger = AlertRule.Trigger
Kind = Transition.Kind


def fires(rule: AlertRule, *, integration_ids: Sequence[int], now: datetime) -> list[int]:
    """Return how often it would have fired in each of the last seven days, oldest first; the last one is today.

    Days are those of the calendar in ``DISPLAY_TIME_ZONE``. The rule need not be stored. Only what it looks at among
    ``integration_ids`` counts.
    """
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    first = now.astimezone(zone).date() - timedelta(days=DAYS - 1)
    since = datetime.combine(first, time(), tzinfo=zone)
    among = Integration.objects.filter(pk__in=list(integration_ids)).order_by("pk")
    looked_at = [one.pk for one in among if matching.covers(rule, integration=one)]
    days = [0] * DAYS
    for at in _PAST[Trigger(rule.trigger)](Look(rule, looked_at, since, now)):
        day = (at.astimezone(zone).date() - first).days
        if 0 <= day < DAYS:
            days[day] += 1
    return days


def _changes(look: Look, *kinds: str) -> Iterator[tuple[str, datetime]]:
    """The changes of state of these kinds, of issues that meet the rule's conditions: about what, and when."""
    rule, mine = look.rule, Transition.objects.filter(integration_id__in=look.integration_ids, kind__in=kinds)
    mine = mine.filter(pk__gte=ids.floor(look.since))
    if rule.endpoint or rule.codes or rule.outcomes:
        fitting = scope.narrowed(Issue.objects.filter(integration_id__in=look.integration_ids), rule)
        mine = mine.filter(issue__in=fitting)
    for integration_id, issue_id, at in mine.order_by("-id").values_list("integration_id", "issue_id", "at")[:NEWEST]:
        yield f"{integration_id} {issue_id}", at


def _opened(look: Look) -> Iterator[datetime]:
    """New issues: those of partial successes are a trigger of their own."""
    mine = Issue.objects.filter(integration_id__in=look.integration_ids, pk__gte=ids.floor(look.since))
    issues, partial = scope.narrowed(mine, look.rule), Q(outcome=Outcome.PARTIAL.value)
    wanted = issues.filter(partial if look.rule.trigger == Trigger.PARTIAL else ~partial)
    newest = wanted.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
    return (ids.time_of(issue_id) for issue_id in newest)


def _regressed(look: Look) -> Iterator[datetime]:
    return (at for _, at in _changes(look, Kind.ISSUE_REGRESSED))


def _ended(look: Look) -> Iterator[datetime]:
    """Used up or expired: at most one message an hour for each issue."""
    kind = Kind.REQUEST_EXPIRED if look.rule.trigger == Trigger.EXPIRED else Kind.REQUEST_EXHAUSTED
    return episodes.apart(_changes(look, kind), by=timedelta(hours=1))


def _breakers(look: Look) -> Iterator[datetime]:
    return (at for _, at in _changes(look, Kind.BREAKER_OPENED, Kind.BREAKER_CLOSED))


def _digests(look: Look) -> Iterator[datetime]:
    local = look.now.astimezone(look.since.tzinfo)
    for integration_id in look.integration_ids:
        if digest.is_in_use(integration_id, now=look.now):
            days = (digest.due(look.rule, local - timedelta(days=day)) for day in range(DAYS))
            yield from (due_at for due_at in days if due_at <= look.now)


def _lags(look: Look) -> Iterator[datetime]:
    """What was told of the monitor itself, whichever rule told it."""
    told = Transition.objects.filter(kind=Kind.MONITOR_LAGS, integration__isnull=True, pk__gte=ids.floor(look.since))
    return episodes.apart(told.values_list("subject", "at")[:NEWEST], by=timedelta(minutes=1))


_PAST: dict[AlertRule.Trigger, Callable[[Look], Iterator[datetime]]] = {
    Trigger.NEW_ISSUE: _opened,
    Trigger.PARTIAL: _opened,
    Trigger.REGRESSION: _regressed,
    Trigger.GROWTH: growth.past,
    Trigger.LASTING: lasting.past,
    Trigger.EXHAUSTED: _ended,
    Trigger.REPEATED: repeated.past,
    Trigger.MANY: many.past,
    Trigger.AUTH: auth.past,
    Trigger.BREAKER: _breakers,
    Trigger.UNKNOWN: clocks.past_unknown,
    Trigger.EXPIRING: clocks.past_expiring,
    Trigger.EXPIRED: _ended,
    Trigger.SILENCE: silence.past,
    Trigger.DIGEST: _digests,
    Trigger.MONITOR: _lags,
}
