"""Evidence for a ticket with Ordergroove, as Markdown: only what is stored redacted, so it can be handed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from responses.exchanges import ItemState, Outcome
from responses.insight import exhibits
from responses.insight.request import Depth
from responses.models import FailedRequest, Integration, Response

_MOST_ROWS = 20
_MOST_LINES = 200
_MOST_ITEMS = 50


def markdown(request: FailedRequest, integration: Integration, depth: Depth) -> str:
    """Return the evidence: what failed, how often, what was sent and what came back."""
    return "\n".join(_lines(request, integration, depth)) + "\n"


def _lines(request: FailedRequest, integration: Integration, depth: Depth) -> Iterator[str]:
    name = f"order {_plain(request.order_id)}" if request.order_id else _plain(request.endpoint)
    yield f"# Failed request: {name}"
    yield ""
    yield f"- Merchant: {_plain(integration.merchant_id) or 'not given'} ({integration.environment})"
    yield f"- Endpoint: {_plain(request.endpoint)}"
    yield f"- First failed: {_time(request.first_failed_at)}, last: {_time(request.last_failed_at)}"
    yield f"- Failed calls: {request.failures}"
    if request.message:
        yield f"- Last message: {_plain(request.message)}"
    yield ""
    yield "Personal data and credentials are masked."
    yield from _items(depth)
    yield ""
    yield "## Calls (the newest first, UTC)"
    yield ""
    yield "| sent | origin | answer | meaning | took | message |"
    yield "|---|---|---|---|---|---|"
    for attempt in depth.attempts[:_MOST_ROWS]:
        yield _row(attempt.response)
    if depth.latest is not None and depth.latest_shown is not None:
        shown = depth.latest_shown
        exhibit = exhibits.of(shown, method=depth.latest.method, endpoint=depth.latest.endpoint)
        yield from _body("Last request", f"{depth.latest.method} {shown.url}", exhibit.request)
        answer = str(depth.latest.status_code or shown.failure or "no answer")
        yield from _body("Last answer", answer, exhibit.answer)


def _items(depth: Depth) -> Iterator[str]:
    if not depth.items:
        return
    yield ""
    yield "## Items"
    yield ""
    for item in depth.items[:_MOST_ITEMS]:
        what = item.subscription_id or " ".join(filter(None, (item.field, item.message)))
        state = ItemState(item.state).word
        yield f"- {_plain(item.product) or f'item {item.position + 1}'}: {state}{f', {_plain(what)}' if what else ''}"


def _row(one: Response) -> str:
    took = f"{one.duration_ms} ms" if one.duration_ms is not None else ""
    answer = str(one.status_code or one.failure or "no answer")
    cells = (_time(one.sent_at), one.origin_word, answer, Outcome(one.outcome).word, took, _plain(one.message))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _body(title: str, head: str, body: exhibits.Body) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield f"`{_plain(head).replace('`', '')}`"
    text = json.dumps(body.data, indent=2, ensure_ascii=False, default=str) if body.is_data else body.text
    if not text:
        return
    lines = text.replace("\r", "").split("\n")
    fence = "`" * max(3, _longest_fence(text) + 1)
    yield ""
    yield f"{fence}{'json' if body.is_data else ''}"
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"… {len(lines) - _MOST_LINES} more lines"
    yield fence


def _longest_fence(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest


def _plain(text: str) -> str:
    """One line, whatever it holds."""
    return " ".join(text.split())


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
