"""The audit log: who did what, when, from where. Append-only: a trigger refuses change and removal."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from responses.models.visibility import VisibleQuerySet


class AuditEntry(models.Model):
    """One deed of a person, or of a command on their behalf. It has no foreign keys: what it names may go."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    user_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    integration_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=60, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)

    objects = VisibleQuerySet["AuditEntry"].as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject", "subject_id", "-id"], name="audit_by_subject"),
        ]
