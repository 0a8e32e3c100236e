"""Transitions: changes that somebody may want to hear about."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

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
        BREAKER_OPENED = "breaker_opened", "Sending has stopped"
        BREAKER_CLOSED = "breaker_closed", "Sending goes on"
        REQUEST_EXHAUSTED = "request_exhausted", "Attempts used up"
        REQUEST_EXPIRED = "request_expired", "Request expired"
        # Conditions, found by sweeps: unique by rule, subject and window.
        ISSUE_GREW = "issue_grew", "Issue grows"
        ISSUE_LASTS = "issue_lasts", "Issue lasts"
        ISSUE_MANY = "issue_many", "Same cause on many requests"
        REQUEST_REPEATED = "request_repeated", "Same error again and again"
        AUTH_BURST = "auth_burst", "Burst of 401 or 403"
        UNKNOWN_OLD = "unknown_old", "Outcome unknown for long"
        EXPIRING = "expiring", "Requests expire soon"
        SILENCE = "silence", "Silence"
        DIGEST = "digest", "Daily digest"
        MONITOR_LAGS = "monitor_lags", "The monitor itself lags"
        # Of an alert that is open already.
        REMINDER = "reminder", "Reminder"
        RECOVERED = "recovered", "Over"
        MORE = "more", "Messages held back"

    class Fate(models.TextChoices):
        TOLD = "told", "Told"
        QUIET = "quiet", "Kept for the digest"
        FOLDED = "folded", "Counted in the next message"
        MUTED = "muted", "Muted"
        NO_RULE = "no_rule", "No rule asks for it"
        NO_CHANNEL = "no_channel", "No channel hears of it"
        BEFORE = "before", "Older than the rules"

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=24, choices=Kind)
    integration = models.ForeignKey(Integration, null=True, on_delete=models.CASCADE)
    """None: it concerns the monitor itself."""
    issue = models.ForeignKey(Issue, null=True, on_delete=models.CASCADE, related_name="transitions")
    failed_request = models.ForeignKey(FailedRequest, null=True, on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    rule = models.ForeignKey("responses.AlertRule", null=True, on_delete=models.CASCADE, related_name="transitions")
    """Of a condition: the rule whose sweep has found it. Of a change of state: none, its rules are matched when it is handled."""
    subject = models.CharField(max_length=80, blank=True, db_default="")
    """What it is about, for example ``issue:123`` or ``integration:4``; with rule and window, unique."""
    window = models.CharField(max_length=40, blank=True, db_default="")
    """Once in which time: ``2026-11-23T10`` or ``2026-11-23``, in UTC."""
    number = models.PositiveBigIntegerField(null=True)
    """How many: failures when it grew, requests that expire. Words say what."""
    alert = models.ForeignKey("responses.Alert", null=True, on_delete=models.SET_NULL, related_name="transitions")
    """The alert it belongs to; none while it is not handled, and where no rule wants it."""
    fate = models.CharField(max_length=12, choices=Fate, blank=True, db_default="")
    """What handling it came to; empty while it is not handled."""
    handled_at = models.DateTimeField(null=True)

    objects = TransitionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "subject", "window"],
                condition=Q(rule__isnull=False),
                name="a_condition_once_in_a_window",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="transition_unhandled", condition=Q(handled_at__isnull=True)),
            models.Index(fields=["integration", "kind", "id"], name="transition_by_kind"),
        ]
