"""A small run that went well, in made-up ledgers and rows; tests plant one violation each."""

from __future__ import annotations

from typing import Any

import msgspec

from chaos.evidence import Attempt, Change, Evidence, Failed, Message, Peaks, Resend, Rows
from chaos.ledger import Line

T = 1_800_000_000.0
HASH = "aa" * 32


def line(at: float, event: str, **fields: Any) -> Line:
    return {"at": T + at, "event": event, **fields}


def received(at: float, number: int, who: str = "monitor", **fields: Any) -> Line:
    usual = {"kind": "purchase", "name": "C1", "resource": "order C1", "hash": HASH, "has_right_key": True}
    return line(at, "received", number=number, who=who, **(usual | fields))


def applied(at: float, number: int = 2, name: str = "C1", kind: str = "purchase") -> Line:
    return line(at, "applied", number=number, name=name, kind=kind)


def acknowledged(at: float, *, name: str = "C1", answer: int | None = 503, **fields: Any) -> Line:
    usual = {"number": 1, "id": "chaos-1", "has_left": True}
    return line(at, "acknowledged", name=name, answer=answer, **(usual | fields))


def accepted(at: float, **fields: Any) -> Line:
    usual = {"channel": "email", "id": "delivery-5", "mood": "take", "is_seen": True}
    return line(at, "accepted", **(usual | fields))


def resend(**fields: Any) -> Resend:
    usual: dict[str, Any] = {
        "id": 7, "failed_request_id": 3, "state": "succeeded", "is_live": False, "body_hash": HASH,
        "kind": "automatic", "policy": "purchase", "due_at": T + 5, "reason": "", "sends": 1, "max_sends": 4,
        "lookups": 0, "first_failed_at": T, "deadline_at": T + 86_400,
    }  # fmt: skip
    return Resend(**(usual | fields))


def attempt(intent_at: float = 5.0, **fields: Any) -> Attempt:
    usual: dict[str, Any] = {
        "resend_id": 7, "number": 1, "ended_at": T + intent_at + 0.2, "result": "answered", "status_code": 200
    }  # fmt: skip
    return Attempt(intent_at=T + intent_at, **(usual | fields))


def good_run() -> Evidence:
    """One purchase that failed, was sent again, and took effect."""
    return Evidence(
        load=[line(0, "called", name="C1", number=1, hash=HASH), acknowledged(0.2)],
        upstream=[received(0.1, 1, "caller", has_right_key=False), received(5.1, 2), applied(5.15)],
        messages=[accepted(1)],
        rows=Rows(
            stored_ids=["chaos-1"],
            resends=[resend()],
            attempts=[attempt()],
            failed=[Failed(3, "C1", is_purchase=True, state="resolved", resolved_by="retry")],
            messages=[Message(5, "email", "sent", "delivery-5", transition_id=9, sent_at=T + 1.1)],
            changes=[Change(9, "issue_opened", "told", alert_id=2, title="Something is wrong")],
            audit={"key.added": 1},
        ),
        peaks=Peaks(mebibytes={"web": 120.0}, open_files={"web": 30}),
        ended={"web": 0, "worker": 0},
        expected_audit={"key.added": 1},
        ended_at=T + 60,
        settle_seconds=18.0,
        after_5xx_seconds=4.0,
    )


def with_rows(run: Evidence, **fields: Any) -> Evidence:
    return msgspec.structs.replace(run, rows=msgspec.structs.replace(run.rows, **fields))


def with_ledger(run: Evidence, name: str, *lines: Line) -> Evidence:
    """The run with more lines in one of its ledgers."""
    return msgspec.structs.replace(run, **{name: sorted([*getattr(run, name), *lines], key=lambda one: one["at"])})
