"""What is known of an issue when a message about it is made. Pure: a value, and no more."""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses.alerting.impact import NOTHING, Impact
from responses.alerting.message import Kind
from responses.exchanges import FailureKind, Outcome, RetryBy

PURCHASE = "/subscription/create"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an issue at the moment of sending, so that a burst arrives as its number."""

    issue_id: int
    kind: Kind
    integration: str
    environment: str
    endpoint: str
    outcome: Outcome
    status_code: int | None
    failure: FailureKind | None
    field: str
    message: str
    """The normalised complaint."""
    title: str
    failures: int
    requests: int
    orders: int
    first_seen_at: datetime
    resolved_at: datetime | None = None
    failures_since: int = 0
    """Since the alert was opened; of a new issue, all."""
    more: int = 0
    """How many of them no message of the thread has told yet."""
    told_at: datetime | None = None
    """When the thread's last message was sent; ``None`` for the first one."""
    number: int | None = None
    """The transition's: what it counts depends on the kind."""
    lasts_for: float = 0.0
    """Seconds since the alert was opened."""
    reminders: int = 0
    ended_because: str = ""
    saved: int = 0
    """Of a message that says that it is over: how many requests were fine after all, like the two that follow."""
    lost: int = 0
    left: int = 0
    impact: Impact = NOTHING
    retry_by: RetryBy = RetryBy.CALLER
