"""Deliveries: single messages on their way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Min, Q

from responses.models import ids
from responses.models.channel import Channel
from responses.models.transition import Transition


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
        delivery = (
            self.due(now)
            .filter(pk=delivery_id)
            .select_related(
                "channel", "transition__integration", "transition__issue__integration", "transition__alert__issue"
            )
            .first()
        )
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

    def after(self, delivery: Delivery) -> Self:
        """Those that wait behind a message in its thread: of the same alert, to the same channel."""
        same = self.filter(channel_id=delivery.channel_id, transition__alert__transitions=delivery.transition_id)
        return same.filter(pk__gt=delivery.pk, state=Delivery.State.PENDING)

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
        HELD_BACK = "heldback", "Held back by the hourly cap"

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
    rule = models.ForeignKey("responses.AlertRule", null=True, on_delete=models.SET_NULL, related_name="deliveries")
    """The rule that asked for it; of several, the first."""
    told = models.PositiveBigIntegerField(null=True)
    """How many failures this message was the first to tell the channel of: the sum over a thread is their number."""
    stands_in_for = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="stand_in")
    """The delivery to a failing channel whose fallback this one went to."""
    counted_in = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="counts")
    """Of one that the hourly cap held back: the message that says how many there were."""

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
        return self.state in (Delivery.State.SENT, Delivery.State.FAILED, Delivery.State.HELD_BACK)

    @property
    def created_at(self) -> datetime:
        """When it was asked for (UTC, to the millisecond): the id tells."""
        return ids.time_of(self.id)
