"""Sends deliveries: claim, say it, hand it to the channel, and only then mark it. At least once, never in a request.

No transaction is open while a channel is spoken to. After a failure that may pass, the whole channel waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sentry_sdk
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from responses import sealing
from responses.alerting import announce, facts, message, wording
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import ChannelError
from responses.alerting.message import Message, Sent, Stamp
from responses.models import Channel, Delivery, Issue, Transition

LEASE = timedelta(seconds=60)
"""Longer than a channel may take (30 s): a worker that died holds up its channel for no more than this."""
DELAYS = (10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Seconds that a channel waits after its first, second, ... failure in a row; the last one repeats."""
BELIEVED = 3
"""So many times in a row a channel may ask for less than that; after it, it waits for both."""
GIVE_UP_AFTER = timedelta(hours=24)
YIELDS_AFTER = 5
"""From this attempt on the oldest message lets the next one try: perhaps it is this message that is refused."""
YIELDS_BY = timedelta(minutes=1)
ERROR_LENGTH = 500

logger = logging.getLogger(__name__)


class NotWanted(Exception):
    """A delivery that is not to be sent any more, and why. Not the channel's fault."""


def due(now: datetime) -> list[int]:
    """The deliveries to be sent now: the oldest of each channel, since a channel takes one at a time."""
    return Delivery.objects.heads(now)


def send(delivery_id: int, now: datetime, *, clock: Callable[[], float] = time.monotonic) -> list[int]:
    """Send one delivery, if it is its channel's turn; return the ids of what to send next on that channel.

    Nothing happens when somebody else sends it, or the channel is busy or paused. ``clock`` measures how long it took.
    """
    asked = Delivery.objects.filter(pk=delivery_id).first()
    if asked is None:
        return []
    turn = Delivery.objects.heads(now, channel_id=asked.channel_id)
    if not asked.is_test and delivery_id not in turn:
        return turn
    delivery = Delivery.objects.claim(delivery_id, now=now, until=now + LEASE)
    if delivery is None:
        return []
    started = clock()
    try:
        sent = _say(delivery, now)
    except NotWanted as reason:
        _end(delivery, state=Delivery.State.FAILED, words=str(reason))
    except ChannelError as error:
        _refused(delivery, error, now + timedelta(seconds=clock() - started))
    except Exception as error:
        # One delivery must not stop the others; it is tried again.
        logger.exception("a message could not be handed to its channel")
        sentry_sdk.capture_exception(error)
        own = ChannelError(f"An error of the monitor itself: {type(error).__name__}.", permanent=False)
        _refused(delivery, own, now + timedelta(seconds=clock() - started))
    else:
        _accepted(delivery, sent.note, now + timedelta(seconds=clock() - started))
    return Delivery.objects.heads(now + timedelta(seconds=clock() - started), channel_id=delivery.channel_id)


def wait_after(failures: int, retry_after: float | None) -> timedelta:
    """How long a channel waits after its ``failures``-th failure in a row, which asked for ``retry_after`` seconds."""
    seconds = DELAYS[min(failures, len(DELAYS)) - 1]
    if retry_after is not None:
        seconds = retry_after if failures <= BELIEVED else max(seconds, retry_after)
    return timedelta(seconds=seconds)


def _say(delivery: Delivery, now: datetime) -> Sent:
    """Build the message and hand it over. Returns what the channel said when it accepted."""
    channel = delivery.channel
    if channel.removed_at is not None:
        raise NotWanted("The channel was removed before the message could be sent.")
    if not channel.is_on and not delivery.is_test:
        raise NotWanted("The channel was switched off before the message could be sent.")
    said = _about(delivery.transition, channel, now) if delivery.transition is not None else _test(channel, now)
    try:
        target = sealing.unseal(bytes(channel.target_sealed)).decode()
    except sealing.SealError:
        words = "The channel's address cannot be decrypted: its key has gone from SEAL_KEYS."
        raise ChannelError(words, permanent=False) from None
    thread_id = f"issue-{delivery.transition.issue_id}.channel-{channel.pk}" if delivery.transition is not None else ""
    stamp = Stamp(message_id=f"delivery-{delivery.pk}", thread_id=thread_id, at=now)
    return kinds.of(channel.kind).send(target, said, stamp)


def _test(channel: Channel, now: datetime) -> Message:
    url = settings.MONITOR_URL + reverse("channel-list")
    return message.test(channel=channel.name, url=url, now=now, zone=ZoneInfo(settings.DISPLAY_TIME_ZONE))


def _about(transition: Transition, channel: Channel, now: datetime) -> Message:
    """The message about a transition, with the issue's numbers of this moment."""
    if transition.issue_id is None:
        raise NotWanted("The issue is gone.")
    issue = Issue.objects.select_related("integration").get(pk=transition.issue_id)
    if announce.is_muted(issue, now):
        raise NotWanted("The issue was muted before the message could be sent.")
    known = facts.of(transition, issue)
    url = settings.MONITOR_URL + reverse("issue-detail", args=[issue.pk])
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    try:
        return message.about_issue(known, channel=channel.name, url=url, now=now, zone=zone)
    except Exception as error:
        # An alert with few words is better than none.
        logger.exception("a message could not be put into words")
        sentry_sdk.capture_exception(error)
        return message.bare(known, channel=channel.name, url=url, now=now, zone=zone)


def _end(delivery: Delivery, *, state: Delivery.State, words: str, sent_at: datetime | None = None) -> None:
    Delivery.objects.held(delivery).update(
        state=state, leased_until=None, sent_at=sent_at, last_error=wording.clean(words, ERROR_LENGTH)
    )


def _accepted(delivery: Delivery, note: str, now: datetime) -> None:
    """Mark it as sent, and the channel as working, whatever was before."""
    with transaction.atomic():
        _end(delivery, state=Delivery.State.SENT, words=note, sent_at=now)
        channel = Channel.objects.filter(pk=delivery.channel_id)
        channel.update(last_success_at=now, failures_in_a_row=0, paused_until=None)
        if note:
            channel.update(last_error_at=now, last_error=wording.clean(note, ERROR_LENGTH))


def _refused(delivery: Delivery, error: ChannelError, now: datetime) -> None:
    """Mark the failure. What may pass makes the channel wait; what cannot, and a test, is given up."""
    words = wording.clean(str(error), ERROR_LENGTH)
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=delivery.channel_id)
        channel.last_error_at, channel.last_error = now, words
        if error.permanent or delivery.is_test:
            _end(delivery, state=Delivery.State.FAILED, words=words)
        else:
            channel.failures_in_a_row += 1
            channel.paused_until = now + wait_after(channel.failures_in_a_row, error.retry_after)
            _put_off(delivery, words, until=channel.paused_until, now=now)
        channel.save(update_fields=["last_error_at", "last_error", "failures_in_a_row", "paused_until"])


def _put_off(delivery: Delivery, words: str, *, until: datetime, now: datetime) -> None:
    """Let it wait for its channel; give it up, and with it all that is as old, when a day has passed."""
    if now - delivery.created_at >= GIVE_UP_AFTER:
        given_up = wording.clean(f"Given up after 24 hours. {words}", ERROR_LENGTH)
        _end(delivery, state=Delivery.State.FAILED, words=given_up)
        Delivery.objects.give_up_older(delivery.channel_id, than=now - GIVE_UP_AFTER, error=given_up)
        return
    Delivery.objects.held(delivery).update(
        state=Delivery.State.PENDING,
        leased_until=None,
        last_error=words,
        next_attempt_at=until + YIELDS_BY if delivery.attempts >= YIELDS_AFTER else until,
    )
