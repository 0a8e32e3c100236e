"""Deletes what is too old to keep, in small chunks: between two of them every other writer gets its turn.

How long is kept is decided by the caller. Issues, counts by the hour and the audit log stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.contrib.sessions.models import Session
from django.db import connection, models

from responses.models import (
    CallerId,
    FailedRequest,
    FailureBody,
    FollowUp,
    Item,
    LastRun,
    MinuteCount,
    Response,
    SuccessBody,
    ids,
)

CHUNK = 1_000
"""5,000 at a time held SQLite's writers for 123 ms."""
REQUESTS = 200
"""Of failed requests fewer: others point to them."""
DAILY, DAY = "retention", timedelta(days=1)
MINUTE_COUNTS = timedelta(hours=48)
CALLER_IDS = timedelta(days=7)


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """How long an install keeps what it may choose about."""

    success_bodies: timedelta
    failure_bodies: timedelta
    responses: timedelta
    """Also of items, follow-ups, and requests that are closed."""


def purge_daily(ages: Ages, *, now: datetime, has_time: Callable[[], bool]) -> None:
    """Purge once a day, in as many calls as it takes: a day counts as done when nothing too old is left."""
    if LastRun.objects.filter(name=DAILY, ran_at__gt=now - DAY, ran_at__lte=now).exists():
        return
    if purge(ages, now=now, has_time=has_time):
        LastRun.objects.update_or_create(name=DAILY, defaults={"ran_at": now})


def purge(ages: Ages, *, now: datetime, has_time: Callable[[], bool]) -> bool:
    """Delete, as long as ``has_time``; whether nothing too old is left."""
    for delete_chunk in _jobs(ages, now=now):
        is_more_left = True
        while is_more_left:
            if not has_time():
                return False
            is_more_left = delete_chunk()
    return True


def _jobs(ages: Ages, *, now: datetime) -> Iterator[Callable[[], bool]]:
    """Yield one deleter for each kind; each deletes a chunk, and says whether more may be left."""
    oldest = ids.floor(now - ages.responses)
    for model, age in ((SuccessBody, ages.success_bodies), (FailureBody, ages.failure_bodies)):
        yield _deleter(model, "response_id < %s", ids.floor(now - min(age, ages.responses)))
    yield _deleter(CallerId, "response_id < %s", ids.floor(now - CALLER_IDS))
    yield _deleter(MinuteCount, "minute < %s", int((now - MINUTE_COUNTS).timestamp()) // 60)
    # What points to a row goes before the row.
    yield _deleter(Item, "response_id < %s", oldest)
    yield _deleter(FollowUp, "id < %s", oldest)
    yield lambda: _forget_requests(oldest)
    yield _deleter(Response, "id < %s", oldest)
    yield lambda: _forget_sessions(now)


def _deleter(model: type[models.Model], condition: str, bound: int) -> Callable[[], bool]:
    table = model._meta.db_table

    def delete_chunk() -> bool:
        with connection.cursor() as cursor:
            return _delete_chunk(cursor, table, condition, bound) == CHUNK

    return delete_chunk


def _delete_chunk(cursor: Any, table: str, condition: str, bound: int) -> int:
    """Delete up to ``CHUNK`` rows by their physical address: every table has one, whatever its key."""
    if connection.vendor != "sqlite":
        chosen = f"ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {CHUNK})"  # noqa: S608 - our own names
        cursor.execute(f"DELETE FROM {table} WHERE ctid = ANY({chosen})", [bound])  # noqa: S608
        return int(cursor.rowcount)
    # Found first and deleted then, so that the search holds no lock.
    cursor.execute(f"SELECT rowid FROM {table} WHERE {condition} LIMIT {CHUNK}", [bound])  # noqa: S608
    chosen = ", ".join(str(int(row_id)) for (row_id,) in cursor.fetchall())
    if not chosen:
        return 0
    cursor.execute(f"DELETE FROM {table} WHERE rowid IN ({chosen})")  # noqa: S608
    return int(cursor.rowcount)


def _forget_requests(oldest: int) -> bool:
    """Delete closed requests that are as old as responses may be, with what belongs to them only."""
    closed = FailedRequest.objects.filter(pk__lt=oldest, closed_at__isnull=False).order_by("pk")
    found = list(closed.values_list("pk", flat=True)[:REQUESTS])
    FailedRequest.objects.filter(pk__in=found).delete()
    return len(found) == REQUESTS


def _forget_sessions(now: datetime) -> bool:
    """Delete sessions that nobody can use any more."""
    found = list(Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:CHUNK])
    Session.objects.filter(pk__in=found).delete()
    return len(found) == CHUNK
