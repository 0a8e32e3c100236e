"""Partial: what of a request was created and what was not, and which reasons hit which products."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses.insight import partials, pulse
from responses.insight.partials import Breakdown
from responses.models import Integration
from responses.views import frame, links, parts, request_words
from responses.views.frame import Frame

REFRESH_SECONDS = 10
_SHOWN_ITEMS = 4
_SHADES = 4


@login_required
@require_safe
def partial_list(request: HttpRequest) -> HttpResponse:
    """List them; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    seen = pulse.of(page.user, page.integration.pk, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    has_closed, after = request.GET.get("state") == "all", request.GET.get("after", "")[:80]
    context = listed(page, page.integration, has_closed=has_closed, after=after, seen=seen)
    return parts.respond(request, context, page="partial/list.html", part="partial/_list.html")


def listed(page: Frame, integration: Integration, *, has_closed: bool, after: str, seen: str) -> dict[str, Any]:
    """Return what the list shows."""
    user, state = page.user, "all" if has_closed else ""
    found = partials.page(user, integration.pk, has_closed=has_closed, after=after)
    here = links.page(page, "partial-list", state=state)
    return {
        "now": page.now,
        "rows": [
            {
                "request": row,
                "name": request_words.name_of(row),
                "url": links.page(page, "request-detail", row.pk, tab="items"),
                "items": items[:_SHOWN_ITEMS],
                "more": max(0, len(items) - _SHOWN_ITEMS),
            }
            for row, items in found.rows
        ],
        "has_closed": has_closed,
        "tabs": [
            {"label": "Open", "url": links.page(page, "partial-list"), "is_current": not has_closed, "count": None},
            {
                "label": "All",
                "url": links.page(page, "partial-list", state="all"),
                "is_current": has_closed,
                "count": None,
            },
        ],
        "heat": heat(page, partials.breakdown(user, integration.pk, has_closed=has_closed)),
        "clean": partials.clean_bulk(user, integration.pk, now=page.now),
        "clean_url": links.responses(page, code=207, outcome="success", period="7d"),
        "older_url": links.page(page, "partial-list", state=state, after=found.after) if found.after else "",
        "first_url": here if after else "",
        "live_url": parts.live_url(links.page(page, "partial-list", state=state, after=after), seen=seen),
        "live_every": REFRESH_SECONDS,
    }


def heat(page: Frame, found: Breakdown) -> dict[str, Any]:
    """Return the breakdown as a table whose cells are shaded by their share of the largest."""
    return {
        "sampled": found.sampled,
        "products": found.products,
        "rows": [
            {
                "words": reason.words,
                "state": reason.state,
                "url": links.page(page, "issue-detail", reason.issue_id) if reason.issue_id else "",
                "total": reason.total,
                "cells": [(number, _shade(number, found.most)) for number in reason.by_product],
            }
            for reason in found.reasons
        ],
    }


def _shade(number: int, most: int) -> int:
    return -(-number * _SHADES // most) if most else 0
