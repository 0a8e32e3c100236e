"""Issues: groups of failures with one cause."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models

from responses.exchanges import Outcome
from responses.models.integration import Integration
from responses.models.visibility import VisibleQuerySet


class IssueQuerySet(VisibleQuerySet["Issue"]):
    def open(self) -> Self:
        """Those that nobody has taken care of yet."""
        return self.filter(state=Issue.State.OPEN)


class Issue(models.Model):
    """The failures (responses, or items of responses) of one integration that share a fingerprint."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        MUTED = "muted", "Muted"
        RESOLVED = "resolved", "Resolved"

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="issues")
    fingerprint = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    endpoint = models.CharField(max_length=120)
    outcome = models.PositiveSmallIntegerField(choices=[(outcome.value, outcome.word) for outcome in Outcome])
    status_code = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=12, blank=True)
    field = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=500, blank=True)
    """The normalised message."""
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    failures = models.PositiveBigIntegerField(default=0)
    """How many failures: responses, or items of responses."""
    requests = models.PositiveBigIntegerField(default=0)
    """How many distinct requests."""
    orders = models.PositiveBigIntegerField(default=0)
    """How many of those requests carry an order."""
    regressed_at = models.DateTimeField(null=True)
    regressed_by_id = models.BigIntegerField(null=True)
    """Which recording made it regress: lets the upsert tell whether it was this one."""
    regressions = models.PositiveIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)
    muted_until = models.DateTimeField(null=True)
    muted_above = models.PositiveIntegerField(null=True)
    """Muted until it has more failures in an hour than this; none: until then, however many."""
    muted_failures = models.PositiveBigIntegerField(null=True)
    """How many failures it had when that was asked for: only later ones count."""
    assignee = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="issues")

    objects = IssueQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["integration", "fingerprint"], name="one_issue_for_a_cause"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["integration", "state", "-last_seen_at"], name="issue_by_state"),
            models.Index(fields=["integration", "-last_seen_at"], name="issue_by_last_seen"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def outcome_word(self) -> str:
        """The outcome as a word, for example ``needs_fix``."""
        return Outcome(self.outcome).word

    def is_new(self, now: datetime) -> bool:
        """Whether it was first seen within the last day."""
        return (now - self.first_seen_at).total_seconds() < 86_400


class IssueHour(models.Model):
    """How many failures an issue had in one hour (hours since 1970, UTC)."""

    pk = models.CompositePrimaryKey("issue_id", "hour")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="hours", db_index=False)
    hour = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
