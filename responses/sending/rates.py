"""How fast we may send to a host: a bucket of tokens that refills at the allowed rate. Pure: touches no table.

The rate is a ceiling for *any* minute: the bucket holds a twelfth of it, and what is refilled in a minute is the rest.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import msgspec

from responses.models import Gate

SLOWEST = 60.0
"""Sends a minute while a host fails, and when it has just recovered."""
RESERVE = 0.2
"""The part of a host's own limit that we leave free for live traffic."""
TRICKLE = 12.0
"""Sends a minute that are left to us where live traffic needs everything: what waits must not wait for ever."""
_BURST = 12
_MINUTE = 60.0


class Limits(msgspec.Struct, frozen=True):
    """What bounds the rate from outside, in calls a minute."""

    budget: float
    """Ours, for one host."""
    host: float | None = None
    """Ordergroove's for the host, shared with live traffic; none where it states none."""


def per_minute(gate: Gate, limits: Limits, *, now: datetime) -> float:
    """Return how many sends a minute are allowed now."""
    rate = min(limits.budget, _grown(gate, now=now))
    if limits.host is not None:
        rate = min(rate, max(TRICKLE, limits.host * (1 - RESERVE) - gate.live_calls))
    return rate


def is_recovering(gate: Gate, limits: Limits, *, now: datetime) -> bool:
    """Whether the rate is still growing."""
    return _grown(gate, now=now) < limits.budget


def refill(gate: Gate, limits: Limits, *, now: datetime) -> None:
    """Add the tokens of the time since the last refill; a bucket that was never used is full."""
    if gate.recovering_since is not None and not is_recovering(gate, limits, now=now):
        gate.recovering_since = None
    rate = per_minute(gate, limits, now=now)
    most = _size(rate)
    if gate.refilled_at is None:
        gate.tokens = most
    else:
        gate.tokens = min(most, gate.tokens + _seconds(now - gate.refilled_at) * _each_second(rate))
    gate.refilled_at = now


def take(gate: Gate) -> bool:
    """Take one token; whether there was one."""
    if gate.tokens < 1:
        return False
    gate.tokens -= 1
    return True


def next_token_at(gate: Gate, limits: Limits, *, now: datetime) -> datetime:
    """Return when the bucket holds a token again."""
    each_second = _each_second(per_minute(gate, limits, now=now))
    return now + timedelta(seconds=max(0.0, 1 - gate.tokens) / each_second)


def slow_down(gate: Gate, limits: Limits, *, sent: int, now: datetime) -> None:
    """Begin again at the slowest rate, since the host fails; ``sent`` of ours went out since it began to.

    What went out at the faster rate counts: from the first failure on, no minute sees more than the slowest rate.
    """
    refill(gate, limits, now=now)
    was_faster = per_minute(gate, limits, now=now) > SLOWEST
    gate.recovering_since = now
    slowest = _size(per_minute(gate, limits, now=now))
    gate.tokens = min(gate.tokens, slowest - sent if was_faster else slowest)


def begin_again(gate: Gate, *, at: datetime, now: datetime) -> None:
    """Start from the slowest rate, with an empty bucket, from ``at`` on. What it owed stays owed."""
    passed = _seconds(now - gate.refilled_at) if gate.refilled_at is not None else 0.0
    gate.recovering_since = at
    gate.tokens = min(gate.tokens + passed * _each_second(SLOWEST), 0.0)
    gate.refilled_at = now


def _grown(gate: Gate, *, now: datetime) -> float:
    if gate.recovering_since is None:
        return math.inf
    doublings = int((now - gate.recovering_since).total_seconds() // _MINUTE)
    return math.ldexp(SLOWEST, min(max(doublings, 0), 32))


def _size(rate: float) -> float:
    return max(1.0, math.floor(rate / _BURST))


def _each_second(rate: float) -> float:
    return max(rate - _size(rate), 1.0) / _MINUTE


def _seconds(passed: timedelta) -> float:
    # A time far ahead was written by a clock that has since been put right.
    seconds = passed.total_seconds()
    return _MINUTE if seconds < -_MINUTE else max(0.0, seconds)
