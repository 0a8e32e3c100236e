"""Gates: what all workers must know before they send to one host, or in one integration's name."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Gate(models.Model):
    """The budget, the breaker and the pauses of one scope: ``host:<netloc>`` or ``account:<integration id>``."""

    class Breaker(models.TextChoices):
        CLOSED = "closed", "Closed"
        OPEN = "open", "Open"
        HALF_OPEN = "half_open", "Trying one"

    scope = models.CharField(max_length=280, primary_key=True)
    tokens = models.FloatField(default=0)
    """How many sends may start now; less than none while earlier ones have to be made up for."""
    refilled_at = models.DateTimeField(null=True)
    recovering_since = models.DateTimeField(null=True)
    """From then on the allowed rate doubles each minute, up to the budget; none: the full budget."""
    bad_in_a_row = models.PositiveIntegerField(default=0)
    """Answers in a row that were 5xx, or did not come."""
    paused_until = models.DateTimeField(null=True)
    """Because Ordergroove answered 429."""
    pauses = models.PositiveSmallIntegerField(default=0)
    """How many pauses in a row Ordergroove asked for, for the backoff."""
    is_paused = models.BooleanField(default=False)
    """By a person, until one releases it."""
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    paused_by = models.ForeignKey("responses.User", null=True, on_delete=models.SET_NULL, related_name="pauses")
    breaker = models.CharField(max_length=10, choices=Breaker, default=Breaker.CLOSED)
    breaker_reason = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    """When the next probe may be sent, while the breaker is not closed."""
    closed_at = models.DateTimeField(null=True)
    """When it closed last."""
    answers = models.JSONField(default=list)
    """What our own calls got in the last minute, by slots of some seconds: see ``sending.windows``."""
    live_at = models.DateTimeField(null=True)
    """When the callers' own traffic was looked at, like all that follows."""
    has_limit = models.BooleanField(default=False)
    """Whether Ordergroove states a limit for the host, which live traffic needs as well."""
    live_calls = models.FloatField(default=0)
    """How many calls they made to the host in the minute before."""
    live_answers = models.FloatField(default=0)
    """How many of these tell something of the host's health, and how many of them were bad."""
    live_bad = models.FloatField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["scope"],
                name="gate_not_open",
                condition=Q(is_paused=True) | Q(paused_until__isnull=False) | ~Q(breaker="closed"),
            ),
        ]

    def __str__(self) -> str:
        return self.scope
