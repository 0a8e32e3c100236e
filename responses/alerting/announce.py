"""Turns transitions into deliveries, each transition once. Sends nothing: ``deliver`` does.

What waits for the same subject at once becomes one message: the worst is told, the others are counted in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import sentry_sdk
from django.db import transaction

from responses.alerting import addressing, judging, threads
from responses.alerting.judging import Fate, Verdict
from responses.models import Alert, AlertRule, Delivery, Transition

AT_A_TIME = 200
ALONE = (Transition.Kind.RECOVERED, Transition.Kind.BREAKER_CLOSED)
"""What ends an alert is never folded: before it and after it other messages are due."""
BEGINS = (Transition.Kind.ISSUE_REGRESSED,)
_CLOSED_BECAUSE = {
    Transition.Kind.RECOVERED: "It is over.",
    Transition.Kind.BREAKER_CLOSED: "Sending goes on.",
    Transition.Kind.ISSUE_REGRESSED: "It had ended, and is back.",
}

logger = logging.getLogger(__name__)


def announce(now: datetime) -> list[int]:
    """Handle every transition that waits; return the ids of deliveries to send: the first new one of each channel.

    The others of a channel follow one by one, as ``deliver.send`` returns them.
    """
    first: dict[int, int] = {}
    after = 0
    while waiting := list(Transition.objects.unhandled().filter(pk__gt=after)[:AT_A_TIME]):
        after = waiting[-1].pk
        active = list(AlertRule.objects.active().order_by("id"))
        for group in groups_of(waiting):
            try:
                for delivery in _handle([waits.pk for waits in group], active, now=now):
                    first.setdefault(delivery.channel_id, delivery.pk)
            except Exception as error:
                # It must not hold up the others; the next sweep tries it again.
                logger.exception("a transition could not be turned into deliveries")
                sentry_sdk.capture_exception(error)
    return sorted(first.values())


def groups_of(waiting: Iterable[Transition]) -> Iterator[list[Transition]]:
    """Yield what may be told in one message: of one subject, in order, from one end or return to the next."""
    subjects: dict[str, list[list[Transition]]] = {}
    for waits in waiting:
        groups = subjects.setdefault(threads.subject_of(waits), [])
        is_new = not groups or waits.kind in (*ALONE, *BEGINS) or groups[-1][-1].kind in ALONE
        if is_new:
            groups.append([])
        groups[-1].append(waits)
    for groups in subjects.values():
        yield from groups


def _handle(group: Sequence[int], active: Sequence[AlertRule], *, now: datetime) -> list[Delivery]:
    """Mark transitions of one subject as handled and make their deliveries, in one transaction.

    Only those that nobody else has handled meanwhile.
    """
    with transaction.atomic():
        waiting = Transition.objects.unhandled().filter(pk__in=group)
        locked = waiting.select_for_update(of=("self",))
        taken = list(locked.select_related("issue__integration", "integration", "failed_request"))
        if waiting.filter(pk__in=[change.pk for change in taken]).update(handled_at=now) == 0:
            return []
        alert = threads.open_of(threads.subject_of(taken[0]))
        if taken[0].kind in ALONE:
            verdicts = [judging.of_end(taken[0], alert, active, now=now)]
        else:
            verdicts = [judging.of(change, alert, active, now=now) for change in taken]
        return _settle(verdicts, alert, now=now)


def _settle(verdicts: Sequence[Verdict], alert: Alert | None, *, now: datetime) -> list[Delivery]:
    """Write down what became of each transition, open, continue or end the alert, and make the deliveries."""
    worst = judging.worst_of(verdicts)
    if worst is not None:
        alert = _alert_for(worst, alert, now=now)
    deliveries: list[Delivery] = []
    told = [verdict for verdict in verdicts if verdict.fate is Fate.TOLD]
    if alert is not None and worst is not None and worst.fate is Fate.TOLD:
        deliveries = addressing.deliver(worst.transition, alert, told, now=now)
    _write_fates(verdicts, worst, alert, is_heard=bool(deliveries))
    if alert is not None:
        _finish(verdicts, alert, now=now)
    return deliveries


def _write_fates(verdicts: Sequence[Verdict], worst: Verdict | None, alert: Alert | None, *, is_heard: bool) -> None:
    known: dict[tuple[Fate, Alert | None], list[int]] = {}
    for verdict in verdicts:
        fate = verdict.fate
        if fate is Fate.TOLD and verdict is not worst:
            fate = Fate.FOLDED
        elif fate is Fate.TOLD and not is_heard:
            fate = Fate.NO_CHANNEL
        belongs = alert if fate is not Fate.NO_RULE or verdict.ends else None
        known.setdefault((fate, belongs), []).append(verdict.transition.pk)
    for (fate, belongs), same in known.items():
        Transition.objects.filter(pk__in=same).update(fate=fate, alert=belongs)


def _alert_for(worst: Verdict, alert: Alert | None, *, now: datetime) -> Alert:
    """The alert that a message belongs to. What is back gets an alert of its own: its numbers begin anew."""
    change = worst.transition
    if alert is not None and change.kind in BEGINS:
        threads.end(alert, _CLOSED_BECAUSE[Transition.Kind(change.kind)], now=now)
        alert = None
    if alert is None:
        alert = threads.begin(change, worst.rules[0], worst.severity, now=now)
    is_reminder = change.kind == Transition.Kind.REMINDER
    threads.go_on(alert, worst.severity, is_reminder=is_reminder, now=now)
    return alert


def _finish(verdicts: Sequence[Verdict], alert: Alert, *, now: datetime) -> None:
    for verdict in verdicts:
        if verdict.ends and alert.is_open:
            threads.end(alert, _CLOSED_BECAUSE[Transition.Kind(verdict.transition.kind)], now=now)
        if verdict.tell_by is not None and alert.is_open:
            threads.remind_by(alert, verdict.tell_by)
