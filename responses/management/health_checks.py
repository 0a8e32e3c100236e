"""What ``check_health`` looks at: each check says whether it is well, and in words what it saw. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError

from ordergroove_monitor.celery import app
from responses.insight import health
from responses.models import FollowUp, Integration, User

BROKER_SECONDS = 2
LATE = timedelta(minutes=5)


class Check(msgspec.Struct, frozen=True):
    """One finding."""

    name: str
    is_well: bool
    words: str


def run(now: datetime) -> list[Check]:
    """Look at everything. Where the database does not answer, nothing else can be known."""
    checks = [_database()]
    if checks[0].is_well:
        checks.append(_migrations())
    if all(check.is_well for check in checks):
        # What a superuser may see is everything.
        seen = health.read(User(is_superuser=True), now=now)
        checks += [_age("worker", seen.worker, seen.is_worker_silent), _age("beat", seen.beat, seen.is_beat_silent)]
        waiting = f"the oldest waits {_words(seen.oldest_transition)}" if seen.oldest_transition else "none waits"
        checks.append(Check("messages", not seen.is_late, waiting))
        checks += [Check(f"channel {one.name}", is_well=False, words=one.last_error) for one in seen.failing]
        if seen.pings.arrived_at is not None or seen.pings.is_failing:
            words = seen.pings.words if seen.pings.is_failing else "arrives"
            checks.append(Check("outgoing heartbeat", is_well=not seen.pings.is_failing, words=words))
        checks += _results(now)
    checks.append(_broker())
    return checks


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, OSError) as error:
        return Check("database", is_well=False, words=type(error).__name__)
    return Check("database", is_well=True, words=connection.vendor)


def _migrations() -> Check:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    words = f"{len(missing)} missing: run manage.py migrate" if missing else "all applied"
    return Check("migrations", is_well=not missing, words=words)


def _age(name: str, age: timedelta | None, is_silent: bool) -> Check:  # noqa: FBT001
    words = "never seen: is manage.py up running?" if age is None else f"seen {_words(age)} ago"
    return Check(name, is_well=not is_silent, words=words)


def _results(now: datetime) -> Iterator[Check]:
    """Accepted purchases whose result should have been asked for long ago, and integrations where nobody may ask."""
    paused = [one for one in Integration.objects.order_by("slug") if one.follow_problem]
    for integration in paused:
        yield Check(f"results of {integration.slug}", is_well=False, words=integration.follow_problem)
    late = FollowUp.objects.due(now - LATE).exclude(integration__in=paused)
    late_for = late.order_by("next_poll_at").values_list("next_poll_at", flat=True).first()
    if late_for is not None:
        yield Check(
            "results", is_well=False, words=f"the oldest should have been asked for {_words(now - late_for)} ago"
        )
    else:
        yield Check("results", is_well=True, words="asked for in time")


def _broker() -> Check:
    words = settings.CELERY_BROKER_URL.partition(":")[0]
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (OperationalError, OSError) as error:
        return Check("broker", is_well=False, words=f"{words}: {type(error).__name__}")
    return Check("broker", is_well=True, words=words)


def _words(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
