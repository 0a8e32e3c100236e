"""The figures of the overview: what needs a person, and how the last 24 hours compare with those before."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from responses.exchanges import Outcome
from responses.insight import periods
from responses.models import FailedRequest, FollowUp, OutcomeHour, Response, User, ids

DAY_HOURS = 24
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
CAP = 1000
"""Queues are counted up to this: who sees more knows enough."""


class Rate(msgspec.Struct, frozen=True):
    """The responses of a stretch of time whose result is known, and those of them that are proven successes.

    An accepted purchase is neither before its result is known: it may look like a success and be none.
    """

    responses: int = 0
    known: int = 0
    good: int = 0
    recovered: int = 0
    """How many we got by sending again."""

    @property
    def share(self) -> float | None:
        """Between 0 and 1; ``None`` where nothing is known."""
        return self.good / self.known if self.known else None

    def __add__(self, other: Rate) -> Rate:
        return Rate(
            self.responses + other.responses,
            self.known + other.known,
            self.good + other.good,
            self.recovered + other.recovered,
        )


class Day(msgspec.Struct, frozen=True):
    """The last 24 hours by the hour (the oldest first), in sum, and the 24 hours before."""

    hours: tuple[Rate, ...]
    total: Rate
    before: Rate


class Waiting(msgspec.Struct, frozen=True):
    """Accepted purchases whose result is not known yet."""

    asked: int
    """We ask for it."""
    unconfirmed: int
    """Nobody can ask: there are no credentials."""
    oldest_at: datetime | None


class Queue(msgspec.Struct, frozen=True):
    """The requests that a person must correct or decide."""

    requests: int
    next: FailedRequest | None
    """The first to expire."""
    within_hour: int
    """How many expire within the hour."""
    expired: int
    """How many ran out of time in the last 24 hours, and were lost."""


def day(user: User, integration_id: int, *, now: datetime) -> Day:
    """Return the confirmed success rate of the last 24 hours, and of the 24 before."""
    last = periods.hour_of(now)
    found = OutcomeHour.objects.visible_in(user, integration_id).filter(hour__gt=last - 2 * DAY_HOURS, hour__lte=last)
    rates = [Rate()] * (2 * DAY_HOURS)
    columns = ("hour", "outcome", "responses", "confirmed", "refused", "recovered")
    for hour, outcome, *counts in found.values_list(*columns):
        rates[hour - last - 1] += rate_of(Outcome(outcome), *counts)
    return Day(tuple(rates[DAY_HOURS:]), sum(rates[DAY_HOURS:], Rate()), sum(rates[:DAY_HOURS], Rate()))


def rate_of(outcome: Outcome, responses: int, confirmed: int, refused: int, recovered: int = 0) -> Rate:
    """Return what one count adds to the rate."""
    if outcome is Outcome.ACCEPTED:
        return Rate(responses, confirmed + refused, confirmed, recovered)
    return Rate(responses, responses, responses if outcome is Outcome.SUCCESS else 0, recovered)


def waiting(user: User, integration_id: int, *, now: datetime) -> Waiting:
    """Return how many accepted purchases wait for Ordergroove's result, and since when the oldest does."""
    mine = FollowUp.objects.visible_in(user, integration_id)
    asked = mine.filter(state=FollowUp.State.PENDING)
    since = ids.floor(now - DAY)
    unconfirmed = mine.filter(state=FollowUp.State.UNCONFIRMED, id__gte=since)
    oldest_at = asked.order_by("id").values_list("accepted_at", flat=True).first()
    return Waiting(
        asked[:CAP].count() if oldest_at is not None else 0,
        unconfirmed[:CAP].count(),
        oldest_at,
    )


def queue(user: User, integration_id: int, *, now: datetime) -> Queue:
    """Return what waits for a person, what of it expires first, and what nobody saved in time."""
    mine = FailedRequest.objects.visible_in(user, integration_id)
    fixable = mine.to_fix()
    running = fixable.filter(deadline_at__gt=now).order_by("deadline_at", "id")
    first = running.first()
    is_close = first is not None and first.deadline_at is not None and first.deadline_at <= now + HOUR
    lost = mine.filter(state=FailedRequest.State.EXPIRED, deadline_at__gt=now - DAY, deadline_at__lte=now)
    return Queue(
        fixable.order_by()[:CAP].count(),
        first,
        running.filter(deadline_at__lte=now + HOUR).order_by()[:CAP].count() if is_close else 0,
        lost.order_by()[:CAP].count(),
    )


def last_recorded_at(user: User, integration_id: int) -> datetime | None:
    """Return when the last response was recorded; ``None`` when there has never been one."""
    mine = Response.objects.visible_in(user, integration_id)
    newest = mine.order_by("-id").values_list("id", flat=True).first()
    return ids.time_of(newest) if newest is not None else None
