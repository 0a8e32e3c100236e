"""Thirty days that a demo looks back on: invented exchanges go through recording at their own time; between them the
sweeps run and people decide, as they would have. No message leaves: what happened then is no news."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import msgspec
from django.db import transaction
from django.db.models import F, Max

from responses.exchanges import Exchange, Origin, RetryBy
from responses.following import ending
from responses.management import demo_people
from responses.models import FollowUp, IntakeKey, Integration, LastRun, Response, Transition, ids
from responses.recording import facts, record
from responses.recording.facts import Facts
from responses.retention import expiry

DAYS = 30
BEGUN, MADE = "demo-history-begun", "demo-history-made"
_TOGETHER, _TOGETHER_LATELY = timedelta(minutes=6), timedelta(seconds=6)
"""Exchanges this close to each other are recorded at one instant: few enough transactions, and hardly seen."""
_LATELY = timedelta(hours=24)

Invent = Callable[[datetime, datetime], Iterator[tuple[datetime, Exchange]]]
"""Makes the exchanges between two instants, in their order; for the same instants always the same ones."""
Told = Callable[[datetime, datetime], None]
"""Called with how far it is, and where it ends."""


def is_made() -> bool:
    """Whether there is nothing left to do."""
    return LastRun.objects.filter(name=MADE).exists()


def make(integration: Integration, invent: Invent, *, now: datetime, tell: Told, days: int = DAYS) -> int:
    """Make the history that ends at ``now``; return how many responses were recorded.

    Interrupted, it goes on the next time where it had stopped: the same past, which ends where it was to end.
    """
    begun, _ = LastRun.objects.get_or_create(name=BEGUN, defaults={"ran_at": now.replace(microsecond=0)})
    end, recorded = begun.ran_at, 0
    key = IntakeKey.objects.usable().filter(integration=integration).order_by("pk").first()
    # What failed in an invented past is never sent: the monitor retries from today on.
    known = msgspec.structs.replace(facts.of(integration, key), retry_by=RetryBy.CALLER)
    people = demo_people.hire(integration, now=end - timedelta(days=days))
    for hour, exchanges in _hours(integration, invent(end - timedelta(days=days), end)):
        # One transaction an hour: it is one fsync, and an interrupted hour leaves nothing behind.
        with transaction.atomic():
            recorded += _record(known, exchanges, end=end)
            moment = min(hour + timedelta(hours=1), end)
            _sweep(known, now=moment)
            demo_people.look_after(integration, people, now=moment, end=end)
        tell(moment, end)
    LastRun.objects.update_or_create(name=MADE, defaults={"ran_at": now})
    return recorded


def _hours(
    integration: Integration, past: Iterator[tuple[datetime, Exchange]]
) -> Iterator[tuple[datetime, list[Exchange]]]:
    """Yield the exchanges of each hour that has any and is not on disk yet."""
    newest = Response.objects.filter(integration=integration).aggregate(newest=Max("id"))["newest"]
    # An id tells its time to the millisecond only.
    after = ids.time_of(newest) + timedelta(milliseconds=1) if newest else None
    fresh = (pair for pair in past if after is None or pair[0] >= after)
    for hour, pairs in groupby(fresh, key=lambda pair: pair[0].replace(minute=0, second=0, microsecond=0)):
        yield hour, [exchange for _, exchange in pairs]


def _record(known: Facts, exchanges: Sequence[Exchange], *, end: datetime) -> int:
    recorded, batch = 0, list[Exchange]()
    for exchange in exchanges:
        assert exchange.sent_at is not None
        span = _TOGETHER if exchange.sent_at < end - _LATELY else _TOGETHER_LATELY
        if batch and exchange.sent_at - _sent_at(batch[0]) > span:
            recorded += _record_together(known, batch)
            batch = []
        batch.append(exchange)
    return recorded + _record_together(known, batch)


def _record_together(known: Facts, batch: Sequence[Exchange]) -> int:
    if not batch:
        return 0
    record.record(known, batch, now=_sent_at(batch[-1]))
    for exchange in batch:
        if exchange.origin is Origin.POLL:
            subs_req_id = exchange.request.url.rsplit("/", 2)[-2]
            FollowUp.objects.filter(integration_id=known.integration_id, subs_req_id=subs_req_id).update(
                polls=F("polls") + 1
            )
    return len(batch)


def _sent_at(exchange: Exchange) -> datetime:
    assert exchange.sent_at is not None
    return exchange.sent_at


def _sweep(known: Facts, *, now: datetime) -> None:
    """What beat would have had done by now."""
    over = FollowUp.objects.filter(state=FollowUp.State.PENDING, give_up_at__lte=now)
    for follow_up_id in list(over.values_list("pk", flat=True)):
        record.give_up(follow_up_id, known, now=now)
    ending.sweep(now)
    expiry.expire(now)
    expiry.unseal_overdue(now)
    Transition.objects.unhandled().update(handled_at=now, fate=Transition.Fate.BEFORE)
