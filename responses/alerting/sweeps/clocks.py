"""Requests whose time runs: outcomes that stay unknown, and requests that are about to expire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
from responses.exchanges import Outcome
from responses.models import AlertRule, Attempt, FailedRequest, Integration, Response, Transition, ids
from responses.models.failed_request import FailedRequestQuerySet

NEWEST = 5_000
"""So many calls without an answer are looked at when a rule is tried on the last days."""
UNKNOWN_APART = timedelta(hours=1)
"""A rule speaks of an integration's unknown outcomes no more often than that; and only where there is a new one."""


def sweep_unknown(now: datetime) -> int:
    """Write down where an outcome has been unknown for long; return for how many integrations."""
    found = 0
    for rule in scope.rules(AlertRule.Trigger.UNKNOWN):
        for integration in scope.integrations(rule):
            about = subject(integration.pk, "unknown")
            last_at = scope.last_told_at(rule, about)
            if last_at is not None and now < last_at + UNKNOWN_APART:
                continue
            rows = unknown(rule, integration, now=now)
            if _has_news(rows, _newly_unknown(last_at, rule) if last_at else Q()):
                found += _tell(Transition.Kind.UNKNOWN_OLD, rule, integration, about, rows.count(), now=now)
    return found


def sweep_expiring(now: datetime) -> int:
    """Write down where requests expire soon; return for how many integrations."""
    found = 0
    for rule in scope.rules(AlertRule.Trigger.EXPIRING):
        for integration in scope.integrations(rule):
            about = subject(integration.pk, "expiring")
            last_at = scope.last_told_at(rule, about)
            if last_at is not None and now < last_at + scope.window(rule) / 2:
                continue
            rows = expiring(rule, integration, now=now)
            if _has_news(rows, Q(deadline_at__gt=last_at + scope.window(rule)) if last_at else Q()):
                found += _tell(Transition.Kind.EXPIRING, rule, integration, about, rows.count(), now=now)
    return found


def subject(integration_id: int, word: str) -> str:
    """What such clocks are about."""
    return f"integration:{integration_id}:{word}"


def unknown(rule: AlertRule, integration: Integration, *, now: datetime) -> FailedRequestQuerySet:
    """The requests of which nobody has known for the rule's time whether they took effect."""
    before = now - scope.window(rule)
    rows = FailedRequest.objects.open().filter(
        integration=integration, state=FailedRequest.State.UNKNOWN, last_failed_at__lte=before
    )
    sent_since = Attempt.objects.filter(resend__failed_request_id=OuterRef("pk"), intent_at__gt=before)
    return scope.narrowed(rows.filter(~Exists(sent_since)), rule)


def expiring(rule: AlertRule, integration: Integration, *, now: datetime) -> FailedRequestQuerySet:
    """The requests that a person can still save, and whose 24 hours end within the rule's time."""
    rows = FailedRequest.objects.to_fix().filter(
        integration=integration, deadline_at__gt=now, deadline_at__lte=now + scope.window(rule)
    )
    return scope.narrowed(rows, rule)


def _has_news(rows: FailedRequestQuerySet, news: Q) -> bool:
    """Whether there is one among ``rows`` that has not been spoken of."""
    return rows.filter(news).exists()


def _newly_unknown(last_at: datetime, rule: AlertRule) -> Q:
    since = last_at - scope.window(rule)
    sent_since = Attempt.objects.filter(resend__failed_request_id=OuterRef("pk"), intent_at__gt=since)
    return Q(last_failed_at__gt=since) | Q(Exists(sent_since))


def _tell(kind: str, rule: AlertRule, integration: Integration, about: str, number: int, *, now: datetime) -> bool:
    window = scope.bucket(now, timedelta(minutes=1))
    return transitions.once(
        kind, rule=rule, subject=about, window=window, integration=integration, number=number, now=now
    )


def past_unknown(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then: calls without an answer that took longer than that to settle."""
    length, found = scope.window(look.rule), []
    for integration_id in look.integration_ids:
        silent = Response.objects.failed().filter(integration_id=integration_id, outcome=Outcome.NO_ANSWER.value)
        newest = silent.filter(pk__gte=ids.floor(look.since)).order_by("-pk").values("failed_request_id")[:NEWEST]
        rows = FailedRequest.objects.filter(pk__in=newest, deadline_at__isnull=False)
        rows = rows.filter(last_failed_at__lte=look.now - length)
        lost = Q(state=FailedRequest.State.UNKNOWN) | Q(closed_at__gte=F("last_failed_at") + length)
        times = scope.narrowed(rows.filter(lost), look.rule).values_list("last_failed_at", flat=True)
        found += [(integration_id, at + length) for at in times]
    return episodes.apart(found, by=UNKNOWN_APART)


def past_expiring(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then: hours of the clock in which requests expired, or were saved at the last."""
    length, found = scope.window(look.rule), []
    for integration_id in look.integration_ids:
        for hour in range(episodes.hour_of(look.since), episodes.hour_of(look.now + length) + 1):
            begins = episodes.at_hour(hour)
            rows = FailedRequest.objects.filter(
                Q(closed_at__isnull=True) | Q(closed_at__gte=F("deadline_at") - length),
                integration_id=integration_id,
                state__in=FailedRequest.State.values,
                deadline_at__gte=begins,
                deadline_at__lt=min(begins + timedelta(hours=1), look.now + length),
            )
            if scope.narrowed(rows, look.rule).exists():
                found.append((integration_id, begins - length))
    return episodes.apart((moment for moment in found if moment[1] >= look.since - length), by=length / 2)
