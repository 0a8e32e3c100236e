"""While a channel does not work, its messages go to its fallback as well: each once, and never on from there."""

from __future__ import annotations

from datetime import datetime

from responses.models import Channel, Delivery, Transition, ids

FAILURES = 3
"""So many failures in a row make a channel one that does not work."""


def is_needed(channel: Channel) -> bool:
    """Whether a channel has a fallback, and does not work."""
    return channel.fallback_id is not None and channel.failures_in_a_row >= FAILURES


def stand_in(channel: Channel, now: datetime, *, only: Delivery | None = None) -> list[Delivery]:
    """Make the deliveries to a channel's fallback for all that waits for the channel, or for ``only`` one; return them.

    Not for tests, and not for what stands in itself: two channels that are each other's fallback make no loop.
    """
    fallback = channel.fallback
    if fallback is None or not fallback.is_on or fallback.pk == channel.pk:
        return []
    states = (Delivery.State.PENDING, Delivery.State.SENDING)
    waiting = Delivery.objects.filter(channel=channel, state__in=states)
    if only is not None:
        waiting = Delivery.objects.filter(pk=only.pk)
    missing = waiting.filter(transition__isnull=False, stands_in_for=None, stand_in=None).order_by("id")
    made = [
        Delivery(
            id=ids.new(now),
            transition_id=original.transition_id,
            channel=fallback,
            rule_id=original.rule_id,
            stands_in_for=original,
            next_attempt_at=now,
        )
        for original in missing.select_related("transition")
        if original.transition is not None and _may_stand_in(fallback, original.transition)
    ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)  # the fallback may hear of it anyway
    return list(Delivery.objects.filter(pk__in=[one.pk for one in made]).order_by("id"))


def _may_stand_in(fallback: Channel, change: Transition) -> bool:
    """Not for what another integration's channel heard, nor for what counts the messages of that channel."""
    return change.kind != Transition.Kind.MORE and fallback.integration_id in (None, change.integration_id)
