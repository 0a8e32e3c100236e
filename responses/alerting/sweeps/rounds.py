"""Finds what no single change tells: growth, silence, clocks that run out, what is over. Writes transitions, sends nothing.

Each sweep stands for itself: where one fails, the others go on, and it is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sentry_sdk

from responses.alerting import acknowledge
from responses.alerting.sweeps import (
    auth,
    calm,
    clocks,
    digest,
    growth,
    lasting,
    many,
    recovery,
    reminders,
    repeated,
    silence,
)
from responses.models import LastRun

Sweep = Callable[[datetime], int]
OFTEN: tuple[Sweep, ...] = (growth.sweep, auth.sweep, reminders.sweep)
SELDOM: tuple[Sweep, ...] = (
    recovery.sweep,
    lasting.sweep,
    many.sweep,
    repeated.sweep,
    calm.sweep_back,
    clocks.sweep_unknown,
    clocks.sweep_expiring,
    silence.sweep,
    digest.sweep,
)
"""What changes by the minute is looked for once a minute."""
SELDOM_EVERY = timedelta(seconds=55)

logger = logging.getLogger(__name__)


def sweep(now: datetime) -> int:
    """Look for everything that is due; return how many transitions were written. May run twice at once without harm."""
    _try(acknowledge.follow, now)
    found = sum(_try(one, now) for one in OFTEN)
    if LastRun.objects.take_turn("sweep_alerts", every=SELDOM_EVERY, now=now):
        found += sum(_try(one, now) for one in SELDOM)
    return found


def _try(one: Sweep, now: datetime) -> int:
    try:
        return one(now)
    except Exception as error:
        logger.exception("a sweep for alerts has failed")
        sentry_sdk.capture_exception(error)
        return 0
