"""Failed requests: the unit of work, with its state and its 24-hour clock."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from responses.exchanges import Outcome, RetryBy
from responses.models.integration import Integration
from responses.models.issue import Issue
from responses.models.visibility import VisibleQuerySet


class FailedRequestQuerySet(VisibleQuerySet["FailedRequest"]):
    def open(self) -> Self:
        """Those that are not resolved, dismissed or expired."""
        return self.filter(closed_at__isnull=True)

    def to_fix(self) -> Self:
        """Those that a person must correct, or decide, before their clock runs out."""
        return self.open().filter(state__in=FailedRequest.TO_FIX, deadline_at__isnull=False)

    def expirable(self, now: datetime) -> Self:
        """Those whose 24 hours have passed while nothing of ours was under way."""
        return self.open().filter(state__in=FailedRequest.EXPIRABLE, deadline_at__lte=now)

    def repeated(self) -> Self:
        """Those that failed two times or more."""
        return self.filter(failures__gte=2)


class FailedRequest(models.Model):
    """One distinct request that did not succeed."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RETRYING = "retrying", "Retrying"
        HELD = "held", "Held"
        CONFIRMING = "confirming", "Confirming"
        NEEDS_FIX = "needs_fix", "Needs a fix"
        UNKNOWN = "unknown", "Unknown"
        EXHAUSTED = "exhausted", "Exhausted"
        EXPIRED = "expired", "Expired"
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Dismissed"

    class ResolvedBy(models.TextChoices):
        RETRY = "retry", "A retry"
        RESUBMISSION = "resubmission", "A resubmission"
        CALLER = "caller", "The caller"
        LOOKUP = "lookup", "A look-up"
        PERSON = "person", "A person"

    CLOSED: ClassVar = [State.RESOLVED, State.DISMISSED, State.EXPIRED]
    TO_FIX: ClassVar = [State.NEEDS_FIX, State.UNKNOWN, State.EXHAUSTED, State.HELD]
    EXPIRABLE: ClassVar = [State.WAITING, State.NEEDS_FIX, State.EXHAUSTED]

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="failed_requests")
    request_key = models.CharField(max_length=32)
    resource_key = models.CharField(max_length=260, blank=True)
    method = models.CharField(max_length=16)
    endpoint = models.CharField(max_length=120)
    order_id = models.CharField(max_length=200, blank=True)
    customer_id = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    email_hash = models.CharField(max_length=32, blank=True, db_default="")
    """Keyed hash of the customer's e-mail address, where the body told it: it is looked for, and never shown."""
    state = models.CharField(max_length=12, choices=State)
    reason = models.CharField(max_length=300, blank=True)
    """Why it is in this state, in words, where the state alone does not say."""
    outcome = models.PositiveSmallIntegerField(choices=[(outcome.value, outcome.word) for outcome in Outcome])
    """Of the last failure, like the three that follow."""
    status_code = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=12, blank=True)
    message = models.CharField(max_length=500, blank=True)
    items_created = models.PositiveSmallIntegerField(default=0)
    items_failed = models.PositiveSmallIntegerField(default=0)
    items_unknown = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveIntegerField(default=1)
    """How many calls of the caller failed."""
    same_cause = models.PositiveIntegerField(default=1)
    """How many times in a row the caller got the same error."""
    cause = models.CharField(max_length=32, blank=True)
    """The fingerprint of the last failure."""
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    """When the 24 hours end; none for GET and HEAD."""
    retry_by = models.CharField(max_length=8, choices=[(who.value, who.value) for who in RetryBy])
    cannot_resend = models.CharField(max_length=200, blank=True)
    """Why what we hold can never be sent again; empty when it can."""
    seal_id = models.BigIntegerField(null=True)
    series = models.PositiveIntegerField(default=0, db_default=0)
    """How many times the monitor has planned to send it again by itself."""
    caller_retries_too = models.BooleanField(default=False, db_default=False)
    """A call of the caller came in while a Resend of ours was live: two retriers make duplicates."""
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    """What the products that were not created are worth, where the body tells."""
    resolved_by = models.CharField(max_length=12, choices=ResolvedBy, blank=True)
    closed_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="failed_requests")
    issues = models.ManyToManyField(Issue, through="FailedRequestIssue", related_name="failed_requests")

    objects = FailedRequestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["integration", "request_key"],
                condition=Q(closed_at__isnull=True),
                name="one_open_failed_request_for_a_key",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["resolved", "dismissed", "expired"], closed_at__isnull=False)
                | (~Q(state__in=["resolved", "dismissed", "expired"]) & Q(closed_at__isnull=True)),
                name="closed_exactly_in_an_end_state",
            ),
            models.CheckConstraint(
                condition=Q(resolved_by="") | Q(state="resolved"), name="resolved_by_only_when_resolved"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["integration", "state", "deadline_at"], name="failed_request_by_clock"),
            models.Index(fields=["integration", "id"], name="failed_request_newest"),
            models.Index(
                fields=["integration", "-last_failed_at", "-id"],
                name="failed_request_again",
                condition=Q(failures__gte=2),
            ),
            models.Index(
                fields=["integration", "-failures", "-id"], name="failed_request_often", condition=Q(failures__gte=2)
            ),
            models.Index(
                fields=["integration", "id"],
                name="failed_request_partial",
                condition=Q(outcome=Outcome.PARTIAL.value),
            ),
            models.Index(
                fields=["integration", "order_id", "id"], name="failed_request_by_order", condition=~Q(order_id="")
            ),
            models.Index(
                fields=["integration", "customer_id", "id"],
                name="failed_request_by_customer",
                condition=~Q(customer_id=""),
            ),
            models.Index(
                fields=["integration", "email_hash", "id"], name="failed_request_by_email", condition=~Q(email_hash="")
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self.closed_at is None

    @property
    def outcome_word(self) -> str:
        """The outcome of the last failure as a word."""
        return Outcome(self.outcome).word


class FailedRequestIssue(models.Model):
    """A failed request belongs to an issue; one with several bad items belongs to several."""

    id = models.BigIntegerField(primary_key=True)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE)
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issue", "failed_request"], name="a_request_once_in_an_issue"),
        ]
        indexes: ClassVar = [models.Index(fields=["issue", "-id"], name="requests_of_an_issue")]


class SealedRequest(models.Model):
    """The encrypted original of a request that may be sent again, or is being followed; gone as soon as it is not."""

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE)
    token = models.BinaryField()
    body_hash = models.CharField(max_length=64)
    """SHA-256 of the exact body bytes."""
    expires_at = models.DateTimeField(db_index=True)
