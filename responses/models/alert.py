"""Rules and alerts: what somebody wants to hear about, and the facts that it held."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from responses.models.channel import Channel
from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.issue import Issue
from responses.models.user import User
from responses.models.visibility import VisibleQuerySet


class AlertRuleQuerySet(VisibleQuerySet["AlertRule"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of the integrations that the person may see, and those for every integration."""
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

    def active(self) -> Self:
        """Those that are on."""
        return self.filter(removed_at__isnull=True, is_on=True)


class AlertRule(models.Model):
    """A condition under which somebody is told: when, about what, to whom, and how often."""

    class Trigger(models.TextChoices):
        NEW_ISSUE = "new_issue", "a new issue appears"
        PARTIAL = "partial", "calls succeed only in part for a new reason"
        REGRESSION = "regression", "a resolved issue is back"
        GROWTH = "growth", "an issue grows"
        LASTING = "lasting", "a transient issue lasts"
        EXHAUSTED = "exhausted", "automatic attempts are used up"
        REPEATED = "repeated", "the same request fails the same way again and again"
        MANY = "many", "the same cause hits many requests"
        AUTH = "auth", "401 or 403 come in a burst"
        BREAKER = "breaker", "sending again is stopped, or goes on"
        UNKNOWN = "unknown", "an outcome stays unknown"
        EXPIRING = "expiring", "requests are about to expire"
        EXPIRED = "expired", "requests have expired"
        SILENCE = "silence", "no purchases arrive where there usually are some"
        DIGEST = "digest", "a day is over"
        MONITOR = "monitor", "the monitor itself lags"

    trigger = models.CharField(max_length=12, choices=Trigger)
    shipped = models.CharField(max_length=20, blank=True)
    """The name under which the product brings it, so that it is brought once; empty: a team's own."""
    name = models.CharField(max_length=120, blank=True)
    """Empty: its sentence is its name."""
    integration = models.ForeignKey(Integration, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    """None: every integration."""
    environment = models.CharField(max_length=12, blank=True)
    """``production``, ``staging``, or empty for both."""
    endpoint = models.CharField(max_length=120, blank=True)
    """Its name, ``POST /subscription/create`` say; empty: any."""
    codes = models.CharField(max_length=120, blank=True)
    """``400, 5xx, none``, separated by commas; ``none`` is no answer; empty: any."""
    outcomes = models.JSONField(default=list)
    """Words of outcomes; empty: any."""
    threshold = models.PositiveIntegerField(null=True)
    """How many, how many times, or how many fold, by trigger; none where the trigger has none."""
    window_minutes = models.PositiveIntegerField(null=True)
    """Within, or after, how long; none where the trigger has none."""
    every_channel = models.BooleanField(default=True)
    """Whether all channels that hear about the integration are told, or only those chosen."""
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    quiet_from = models.TimeField(null=True, blank=True)
    """From then to ``quiet_until`` (in DISPLAY_TIME_ZONE, over midnight where it is later) what it finds goes into the digest."""
    quiet_until = models.TimeField(null=True, blank=True)
    remind_minutes = models.PositiveIntegerField(null=True)
    """How often it reminds until somebody acknowledges; none: never."""
    tells_end = models.BooleanField(default=True)
    """Whether it says when it is over."""
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shipped"], condition=~Q(shipped=""), name="a_shipped_rule_once"),
            models.CheckConstraint(condition=Q(removed_at__isnull=True) | Q(is_on=False), name="a_removed_rule_is_off"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.get_trigger_display()


class AlertQuerySet(VisibleQuerySet["Alert"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of the integrations that the person may see; those about the monitor itself: everybody with a role."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self.all()
        if not user.roles:
            return self.none()
        return self.filter(Q(integration_id__in=list(user.roles)) | Q(integration_id=None))

    def open(self) -> Self:
        """Those that are not over."""
        return self.filter(closed_at__isnull=True)

    def to_remind(self, now: datetime) -> Self:
        """The open ones nobody has acknowledged whose next reminder is due, the longest due first."""
        due = self.open().filter(acknowledged_at__isnull=True, remind_at__lte=now)
        return due.order_by("remind_at", "id")


class Alert(models.Model):
    """The fact that a rule held for something, from the first message until it is over. One thread on each channel."""

    class Severity(models.IntegerChoices):
        INFO = 1, "For information"
        NORMAL = 2, "Normal"
        HIGH = 3, "Urgent"
        CRITICAL = 4, "Critical"

    id = models.BigIntegerField(primary_key=True)
    subject = models.CharField(max_length=80)
    """``issue:123``, ``breaker:4``, ``integration:4:silence``, ``monitor:worker``: one open alert for each."""
    kind = models.CharField(max_length=24)
    """The kind of the transition that opened it."""
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.NORMAL)
    """The worst so far."""
    title = models.CharField(max_length=300, blank=True)
    integration = models.ForeignKey(Integration, null=True, on_delete=models.CASCADE, related_name="alerts")
    issue = models.ForeignKey(Issue, null=True, on_delete=models.CASCADE, related_name="alerts")
    failed_request = models.ForeignKey(FailedRequest, null=True, on_delete=models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(AlertRule, null=True, on_delete=models.SET_NULL, related_name="alerts")
    """The rule that opened it: its reminders and its end are this rule's."""
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    """When something was last told, or would have been."""
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=200, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="+")
    remind_at = models.DateTimeField(null=True)
    reminders = models.PositiveIntegerField(default=0)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(closed_at__isnull=True), name="one_open_alert_for_a_subject"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["integration", "-id"], name="alert_newest"),
            models.Index(fields=["remind_at"], name="alert_to_remind", condition=Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title or self.subject

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.closed_at is None


class AlertThread(models.Model):
    """What one channel has been told of one alert: where its thread is, and up to which number."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="threads", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="threads")
    place = models.CharField(max_length=200, blank=True)
    """What the channel needs to find its first message again: with Slack, channel and time stamp; else empty."""
    told = models.PositiveBigIntegerField(default=0)
    """How many of the issue's failures its messages have told so far: the next one says how many came since."""
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "channel"], name="one_thread_of_an_alert_in_a_channel"),
        ]
