"""Responses, append-only: one narrow row each; bodies and callers' ids in tables of their own, which age apart."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import connection, models
from django.db.models import Q

from responses.exchanges import ItemState, Origin, Outcome
from responses.models import ids
from responses.models.integration import Integration
from responses.models.visibility import VisibleQuerySet

FAILED = ~Q(outcome__lt=Outcome.PARTIAL.value)
"""No success. Not as ``>=``: SQLite would take that for a range of whatever index holds the outcome, and sort all failures."""
WRITTEN = Q(outcome=Outcome.SUCCESS.value) & ~Q(method="GET") & ~Q(method="HEAD")
"""A change that succeeded. In comparisons with single values: of a list SQLite would not see that its index fits."""


_LAST = chr(0x10FFFF)


def _by_beginning(column: str, *, name: str) -> models.Index:
    """An index for whole values and for beginnings; PostgreSQL needs an operator class for the latter."""
    return models.Index(
        fields=["integration", column],
        opclasses=["int8_ops", "varchar_pattern_ops"],
        name=name,
        condition=~Q(**{column: ""}),
    )


def beginning(column: str, text: str) -> Q:
    """Whether ``order_id``, ``customer_id`` or ``request_id`` begins with ``text``, as its index can tell."""
    if connection.vendor == "sqlite":
        # Its LIKE uses no index; a comparison of bytes does.
        return Q(**{f"{column}__gte": text, f"{column}__lt": text + _LAST}) & ~Q(**{column: ""})
    return Q(**{f"{column}__startswith": text}) & ~Q(**{column: ""})


class ResponseQuerySet(VisibleQuerySet["Response"]):
    def failed(self) -> Self:
        """Those that are no success: partial, needs a fix, transient, no answer."""
        return self.filter(FAILED)

    def written(self) -> Self:
        """Changes that succeeded."""
        return self.filter(WRITTEN)


class Response(models.Model):
    """What came back, or did not, for one exchange. Never changed after it is written, but for its links."""

    id = models.BigIntegerField(primary_key=True)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, db_index=False)
    key_id = models.BigIntegerField(null=True)
    origin = models.PositiveSmallIntegerField(choices=[(origin.value, origin.word) for origin in Origin])
    sent_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True)
    method = models.CharField(max_length=16)
    endpoint = models.CharField(max_length=120)
    status_code = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=12, blank=True)
    outcome = models.PositiveSmallIntegerField(choices=[(outcome.value, outcome.word) for outcome in Outcome])
    request_key = models.CharField(max_length=32)
    request_id = models.CharField(max_length=200, blank=True)
    resource_key = models.CharField(max_length=260, blank=True)
    order_id = models.CharField(max_length=200, blank=True)
    customer_id = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=500, blank=True)
    items_created = models.PositiveSmallIntegerField(default=0)
    items_failed = models.PositiveSmallIntegerField(default=0)
    items_unknown = models.PositiveSmallIntegerField(default=0)
    issue_id = models.BigIntegerField(null=True)
    failed_request_id = models.BigIntegerField(null=True)
    release = models.CharField(max_length=100, blank=True)
    is_foreign_host = models.BooleanField(default=False)
    is_truncated = models.BooleanField(default=False)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["integration", "id"], name="response_by_integration"),
            models.Index(fields=["integration", "sent_at", "id"], name="response_by_time"),
            models.Index(fields=["integration", "endpoint", "id"], name="response_by_endpoint"),
            models.Index(fields=["request_key", "integration"], name="response_by_request"),
            models.Index(fields=["integration", "outcome", "id"], name="response_failed", condition=FAILED),
            models.Index(fields=["integration", "status_code", "id"], name="response_failed_code", condition=FAILED),
            models.Index(
                fields=["integration", "outcome", "sent_at", "id"], name="response_failed_by_time", condition=FAILED
            ),
            models.Index(
                fields=["integration", "status_code", "sent_at", "id"], name="response_code_by_time", condition=FAILED
            ),
            _by_beginning("order_id", name="response_order_begins"),
            _by_beginning("customer_id", name="response_customer_begins"),
            _by_beginning("request_id", name="response_request_begins"),
            models.Index(fields=["integration", "resource_key"], name="response_failed_resource", condition=FAILED),
            models.Index(
                fields=["integration", "resource_key", "sent_at"],
                name="response_later_write",
                condition=WRITTEN,
            ),
            models.Index(fields=["issue_id", "id"], name="response_by_issue", condition=Q(issue_id__isnull=False)),
            models.Index(
                fields=["failed_request_id", "id"],
                name="response_by_failed_request",
                condition=Q(failed_request_id__isnull=False),
            ),
        ]

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded (UTC, to the millisecond): the id tells."""
        return ids.time_of(self.id)

    @property
    def outcome_word(self) -> str:
        """The outcome as a word, for example ``needs_fix``."""
        return Outcome(self.outcome).word

    @property
    def origin_word(self) -> str:
        """The origin as a word, for example ``caller``."""
        return Origin(self.origin).word


class Body(models.Model):
    """The redacted request and response of one Response: compressed, capped. ``codec`` says how (see recording)."""

    response_id = models.BigIntegerField(primary_key=True)
    codec = models.PositiveSmallIntegerField()
    data = models.BinaryField()

    class Meta:
        abstract = True


class SuccessBody(Body):
    """Bodies of successes: kept shortest."""


class FailureBody(Body):
    """Bodies of failures: kept longer."""


class CallerId(models.Model):
    """The ids that callers gave to their responses, kept for 7 days: a second one is recorded once."""

    pk = models.CompositePrimaryKey("integration_id", "caller_id")
    integration_id = models.BigIntegerField()
    caller_id = models.CharField(max_length=200)
    response_id = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["response_id"], name="caller_id_by_age")]


class Item(models.Model):
    """One subscription or product of a response that did not wholly succeed, or that settled an acceptance."""

    id = models.BigIntegerField(primary_key=True)
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=200, blank=True)
    state = models.PositiveSmallIntegerField(choices=[(state.value, state.word) for state in ItemState])
    subscription_id = models.CharField(max_length=200, blank=True)
    field = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=500, blank=True)
    issue_id = models.BigIntegerField(null=True)
    failed_request_id = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["failed_request_id"], name="item_by_failed_request"),
            models.Index(fields=["issue_id", "-id"], name="item_by_issue", condition=Q(issue_id__isnull=False)),
            models.Index(fields=["subscription_id"], name="item_by_subscription", condition=~Q(subscription_id="")),
        ]

    @property
    def state_word(self) -> str:
        """The state as a word, for example ``created``."""
        return ItemState(self.state).word
