"""``GET /api/v1/limits``: what one recording call may hold, for callers that want to stay below it."""

from __future__ import annotations

import msgspec

from responses.front.recording import Reply, Scope, Send, send_reply
from responses.intake import limits

_BODY = msgspec.json.encode(limits.LIMITS)


async def answer(scope: Scope, send: Send, *, request_id: str) -> None:
    """Send the limits (a HEAD gets only their header fields)."""
    await send_reply(send, Reply(200, _BODY), request_id, has_body=scope["method"] != "HEAD")
