"""Turns transitions into deliveries, each transition once. Sends nothing: ``deliver`` does."""

from __future__ import annotations

import logging
from datetime import datetime

import sentry_sdk
from django.db import transaction

from responses.models import Channel, Delivery, Issue, Transition, ids

AT_A_TIME = 200

logger = logging.getLogger(__name__)


def announce(now: datetime) -> list[int]:
    """Handle every transition that waits; return the ids of deliveries to send: the first new one of each channel.

    The others of a channel follow one by one, as ``deliver.send`` returns them.
    """
    first: dict[int, int] = {}
    after = 0
    while waiting := list(Transition.objects.unhandled().filter(pk__gt=after).values_list("pk", flat=True)[:AT_A_TIME]):
        after = waiting[-1]
        for transition_id in waiting:
            try:
                for delivery in _handle(transition_id, now=now):
                    first.setdefault(delivery.channel_id, delivery.pk)
            except Exception as error:
                # It must not hold up the others; the next sweep tries it again.
                logger.exception("a transition could not be turned into deliveries")
                sentry_sdk.capture_exception(error)
    return sorted(first.values())


def _handle(transition_id: int, *, now: datetime) -> list[Delivery]:
    """Mark one transition as handled and make its deliveries, in one transaction; nothing when another was first."""
    with transaction.atomic():
        if Transition.objects.filter(pk=transition_id, handled_at__isnull=True).update(handled_at=now) != 1:
            return []
        transition = Transition.objects.select_related("issue").get(pk=transition_id)
        if transition.issue is None or is_muted(transition.issue, now):
            return []
        return Delivery.objects.bulk_create(
            Delivery(id=ids.new(now), transition=transition, channel=channel, next_attempt_at=now)
            for channel in Channel.objects.for_integration(transition.integration_id).order_by("id")
        )


def is_muted(issue: Issue, now: datetime) -> bool:
    """Whether a person has asked for silence about an issue, and the time for it has not passed."""
    return issue.state == Issue.State.MUTED and (issue.muted_until is None or issue.muted_until > now)
