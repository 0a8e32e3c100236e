"""What a run leaves behind, as plain values: the ledgers of the outside world, and the rows of the monitor's tables."""

from __future__ import annotations

from pathlib import Path

import msgspec

from chaos import ledger
from chaos.ledger import Line


class Attempt(msgspec.Struct, frozen=True):
    """One row of attempts. Times are seconds since 1970."""

    resend_id: int
    number: int
    intent_at: float
    ended_at: float | None
    result: str
    status_code: int | None = None


class Resend(msgspec.Struct, frozen=True):
    """One row of resends, with what is needed of its failed request."""

    id: int
    failed_request_id: int
    state: str
    is_live: bool
    body_hash: str
    kind: str
    policy: str
    due_at: float
    reason: str
    sends: int
    max_sends: int
    lookups: int
    first_failed_at: float
    deadline_at: float | None
    waits_for_a_person: bool = False
    failed_request_state: str = ""


class Failed(msgspec.Struct, frozen=True):
    """One failed request."""

    id: int
    name: str
    """The order, or the object."""
    is_purchase: bool
    state: str
    resolved_by: str = ""


class Message(msgspec.Struct, frozen=True):
    """One delivery, or where the hourly cap held it back the one that counts it: its state, and the id it is sent with."""

    id: int
    kind: str
    state: str
    mark: str
    transition_id: int = 0
    sent_at: float | None = None


class Change(msgspec.Struct, frozen=True):
    """One transition: what became of it."""

    id: int
    kind: str
    fate: str
    alert_id: int | None = None
    title: str = ""
    """Of its issue."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables hold when everything has settled."""

    stored_ids: list[str] = []
    resends: list[Resend] = []
    attempts: list[Attempt] = []
    failed: list[Failed] = []
    unhandled_transitions: int = 0
    messages: list[Message] = []
    changes: list[Change] = []
    pending_follow_ups: int = 0
    wrong_counts: list[str] = []
    """One sentence for each counter that differs from what its rows say."""
    audit: dict[str, int] = {}
    """How many entries each action has."""
    leaks: list[str] = []
    """One sentence for each canary in a column, or in a body when it is unpacked."""


class Peaks(msgspec.Struct, frozen=True, kw_only=True):
    """The most that any process of the monitor ever held."""

    mebibytes: dict[str, float] = {}
    open_files: dict[str, int] = {}
    wal_mebibytes: float = 0.0


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the checker looks at."""

    load: list[Line] = []
    upstream: list[Line] = []
    messages: list[Line] = []
    rows: Rows = Rows()
    peaks: Peaks = Peaks()
    leaks: list[str] = []
    ended: dict[str, int | None] = {}
    """How each process ended that was asked to stop at the end; ``None``: it had to be killed."""
    expected_audit: dict[str, int] = {}
    ended_at: float = 0.0
    settle_seconds: float = 0.0
    after_5xx_seconds: float = 0.0
    lost_turns: int = 0
    """How often SQLite told a writer that it was locked, in spite of the writers' own lock."""
    harms: int = 0
    """How often something was done or died that may come between a channel's answer and our mark."""


def of_ledgers(folder: Path) -> dict[str, list[Line]]:
    """Read the ledgers of a run."""
    return {name: ledger.read(folder / name) for name in ("load", "upstream", "messages")}
