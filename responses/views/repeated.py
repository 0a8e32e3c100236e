"""Repeated: requests that failed two times or more, and the same cause on many requests."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses import charts
from responses.insight import pulse, repeated
from responses.models import FailedRequest, Integration, Issue
from responses.views import frame, links, parts, request_words
from responses.views.frame import Frame

REFRESH_SECONDS = 10
SORTS = {"most": "Times failed", "last": "Last seen", "left": "Time left"}


class Row(msgspec.Struct, frozen=True):
    """One request that failed again."""

    request: FailedRequest
    name: str
    about: str
    url: str
    stubborn: str


@login_required
@require_safe
def repeated_list(request: HttpRequest) -> HttpResponse:
    """List them; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    seen = pulse.of(page.user, page.integration.pk, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    sort = request.GET.get("sort", "")
    chosen = {"sort": sort if sort in SORTS else "most", "state": "all" if request.GET.get("state") == "all" else ""}
    context = listed(page, page.integration, chosen, after=request.GET.get("after", "")[:80], seen=seen)
    return parts.respond(request, context, page="repeated/list.html", part="repeated/_list.html")


def listed(page: Frame, integration: Integration, chosen: dict[str, str], *, after: str, seen: str) -> dict[str, Any]:
    """Return what the list shows."""
    sort, has_closed = chosen["sort"], chosen["state"] == "all"
    found = repeated.page(page.user, integration.pk, now=timezone.now(), sort=sort, has_closed=has_closed, after=after)
    causes = repeated.shared_causes(page.user, integration.pk)

    def url(**changes: str) -> str:
        values = chosen | changes
        return links.page(
            page, "repeated-list", **(values | {"sort": "" if values["sort"] == "most" else values["sort"]})
        )

    return {
        "now": page.now,
        "rows": [
            Row(
                one,
                request_words.name_of(one),
                request_words.about(one),
                links.page(page, "request-detail", one.pk),
                request_words.stubborn(one),
            )
            for one in found.rows
        ],
        "causes": [cause_row(page, issue) for issue in causes],
        "has_closed": has_closed,
        "tabs": [
            {"label": "Open", "url": url(state=""), "is_current": not has_closed, "count": None},
            {"label": "All", "url": url(state="all"), "is_current": has_closed, "count": None},
        ],
        "sorts": [(label, url(sort=key), key == sort) for key, label in SORTS.items()],
        "older_url": url(after=found.after) if found.after else "",
        "first_url": url() if after else "",
        "live_url": parts.live_url(url(after=after), seen=seen),
        "live_every": REFRESH_SECONDS,
    }


def cause_row(page: Frame, issue: Issue) -> charts.Row:
    """Return one shared cause as a bar: how many requests have it."""
    part = charts.Part(issue.outcome_word, "requests", issue.requests)
    code = str(issue.status_code) if issue.status_code else issue.failure or "No answer"
    return charts.Row(
        f"{code} · {issue.title}",
        (part,),
        url=links.page(page, "issue-detail", issue.pk),
        note=f"{issue.endpoint} · {issue.failures:,} failures",
    )
