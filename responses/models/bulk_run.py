"""Bulk runs: one recipe applied to many failed requests, each at most once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.issue import Issue
from responses.models.visibility import VisibleQuerySet


class BulkRunQuerySet(VisibleQuerySet["BulkRun"]):
    pass


class BulkRun(models.Model):
    """One recipe over a scope that was frozen when it was previewed."""

    class State(models.TextChoices):
        CHECKING = "checking", "Being checked"
        PREVIEW = "preview", "Dry run"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        STOPPED = "stopped", "Stopped"
        DONE = "done", "Done"

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="bulk_runs", db_index=False)
    issue = models.ForeignKey(Issue, null=True, on_delete=models.SET_NULL, related_name="bulk_runs")
    name = models.CharField(max_length=120)
    recipe = models.JSONField(default=list)
    only_failed = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State, default=State.CHECKING)
    state_reason = models.CharField(max_length=300, blank=True)
    nonce = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="bulk_runs")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BulkRunQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["integration", "-id"], name="bulk_run_newest"),
            models.Index(fields=["id"], name="bulk_run_active", condition=Q(state__in=["checking", "running"])),
        ]

    def __str__(self) -> str:
        return self.name


class BulkRow(models.Model):
    """One failed request of a run, and what became of it."""

    class State(models.TextChoices):
        UNCHECKED = "unchecked", "Not checked yet"
        READY = "ready", "Ready"
        NOT_READY = "not_ready", "Not ready"
        PLANNED = "planned", "Waiting to be sent"
        SUCCEEDED = "succeeded", "Succeeded"
        REFUSED = "refused", "Refused again"
        UNKNOWN = "unknown", "Outcome unknown"
        SKIPPED = "skipped", "Skipped"

    id = models.BigIntegerField(primary_key=True)
    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows", db_index=False)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE, related_name="bulk_rows")
    state = models.CharField(max_length=12, choices=State, default=State.UNCHECKED)
    code = models.CharField(max_length=20, blank=True)
    """Why it is not ready, or was skipped, in a word for grouping; and in a sentence:"""
    reason = models.CharField(max_length=300, blank=True)
    changes = models.JSONField(default=list)
    """The redacted diff, of the first rows only: samples."""
    saw = models.CharField(max_length=120, blank=True)
    """What the request was at the dry run."""
    updated_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "failed_request"], name="a_request_once_in_a_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["run", "state", "id"], name="bulk_row_by_state")]
