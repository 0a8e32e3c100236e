"""Resends and their attempts: what is sent again on our own account, in states that only one worker at a time can change.

The states, their legal changes and the numbers that must fit together stand in reliability.md, 3. The database itself
refuses an illegal change (migration 0008), so that no mistake of ours can leave a state that must not exist.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.visibility import VisibleQuerySet

MAX_NOT_SENT = 20
"""So many sends that never left; after that a person must look."""


class ResendQuerySet(VisibleQuerySet["Resend"]):
    def live(self) -> Self:
        """Those that have not ended."""
        return self.filter(state__in=Resend.LIVE)

    def in_flight(self) -> Self:
        """Those that may be on the wire, or may have taken effect without our knowing: one for each resource."""
        return self.filter(state__in=Resend.IN_FLIGHT)

    def not_begun(self) -> Self:
        """The live ones of which nothing is on the wire: these may be held, cancelled and superseded."""
        return self.filter(state__in=Resend.NOT_BEGUN)

    def due(self, now: datetime) -> Self:
        """Those to be sent now, the longest due first."""
        return self.filter(state=Resend.State.SCHEDULED, due_at__lte=now).order_by("due_at", "id")

    def to_look_up(self, now: datetime) -> Self:
        """Those of unknown outcome that should be looked up now, the longest due first."""
        return self.filter(state=Resend.State.UNKNOWN, due_at__lte=now).order_by("due_at", "id")

    def abandoned(self, now: datetime) -> Self:
        """Those whose worker died, or was frozen, while it held the lease."""
        return self.filter(state__in=Resend.LEASED, lease_until__lte=now).order_by("lease_until", "id")

    def move(
        self, resend_id: int, *, from_state: Resend.State, epoch: int, to_state: Resend.State, **values: Any
    ) -> bool:
        """Change the state by compare-and-set on state and epoch; whether it was still so. Raises the epoch.

        A lease must be given with a state that has one (``lease_until``), and is taken off with any other; an end must
        be given with its time (``ended_at``). ``IntegrityError``: another one is in flight on the same resource, or
        the change is not legal.
        """
        if to_state not in Resend.LEASED:
            values = {"lease_until": None, "leased_by": ""} | values
        same = self.filter(pk=resend_id, state=from_state, epoch=epoch)
        return same.update(state=to_state, epoch=F("epoch") + 1, **values) == 1


class Resend(models.Model):
    """One logical sending-again of a failed request: the same bytes, sent as often as its policy allows."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        SCHEDULED = "scheduled", "Scheduled"
        CLAIMED = "claimed", "About to be sent"
        SENDING = "sending", "Being sent"
        UNKNOWN = "unknown", "Unknown"
        VERIFYING = "verifying", "Being looked up"
        SUCCEEDED = "succeeded", "Succeeded"
        PARTIAL = "partial", "Partly succeeded"
        FAILED = "failed", "Failed"
        EXHAUSTED = "exhausted", "Used up"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"
        SUPERSEDED = "superseded", "Superseded"

    class Kind(models.TextChoices):
        AUTOMATIC = "automatic", "Automatic"
        PERSON = "person", "Asked for by a person"
        CORRECTION = "correction", "A correction"

    NOT_BEGUN: ClassVar = [State.HELD, State.SCHEDULED, State.CLAIMED]
    IN_FLIGHT: ClassVar = [State.CLAIMED, State.SENDING, State.UNKNOWN, State.VERIFYING]
    LIVE: ClassVar = [State.HELD, State.SCHEDULED, *IN_FLIGHT]
    LEASED: ClassVar = [State.CLAIMED, State.SENDING, State.VERIFYING]
    ENDED: ClassVar = [
        State.SUCCEEDED,
        State.PARTIAL,
        State.FAILED,
        State.EXHAUSTED,
        State.EXPIRED,
        State.CANCELLED,
        State.SUPERSEDED,
    ]
    SEEN_AS: ClassVar = {
        State.SCHEDULED: FailedRequest.State.RETRYING,
        State.CLAIMED: FailedRequest.State.RETRYING,
        State.SENDING: FailedRequest.State.RETRYING,
        State.VERIFYING: FailedRequest.State.RETRYING,
        State.HELD: FailedRequest.State.HELD,
        State.UNKNOWN: FailedRequest.State.UNKNOWN,
        State.PARTIAL: FailedRequest.State.NEEDS_FIX,
        State.FAILED: FailedRequest.State.NEEDS_FIX,
        State.EXHAUSTED: FailedRequest.State.EXHAUSTED,
        State.EXPIRED: FailedRequest.State.EXPIRED,
    }
    """What people see on the failed request; what a success, a cancellation or a later call makes of it, depends."""

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="resends", db_index=False)
    failed_request = models.ForeignKey(FailedRequest, on_delete=models.CASCADE, related_name="resends")
    kind = models.CharField(max_length=12, choices=Kind)
    idem_key = models.CharField(max_length=120, unique=True)
    """``auto:<failed request>:<series>``, or ``form:<nonce>``: the same wish twice makes one row."""
    resource_key = models.CharField(max_length=260)
    endpoint = models.CharField(max_length=120)
    method = models.CharField(max_length=16)
    role = models.CharField(max_length=12)
    """The role of the host, for example ``sc``."""
    host = models.CharField(max_length=260)
    """The host as planned, for its budget; where it really goes is read from the integration when it is sent."""
    policy = models.CharField(max_length=16)
    state = models.CharField(max_length=12, choices=State)
    reason = models.CharField(max_length=300, blank=True)
    """Why it is in this state, or why this time was chosen, in words for people."""
    due_at = models.DateTimeField()
    """When it is sent; of an unknown one, when it is looked up next."""
    expires_at = models.DateTimeField(null=True)
    first_failed_at = models.DateTimeField()
    """The failure from which its schedule counts."""
    epoch = models.PositiveIntegerField(default=0)
    """Counts the changes of state."""
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=60, blank=True)
    sends = models.PositiveSmallIntegerField(default=0)
    """How many attempts may have reached Ordergroove."""
    max_sends = models.PositiveSmallIntegerField()
    not_sent = models.PositiveSmallIntegerField(default=0)
    """How many attempts certainly did not reach it."""
    lookups = models.PositiveSmallIntegerField(default=0)
    response_id = models.BigIntegerField(null=True)
    """The failure that it was planned for."""
    seal_id = models.BigIntegerField(null=True)
    body_hash = models.CharField(max_length=64)
    """SHA-256 of the exact bytes that may be sent."""
    asked_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="resends")
    ended_at = models.DateTimeField(null=True)

    objects = ResendQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["integration", "resource_key"],
                condition=Q(state__in=["claimed", "sending", "unknown", "verifying"]),
                name="one_resend_in_flight_on_a_resource",
            ),
            models.UniqueConstraint(
                fields=["failed_request"],
                condition=Q(state__in=["held", "scheduled", "claimed", "sending", "unknown", "verifying"]),
                name="one_live_resend_of_a_failed_request",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["claimed", "sending", "verifying"], lease_until__isnull=False)
                | (~Q(state__in=["claimed", "sending", "verifying"]) & Q(lease_until__isnull=True)),
                name="leased_exactly_while_a_worker_has_it",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["held", "scheduled", "claimed", "sending", "unknown", "verifying"],
                    ended_at__isnull=True,
                )
                | (
                    ~Q(state__in=["held", "scheduled", "claimed", "sending", "unknown", "verifying"])
                    & Q(ended_at__isnull=False)
                ),
                name="ended_exactly_in_an_end_state_of_a_resend",
            ),
            models.CheckConstraint(condition=Q(sends__lte=F("max_sends")), name="no_more_sends_than_allowed"),
            models.CheckConstraint(condition=Q(not_sent__lte=MAX_NOT_SENT), name="not_sent_at_most_twenty_times"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="resend_due"),
            models.Index(fields=["integration", "state", "due_at"], name="resend_by_integration"),
            models.Index(fields=["integration", "-ended_at"], name="resend_ended", condition=Q(ended_at__isnull=False)),
            models.Index(
                fields=["integration", "resource_key"], name="resend_by_resource", condition=Q(ended_at__isnull=True)
            ),
        ]

    @property
    def is_live(self) -> bool:
        """Whether something may still happen to it."""
        return self.ended_at is None


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def open(self) -> Self:
        """Those whose answer has not been written down yet."""
        return self.filter(ended_at__isnull=True)


class Attempt(models.Model):
    """One physical send. Its row is committed before the first byte leaves."""

    class Result(models.TextChoices):
        OPEN = "", "Under way"
        ANSWERED = "answered", "Answered"
        NOT_SENT = "not_sent", "Never sent"
        UNKNOWN = "unknown", "Unknown"

    id = models.BigIntegerField(primary_key=True)
    resend = models.ForeignKey(Resend, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    """The first is 1."""
    epoch = models.PositiveIntegerField()
    """Of the Resend, when this was written."""
    intent_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, choices=Result, blank=True)
    failure = models.CharField(max_length=12, blank=True)
    words = models.CharField(max_length=300, blank=True)
    """What came back, or why nothing did, in words."""
    status_code = models.PositiveSmallIntegerField(null=True)
    response_id = models.BigIntegerField(null=True)
    why = models.CharField(max_length=300, blank=True)
    """Why this time was chosen."""

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resend", "number"], name="an_attempt_once_in_a_resend"),
            models.UniqueConstraint(
                fields=["resend"], condition=Q(ended_at__isnull=True), name="one_open_attempt_of_a_resend"
            ),
            models.CheckConstraint(
                condition=Q(result="", ended_at__isnull=True) | (~Q(result="") & Q(ended_at__isnull=False)),
                name="a_result_exactly_when_ended",
            ),
        ]
