"""Transitions, channels and deliveries: what somebody may want to hear about, and how it reaches them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.issue import Issue
from responses.models.visibility import VisibleQuerySet


class TransitionQuerySet(VisibleQuerySet["Transition"]):
    def unhandled(self) -> Self:
        """Those that no task has turned into deliveries yet, oldest first."""
        return self.filter(handled_at__isnull=True).order_by("id")


class Transition(models.Model):
    """A change that somebody may want to hear about, written in the transaction that made it. Handled once."""

    class Kind(models.TextChoices):
        ISSUE_OPENED = "issue_opened", "New issue"
        ISSUE_REGRESSED = "issue_regressed", "Issue is back"

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=24, choices=Kind)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE)
    issue = models.ForeignKey(Issue, null=True, on_delete=models.CASCADE, related_name="transitions")
    failed_request = models.ForeignKey(FailedRequest, null=True, on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)

    objects = TransitionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="transition_unhandled", condition=Q(handled_at__isnull=True)),
        ]


class ChannelQuerySet(VisibleQuerySet["Channel"]):
    def for_integration(self, integration_id: int) -> Self:
        """The switched-on channels that hear about an integration: its own, and those of all."""
        return self.filter(Q(integration_id=integration_id) | Q(integration_id=None), is_on=True)


class Channel(models.Model):
    """Where messages go: an email address or a Slack webhook. The target is a secret, kept encrypted."""

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        SLACK = "slack", "Slack"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=120)
    integration = models.ForeignKey(
        Integration, null=True, blank=True, on_delete=models.CASCADE, related_name="channels"
    )
    """None: it hears about every integration."""
    target_sealed = models.BinaryField()
    target_hint = models.CharField(max_length=120)
    """What a page may show of the target."""
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_success_at = models.DateTimeField(null=True)
    last_error_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    objects = ChannelQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.name}"

    @property
    def is_failing(self) -> bool:
        """Whether the last thing that happened to it was an error."""
        if self.last_error_at is None:
            return False
        return self.last_success_at is None or self.last_success_at < self.last_error_at


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """Those to be sent now, oldest first; also those whose sender died while it held the lease."""
        waiting = Q(state=Delivery.State.PENDING, next_attempt_at__lte=now)
        abandoned = Q(state=Delivery.State.SENDING, leased_until__lte=now)
        return self.filter(waiting | abandoned).order_by("id")

    def claim(self, delivery_id: int, *, now: datetime, until: datetime) -> bool:
        """Take the lease on one delivery; ``False`` when somebody else was first."""
        claimed = self.due(now).filter(pk=delivery_id)
        return (
            claimed.order_by().update(state=Delivery.State.SENDING, leased_until=until, attempts=F("attempts") + 1) == 1
        )


class Delivery(models.Model):
    """One message on its way to one channel. Sent at least once: marked only after the channel accepted it."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    id = models.BigIntegerField(primary_key=True)
    transition = models.ForeignKey(Transition, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transition", "channel"], name="one_delivery_of_a_transition_to_a_channel"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], name="delivery_due", condition=Q(state__in=["pending", "sending"])),
        ]
