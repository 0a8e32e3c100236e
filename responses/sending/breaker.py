"""When a host, or a credential, is left alone: what its answers do to its gate. Pure: changes the row in memory only.

A host's breaker opens when it mostly fails, a credential's when it is refused; 403 opens neither. While one is open, a
probe is let through every half minute (to one that refuses the key ever more seldom), and its answer decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from responses import backoff
from responses.models import Gate
from responses.sending import rates, windows
from responses.sending.rates import Limits

PROBE_EVERY = timedelta(seconds=30)
REFUSED_PROBE_CAP = timedelta(minutes=30)
"""A refused key seldom becomes good by itself, and each probe ends a request as refused: the waits double up to this."""
LEAST_ANSWERS = 10
"""So few say nothing of a host."""
BAD_SHARE = 0.5
BAD_IN_A_ROW = 3
"""So many bad answers in a row, and we slow down; ``LEAST_ANSWERS`` of them, and the breaker opens."""
REFUSALS = 5
PAUSE_FIRST, PAUSE_CAP = 5.0, 300.0
"""Seconds without a send after a 429 that does not say how many; doubled with each in a row."""
_LONGEST_PAUSE = timedelta(seconds=backoff.RETRY_AFTER_MOST)

Breaker = Gate.Breaker


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a call of our own. Without a status code there was none, whether the call had left or not."""

    status_code: int | None
    retry_after: float | None = None
    """Seconds that the answer asks to wait, if it does."""
    is_counted: bool = True
    """The minute counts hold it as well: so it is with sends, not with polls and look-ups."""

    @property
    def is_bad(self) -> bool:
        """Whether it was a 5xx, or nothing."""
        return self.status_code is None or self.status_code >= 500


def is_closed(gate: Gate) -> bool:
    """Whether nothing is in the way."""
    return gate.breaker == Breaker.CLOSED


def has_turn_for_probe(gate: Gate, now: datetime) -> bool:
    """Whether one may find out if it is over. Also where the last probe never told."""
    # A time that lies further ahead was written by a clock that has since been put right.
    return gate.probe_at is None or not now < gate.probe_at <= now + REFUSED_PROBE_CAP


def begin_probe(gate: Gate, now: datetime) -> None:
    """Let one through. The next one, if this one never tells, follows after the usual time."""
    gate.breaker, gate.probe_at = Breaker.HALF_OPEN, now + PROBE_EVERY


def pause_ends_at(gate: Gate, now: datetime) -> datetime | None:
    """Return until when Ordergroove asked us to wait, if that time has not come."""
    if gate.paused_until is None or not now < gate.paused_until <= now + _LONGEST_PAUSE:
        return None
    return gate.paused_until


def hear_host(gate: Gate, heard: Heard, limits: Limits, *, outstanding: int, now: datetime) -> None:
    """Note what a host answered. ``outstanding``: sends to it whose answers are still awaited."""
    if heard.status_code == 429:
        if gate.breaker == Breaker.HALF_OPEN:
            _close(gate, now=now)
        _wait(gate, heard, now=now)
        return
    if windows.of(gate.answers, now).answers == 0:
        gate.bad_in_a_row = 0
    gate.answers = windows.added(gate.answers, is_good=not heard.is_bad, is_counted=heard.is_counted, now=now)
    if heard.is_bad:
        gate.bad_in_a_row += 1
        _doubt(gate, limits, outstanding=outstanding, now=now)
        return
    gate.bad_in_a_row = 0
    if pause_ends_at(gate, now) is None:
        gate.paused_until, gate.pauses = None, 0
    if gate.breaker == Breaker.HALF_OPEN:
        _close(gate, now=now)
        rates.begin_again(gate, at=now, now=now)


def judge_live(gate: Gate, now: datetime) -> None:
    """Open the breaker where all traffic of the last minute, the callers' own included, has mostly failed."""
    ours = windows.of(gate.answers, now)
    answers, bad = round(ours.answers + gate.live_answers), round(ours.bad + gate.live_bad)
    if is_closed(gate) and _is_mostly_bad(answers, bad):
        _open(gate, f"{bad} of {answers} answers in the last minute were 5xx or did not come", now=now)


def hear_account(gate: Gate, heard: Heard, *, now: datetime) -> None:
    """Note what the answer says of the credential. 403, 429, 5xx and silence say nothing."""
    if heard.is_bad or heard.status_code in (403, 429):
        return
    is_good = heard.status_code != 401
    gate.answers = windows.added(gate.answers, is_good=is_good, is_counted=heard.is_counted, now=now)
    if gate.breaker == Breaker.HALF_OPEN:
        if is_good:
            _close(gate, now=now)
        else:
            gate.breaker = Breaker.OPEN
            gate.bad_in_a_row = min(gate.bad_in_a_row + 1, 64)
            gate.probe_at = now + min(PROBE_EVERY * 2**gate.bad_in_a_row, REFUSED_PROBE_CAP)
        return
    found = windows.of(gate.answers, now)
    if is_closed(gate) and found.bad >= REFUSALS and found.good == 0:
        _open(gate, f"{found.bad} calls in the last minute got 401, and none got through: check the key", now=now)


def forget(gate: Gate) -> None:
    """Close it, and forget what led to it: there is a new credential."""
    gate.breaker, gate.breaker_reason, gate.probe_at = Breaker.CLOSED, "", None
    gate.answers, gate.bad_in_a_row = [], 0


def _doubt(gate: Gate, limits: Limits, *, outstanding: int, now: datetime) -> None:
    """After a bad answer: open, open again, or at least slow down."""
    if gate.breaker == Breaker.HALF_OPEN:
        gate.breaker = Breaker.OPEN
    if not is_closed(gate):
        return
    judge_live(gate, now)
    if is_closed(gate) and gate.bad_in_a_row >= LEAST_ANSWERS and not _is_live_well(gate):
        _open(gate, f"the last {gate.bad_in_a_row} answers were all 5xx or did not come", now=now)
    if gate.bad_in_a_row >= BAD_IN_A_ROW:
        rates.slow_down(gate, limits, sent=outstanding + gate.bad_in_a_row, now=now)


def _is_live_well(gate: Gate) -> bool:
    """Whether the callers get good answers: then it is our requests that are bad, not the host."""
    return gate.live_answers >= LEAST_ANSWERS and gate.live_bad < gate.live_answers * BAD_SHARE


def _is_mostly_bad(answers: int, bad: int) -> bool:
    return answers >= LEAST_ANSWERS and bad >= answers * BAD_SHARE


def _open(gate: Gate, reason: str, *, now: datetime) -> None:
    gate.breaker, gate.breaker_reason = Breaker.OPEN, reason
    gate.opened_at, gate.probe_at = now, now + PROBE_EVERY


def _close(gate: Gate, *, now: datetime) -> None:
    """What was bad before says nothing any more."""
    forget(gate)
    gate.closed_at = now


def _wait(gate: Gate, heard: Heard, *, now: datetime) -> None:
    """Send nothing to the host for a while: Ordergroove limits by our address."""
    running = pause_ends_at(gate, now)
    if running is None:
        # Those that were under way when the pause began do not make it longer.
        gate.pauses = min(gate.pauses + 1, 64)
    seconds = heard.retry_after
    if seconds is None:
        seconds = backoff.ceiling(gate.pauses, initial=PAUSE_FIRST, cap=PAUSE_CAP)
    seconds = min(max(seconds, backoff.RETRY_AFTER_LEAST), backoff.RETRY_AFTER_MOST)
    gate.paused_until = max(running or now, now + timedelta(seconds=seconds))
    rates.begin_again(gate, at=gate.paused_until, now=now)
