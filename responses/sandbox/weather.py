"""When the simulated shop and its Ordergroove have bad hours, and which."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

CALM_WEIGHTS = {
    "sync@/subscription/create": 0.12,
    "423@PATCH /subscriptions/": 0.008,
    "429-seconds@/products-batch": 0.04,
    "500-html": 0.002,
    "502-html": 0.001,
    "hang": 0.001,
}
OUTAGE_WEIGHTS = {
    "sync@/subscription/create": 0.1,
    "503-html": 0.42,
    "500-empty": 0.08,
    "504-text": 0.06,
    "hang": 0.05,
    "reset": 0.03,
    "apply-500-html@/subscription/create": 0.06,
}
BLACKOUT_WEIGHTS = {"503-html": 0.8, "503-retry-after": 0.1, "reset": 0.06}
LOCKED_WEIGHTS = {**CALM_WEIGHTS, "423@PATCH /subscriptions/": 0.5, "423-json@GET /orders/": 0.02}
THROTTLED_WEIGHTS = {**CALM_WEIGHTS, "429": 0.15, "429-seconds": 0.15, "429-date": 0.05}
SLOW_WEIGHTS = {**CALM_WEIGHTS, "hang": 0.12, "hang-body": 0.04, "cut": 0.06, "200-html": 0.03}

# Quiet nights, a rise until noon, and the evening as the busiest time.
_HOURS = (0.35, 0.22, 0.15, 0.12, 0.14, 0.25, 0.5, 0.8, 1.05, 1.25, 1.4, 1.5,
          1.55, 1.4, 1.25, 1.2, 1.25, 1.4, 1.65, 1.85, 1.8, 1.45, 0.95, 0.6)  # fmt: skip
_WEEKDAYS = (1.08, 1.04, 1.0, 0.98, 1.02, 0.86, 1.02)


class Weather(msgspec.Struct, frozen=True):
    """What is wrong at a moment."""

    name: str = "calm"
    weights: dict[str, float] = msgspec.field(default_factory=CALM_WEIGHTS.copy)
    wrong_sku: float = 0.0
    """Share of tea that is sent under an id that does not exist."""
    no_session: float = 0.008
    """Share of checkouts that forget the session id."""
    old_key: float = 0.0
    """Share of look-ups that are sent with a key that has been revoked."""
    release: str = "2.4.1"


CALM = Weather()
OUTAGE = Weather("outage", OUTAGE_WEIGHTS)
BLACKOUT = Weather("blackout", BLACKOUT_WEIGHTS)
LOCKED = Weather("locked", LOCKED_WEIGHTS)
THROTTLED = Weather("throttled", THROTTLED_WEIGHTS)
SLOW = Weather("slow", SLOW_WEIGHTS)
WRONG_SKU = Weather("wrong sku", wrong_sku=0.75, release="2.5.0")
NO_SESSION = Weather("no session", no_session=0.4, release="2.5.1")
OLD_KEY = Weather("old key", old_key=0.6)

# Days before the end, hour of the day, how many hours: each shows something else on the charts of thirty days.
_PAST = (
    (26, 15.0, 2.0, THROTTLED),
    (22, 8.0, 3.0, OLD_KEY),
    (18, 2.0, 1.5, LOCKED),
    (11, 11.0, 6.5, OUTAGE),
    (8, 19.0, 1.0, SLOW),
    (6, 9.0, 10.0, WRONG_SKU),
    (4, 2.0, 1.0, LOCKED),
    (2, 3.2, 0.4, BLACKOUT),
)
_RECENT = timedelta(hours=5)

# Minutes of each cycle: in ten of them a spectator has seen every outcome.
_CYCLE = 15.0
_LIVE = ((1.0, 3.5, WRONG_SKU), (4.5, 5.5, BLACKOUT), (6.5, 7.5, LOCKED), (8.0, 8.6, SLOW), (9.0, 10.0, NO_SESSION),
         (11.0, 11.5, THROTTLED), (13.0, 13.4, OLD_KEY))  # fmt: skip


def in_history(moment: datetime, end: datetime) -> Weather:
    """The weather of a past that ends at ``end``; in its last hours a release is forgetting session ids."""
    return next((weather for begin, until, weather in _windows(end) if begin <= moment < until), CALM)


@lru_cache(maxsize=4)
def _windows(end: datetime) -> tuple[tuple[datetime, datetime, Weather], ...]:
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [(midnight + timedelta(days=-days, hours=hour), hours, weather) for days, hour, hours, weather in _PAST]
    past = [(begin, begin + timedelta(hours=hours), weather) for begin, hours, weather in begins]
    return ((end - _RECENT, end - timedelta(hours=1), NO_SESSION), *past)


def live(elapsed_seconds: float) -> Weather:
    """The weather for people who watch: something every few minutes, and calm in between."""
    minute = (elapsed_seconds / 60) % _CYCLE
    return next((weather for begin, until, weather in _LIVE if begin <= minute < until), CALM)


def busyness(moment: datetime) -> float:
    """How busy the shop is, 1 on average: by the hour of the day and the day of the week."""
    here, following = _HOURS[moment.hour], _HOURS[(moment.hour + 1) % 24]
    part = (1 - math.cos(math.pi * moment.minute / 60)) / 2
    return (here + (following - here) * part) * _WEEKDAYS[moment.weekday()]
