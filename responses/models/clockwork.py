"""What our own processes say of themselves: heartbeats, and when a daily job last ran."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a part of ours was last seen alive."""

    name = models.CharField(max_length=60, primary_key=True)
    seen_at = models.DateTimeField()


class LastRun(models.Model):
    """When a job that runs rarely last ran: the schedule itself keeps nothing on disk."""

    name = models.CharField(max_length=60, primary_key=True)
    ran_at = models.DateTimeField()
