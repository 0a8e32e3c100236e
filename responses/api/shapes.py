"""What the API answers with. Ids are texts, times are UTC, what is not there is null.

Everything shown was redacted before it was stored.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field, PlainSerializer, WithJsonSchema

OutcomeWord = Literal["success", "accepted", "partial", "needs_fix", "transient", "no_answer"]
OriginWord = Literal["caller", "gateway", "import", "retry", "resubmission", "poll", "lookup"]
ItemWord = Literal["created", "failed", "unknown"]
FailureWord = Literal["timeout", "connection", "tls", "dns", "protocol"]
IssueWord = Literal["open", "acknowledged", "muted", "resolved"]
RequestWord = Literal[
    "waiting", "retrying", "held", "confirming", "needs_fix", "unknown", "exhausted", "expired", "resolved", "dismissed"
]
ResendWord = Literal[
    "held", "scheduled", "claimed", "sending", "unknown", "verifying", "succeeded", "partial", "failed", "exhausted",
    "expired", "cancelled", "superseded",
]  # fmt: skip
ResolverWord = Literal["retry", "resubmission", "caller", "lookup", "person"]
ActorWord = Literal["you", "caller", "monitor", "ordergroove", "key", "nobody"]


def _rfc_3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[
    datetime,
    PlainSerializer(_rfc_3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
RowId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
Money = Annotated[
    Decimal, PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string"}, mode="serialization")
]


class ItemCounts(Schema):
    """How many items of a response ended how."""

    created: int
    failed: int
    unknown: int


class ResponseRow(Schema):
    """One recorded response."""

    id: RowId
    integration: str
    origin: OriginWord
    sent_at: Time
    recorded_at: Time
    duration_ms: int | None
    method: str
    endpoint: str
    status_code: int | None
    failure: FailureWord | None
    outcome: OutcomeWord
    message: str | None
    items: ItemCounts
    request_id: str | None
    order_id: str | None
    customer_id: str | None
    release: str | None
    issue: RowId | None
    request: RowId | None = Field(description="The failed request that it belongs to.")
    is_foreign_host: bool
    is_truncated: bool
    url: str


class ItemRow(Schema):
    """One subscription or product of a response."""

    product: str | None
    state: ItemWord
    subscription_id: str | None
    field: str | None
    message: str | None
    advice: str | None
    issue: RowId | None


class Message(Schema):
    """A request or a response as it is shown: redacted, and cut where it was too long."""

    url: str | None = None
    headers: dict[str, str]
    body: str
    body_encoding: Literal["text", "base64"]
    bytes: int = Field(description="How long the body was as it came.")
    is_cut: bool


class Exchanged(Schema):
    """What was sent and what came back."""

    request: Message
    response: Message | None
    failure_message: str | None
    tags: dict[str, str]


class FollowUpRow(Schema):
    """The pursuit of an accepted purchase to its result."""

    subs_req_id: str
    state: Literal["pending", "unconfirmed", "created", "partial", "failed", "unknown"]
    accepted_at: Time
    polls: int
    next_poll_at: Time | None
    settled_at: Time | None
    problem: str | None


class ResponseDetail(ResponseRow):
    """One response with what it means."""

    meaning: str
    advice: str
    item_list: list[ItemRow]
    follow_up: FollowUpRow | None
    exchange: Exchanged | None = Field(description="Null when the bodies are no longer kept.")


class Stake(Schema):
    """The requests behind an issue that can still be saved."""

    requests: int
    value: Money | None
    deadline_at: Time | None


class IssueRow(Schema):
    """A group of failures with one cause."""

    id: RowId
    integration: str
    fingerprint: str
    title: str
    endpoint: str
    outcome: OutcomeWord
    status_code: int | None
    failure: FailureWord | None
    field: str | None
    message: str | None
    state: IssueWord
    muted_until: Time | None
    assignee: str | None
    first_seen_at: Time
    last_seen_at: Time
    regressed_at: Time | None
    regressions: int
    failures: int
    requests: int
    orders: int
    mark: Literal["new", "regressed"] | None
    who: ActorWord = Field(description="Who acts.")
    at_stake: Stake
    url: str


class IssueDetail(IssueRow):
    """An issue with what it means and what to do about it."""

    meaning: str
    advice: str
    hours: list[int] = Field(description="Failures in each of the last 24 hours, the oldest first.")


class RequestRow(Schema):
    """One distinct request that did not succeed."""

    id: RowId
    integration: str
    state: RequestWord
    reason: str | None
    method: str
    endpoint: str
    order_id: str | None
    customer_id: str | None
    request_id: str | None
    outcome: OutcomeWord
    status_code: int | None
    failure: FailureWord | None
    message: str | None
    items: ItemCounts
    failures: int
    same_cause: int = Field(description="How many times in a row it was the same error.")
    first_failed_at: Time
    last_failed_at: Time
    deadline_at: Time | None
    value: Money | None
    retry_by: Literal["monitor", "caller", "never"]
    cannot_resend: str | None = Field(description="Why it can never be sent again; null when it can.")
    resolved_by: ResolverWord | None
    closed_at: Time | None
    url: str


class Event(Schema):
    """One thing that happened to a request, or will: its deadline."""

    at: Time
    kind: Literal["response", "deed", "closed", "deadline"]
    text: str
    by: str | None = Field(default=None, description="Who did it, or where the response came from.")
    response: RowId | None = None
    status_code: int | None = None
    outcome: OutcomeWord | None = None
    duration_ms: int | None = None
    changes: list[str] = Field(default=[], description="What differs from the call before.")


class AttemptRow(Schema):
    """One physical send."""

    number: int
    why: str | None = Field(description="Why this time was chosen.")
    intent_at: Time
    ended_at: Time | None
    result: Literal["answered", "not_sent", "unknown"] | None = Field(description="Null while it is under way.")
    status_code: int | None
    failure: FailureWord | None
    words: str | None
    response: RowId | None = Field(description="The recorded answer.")


class ResendRow(Schema):
    """One sending-again of a request: an automatic series, or one send that a person asked for."""

    id: RowId
    kind: Literal["automatic", "person", "correction"]
    state: ResendWord
    reason: str | None = Field(description="Why it is in this state, or why this time was chosen.")
    due_at: Time = Field(description="When it is sent; of an unknown one, when it is looked up next.")
    expires_at: Time | None
    sends: int
    max_sends: int
    not_sent: int = Field(description="Sends that certainly never left.")
    lookups: int
    asked_by: str | None
    ended_at: Time | None
    attempts: list[AttemptRow]


class Reason(Schema):
    """Why something may not be done now: a word for programs, and a sentence."""

    code: str
    detail: str


class RequestDetail(RequestRow):
    """A failed request with its timeline, oldest first, the items of its last answer, its causes, and how it was sent
    again, the newest first.
    """

    advice: str
    caller_retries_too: bool = Field(description="A call of the caller came while the monitor was about to send it.")
    why_not: list[Reason] = Field(description="Why a person may not send it again now; empty: it may be sent.")
    resends: list[ResendRow]
    timeline: list[Event]
    item_list: list[ItemRow]
    issues: list[RowId]


class GateRow(Schema):
    """What stands before all sends of an integration, or to one of its hosts."""

    scope: Literal["integration", "host"]
    name: str
    state: Literal["paused", "breaker", "half_open", "limited", "recovering", "fine"]
    words: str
    is_stopped: bool
    since: Time | None
    until: Time | None = Field(description="When the next probe is sent, or the pause ends by itself.")
    by: str | None = Field(description="Who paused it.")


class Gates(Schema):
    """The gates of one integration, its own first."""

    integration: str
    gates: list[GateRow]


class ResponsePage(Schema):
    """Responses, the latest first."""

    results: list[ResponseRow]
    next: str | None
    searched_to: Time | None = Field(
        description="Set when the search stopped before the log's end: how far back it got. `next` goes on from there."
    )


class IssuePage(Schema):
    """Issues in the order that was asked for."""

    results: list[IssueRow]
    next: str | None


class RequestPage(Schema):
    """Failed requests in the order that was asked for."""

    results: list[RequestRow]
    next: str | None


class Counts(Schema):
    """Responses by outcome, each counted once. ``refused``: accepted first, and found failed later. ``recovered``:
    successes and acceptances that the monitor got by sending again.
    """

    success: int
    accepted: int
    partial: int
    needs_fix: int
    transient: int
    no_answer: int
    refused: int
    recovered: int


class Bucket(Schema):
    """One stretch of time."""

    starts_at: Time
    ends_at: Time
    counts: Counts


class Split(Schema):
    """The responses that share an endpoint and a status code."""

    endpoint: str
    status_code: int | None
    outcome: OutcomeWord
    responses: int
    mean_ms: int


class Trend(Schema):
    """How many responses had which outcome, over time and by kind."""

    integration: str
    period: Literal["1h", "24h", "7d", "30d"]
    total: int
    buckets: list[Bucket]
    kinds: list[Split]


class Pointed(Schema):
    """One complaint: a JSON pointer to what it is about (a query parameter counts as a member), and the words."""

    pointer: str
    detail: str
    code: str | None = Field(default=None, description="Of a reason why something may not be done now: its word.")


class Problem(Schema):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Pointed]
    request_id: str
