"""Records as callers send them."""

from __future__ import annotations

import json
from typing import Any


def record(**overrides: Any) -> dict[str, Any]:
    """The example of the contract; ``overrides`` replaces or, with ``...``, removes top-level fields."""
    made: dict[str, Any] = {
        "id": "call-1",
        "sent_at": "2026-11-22T12:00:00.123Z",
        "duration_ms": 231,
        "request": {
            "method": "POST",
            "url": "https://sc.ordergroove.com/subscription/create",
            "headers": {"Content-Type": "application/json"},
            "body": "create_request={}",
        },
        "response": {
            "status_code": 400,
            "headers": {"content-type": "application/json"},
            "body": '{"error_message": "x"}',
        },
        "failure": None,
        "request_id": "order-1001",
        "retry": "monitor",
        "tags": {"release": "2.4.1"},
    } | overrides
    return {name: value for name, value in made.items() if value is not ...}


def request(**overrides: Any) -> dict[str, Any]:
    """A record whose request differs."""
    made = record()
    return made | {
        "request": {name: value for name, value in (made["request"] | overrides).items() if value is not ...}
    }


def response(**overrides: Any) -> dict[str, Any]:
    """A record whose response differs."""
    made = record()
    return made | {
        "response": {name: value for name, value in (made["response"] | overrides).items() if value is not ...}
    }


def encoded(data: object) -> bytes:
    """JSON, with lone surrogates where there are any."""
    return json.dumps(data).encode()
