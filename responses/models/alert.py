"""Transitions, channels and deliveries: what somebody may want to hear about, and how it reaches them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, models, transaction
from django.db.models import Min, Q
from django.utils import timezone

from responses.models import ids
from responses.models.failed_request import FailedRequest
from responses.models.integration import Integration
from responses.models.issue import Issue
from responses.models.user import User
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

    def for_integration(self, integration_id: int) -> Self:
        """The switched-on channels that hear about an integration: its own, and those of all."""
        return self.filter(Q(integration_id=integration_id) | Q(integration_id=None), is_on=True)


class Channel(models.Model):
    """Where messages go: email addresses or a Slack webhook. The target is a secret, kept encrypted."""

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


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """Those to be sent now, oldest first; also those whose sender died while it held the lease."""
        waiting = Q(state=Delivery.State.PENDING, next_attempt_at__lte=now)
        abandoned = Q(state=Delivery.State.SENDING, leased_until__lte=now)
        return self.filter(waiting | abandoned).order_by("id")

    def heads(self, now: datetime, *, channel_id: int | None = None) -> list[int]:
        """The oldest due message of each channel that is not paused, or of one; a test does not wait for a pause."""
        asked = Q(channel__paused_until__isnull=True) | Q(channel__paused_until__lte=now) | Q(transition__isnull=True)
        found = self.due(now).order_by().filter(asked)
        if channel_id is not None:
            found = found.filter(channel_id=channel_id)
        return sorted(row["head"] for row in found.values("channel_id").annotate(head=Min("id")))

    def claim(self, delivery_id: int, *, now: datetime, until: datetime) -> Delivery | None:
        """Take the lease on one delivery; ``None`` when somebody else was first, or its channel is busy with another.

        Only columns of the row itself stand in the condition: PostgreSQL would not look again at a joined one after
        it has waited for another claim. That one message of a channel is on its way at a time is a constraint.
        """
        delivery = self.due(now).filter(pk=delivery_id).select_related("channel", "transition").first()
        if delivery is None:
            return None
        same = self.due(now).order_by().filter(pk=delivery_id, attempts=delivery.attempts)
        delivery.attempts += 1
        delivery.state, delivery.leased_until = Delivery.State.SENDING, until
        try:
            with transaction.atomic():
                claimed = same.update(state=delivery.state, leased_until=until, attempts=delivery.attempts)
        except IntegrityError:
            return None
        return delivery if claimed == 1 else None

    def held(self, delivery: Delivery) -> Self:
        """The row, if it is still this claim's: nobody has taken it over after the lease was over."""
        return self.filter(pk=delivery.pk, state=Delivery.State.SENDING, attempts=delivery.attempts)

    def give_up_older(self, channel_id: int, *, than: datetime, error: str) -> int:
        """Mark as given up what has waited for a channel since ``than`` or longer; return how many these were."""
        waiting = self.filter(channel_id=channel_id, state=Delivery.State.PENDING, transition__isnull=False)
        before = ids.floor(than + timedelta(milliseconds=1))
        return waiting.filter(pk__lt=before).update(state=Delivery.State.FAILED, last_error=error)


class Delivery(models.Model):
    """One message on its way to one channel. Sent at least once: marked only after the channel accepted it."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    id = models.BigIntegerField(primary_key=True)
    transition = models.ForeignKey(Transition, null=True, on_delete=models.CASCADE, related_name="deliveries")
    """None: a test, asked for by a person."""
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
            models.UniqueConstraint(
                fields=["channel"], condition=Q(state="sending"), name="one_message_of_a_channel_on_its_way"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], name="delivery_due", condition=Q(state__in=["pending", "sending"])
            ),
        ]

    @property
    def is_test(self) -> bool:
        """Whether a person asked for it, to see that the channel works."""
        return self.transition_id is None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in (Delivery.State.SENT, Delivery.State.FAILED)

    @property
    def created_at(self) -> datetime:
        """When it was asked for (UTC, to the millisecond): the id tells."""
        return ids.time_of(self.id)
