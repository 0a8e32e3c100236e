"""Sends deliveries: claim, say it, hand it to the channel, and only then mark it. At least once, never in a request.

No transaction is open while a channel is spoken to. After a failure that may pass, the whole channel waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import sentry_sdk
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from responses import sealing
from responses.alerting import caps, compose, facts, fallbacks, judging, message, threads, wording
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import ChannelError
from responses.alerting.message import Message, Sent, Stamp
from responses.models import Channel, Delivery, Transition

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


class Said(msgspec.Struct, frozen=True):
    """A message on its way, and what its channel has been told once it is accepted."""

    message: Message
    stamp: Stamp
    totals: dict[int, int] = {}
    """How many failures of each alert, by its id, its thread has told then in all."""
    told: int = 0
    """How many of these are new to the channel."""


class Accepted(msgspec.Struct, frozen=True):
    """What a channel said when it accepted, and what it was told."""

    sent: Sent
    said: Said


class NotWanted(Exception):
    """A delivery that is not to be sent any more, and why. Not the channel's fault."""


def due(now: datetime) -> list[int]:
    """The deliveries to be sent now: the oldest of each channel, since a channel takes one at a time."""
    return Delivery.objects.heads(now)


def send(delivery_id: int, now: datetime, *, clock: Callable[[], float] = time.monotonic) -> list[int]:
    """Send one delivery, if it is its channel's turn; return the ids of what to send next on that channel.

    Nothing happens when somebody else sends it, or the channel is busy or paused. ``clock`` measures how long it took.
    """
    started = clock()
    asked = Delivery.objects.filter(pk=delivery_id).first()
    if asked is None:
        return []
    turn = Delivery.objects.heads(now, channel_id=asked.channel_id)
    if not asked.is_test and delivery_id not in turn:
        return turn
    delivery = Delivery.objects.claim(delivery_id, now=now, until=now + LEASE)
    if delivery is None:
        return []
    stand_ins: list[int] = []
    verdict = caps.judge(delivery, now)
    if verdict.turn is caps.Turn.NOW:
        stand_ins = _try(delivery, now, lambda: now + timedelta(seconds=clock() - started))
    else:
        _wait(delivery, verdict, now)
    then = now + timedelta(seconds=clock() - started)
    return [*Delivery.objects.heads(then, channel_id=delivery.channel_id), *stand_ins]


def _try(delivery: Delivery, now: datetime, clock: Callable[[], datetime]) -> list[int]:
    """Send a claimed delivery and write down what came of it; return what to send in its place, on another channel."""
    try:
        accepted = _say(delivery, now)
    except NotWanted as reason:
        _end(delivery, state=Delivery.State.FAILED, words=str(reason))
    except ChannelError as error:
        return _refused(delivery, error, clock())
    except Exception as error:
        # One delivery must not stop the others; it is tried again.
        logger.exception("a message could not be handed to its channel")
        sentry_sdk.capture_exception(error)
        own = ChannelError(f"An error of the monitor itself: {type(error).__name__}.", permanent=False)
        return _refused(delivery, own, clock())
    else:
        _accepted(delivery, accepted, clock())
    return []


def _wait(delivery: Delivery, verdict: caps.Verdict, now: datetime) -> None:
    """Let a claimed delivery wait until its channel has room, or only be counted then. It was no attempt."""
    if verdict.turn is caps.Turn.HELD_BACK:
        caps.hold_back(delivery, verdict.room_at, now=now)
        return
    Delivery.objects.held(delivery).update(
        state=Delivery.State.PENDING,
        leased_until=None,
        attempts=delivery.attempts - 1,
        next_attempt_at=verdict.room_at,
    )


def wait_after(failures: int, retry_after: float | None) -> timedelta:
    """How long a channel waits after its ``failures``-th failure in a row, which asked for ``retry_after`` seconds."""
    seconds = DELAYS[min(failures, len(DELAYS)) - 1]
    if retry_after is not None:
        seconds = retry_after if failures <= BELIEVED else max(seconds, retry_after)
    return timedelta(seconds=seconds)


def _say(delivery: Delivery, now: datetime) -> Accepted:
    """Build the message and hand it over. Returns what the channel said when it accepted, and what it was told."""
    channel = delivery.channel
    if channel.removed_at is not None:
        raise NotWanted("The channel was removed before the message could be sent.")
    if not channel.is_on and not delivery.is_test:
        raise NotWanted("The channel was switched off before the message could be sent.")
    said = _said(delivery, now)
    try:
        target = sealing.unseal(bytes(channel.target_sealed)).decode()
    except sealing.SealError:
        words = "The channel's address cannot be decrypted: its key has gone from SEAL_KEYS."
        raise ChannelError(words, permanent=False) from None
    return Accepted(kinds.of(channel.kind).send(target, said.message, said.stamp), said)


def _said(delivery: Delivery, now: datetime) -> Said:
    """The message, with the numbers of this moment."""
    change, channel = delivery.transition, delivery.channel
    stamp = Stamp(message_id=threads.message_id(delivery.pk), thread_id="", at=now)
    if change is None:
        return Said(_test(channel, now), stamp)
    if change.kind == Transition.Kind.MORE:
        return _more(delivery, change, stamp, now)
    if change.issue is not None and judging.is_muted(change.issue, now):
        raise NotWanted("The issue was muted before the message could be sent.")
    alert = change.alert
    thread = threads.of(alert, channel) if alert is not None else threads.Thread()
    words, total = compose.message_of(change, alert, channel=channel, told=thread.told, now=now)
    if alert is None:
        return Said(words, stamp)
    stamp = msgspec.structs.replace(
        stamp,
        thread_id=f"alert-{alert.pk}.channel-{channel.pk}",
        place=thread.place,
        is_first=not thread.first_message_id,
        first_message_id=thread.first_message_id,
    )
    return Said(words, stamp, totals={alert.pk: total}, told=total - thread.told)


def _more(delivery: Delivery, change: Transition, stamp: Stamp, now: datetime) -> Said:
    """The message that counts what the hourly cap held back, and the failures that would have been told with it."""
    held = caps.count_in(delivery)
    if not held:
        raise NotWanted("What was held back has been told meanwhile.")
    alerts = {one.transition.alert for one in held if one.transition is not None and one.transition.alert is not None}
    totals: dict[int, int] = {}
    told = 0
    for alert in alerts:
        if alert.issue is not None:
            before = threads.of(alert, delivery.channel).told
            totals[alert.pk] = max(facts.failures_since_opened(alert.issue, alert), before)
            told += totals[alert.pk] - before
    words, _ = compose.message_of(change, None, channel=delivery.channel, told=told, now=now)
    return Said(words, stamp, totals=totals, told=told)


def _test(channel: Channel, now: datetime) -> Message:
    url = settings.MONITOR_URL + reverse("channel-list")
    return message.test(channel=channel.name, url=url, now=now, zone=ZoneInfo(settings.DISPLAY_TIME_ZONE))


def _end(
    delivery: Delivery,
    *,
    state: Delivery.State,
    words: str,
    told: int | None = None,
    sent_at: datetime | None = None,
) -> bool:
    """Mark it; ``False``: it is not this claim's any more."""
    last_error = wording.clean(words, ERROR_LENGTH)
    held = Delivery.objects.held(delivery)
    return bool(held.update(state=state, leased_until=None, last_error=last_error, told=told, sent_at=sent_at))


def _accepted(delivery: Delivery, accepted: Accepted, now: datetime) -> None:
    """Mark it as sent, its threads as told, and the channel as working, whatever was before."""
    note, said = accepted.sent.note, accepted.said
    with transaction.atomic():
        told = said.told if said.totals else None
        if _end(delivery, state=Delivery.State.SENT, words=note, told=told, sent_at=now):
            for alert_id, total in said.totals.items():
                threads.note(alert_id, delivery.channel_id, total=total, place=accepted.sent.place, now=now)
        channel = Channel.objects.filter(pk=delivery.channel_id)
        channel.update(last_success_at=now, failures_in_a_row=0, paused_until=None)
        if note:
            channel.update(last_error_at=now, last_error=wording.clean(note, ERROR_LENGTH))


def _refused(delivery: Delivery, error: ChannelError, now: datetime) -> list[int]:
    """Mark the failure. What may pass makes the channel wait; what cannot, and a test, is given up.

    Return the deliveries to send in the place of what the channel does not take.
    """
    words = wording.clean(str(error), ERROR_LENGTH)
    is_over = error.permanent or delivery.is_test
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=delivery.channel_id)
        channel.last_error_at, channel.last_error = now, words
        if is_over:
            _end(delivery, state=Delivery.State.FAILED, words=words)
        else:
            channel.failures_in_a_row += 1
            channel.paused_until = now + wait_after(channel.failures_in_a_row, error.retry_after)
            _put_off(delivery, words, until=channel.paused_until, now=now)
        channel.save(update_fields=["last_error_at", "last_error", "failures_in_a_row", "paused_until"])
        if is_over:
            made = fallbacks.stand_in(channel, now, only=delivery)
        else:
            made = fallbacks.stand_in(channel, now) if fallbacks.is_needed(channel) else []
    return [one.pk for one in made[:1]]


def _put_off(delivery: Delivery, words: str, *, until: datetime, now: datetime) -> None:
    """Let it wait for its channel; give it up, and with it all that is as old, when a day has passed.

    What follows it in its thread waits as long: a thread is told in order.
    """
    if now - delivery.created_at >= GIVE_UP_AFTER:
        given_up = wording.clean(f"Given up after 24 hours. {words}", ERROR_LENGTH)
        _end(delivery, state=Delivery.State.FAILED, words=given_up)
        Delivery.objects.give_up_older(delivery.channel_id, than=now - GIVE_UP_AFTER, error=given_up)
        return
    again_at = until + YIELDS_BY if delivery.attempts >= YIELDS_AFTER else until
    changes = {"state": Delivery.State.PENDING, "leased_until": None, "last_error": words, "next_attempt_at": again_at}
    Delivery.objects.held(delivery).update(**changes)
    if delivery.transition is not None and delivery.transition.alert_id is not None:
        Delivery.objects.after(delivery).filter(next_attempt_at__lt=again_at).update(next_attempt_at=again_at)
