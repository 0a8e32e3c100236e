"""Which channels hear of what is told, and the deliveries for them. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Q

from responses.alerting import fallbacks
from responses.alerting.judging import Verdict
from responses.models import Alert, AlertRule, Channel, Delivery, Transition, ids

Kind = Transition.Kind

FOR_SENTRY = (Kind.ISSUE_OPENED, Kind.ISSUE_REGRESSED)
"""Sentry groups and reminds by itself: it gets one event of each new or returning issue."""
ENDS = (Kind.RECOVERED, Kind.BREAKER_CLOSED)
ALIVE = (Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.SENT)


def deliver(change: Transition, alert: Alert, told: Sequence[Verdict], *, now: datetime) -> list[Delivery]:
    """Make a delivery of ``change`` for each channel that hears of one of ``told``; return them.

    They follow what is still on its way in the same thread, in their ids and in the time of their next attempt.
    """
    wanted = _of_end(alert, told) if change.kind in ENDS else _of_rules(change, told)
    before = Delivery.objects.filter(transition__alert=alert)
    newest = before.aggregate(newest=Max("id"))["newest"]
    at = now
    if newest is not None and ids.new(now) < newest:  # the clock of whoever made that one is ahead of ours
        at = ids.time_of(newest) + timedelta(milliseconds=1)
    waiting = before.filter(state=Delivery.State.PENDING).order_by().values_list("channel_id")
    turns: dict[int, datetime] = dict(waiting.annotate(turn=Max("next_attempt_at")))
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            id=ids.new(at),
            transition=change,
            channel=channel,
            rule=rule,
            next_attempt_at=max(now, turns.get(channel.pk, now)),
        )
        for channel, rule in wanted.items()
        if channel.kind != Channel.Kind.SENTRY or change.kind in FOR_SENTRY
    )
    stand_ins = [one for channel in wanted if fallbacks.is_needed(channel) for one in fallbacks.stand_in(channel, now)]
    return deliveries + stand_ins


def _of_rules(change: Transition, told: Sequence[Verdict]) -> dict[Channel, AlertRule]:
    """The channels of the rules, each with the first rule that names it, in the order of the channels."""
    chosen: dict[Channel, AlertRule] = {}
    for rule in (rule for verdict in told for rule in verdict.rules):
        hearing = Channel.objects.for_integration(change.integration_id)
        for channel in hearing if rule.every_channel else hearing.filter(rules=rule):
            chosen.setdefault(channel, rule)
    return dict(sorted(chosen.items(), key=lambda pair: pair[0].pk))


def _of_end(alert: Alert, told: Sequence[Verdict]) -> dict[Channel, AlertRule]:
    """The channels that have heard, or will hear, of the alert: whoever was told of it is told that it is over."""
    heard = Delivery.objects.filter(transition__alert=alert, state__in=ALIVE).values("channel_id")
    rule = told[0].rules[0]
    return dict.fromkeys(Channel.objects.filter(Q(pk__in=heard), is_on=True).order_by("id"), rule)
