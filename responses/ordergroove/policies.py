"""Which failure may be sent again without a person, and when. Knows no clock and no dice: both are arguments.

It plans; it does not permit. Whether a send may go out at its time is asked of the guard, and of the budget.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import msgspec

from responses import backoff
from responses.ordergroove.endpoints import Endpoint, Kind
from responses.ordergroove.schedules import DAY, LEAST_AFTER_SERVER_ERROR, Growing, Lasting, Policy, Schedules

__all__ = [
    "LAST_ATTEMPT_ROOM",
    "LEASE",
    "SETTLE",
    "STALL",
    "Next",
    "Policy",
    "Schedules",
    "max_sends",
    "next_send",
    "policy_for",
    "wait_after_not_sent",
]

SETTLE = timedelta(minutes=10)
"""From the last byte of a send without an answer to the first look-up: Ordergroove may still be working on it."""
LEASE = timedelta(seconds=120)
STALL = timedelta(seconds=5)
LAST_ATTEMPT_ROOM = timedelta(minutes=15)
"""How long after the deadline the one 24-hour attempt may still begin."""

NOT_SENT_FIRST, NOT_SENT_CAP = 5.0, 300.0
# A crowd that failed together is spread by a quarter of its wait; a purchase by no more than this, in seconds, so that
# nine minutes stay within Ordergroove's ten.
SPREAD = 0.25
PURCHASE_SPREAD = 30.0
RETRY_AFTER_SPREAD = 0.1


class Next(msgspec.Struct, frozen=True):
    """When to send next, why then (a sentence for people), and after which time it is too late to begin."""

    due_at: datetime
    why: str
    expires_at: datetime | None = None


def policy_for(*, status_code: int | None, never_left: bool, endpoint: Endpoint, method: str) -> Policy | None:
    """Return the class of a failure; ``None`` where it is never sent again without a person.

    ``status_code`` is ``None`` where there was no answer. Unless the request ``never_left``, such a one is looked up
    first, and only then is the policy followed; reads (GET, HEAD) need no look-up. What is not safe to repeat waits
    for a person even after 423 and 429, and even when the caller says that it never left.
    """
    if not endpoint.safe_to_repeat or method.upper() != endpoint.method:
        return None
    if never_left and status_code is not None:
        # An answer to what never left is a contradiction that a person has to look at.
        return None
    if status_code == 423:
        return Policy.LOCKED
    if status_code == 429:
        return Policy.LIMITED
    if status_code is not None and not 500 <= status_code < 600:
        return None
    return Policy.PURCHASE if endpoint.kind is Kind.PURCHASE else Policy.SAFE


class _Case(msgspec.Struct, frozen=True):
    """What happened so far, and chance."""

    sends: int
    first_failed_at: datetime
    now: datetime
    deadline_at: datetime | None
    asked: float
    """Seconds that Ordergroove asked to wait, 0 when it did not."""
    random: float

    @property
    def asked_until(self) -> datetime:
        """Until when Ordergroove asked to wait; a crowd that was asked together does not come back together."""
        spread = 1 + RETRY_AFTER_SPREAD * self.random
        return self.now + timedelta(seconds=min(self.asked * spread, backoff.RETRY_AFTER_MOST))

    @property
    def asked_why(self) -> str:
        """The same as a reason."""
        return f"Ordergroove asked to wait {in_words(self.asked)}"


def max_sends(schedules: Schedules, policy: Policy) -> int:
    """Return how many sends a series of this class may have; of a mixed series the largest counts."""
    if policy is Policy.PERSON:
        return 1
    schedule = getattr(schedules, policy.value)
    most: int = schedule.most
    return most


def next_send(
    schedules: Schedules,
    policy: Policy,
    *,
    sends: int,
    first_failed_at: datetime,
    now: datetime,
    deadline_at: datetime | None,
    retry_after: float | None,
    random: float,
    most: int | None = None,
) -> Next | None:
    """Return the next time after ``sends`` sends, or ``None`` when the series has used up what it may.

    ``policy`` is the class of the newest answer; ``most`` the largest ``max_sends`` of the classes met in this series
    (by default that of ``policy``). ``retry_after`` is in seconds; what is no number of a wait is ignored. ``random``
    lies between 0 and 1, else ``ValueError``. Nothing lies after ``deadline_at`` but a purchase's one attempt when
    24 hours are over.
    """
    if not 0.0 <= random <= 1.0:
        raise ValueError("random lies between 0 and 1")
    most = max_sends(schedules, policy) if most is None else most
    if not 0 <= sends < most:
        return None
    if policy is Policy.PERSON:
        return Next(now, "A person asked for it.")
    case = _Case(sends, first_failed_at, now, deadline_at, _asked(retry_after), random)
    found = _purchase(schedules, case) if policy is Policy.PURCHASE else _growing(schedules, policy, case)
    if found is None:
        return None
    return msgspec.structs.replace(found, why=f"{ordinal(sends + 1)} of {most}: {found.why}")


def wait_after_not_sent(count: int, *, random: float) -> float:
    """Return the seconds, 5 s to 5 min, after the ``count``-th send in a row (from 1) that never left."""
    # One step ahead, so that the first wait is spread as well.
    return backoff.full_jitter(
        max(count, 1) + 1, initial=NOT_SENT_FIRST, cap=NOT_SENT_CAP, random=random, least=NOT_SENT_FIRST
    )


def longest_waits(schedules: Schedules, policy: Policy) -> tuple[float, ...]:
    """Return the seconds from the first failure to each send when every answer comes at once and chance is unkind."""
    if policy is Policy.PURCHASE:
        last = (float(DAY),) if schedules.purchase.after_a_day else ()
        return tuple(float(time) for time in schedules.purchase.times) + last
    found, at = [], 0.0
    for sends in range(max_sends(schedules, policy)):
        at += _own_wait(schedules, policy, sends, random=1.0)
        if policy is Policy.SAFE and at > schedules.safe.within:
            break
        found.append(at)
    return tuple(found)


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def in_words(seconds: float) -> str:
    """A wait as people say it: ``30 seconds``, ``about 3 minutes``, ``1 hour``."""
    whole = round(seconds)
    if whole < 120 and whole != 60:
        return f"{whole} second{'' if whole == 1 else 's'}"
    size = 60 if whole < 7200 and whole != 3600 else 3600
    return _about(timedelta(seconds=whole)) if whole % size else _units(whole // size, size)


def _about(wait: timedelta) -> str:
    seconds = wait.total_seconds()
    size = 60 if seconds < 7200 else 3600
    return f"about {_units(max(1, round(seconds / size)), size)}"


def _units(number: int, size: int) -> str:
    return f"{number} {'minute' if size == 60 else 'hour'}{'' if number == 1 else 's'}"


def _asked(retry_after: float | None) -> float:
    """What ``Retry-After`` asks for, from 1 s to 1 h; 0 when it is no number of a wait."""
    if retry_after is None or not math.isfinite(retry_after) or retry_after < 0:
        return 0.0
    return min(max(retry_after, backoff.RETRY_AFTER_LEAST), backoff.RETRY_AFTER_MOST)


def _purchase_spread(time: float, random: float) -> float:
    return random * min(PURCHASE_SPREAD, SPREAD * time)


def _own_wait(schedules: Schedules, policy: Policy, sends: int, *, random: float) -> float:
    """The wait in seconds when Ordergroove asks for none."""
    schedule: Growing | Lasting = getattr(schedules, policy.value)
    first, cap = float(schedule.first), float(schedule.cap)
    if policy is Policy.LIMITED:
        # One step ahead: the first wait, too, must keep a crowd apart.
        return backoff.full_jitter(sends + 2, initial=first, cap=cap, random=random, least=first)
    wait = backoff.ceiling(sends + 1, initial=first, cap=cap)
    # A lock is about one object, whose requests queue behind each other: there is no crowd to spread.
    return wait if policy is Policy.LOCKED else wait * (1 + SPREAD * random)


_REASONS = {
    Policy.LOCKED: "because the object was in use",
    Policy.LIMITED: "because Ordergroove had too many requests",
    Policy.SAFE: "because Ordergroove could not do it, or did not answer",
}


def _growing(schedules: Schedules, policy: Policy, case: _Case) -> Next | None:
    wait = _own_wait(schedules, policy, case.sends, random=case.random)
    why = f"after {in_words(wait)}, {_REASONS[policy]}"
    due_at = case.now + timedelta(seconds=wait)
    if policy is Policy.SAFE and due_at > case.first_failed_at + timedelta(seconds=schedules.safe.within):
        return None
    # A 429 names its own wait; of the others a wait that is asked for can only be longer.
    if case.asked > (0.0 if policy is Policy.LIMITED else wait):
        due_at, why = case.asked_until, case.asked_why
    if case.deadline_at is not None and due_at > case.deadline_at:
        return None
    return Next(due_at, why, case.deadline_at)


def _purchase(schedules: Schedules, case: _Case) -> Next | None:
    """Choose from fixed times after the first failure, then the last attempt when its 24 hours are over."""
    a_day_later = case.first_failed_at + timedelta(seconds=DAY)
    deadline_at = case.deadline_at or a_day_later
    times = schedules.purchase.times
    if case.sends < len(times):
        time = times[case.sends]
        at = case.first_failed_at + timedelta(seconds=time + _purchase_spread(time, case.random))
        due_at = max(at, case.now + timedelta(seconds=LEAST_AFTER_SERVER_ERROR))
        why = f"{_about(due_at - case.first_failed_at)} after the first failure"
        if case.asked_until > due_at:
            due_at, why = case.asked_until, case.asked_why
        if due_at <= deadline_at:
            return Next(due_at, why, deadline_at)
    # When the day is over, the attempt that just failed may have been the last one: it is never repeated.
    if not schedules.purchase.after_a_day or case.now >= a_day_later:
        return None
    expires_at = deadline_at + LAST_ATTEMPT_ROOM
    due_at = max(a_day_later + timedelta(seconds=PURCHASE_SPREAD * case.random), case.asked_until)
    return (
        Next(due_at, "24 hours after the first failure, and then no more", expires_at) if due_at <= expires_at else None
    )
