"""Recording: exchanges become rows, in one transaction a batch. What was acknowledged is on disk.

It sends nothing and enqueues nothing: it says which tasks have something to do (``nudges``).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import DataError, IntegrityError, OperationalError, transaction

from responses.exchanges import Exchange, ItemState, Outcome
from responses.models import CallerId, FollowUp, ids
from responses.recording import follow_ups, rows
from responses.recording.batch import Batch
from responses.recording.facts import Facts
from responses.recording.prepare import Prepared, prepare
from responses.recording.resends import Dice

logger = logging.getLogger(__name__)

CHUNK = 100
"""At most so many responses share one transaction: no other writer waits longer than for these."""
_TRIES = 3


class Result(msgspec.Struct, frozen=True):
    """What became of one exchange: ``status`` is ``recorded``, ``duplicate`` or ``rejected``."""

    id: int
    status: str
    outcome: Outcome | None = None
    created: int = 0
    failed: int = 0
    unknown: int = 0
    errors: dict[str, list[str]] = {}


class Written(msgspec.Struct, frozen=True):
    """The results in the order of the batch, and the tasks that now have something to do."""

    results: list[Result]
    nudges: frozenset[str] = frozenset()


def record(facts: Facts, exchanges: Sequence[Exchange], *, now: datetime, dice: Dice = random.random) -> Written:
    """Prepare and write ``exchanges``. Raises ``OperationalError`` when the database cannot store them now."""
    return write([prepare(facts, exchange, now=now) for exchange in exchanges], now=now, dice=dice)


def write(batch: Sequence[Prepared], *, now: datetime, dice: Dice = random.random) -> Written:
    """Write prepared exchanges, ``CHUNK`` a transaction. Those that the database refuses are isolated and named."""
    results: list[Result] = []
    nudges: frozenset[str] = frozenset()
    for start in range(0, len(batch), CHUNK):
        written = _write_chunk(batch[start : start + CHUNK], now=now, dice=dice)
        results += written.results
        nudges |= written.nudges
    return Written(results, nudges)


def give_up(follow_up_id: int, facts: Facts, *, now: datetime) -> frozenset[str]:
    """End one pursuit as unknown, if it is still open. Returns the nudges."""
    with transaction.atomic(), rows.cursor() as cursor:
        found = FollowUp.objects.filter(pk=follow_up_id, settled_at=None).values_list("integration_id", "subs_req_id")
        pursuits = follow_ups.load(cursor, list(found))
        batch = Batch(cursor, now=now, dice=random.random)
        batch.gathering.load(cursor, [pursuit.request_key for pursuit in pursuits.values()])
        batch.settled = [
            follow_ups.give_up(pursuit, facts, batch.gathering, batch.tallies) for pursuit in pursuits.values()
        ]
        return batch.write()


def _write_chunk(batch: Sequence[Prepared], *, now: datetime, dice: Dice) -> Written:
    for tries_left in reversed(range(_TRIES)):
        try:
            return _write_together(batch, now=now, dice=dice)
        except OperationalError as error:
            if not tries_left or not _is_conflict(error):
                raise
        except (IntegrityError, DataError, ValueError, OverflowError) as error:
            if not tries_left:
                return _write_alone(batch, error, now=now, dice=dice)
    raise AssertionError("unreachable")


def _is_conflict(error: OperationalError) -> bool:
    """Whether two writers met in a way that the next try can win (PostgreSQL: deadlock, serialization)."""
    return getattr(error.__cause__, "sqlstate", "") in ("40P01", "40001")


def _write_alone(batch: Sequence[Prepared], error: Exception, *, now: datetime, dice: Dice) -> Written:
    """Store each by itself, so that one bad record does not take its neighbours with it."""
    if len(batch) == 1:
        logger.error("record refused by the database", exc_info=error)
        text = "The database refused this record; nothing of it was stored."
        return Written([Result(0, "rejected", errors={"": [text]})])
    results: list[Result] = []
    nudges: frozenset[str] = frozenset()
    for one in batch:
        written = _write_chunk([one], now=now, dice=dice)
        results += written.results
        nudges |= written.nudges
    return Written(results, nudges)


def _write_together(batch: Sequence[Prepared], *, now: datetime, dice: Dice) -> Written:
    with transaction.atomic(), rows.cursor() as cursor:
        for one in batch:
            one.response_id = ids.new(now)
        duplicates = _claim_caller_ids(cursor, batch)
        fresh = [one for index, one in enumerate(batch) if index not in duplicates]
        work = Batch(cursor, now=now, dice=dice)
        work.decide(fresh)
        nudges = work.write()
    results = [duplicates[index] if index in duplicates else _result(one) for index, one in enumerate(batch)]
    return Written(results, nudges)


def _result(one: Prepared) -> Result:
    understood = one.meaning
    if not understood.items:
        return Result(one.response_id, "recorded", understood.outcome)
    return Result(
        one.response_id,
        "recorded",
        understood.outcome,
        understood.count(ItemState.CREATED),
        understood.count(ItemState.FAILED),
        understood.count(ItemState.UNKNOWN),
    )


def _claim_caller_ids(cursor: rows.Cursor, batch: Sequence[Prepared]) -> dict[int, Result]:
    """Take the callers' ids; return, by position, those that somebody had taken before (in this batch too)."""
    first: dict[tuple[int, str], int] = {}
    for index, one in enumerate(batch):
        if one.caller_id:
            first.setdefault((one.facts.integration_id, one.caller_id), index)
    if not first:
        return {}
    added = rows.insert_returning(
        cursor,
        CallerId,
        ("integration_id", "caller_id", "response_id"),
        [(*key, batch[index].response_id) for key, index in sorted(first.items())],
        "ON CONFLICT (integration_id, caller_id) DO NOTHING RETURNING integration_id, caller_id",
    )
    taken = {(integration_id, caller_id) for integration_id, caller_id in added}
    known = _known(cursor, [key for key in first if key not in taken])
    duplicates = {}
    for index, one in enumerate(batch):
        key = (one.facts.integration_id, one.caller_id)
        if not one.caller_id or (key in taken and first[key] == index):
            continue
        original = batch[first[key]]
        duplicates[index] = known.get(key) or msgspec.structs.replace(_result(original), status="duplicate")
    return duplicates


def _known(cursor: rows.Cursor, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Result]:
    """Return what was recorded earlier under callers' ids; the response itself may have gone since."""
    if not keys:
        return {}
    marks = ", ".join(["%s"] * len(keys))
    cursor.execute(
        "SELECT known.integration_id, known.caller_id, known.response_id, response.outcome, "
        "response.items_created, response.items_failed, response.items_unknown FROM responses_callerid known "
        "LEFT JOIN responses_response response ON response.id = known.response_id "
        f"WHERE known.caller_id IN ({marks}) AND known.integration_id IN ({marks})",
        [key[1] for key in keys] + [key[0] for key in keys],
    )
    found = {}
    for integration_id, caller_id, response_id, outcome, *items in cursor.fetchall():
        meaning = (Outcome(outcome), *items) if outcome is not None else ()
        found[integration_id, caller_id] = Result(response_id, "duplicate", *meaning)
    return found
