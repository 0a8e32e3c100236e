"""Follow-ups: the pursuit of accepted purchases to their real result."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.visibility import VisibleQuerySet


class FollowUpQuerySet(VisibleQuerySet["FollowUp"]):
    def due(self, now: datetime) -> Self:
        """Those whose result should be asked for now."""
        return self.filter(state=FollowUp.State.PENDING, next_poll_at__lte=now)


class FollowUp(models.Model):
    """One accepted Purchase POST whose result is not known yet, or was."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for Ordergroove's result"
        UNCONFIRMED = "unconfirmed", "Accepted, not confirmed"
        CREATED = "created", "Created"
        PARTIAL = "partial", "Partly created"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    OPEN: ClassVar = [State.PENDING, State.UNCONFIRMED]

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="follow_ups")
    response_id = models.BigIntegerField(unique=True)
    """The POST's Response."""
    result_response_id = models.BigIntegerField(null=True)
    """The Response that settled it."""
    failed_request = models.ForeignKey(FailedRequest, null=True, on_delete=models.SET_NULL, related_name="follow_ups")
    subs_req_id = models.CharField(max_length=200)
    request_key = models.CharField(max_length=32)
    order_id = models.CharField(max_length=200, blank=True)
    customer_id = models.CharField(max_length=200, blank=True)
    email_hash = models.CharField(max_length=32, blank=True, db_default="")
    """Keyed hash of the customer's e-mail address, where the body told it."""
    sent = models.JSONField(default=dict)
    """What later stages need of the POST: its products and values, who retries, why it cannot be sent again."""
    seal_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State)
    accepted_at = models.DateTimeField()
    """When the POST was sent: the clock of a FailedRequest that opens from it."""
    polls = models.PositiveIntegerField(default=0)
    next_poll_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField()
    last_problem = models.CharField(max_length=300, blank=True)
    """Why the last question got no usable answer."""
    settled_at = models.DateTimeField(null=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["integration", "subs_req_id"], name="one_follow_up_for_a_subs_req_id"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "unconfirmed"], settled_at__isnull=True)
                | (~Q(state__in=["pending", "unconfirmed"]) & Q(settled_at__isnull=False)),
                name="settled_exactly_in_an_end_state",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_poll_at"], name="follow_up_due", condition=Q(state="pending")),
            models.Index(fields=["give_up_at"], name="follow_up_open", condition=Q(settled_at__isnull=True)),
            models.Index(fields=["integration", "state", "-id"], name="follow_up_by_state"),
            models.Index(fields=["integration", "request_key"], name="follow_up_by_request"),
            models.Index(
                fields=["integration", "email_hash", "id"], name="follow_up_by_email", condition=~Q(email_hash="")
            ),
        ]
