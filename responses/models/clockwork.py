"""What our own processes say of themselves: heartbeats, and when a job last ran."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def beat(self, name: str, *, now: datetime) -> None:
        """Note that a part is alive. Written every few seconds at most, however often it is said."""
        if not self.filter(name=name, seen_at__gt=now - timedelta(seconds=5), seen_at__lte=now).exists():
            # In one statement: the first beats of two workers may come at the same moment.
            self.bulk_create(
                [Heartbeat(name=name, seen_at=now)],
                update_conflicts=True,
                unique_fields=["name"],
                update_fields=["seen_at"],
            )

    def note(self, name: str, words: str, *, now: datetime) -> None:
        """Note what a part has just met, whatever it last said."""
        self.bulk_create(
            [Heartbeat(name=name, seen_at=now, words=words)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["seen_at", "words"],
        )


class Heartbeat(models.Model):
    """When a part of ours was last seen alive."""

    name = models.CharField(max_length=60, primary_key=True)
    seen_at = models.DateTimeField()
    words = models.CharField(max_length=300, blank=True, db_default="")
    """What it had to say then, where it says anything."""

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class LastRunQuerySet(models.QuerySet["LastRun"]):
    def take_turn(self, name: str, *, every: timedelta, now: datetime) -> bool:
        """Whether ``every`` has passed since the job last ran. Of several workers that ask, one gets the turn."""
        # A time that lies ahead was written by a clock that has since been put right.
        over = Q(ran_at__lte=now - every) | Q(ran_at__gt=now + every)
        if self.filter(over, name=name).update(ran_at=now):
            return True
        return self.get_or_create(name=name, defaults={"ran_at": now})[1]

    def end_turn(self, name: str, *, every: timedelta, pause: timedelta, now: datetime) -> None:
        """Let the next one have its turn after ``pause`` already: ``every`` is for the case that this one died."""
        self.filter(name=name).update(ran_at=now - every + pause)


class LastRun(models.Model):
    """When a job that must not run too often last ran: the schedule itself keeps nothing on disk."""

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField()

    objects = LastRunQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
