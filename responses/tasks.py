"""Thin tasks: each loads the clock, calls one function, and hints at what that made. Each may run twice without harm.

The database is the queue of record: a hint that is lost is found by the next sweep (``CELERY_BEAT_SCHEDULE``).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from ordergroove_monitor import stopping
from responses.alerting import announce, deliver, own_death, pulse
from responses.alerting.sweeps import rounds
from responses.correcting import bulk_work, drafts, trials
from responses.following import ending, poll
from responses.insight import health
from responses.models import Heartbeat
from responses.recording import batch
from responses.retention import expiry, purge, statistics
from responses.retrying import lookups, run
from responses.triage import issues

logger = logging.getLogger(__name__)

HINT_SECONDS = 60
"""A hint that nobody took for so long is dropped: the next one says the same."""
RETAIN_SECONDS = 5.0
"""So long a worker deletes at a time: messages must not wait for it."""
CHAIN_SECONDS = 2.0
"""So long a worker goes on with the messages of one channel before others have their turn."""
STARTED_AT = timezone.now()
"""When this process began to look after the others."""


@shared_task
def deliver_transitions() -> None:
    """Turn what has happened into deliveries, and have them sent."""
    Heartbeat.objects.beat(health.WORKER, now=timezone.now())
    _send_each(announce.announce(timezone.now()))


@shared_task
def deliver_due() -> None:
    """The same, and whatever should have been sent by now."""
    announce.announce(timezone.now())
    _send_each(deliver.due(timezone.now()))


@shared_task
def sweep_alerts() -> None:
    """Look for what somebody should hear of and no single change tells: growth, silence, clocks, what is over."""
    if rounds.sweep(timezone.now()):
        nudge([batch.ALERTING])


@shared_task
def send_delivery(delivery_id: int) -> None:
    """Send one delivery and then, for a moment, the next ones of its channel; have the rest sent."""
    until = time.monotonic() + CHAIN_SECONDS
    waiting = deliver.send(delivery_id, timezone.now())
    while waiting and time.monotonic() < until and not stopping.has_begun():
        first, *others = waiting
        _send_each(others)
        waiting = deliver.send(first, timezone.now())
    _send_each(waiting)


@shared_task
def poll_due() -> None:
    """Ask for the results of accepted purchases that are due."""
    Heartbeat.objects.beat(health.WORKER, now=timezone.now())
    nudge(poll.poll(clock=timezone.now, dice=random.random))


@shared_task
def send_due() -> None:
    """Send again what is due now or in a moment."""
    Heartbeat.objects.beat(health.WORKER, now=timezone.now())
    nudge(run.run_due(clock=timezone.now, pause=time.sleep, is_stopping=stopping.has_begun))


@shared_task
def bulk_due() -> None:
    """Check, approve and settle what bulk runs have to do now."""
    nudge(bulk_work.run_due(clock=timezone.now, is_stopping=stopping.has_begun))


@shared_task
def try_due() -> None:
    """Send what people want tried on staging first."""
    trials.run_due(clock=timezone.now)


@shared_task
def look_up_due() -> None:
    """Look up the sends of unknown outcome that are due, and decide by what is found."""
    nudge(lookups.look_up_due(clock=timezone.now, dice=random.random))


@shared_task
def end_overdue() -> None:
    """End the pursuit of results that nobody can ask for; take up what can be asked for now."""
    nudge(ending.sweep(timezone.now()))


@shared_task
def expire_overdue() -> None:
    """End the clocks of failed requests and of muted issues, and delete originals that may no longer be kept."""
    expiry.expire(timezone.now())
    issues.unmute(now=timezone.now())
    expiry.unseal_overdue(timezone.now())
    drafts.forget_old(timezone.now())


@shared_task
def retain() -> None:
    """Once a day, delete what is too old to keep; now and then, let the database look at what it holds."""
    ends_at = time.monotonic() + RETAIN_SECONDS
    ages = purge.Ages(
        success_bodies=timedelta(days=settings.RETENTION_SUCCESS_BODY_DAYS),
        failure_bodies=timedelta(days=settings.RETENTION_FAILURE_BODY_DAYS),
        responses=timedelta(days=settings.RETENTION_RESPONSE_DAYS),
    )
    purge.purge_daily(ages, now=timezone.now(), has_time=lambda: time.monotonic() < ends_at)
    statistics.refresh(timezone.now())


@shared_task
def heartbeat() -> None:
    """Beat has sent this, and a worker has run it: both are alive. Look whether the web processes are."""
    for name in (pulse.BEAT, pulse.WORKER):
        pulse.alive(name, now=timezone.now(), clock=time.monotonic)
    if own_death.look((pulse.WEB,), since=STARTED_AT, now=timezone.now()):
        nudge([batch.ALERTING])


@shared_task
def send_heartbeat() -> None:
    """Tell a dead man's switch that all is well, where one was named."""
    if settings.HEARTBEAT_URL:
        pulse.ping(settings.HEARTBEAT_URL, method=settings.HEARTBEAT_METHOD, now=timezone.now())


BULK = "bulk"
TRYING = "trying"
NUDGED = {
    batch.ALERTING: deliver_transitions,
    batch.FOLLOWING: poll_due,
    batch.RETRYING: send_due,
    BULK: bulk_due,
    TRYING: try_due,
}
"""The task that each kind of hint is for."""
SWEPT = NUDGED | {task.name: task for task in (deliver_due, sweep_alerts, look_up_due, end_overdue, expire_overdue)}
"""What must go on also where no beat runs it: the web processes hint at it now and then."""


def publish(kind: str) -> None:
    """Publish one hint of a kind in ``SWEPT``. Raises what the broker's client raises."""
    SWEPT[kind].apply_async(expires=HINT_SECONDS)


def nudge(kinds: Iterable[str]) -> None:
    """Hint at the work that recording has made, after its commit."""
    for kind in sorted(kinds):
        _hint(NUDGED[kind])


def send_soon(delivery_id: int) -> None:
    """Have one delivery sent: for a test, which a person is waiting for."""
    _hint(send_delivery, delivery_id)


def _send_each(delivery_ids: Iterable[int]) -> None:
    for delivery_id in delivery_ids:
        _hint(send_delivery, delivery_id)


def _hint(task: Any, *ids: int) -> None:
    """Publish a hint. Where the broker does not take it, the next sweep does the work."""
    try:
        task.delay(*ids)
    except (OperationalError, OSError):
        logger.warning("a hint could not be published", exc_info=True)
