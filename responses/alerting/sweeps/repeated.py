"""Requests to which the caller gets the same error again and again: that will not pass, it points to the integration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from responses.alerting import transitions
from responses.alerting.sweeps import episodes, scope
from responses.models import AlertRule, FailedRequest, Issue, Transition

TIMES = 3
NEWEST = 20_000
"""So many requests that failed more than once are looked at, those that failed last first."""


def sweep(now: datetime) -> int:
    """Write down of which issues a request repeats its error; return how many. Only calls of the caller count."""
    return sum(_sweep(rule, now=now) for rule in scope.rules(AlertRule.Trigger.REPEATED))


def _sweep(rule: AlertRule, *, now: datetime) -> int:
    length = scope.window(rule)
    worst = _worst(rule, now=now)
    fingerprints = {cause for _, cause in worst}
    if not worst:
        return 0
    repeated = scope.issues(rule, since=now - length).filter(fingerprint__in=fingerprints)
    untold = scope.untold(repeated, rule, within=length, now=now)
    return sum(
        _tell(rule, issue, *worst[issue.integration_id, issue.fingerprint], now=now)
        for issue in untold.order_by("pk")[: scope.MOST]
        if (issue.integration_id, issue.fingerprint) in worst
    )


def _worst(rule: AlertRule, *, now: datetime) -> dict[tuple[int, str], tuple[int, int]]:
    """By integration and cause: how often in a row, at the most, the same request got it; and that request's id."""
    failing = FailedRequest.objects.open().repeated().filter(integration__in=scope.integrations(rule))
    lately = scope.narrowed(failing.filter(last_failed_at__gt=now - scope.window(rule)), rule)
    again = lately.filter(same_cause__gte=max(rule.threshold or TIMES, 2)).exclude(cause="")
    worst: dict[tuple[int, str], tuple[int, int]] = {}
    newest = again.order_by("-last_failed_at").values_list("integration_id", "cause", "same_cause", "pk")[:NEWEST]
    for integration_id, cause, times, request_id in newest:
        worst[integration_id, cause] = max(worst.get((integration_id, cause), (0, 0)), (times, request_id))
    return worst


def _tell(rule: AlertRule, issue: Issue, times: int, request_id: int, *, now: datetime) -> bool:
    request = FailedRequest.objects.filter(pk=request_id).first()
    return request is not None and transitions.once(
        Transition.Kind.REQUEST_REPEATED,
        rule=rule,
        subject=scope.about(issue),
        window=scope.bucket(now, scope.window(rule)),
        integration=issue.integration,
        issue=issue,
        failed_request=request,
        number=times,
        now=now,
    )


def past(look: episodes.Look) -> Iterator[datetime]:
    """When it would have been told since then, by the last failure of each request."""
    failing = FailedRequest.objects.repeated().filter(integration_id__in=look.integration_ids)
    lately = scope.narrowed(failing.filter(last_failed_at__gte=look.since), look.rule)
    again = lately.filter(same_cause__gte=max(look.rule.threshold or TIMES, 2)).exclude(cause="")
    newest = again.order_by("-last_failed_at").values_list("integration_id", "cause", "last_failed_at")[:NEWEST]
    return episodes.apart((((pk, cause), at) for pk, cause, at in newest), by=scope.window(look.rule))
