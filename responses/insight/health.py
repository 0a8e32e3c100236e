"""How our own parts are: the ages that tell whether the monitor can be trusted. It judges, and repairs nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.conf import settings

from responses.alerting import pulse
from responses.alerting.pulse import Pings
from responses.models import Channel, Heartbeat, Transition, User

WORKER, BEAT = pulse.WORKER, pulse.BEAT
"""The names under which the processes say that they are alive."""
SILENT_AFTER = pulse.SILENT_AFTER
NO_PINGS = Pings(None, None, "")
LATE_AFTER = timedelta(minutes=1)


class Health(msgspec.Struct, frozen=True):
    """What was measured. Ages are ``None`` where the part was never seen, or has nothing to do."""

    worker: timedelta | None
    beat: timedelta | None
    oldest_transition: timedelta | None
    """How long the oldest change that somebody should hear about has been waiting."""
    failing: tuple[Channel, ...]
    """Channels whose last message did not arrive, of those that the person may see."""
    pings: Pings = NO_PINGS
    """How the heartbeat fares that the monitor sends out."""

    @property
    def is_worker_silent(self) -> bool:
        """Whether nobody does the work behind the pages: messages, follow-ups, clocks."""
        return self.worker is None or self.worker > SILENT_AFTER

    @property
    def is_beat_silent(self) -> bool:
        """Whether nobody starts the sweeps."""
        return self.beat is None or self.beat > SILENT_AFTER

    @property
    def is_late(self) -> bool:
        """Whether messages about changes are not being made."""
        return self.oldest_transition is not None and self.oldest_transition > LATE_AFTER


def read(user: User, *, now: datetime) -> Health:
    """Measure. Three small reads, whatever is stored."""
    rows = {row.name: row for row in Heartbeat.objects.filter(name__in=(WORKER, BEAT, pulse.ARRIVED, pulse.FAILED))}
    seen = {name: row.seen_at for name, row in rows.items()}
    waiting = Transition.objects.unhandled().values_list("at", flat=True).first()
    channels = Channel.objects.visible_to(user).filter(is_on=True, last_error_at__isnull=False).order_by("name")
    return Health(
        worker=now - seen[WORKER] if WORKER in seen else None,
        beat=now - seen[BEAT] if BEAT in seen else None,
        oldest_transition=now - waiting if waiting is not None else None,
        failing=tuple(channel for channel in channels[:50] if channel.is_failing),
        pings=pulse.pings_of(rows) if settings.HEARTBEAT_URL else NO_PINGS,
    )
