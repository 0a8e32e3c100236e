"""Messages and facts for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting.impact import Impact
from responses.alerting.message import Kind, Message, Stamp, Tone
from responses.alerting.telling import issues
from responses.alerting.telling.known import Facts
from responses.exchanges import Outcome

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "https://monitor.example.com/issues/7/"
STAMP = Stamp(message_id="delivery-99", thread_id="alert-7.channel-3", at=NOW)
_STAKES = frozenset(Impact.__struct_fields__) - {"requests", "orders"}
HOSTILE = (
    "evil\r\nBcc: eve@example.com",
    "<!channel> <@U123> <https://evil.example|click>",
    "*bold* _it_ ~gone~ `code` ```block```",
    "right\u202eto left\u2066",
    "lone \ud800 and \udfff",
    "<script>alert(1)</script> & {{ template }} {% now %}",
    "x" * 1_000_000,
    "\x00\x01\x1b[31m",
    "::ffff:: :smile: @here #general",
    "=?utf-8?q?encoded?=",
    "",
)


def make_facts(**overrides: Any) -> Facts:
    """A new issue of a purchase that lacks its session id. What belongs to its impact is put there."""
    stakes: dict[str, Any] = {
        "requests": 12,
        "orders": 12,
        "customers": 11,
        "refused": 12,
        "deadline_at": NOW + timedelta(hours=5, minutes=12),
        "deadline_has_order": True,
    }
    own = {name: overrides.pop(name) for name in list(overrides) if name in _STAKES}
    values: dict[str, Any] = {
        "issue_id": 7,
        "kind": Kind.NEW,
        "integration": "Shop EU",
        "environment": "production",
        "endpoint": "POST /subscription/create",
        "outcome": Outcome.NEEDS_FIX,
        "status_code": 400,
        "failure": None,
        "field": "",
        "message": "session id cannot be null",
        "title": "Session id cannot be null",
        "failures": 14,
        "requests": 12,
        "orders": 12,
        "first_seen_at": NOW - timedelta(minutes=2),
        "impact": Impact(**stakes | own),
    }
    return Facts(**values | overrides)


def make_message(url: str = URL, **overrides: Any) -> Message:
    """The message about ``make_facts``, as urgent as it is."""
    said = issues.tell(make_facts(**overrides), url=url, now=NOW, zone=ZoneInfo("UTC"))
    return msgspec.structs.replace(said, tone=Tone.URGENT)
