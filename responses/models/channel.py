"""Channels: where messages go."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from responses.models.integration import Integration
from responses.models.user import User
from responses.models.visibility import VisibleQuerySet


class ChannelQuerySet(VisibleQuerySet["Channel"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of the integrations that the person may see, and those that hear about every integration."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self.all()
        if not user.roles:
            return self.none()
        return self.filter(Q(integration_id__in=list(user.roles)) | Q(integration_id=None))

    def kept(self) -> Self:
        """Those that have not been removed."""
        return self.filter(removed_at__isnull=True)

    def for_integration(self, integration_id: int | None) -> Self:
        """The switched-on channels that hear about an integration: its own, and those of all. The monitor: those of all."""
        return self.filter(Q(integration_id=integration_id) | Q(integration_id=None), is_on=True)


class Channel(models.Model):
    """Where messages go: addresses, Slack, Sentry, a webhook of the team's. The target is a secret, kept encrypted."""

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        SLACK = "slack", "Slack"
        WEBHOOK = "webhook", "Webhook"
        SENTRY = "sentry", "Sentry"
        OTHER = "other", "Another service"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=120)
    integration = models.ForeignKey(
        Integration, null=True, blank=True, on_delete=models.CASCADE, related_name="channels"
    )
    """None: it hears about every integration."""
    target_sealed = models.BinaryField()
    """Empty once the channel is removed."""
    target_hint = models.CharField(max_length=120)
    """What a page may show of the target."""
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)
    """A removed channel stays as the place where its messages went."""
    last_success_at = models.DateTimeField(null=True)
    last_error_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    """After a failure that may pass, all its messages wait: one that is down is not asked for each of them."""

    hourly_cap = models.PositiveSmallIntegerField(default=20, db_default=20)
    """So many messages an hour; the rest is counted in one that says how many more there were."""
    fallback = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="stands_in_for")
    """Who gets its messages while it does not work."""

    objects = ChannelQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(is_on=False), name="a_removed_channel_is_off"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.name}"

    @property
    def is_failing(self) -> bool:
        """Whether the last thing that happened to it was an error."""
        if self.last_error_at is None:
            return False
        return self.last_success_at is None or self.last_success_at < self.last_error_at
