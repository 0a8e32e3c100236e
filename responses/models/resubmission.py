"""Corrections: what somebody is typing, what was approved and sent, and what was tried on staging first."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.resend import Resend
from responses.models.visibility import VisibleQuerySet


class Draft(models.Model):
    """What one person has typed so far of a correction. Encrypted; goes when it is sent, or with the request's clock."""

    id = models.BigIntegerField(primary_key=True)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey("responses.User", on_delete=models.CASCADE, related_name="drafts", db_index=False)
    only_failed = models.BooleanField(default=False)
    """Whether it is the one with only the failed products."""
    sealed = models.BinaryField()
    """The text with its placeholders, and the reasons typed."""
    saw = models.CharField(max_length=120, blank=True)
    """What the request was when it was begun."""
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "failed_request", "only_failed"], name="one_draft_of_a_person"),
        ]
        indexes: ClassVar = [models.Index(fields=["updated_at"], name="draft_by_age")]


class ResubmissionQuerySet(VisibleQuerySet["Resubmission"]):
    pass


class Resubmission(models.Model):
    """A corrected request that a person approved: the exact bytes by their hash, why, and which checks were shown."""

    class Kind(models.TextChoices):
        FIX = "fix", "Corrected"
        ONLY_FAILED = "only_failed", "Only the failed"

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="resubmissions", db_index=False)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE, related_name="resubmissions")
    resend = models.OneToOneField(Resend, on_delete=models.CASCADE, related_name="resubmission")
    """What sends it; its state, attempts and answer stand there. Its ``idem_key`` holds the form's nonce."""
    kind = models.CharField(max_length=12, choices=Kind)
    number = models.PositiveSmallIntegerField()
    """The N of ``1001-rN``: how many corrections of this request had been approved, this one included."""
    body_hash = models.CharField(max_length=64)
    """SHA-256 of the exact bytes approved."""
    order_id = models.CharField(max_length=200, blank=True)
    """The ``merchant_order_id`` that the corrected request carries."""
    kept = models.PositiveSmallIntegerField(default=0)
    """Products left out, since they were created already."""
    sent = models.PositiveSmallIntegerField(default=0)
    """Products that it asks for."""
    changes = models.JSONField(default=list)
    """What was changed, redacted: ``{"path": "/products/0/offer", "before": …, "after": …}``."""
    recipe = models.JSONField(default=list)
    """The same as operations that can be applied to others; empty where it has none."""
    checks = models.JSONField(default=list)
    """The guard's lines as the person saw them: ``{"code", "words", "is_good", "is_overridden"}``."""
    reason = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="resubmissions")
    address = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    bulk_row = models.OneToOneField(
        "responses.BulkRow", null=True, on_delete=models.SET_NULL, related_name="resubmission"
    )
    """The row of the bulk run that it came from."""

    objects = ResubmissionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["failed_request", "number"], name="a_correction_s_number_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["integration", "-id"], name="resubmission_newest"),
            models.Index(fields=["integration", "order_id"], name="resubmission_by_order", condition=~Q(order_id="")),
        ]


class Trial(models.Model):
    """A correction that was tried on a staging integration first. It never counts as the real one."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        ANSWERED = "answered", "Answered"
        FAILED = "failed", "No answer"

    id = models.BigIntegerField(primary_key=True)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE, related_name="trials")
    staging = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="+")
    nonce = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    sealed = models.BinaryField()
    """The request as it is sent; emptied once it has been."""
    body_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    words = models.CharField(max_length=500, blank=True)
    """What came back in a sentence, or why nothing did."""
    answer = models.TextField(blank=True)
    """The redacted body of the answer, capped."""
    created_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="trial_waiting", condition=Q(ended_at__isnull=True)),
        ]
