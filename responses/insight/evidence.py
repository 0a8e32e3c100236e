"""Evidence for a ticket with Ordergroove, as Markdown: only what is stored redacted, so it can be handed on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from responses.exchanges import ItemState, Outcome
from responses.insight import exhibits
from responses.insight.request import Depth
from responses.insight.sendings import Sendings
from responses.models import Attempt, FailedRequest, Integration, Resend, Response, Resubmission

_MOST_ROWS = 20
_MOST_LINES = 200
_MOST_ITEMS = 50


def markdown(
    request: FailedRequest,
    integration: Integration,
    depth: Depth,
    sent: Sendings,
    corrections: Sequence[Resubmission],
) -> str:
    """Return the evidence: what failed, how often, what was sent, corrected and sent again, and what came back.

    The people of this monitor are not named in it.
    """
    return "\n".join(_lines(request, integration, depth, sent, corrections)) + "\n"


def _lines(
    request: FailedRequest,
    integration: Integration,
    depth: Depth,
    sent: Sendings,
    corrections: Sequence[Resubmission],
) -> Iterator[str]:
    name = f"order {_plain(request.order_id)}" if request.order_id else _plain(request.endpoint)
    yield f"# Failed request: {name}"
    yield ""
    yield f"- Merchant: {_plain(integration.merchant_id) or 'not given'} ({integration.environment})"
    yield f"- Endpoint: {_plain(request.endpoint)}"
    yield from _ids(request, depth)
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
    yield from _attempts(sent)
    yield from _corrections(corrections)
    if depth.latest is not None and depth.latest_shown is not None:
        shown = depth.latest_shown
        exhibit = exhibits.of(shown, method=depth.latest.method, endpoint=depth.latest.endpoint)
        yield from _body("Last request", f"{depth.latest.method} {shown.url}", exhibit.request)
        answer = str(depth.latest.status_code or shown.failure or "no answer")
        yield from _body("Last answer", answer, exhibit.answer)


def _ids(request: FailedRequest, depth: Depth) -> Iterator[str]:
    for name, value in (("Customer", request.customer_id), ("Request id", request.request_id)):
        if value:
            yield f"- {name}: {_plain(value)}"
    for follow_up in depth.follow_ups[:_MOST_ROWS]:
        yield f"- Accepted as: {_plain(follow_up.subs_req_id)}"


def _attempts(sent: Sendings) -> Iterator[str]:
    """What the monitor sent by itself or for a person; also what got no answer, and so stands in no call."""
    found = [(one.resend, attempt) for one in sent.rows for attempt in reversed(one.attempts)]
    if not found:
        return
    yield from (
        "",
        "## Sent again (the newest first, UTC)",
        "",
        "| sent | what | attempt | result |",
        "|---|---|---|---|",
    )
    for resend, attempt in found[:_MOST_ROWS]:
        what = "corrected" if resend.kind == Resend.Kind.CORRECTION else "unchanged"
        yield f"| {_time(attempt.intent_at)} | {what} | {attempt.number} | {_result(attempt)} |"


def _result(attempt: Attempt) -> str:
    if attempt.status_code is not None:
        return str(attempt.status_code)
    return {"not_sent": "never left", "unknown": "no answer was read"}.get(attempt.result, "under way")


def _corrections(corrections: Sequence[Resubmission]) -> Iterator[str]:
    if not corrections:
        return
    yield from ("", "## Corrections (the newest first, UTC)", "")
    for one in corrections[:_MOST_ROWS]:
        parts = [_time(one.created_at)]
        parts += [f"order id {_plain(one.order_id)}"] if one.order_id else []
        parts += [f"{one.kept} kept, {one.sent} sent"] if one.kept else []
        parts += [one.resend.get_state_display().lower(), f"body SHA-256 {one.body_hash}"]
        yield f"- {', '.join(parts)}"
        for change in one.changes[:_MOST_ITEMS]:
            before, after = (_plain(str(change.get(name) or "nothing")) for name in ("before", "after"))
            yield f"  - {_plain(str(change.get('path', '')))}: {before} → {after}"


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
