"""Alerts and rules as the API shows them: the shapes, and how rows become them. Asks the database for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from ninja import Schema
from pydantic import Field

from responses.alerting import sentences
from responses.api import asking
from responses.api.shapes import RowId, Time
from responses.insight import alerts as insight
from responses.insight.alerts import Silent, Step, Thread
from responses.models import Alert, AlertRule, Channel, Delivery

StateWord = Literal["open", "acknowledged", "muted", "over"]
SeverityWord = Literal["info", "normal", "high", "critical"]
KindWord = Literal[
    "issue_opened", "issue_regressed", "breaker_opened", "request_exhausted", "request_expired", "issue_grew",
    "issue_lasts", "issue_many", "request_repeated", "auth_burst", "unknown_old", "expiring", "silence", "digest",
    "monitor_lags",
]  # fmt: skip
"""What can begin an alert."""
StepWord = Literal[
    "issue_opened", "issue_regressed", "breaker_opened", "request_exhausted", "request_expired", "issue_grew",
    "issue_lasts", "issue_many", "request_repeated", "auth_burst", "unknown_old", "expiring", "silence", "digest",
    "monitor_lags", "breaker_closed", "reminder", "recovered", "more",
]  # fmt: skip
FateWord = Literal["folded", "quiet", "muted", "no_rule", "no_channel", "before"]
DeliveryWord = Literal["pending", "sending", "sent", "failed", "heldback"]
TriggerWord = Literal[
    "new_issue", "partial", "regression", "growth", "lasting", "exhausted", "repeated", "many", "auth", "breaker",
    "unknown", "expiring", "expired", "silence", "digest", "monitor",
]  # fmt: skip


class ChannelName(Schema):
    """A channel: never its target."""

    id: RowId
    kind: str
    name: str


class DeliveryRow(Schema):
    """One message on its way to one channel."""

    id: RowId
    channel: ChannelName
    state: DeliveryWord
    attempts: int
    sent_at: Time | None
    next_attempt_at: Time | None = Field(description="Of one that waits.")
    error: str | None
    told: int | None = Field(description="How many failures it was the first to tell the channel of.")
    in_place_of: ChannelName | None = Field(description="The channel that did not work, if this went to its fallback.")


class StepRow(Schema):
    """One thing that was told in an alert."""

    kind: StepWord
    at: Time
    number: int | None
    deliveries: list[DeliveryRow]


class SilentRow(Schema):
    """Things of one kind that had no message of their own."""

    kind: StepWord
    why: FateWord
    count: int
    last_at: Time


class AlertRow(Schema):
    """One alert."""

    id: RowId
    integration: str | None = Field(description="Null: it is about the monitor itself.")
    subject: str = Field(examples=["issue:867530900112233445"])
    kind: KindWord
    severity: SeverityWord
    state: StateWord
    title: str
    issue: RowId | None
    request: RowId | None
    rule: RowId | None
    opened_at: Time
    last_at: Time
    closed_at: Time | None
    closed_because: str | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
    remind_at: Time | None
    reminders: int
    url: str


class AlertPage(Schema):
    """A page of alerts, the newest first."""

    results: list[AlertRow]
    next: str | None


class AlertDetail(AlertRow):
    """One alert with what was told, the latest first."""

    steps: list[StepRow]
    silent: list[SilentRow]


class RuleRow(Schema):
    """One rule."""

    id: RowId
    integration: str | None = Field(description="Null: every integration.")
    trigger: TriggerWord
    name: str | None
    sentence: str
    environment: str | None
    endpoint: str | None
    codes: str | None
    outcomes: list[str]
    threshold: int | None
    window_minutes: int | None
    channels: list[ChannelName] | None = Field(description="Null: every channel that hears about the integration.")
    quiet_from: str | None = Field(examples=["22:00"])
    quiet_until: str | None
    remind_minutes: int | None
    tells_end: bool
    is_on: bool


class RuleList(Schema):
    """The rules of an integration, and those of every integration."""

    results: list[RuleRow]


def alert(row: Alert) -> AlertRow:
    """One alert."""
    return AlertRow.model_validate(_alert(row))


def _alert(row: Alert) -> dict[str, object]:
    return {
        "id": str(row.pk),
        "integration": row.integration.slug if row.integration is not None else None,
        "subject": row.subject,
        "kind": row.kind,
        "severity": Alert.Severity(row.severity).name.lower(),
        "state": insight.state_of(row),
        "title": str(row),
        "issue": _id(row.issue_id),
        "request": _id(row.failed_request_id),
        "rule": _id(row.rule_id),
        "opened_at": row.opened_at,
        "last_at": row.last_at,
        "closed_at": row.closed_at,
        "closed_because": row.closed_because or None,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by.get_username() if row.acknowledged_by is not None else None,
        "remind_at": row.remind_at,
        "reminders": row.reminders,
        "url": asking.page_url("alerts", row.pk),
    }


def alert_detail(row: Alert, thread: Thread) -> AlertDetail:
    """One alert with its thread."""
    steps = [_step(one) for one in thread.steps]
    return AlertDetail.model_validate(_alert(row) | {"steps": steps, "silent": [_silent(one) for one in thread.silent]})


def _step(step: Step) -> StepRow:
    one = step.transition
    deliveries = [_delivery(delivery) for delivery in step.deliveries]
    return StepRow(kind=cast("StepWord", one.kind), at=one.at, number=one.number, deliveries=deliveries)


def _silent(one: Silent) -> SilentRow:
    kind, why = cast("StepWord", one.kind), cast("FateWord", one.fate)
    return SilentRow(kind=kind, why=why, count=one.count, last_at=one.last_at)


def _delivery(row: Delivery) -> DeliveryRow:
    failing = row.stands_in_for.channel if row.stands_in_for is not None else None
    return DeliveryRow(
        id=str(row.pk),
        channel=_channel(row.channel),
        state=cast("DeliveryWord", row.state),
        attempts=row.attempts,
        sent_at=row.sent_at,
        next_attempt_at=row.next_attempt_at if row.state == Delivery.State.PENDING else None,
        error=row.last_error or None,
        told=row.told,
        in_place_of=_channel(failing) if failing is not None else None,
    )


def rule(row: AlertRule, channels: Sequence[Channel]) -> RuleRow:
    """One rule with the channels chosen for it."""
    names = [sentences.name_of(one) for one in channels]
    return RuleRow(
        id=str(row.pk),
        integration=row.integration.slug if row.integration is not None else None,
        trigger=cast("TriggerWord", row.trigger),
        name=row.name or None,
        sentence=str(sentences.of(row, channels=names)),
        environment=row.environment or None,
        endpoint=row.endpoint or None,
        codes=row.codes or None,
        outcomes=list(row.outcomes),
        threshold=row.threshold,
        window_minutes=row.window_minutes,
        channels=None if row.every_channel else [_channel(one) for one in channels],
        quiet_from=f"{row.quiet_from:%H:%M}" if row.quiet_from is not None else None,
        quiet_until=f"{row.quiet_until:%H:%M}" if row.quiet_until is not None else None,
        remind_minutes=row.remind_minutes,
        tells_end=row.tells_end,
        is_on=row.is_on,
    )


def _channel(row: Channel) -> ChannelName:
    return ChannelName(id=str(row.pk), kind=row.kind, name=row.name)


def _id(number: int | None) -> str | None:
    return str(number) if number is not None else None
