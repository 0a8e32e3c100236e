"""Whether our own parts are alive, and the outgoing heartbeat that says so to a dead man's switch.

Each part notes when it was last seen. The database is seen when such a note was written quickly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from responses.alerting import wording
from responses.alerting.channels import targets, wire
from responses.alerting.channels.errors import ChannelError
from responses.models import Heartbeat, Transition

WORKER, BEAT, DATABASE, WEB = "worker", "beat", "database", "web"
PARTS = (WORKER, BEAT, DATABASE, WEB)
SILENT_AFTER = timedelta(minutes=2)
SLOW_SECONDS = 5.0
"""A database that takes longer to write one small row is not well."""
GAP = timedelta(minutes=1)
"""So long after the last note the database counts as having been away."""

ARRIVED, FAILED = "heartbeat.arrived", "heartbeat.failed"
PING_SECONDS = 10.0
NAME = "The heartbeat's address"


class Pings(msgspec.Struct, frozen=True):
    """How the outgoing heartbeat fares."""

    arrived_at: datetime | None
    failed_at: datetime | None
    words: str
    """Why it last did not get through."""

    @property
    def is_failing(self) -> bool:
        """Whether the last one did not get through."""
        return self.failed_at is not None and (self.arrived_at is None or self.arrived_at < self.failed_at)


def alive(name: str, *, now: datetime, clock: Callable[[], float]) -> None:
    """Note that the part ``name`` is alive; and when that was written quickly, that the database is."""
    started = clock()
    Heartbeat.objects.beat(name, now=now)
    if clock() - started > SLOW_SECONDS:
        return
    if Heartbeat.objects.filter(name=DATABASE, seen_at__gt=now - GAP, seen_at__lte=now).exists():
        Heartbeat.objects.beat(DATABASE, now=now)
    else:
        Heartbeat.objects.note(DATABASE, now.isoformat(), now=now)


def database_since() -> datetime | None:
    """Since when the database has been well without a gap. Nobody could note anything before: it shows nobody as dead."""
    words = Heartbeat.objects.filter(name=DATABASE).values_list("words", flat=True).first()
    return datetime.fromisoformat(words) if words else None


def last_seen() -> dict[str, datetime]:
    """When each part was last seen; one that never was is missing."""
    return dict(Heartbeat.objects.filter(name__in=PARTS).values_list("name", "seen_at"))


def well_until(seen: Mapping[str, datetime], *, since: datetime) -> dict[str, datetime]:
    """Until when each part is known to have been well. Before ``since`` nobody looked, so nothing is held against it.

    The worker is not well either while changes that somebody should hear of wait for it.
    """
    found = {name: max(seen.get(name, since), since) for name in PARTS}
    waiting = Transition.objects.unhandled().values_list("at", flat=True).first()
    if waiting is not None:
        found[WORKER] = max(since, min(found[WORKER], waiting))
    return found


def is_well(name: str, *, now: datetime) -> bool:
    """Whether the part was seen within the last two minutes: what ends an alarm about it."""
    seen = well_until(last_seen(), since=datetime.min.replace(tzinfo=now.tzinfo))
    return now - seen[name] <= SILENT_AFTER


def ping(url: str, *, method: str, now: datetime) -> bool:
    """Tell the dead man's switch that all is well, if it is; return whether it took that. Notes how it went."""
    seen = last_seen()
    silent = [name for name in PARTS if name not in seen or now - seen[name] > SILENT_AFTER]
    if silent:
        Heartbeat.objects.note(FAILED, f"Not sent: silent for two minutes: {', '.join(silent)}.", now=now)
        return False
    try:
        answer = wire.exchange(method, url, headers={}, body=b"", name=NAME, seconds=PING_SECONDS)
        wire.judge(answer, name=NAME, now=now)
    except ChannelError as error:
        Heartbeat.objects.note(FAILED, wording.clean(str(error), 300), now=now)
        return False
    Heartbeat.objects.note(ARRIVED, "", now=now)
    return True


def pings() -> Pings:
    """How the outgoing heartbeat fares. One query."""
    return pings_of({row.name: row for row in Heartbeat.objects.filter(name__in=(ARRIVED, FAILED))})


def pings_of(rows: Mapping[str, Heartbeat]) -> Pings:
    """The same from rows that have been read, by their names."""
    arrived, failed = rows.get(ARRIVED), rows.get(FAILED)
    return Pings(
        arrived_at=arrived.seen_at if arrived else None,
        failed_at=failed.seen_at if failed else None,
        words=failed.words if failed else "",
    )


def host(url: str) -> str:
    """What a page may show of the heartbeat's address: the rest of it is what the switch knows us by."""
    return targets.parse(url, allow_private=True).host
