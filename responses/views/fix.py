"""To fix: requests that a person must correct or decide, in bands by the time that is left, and as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses.insight import fixing, pulse
from responses.insight import request as insight
from responses.models import FailedRequest, Integration
from responses.views import frame, links, parts, request_words, sheets
from responses.views.frame import Frame

REFRESH_SECONDS = 10
MOST_COUNTED = 1000
TABS = {
    "": "All",
    "needs_fix": "Needs a fix",
    "unknown": "Unknown",
    "exhausted": "Exhausted",
    "held": "Held",
    "expired": "Expired today",
}
BANDS = {
    "over": ("Time is up", "Nobody knows what became of them, so they stay until a person decides."),
    "hour": ("Less than 1 hour", ""),
    "four": ("Less than 4 hours", ""),
    "twelve": ("Less than 12 hours", ""),
    "later": ("Later", ""),
    "expired": ("Expired in the last 24 hours", "The carts are no longer reliable: place the orders anew."),
}
HEAD = (
    "order", "customer", "request id", "endpoint", "state", "code", "message", "next step", "created", "failed",
    "unknown", "value", "times failed", "first failed (UTC)", "fix until (UTC)", "address",
)  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """One request with what to do about it."""

    request: FailedRequest
    name: str
    about: str
    url: str
    step: str
    stubborn: str


class Band(msgspec.Struct, frozen=True):
    """The rows that are equally pressing."""

    key: str
    title: str
    note: str
    rows: tuple[Row, ...]


@login_required
@require_safe
def fix_list(request: HttpRequest) -> HttpResponse:
    """List what is to fix; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    seen = pulse.of(page.user, page.integration.pk, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = listed(page, page.integration, _state(request), after=request.GET.get("after", "")[:80], seen=seen)
    return parts.respond(request, context, page="fix/list.html", part="fix/_list.html")


def listed(page: Frame, integration: Integration, state: str, *, after: str, seen: str) -> dict[str, Any]:
    """Return what the list shows."""
    user, now = page.user, page.now
    if state == "expired":
        found = fixing.expired(user, integration.pk, now=now, after=after)
    else:
        found = fixing.running(user, integration.pk, state=state, now=now, after=after)
        if not found.after:
            # Nobody can save these any more: they stand below what can be saved.
            late = fixing.overdue(user, integration.pk, state=state, now=now)
            found = fixing.Page((*found.rows, *late), "")
    counts = fixing.counts(user, integration.pk, now=now, most=MOST_COUNTED)
    counts[""] = min(sum(number for name, number in counts.items() if name != "expired"), MOST_COUNTED)
    here = links.page(page, "fix-list", state=state)
    return {
        "now": now,
        "state": state,
        "tabs": [
            {
                "label": label,
                "url": links.page(page, "fix-list", state=key),
                "is_current": key == state,
                "count": counts[key],
            }
            for key, label in TABS.items()
            if counts[key] or key in ("", "needs_fix", "expired", state)
        ],
        "bands": list(banded(page, found.rows, is_expired=state == "expired")),
        "has_any": bool(found.rows),
        "expired": counts["expired"],
        "older_url": links.page(page, "fix-list", state=state, after=found.after) if found.after else "",
        "first_url": here if after else "",
        "csv_url": links.page(page, "fix-export", state=state),
        "runs_url": links.page(page, "bulk-list"),
        "expired_url": links.page(page, "fix-list", state="expired"),
        "live_url": parts.live_url(links.page(page, "fix-list", state=state, after=after), seen=seen),
        "live_every": REFRESH_SECONDS,
    }


def banded(page: Frame, rows: tuple[FailedRequest, ...], *, is_expired: bool) -> Iterator[Band]:
    """Return the rows in their bands."""
    for key, group in groupby(rows, lambda row: "expired" if is_expired else request_words.band(row, now=page.now)):
        title, note = BANDS[key]
        yield Band(key, title, note, tuple(_row(page, one) for one in group))


def _row(page: Frame, one: FailedRequest) -> Row:
    return Row(
        one,
        request_words.name_of(one),
        request_words.about(one),
        links.page(page, "request-detail", one.pk),
        request_words.next_step(one, insight.advice(one, ())),
        request_words.stubborn(one),
    )


@login_required
@require_safe
def fix_export(request: HttpRequest) -> HttpResponse:
    """Hand out what is to fix as CSV. Everything in it is masked as it is on the pages."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        raise Http404
    found = fixing.everything(page.user, page.integration.pk, state=_state(request), now=page.now)
    rows = (_cells(request, _row(page, one)) for one in found)
    return sheets.answer(f"to-fix-{page.now:%Y-%m-%d}.csv", HEAD, rows)


def _cells(request: HttpRequest, row: Row) -> tuple[object, ...]:
    one = row.request
    return (
        one.order_id,
        one.customer_id,
        one.request_id,
        one.endpoint,
        one.get_state_display(),
        one.status_code or one.failure,
        one.message,
        row.step,
        one.items_created,
        one.items_failed,
        one.items_unknown,
        one.value,
        one.failures,
        f"{one.first_failed_at:%Y-%m-%d %H:%M:%S}",
        f"{one.deadline_at:%Y-%m-%d %H:%M:%S}" if one.deadline_at else "",
        request.build_absolute_uri(row.url),
    )


def _state(request: HttpRequest) -> str:
    state = request.GET.get("state", "")
    return state if state in TABS else ""
