"""The hourly cap of a channel: what is sent, what waits, and what is only counted, in one message when there is room.

A message that is worse than all of the hour is never held back; reminders are the first that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from responses.alerting import severity
from responses.models import Channel, Delivery, Transition, ids

HOUR = timedelta(hours=1)
OLDEST = timedelta(hours=26)
"""A message sent in the last hour was made after that: none is tried for longer."""
RESERVE = 4
"""The last fourth of a cap is not for reminders."""

Kind = Transition.Kind
WAITS = (Kind.DIGEST, Kind.MORE)
"""What is not counted in another message, but sent when there is room."""


class Turn(Enum):
    """Whether a message is sent now."""

    NOW = "now"
    LATER = "later"
    HELD_BACK = "held back"


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a message, and from when on its channel has room again."""

    turn: Turn
    room_at: datetime


def judge(delivery: Delivery, now: datetime) -> Verdict:
    """Say whether a claimed message may be sent now."""
    change = delivery.transition
    if change is None:
        return Verdict(Turn.NOW, now)
    cap = max(delivery.channel.hourly_cap, 1)
    most = cap - cap // RESERVE if change.kind == Kind.REMINDER else cap
    lately = _sent_within_the_hour(delivery.channel_id, now)
    if lately.count() < most:
        return Verdict(Turn.NOW, now)
    sent = list(lately.select_related("transition__issue", "transition__integration"))
    if len(sent) < most or _is_worse(change, sent):
        return Verdict(Turn.NOW, now)
    room_at = (sent[len(sent) - most].sent_at or now) + HOUR
    if change.kind in WAITS or delivery.channel.kind == Channel.Kind.SENTRY:
        return Verdict(Turn.LATER, room_at)
    return Verdict(Turn.HELD_BACK, room_at)


def hold_back(delivery: Delivery, room_at: datetime, *, now: datetime) -> bool:
    """Hold a claimed message back, and have it counted at ``room_at``; ``False``: it is not this claim's any more."""
    with transaction.atomic():
        words = "Held back by the hourly cap: it is counted in a later message."
        held = Delivery.objects.held(delivery)
        if not held.update(state=Delivery.State.HELD_BACK, leased_until=None, last_error=words):
            return False
        states = (Delivery.State.PENDING, Delivery.State.SENDING)
        waiting = Delivery.objects.filter(channel_id=delivery.channel_id, state__in=states)
        if not waiting.filter(transition__kind=Kind.MORE).exists():
            _plan_count(delivery.channel, room_at, now=now)
    return True


def count_in(delivery: Delivery) -> list[Delivery]:
    """Have a message count all that its channel has held back and nothing has counted yet; return these, in order."""
    held = Delivery.objects.filter(channel_id=delivery.channel_id, state=Delivery.State.HELD_BACK)
    held.filter(counted_in=None).update(counted_in=delivery)
    return list(held.filter(counted_in=delivery).select_related("transition__alert__issue").order_by("id"))


def _sent_within_the_hour(channel_id: int, now: datetime) -> QuerySet[Delivery]:
    """The oldest first."""
    sent = Delivery.objects.filter(channel_id=channel_id, state=Delivery.State.SENT, transition__isnull=False)
    return sent.filter(pk__gte=ids.floor(now - OLDEST), sent_at__gt=now - HOUR).order_by("sent_at", "id")


def _is_worse(change: Transition, sent: Sequence[Delivery]) -> bool:
    return all(_severity(change) > _severity(one.transition) for one in sent if one.transition is not None)


def _severity(change: Transition) -> int:
    return severity.of(change.kind, issue=change.issue, integration=change.integration)


def _plan_count(channel: Channel, room_at: datetime, *, now: datetime) -> None:
    """Make the message that says how many more there were. No rule asks for it: the cap does."""
    change = Transition.objects.create(
        id=ids.new(now),
        kind=Kind.MORE,
        integration_id=channel.integration_id,
        subject=f"channel:{channel.pk}",
        at=now,
        fate=Transition.Fate.TOLD,
        handled_at=now,
    )
    Delivery.objects.create(id=ids.new(now), transition=change, channel=channel, next_attempt_at=room_at)
