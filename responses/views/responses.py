"""Responses: the log with its filters and bars, and one response, as a page or in the drawer."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses.insight import exhibits, failed_requests, narrowing, periods, responses
from responses.insight import response as insight
from responses.insight.responses import Page, Wanted
from responses.models import Integration, Response
from responses.ordergroove import codes, endpoints
from responses.views import follow_words, frame, links, parts, response_bars, response_filters
from responses.views.frame import Frame
from responses.views.response_filters import Chosen

REFRESH_SECONDS = 5


@login_required
@require_safe
def response_list(request: HttpRequest) -> HttpResponse:
    """List the responses of one integration; to htmx only how many are new, or 204 when none is."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    chosen = response_filters.read(request.GET, page)
    if parts.is_wanted(request):
        return _new(request, page, page.integration, chosen)
    before, after = request.GET.get("before", "")[:80], request.GET.get("after", "")[:80]
    cursor = responses.read_cursor(chosen.wanted, before=before, after=after)
    newest = responses.newest_id(page.user, page.integration.pk)
    found = responses.page(page.user, page.integration.pk, chosen.wanted, cursor=cursor)
    context = listed(page, page.integration, chosen, found, newest=newest, is_first=cursor is None)
    return render(request, "responses/list.html", context)


def listed(
    page: Frame, integration: Integration, chosen: Chosen, found: Page, *, newest: int, is_first: bool
) -> dict[str, Any]:
    """Return what the list shows."""
    wanted = chosen.wanted
    issues = found.found_by.issues if found.found_by else ()
    trend = narrowing.trend(
        page.user,
        integration.pk,
        chosen.period,
        now=page.now,
        zone=page.zone,
        endpoint=wanted.endpoint,
        code=wanted.code,
        hundred=wanted.hundred,
        outcome=wanted.outcome,
    )
    is_live = is_first and wanted.until is None
    return {
        "now": page.now,
        "chosen": chosen,
        "integration": page.kept.get("integration", ""),
        "filters": response_filters.LABELS,
        "outcomes": response_filters.OUTCOME_CHOICES,
        "origins": response_filters.ORIGIN_CHOICES,
        "methods": endpoints.METHODS,
        "periods": [(one.key, one.words.removeprefix("in the ")) for one in periods.ALL],
        "endpoints": sorted(
            {*narrowing.endpoints(page.user, integration.pk, now=page.now), *filter(None, [wanted.endpoint])}
        ),
        "codes": [info.code for info in codes.ALL],
        "chips": chosen.chips(page),
        "clear_url": links.page(page, "response-list"),
        "trend": response_bars.of(page, chosen, trend),
        "total": trend.total,
        "period": chosen.period,
        "has_bars": not wanted.is_picked,
        "is_wider": bool(wanted.method or wanted.origin or wanted.release),
        "rows": [(row, links.page(page, "response-detail", row.pk)) for row in found.rows],
        "found": found,
        "found_requests": [
            (one, links.page(page, "request-detail", one.pk))
            for one in failed_requests.named(page.user, integration.pk, wanted.order or wanted.words)
        ]
        if is_first
        else [],
        "lookup_url": links.page(page, "order-lookup", q=wanted.order or wanted.words)
        if is_first and (wanted.order or wanted.words)
        else "",
        "found_issues": [(issue, chosen.url(page, q="", issue=issue.pk)) for issue in issues],
        "newer_url": chosen.url(page, before=found.newer) if found.newer else "" if is_first else chosen.url(page),
        "older_url": chosen.url(page, after=found.older) if found.older else "",
        "first_url": chosen.url(page),
        "overview_url": links.page(page, "overview"),
        "summary": summary(found),
        "checked": checked(wanted),
        "is_first": is_first,
        "newest": newest,
        "new": 0,
        "live_url": parts.live_url(chosen.url(page), seen=str(newest), new="0") if is_live else "",
        "live_every": REFRESH_SECONDS,
    }


def summary(found: Page) -> str:
    """Say which stretch of the log a page shows."""
    if not found.rows:
        return ""
    return f"{len(found.rows)} responses" if len(found.rows) > 1 else "1 response"


def checked(wanted: Wanted) -> str:
    """Say what an empty list has looked for."""
    if wanted.words:
        return (
            "Looked for it as an order, customer or request id (or the beginning of one), as an object of a failed "
            "call, and in the messages of all issues."
        )
    if wanted.since or wanted.until:
        return "The whole stretch of time was looked at."
    return "All that is kept was looked at."


def _new(request: HttpRequest, page: Frame, integration: Integration, chosen: Chosen) -> HttpResponse:
    """Answer with the pill that says how many are new."""
    seen, known = (_number(request.GET.get(name, "")) for name in ("seen", "new"))
    new = responses.count_new(page.user, integration.pk, chosen.wanted, seen=seen)
    if new == known:
        return HttpResponse(status=204)
    context = {
        "new": new,
        "most": responses.MOST_NEW,
        "first_url": chosen.url(page),
        "live_url": parts.live_url(chosen.url(page), seen=str(seen), new=str(new)),
        "live_every": REFRESH_SECONDS,
    }
    return render(request, "responses/_new.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


@login_required
@require_safe
def response_detail(request: HttpRequest, response_id: int) -> HttpResponse:
    """Show one response; to htmx the part that stands in the drawer."""
    row = _visible(request, response_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    context = shown(page, row)
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, "responses/_response.html" if is_part else "responses/detail.html", context)


def shown(page: Frame, row: Response) -> dict[str, Any]:
    """Return what the page of one response shows."""
    one = insight.read(page.user, row)
    exhibit = None
    if one.shown is not None:
        fields = [item.field for item in one.items] + [row.message.partition(": ")[0]]
        exhibit = exhibits.of(one.shown, method=row.method, endpoint=row.endpoint, fields=fields)
    return {
        "now": page.now,
        "response": row,
        "one": one,
        "exhibit": exhibit,
        "items": [(item, insight.item_advice(row, item)) for item in one.items],
        "follow": follow_words.of(one.follow_up, row, page) if one.follow_up else None,
        "url": links.page(page, "response-detail", row.pk),
        "failure_words": one.shown.failure or "No answer came." if one.shown else "",
        "issue_url": links.page(page, "issue-detail", one.issue.pk) if one.issue else "",
        "request_url": links.page(page, "request-detail", one.request.pk) if one.request else "",
        "order_url": links.responses(page, order=row.order_id) if row.order_id else "",
        "customer_url": links.responses(page, customer=row.customer_id) if row.customer_id else "",
        "same_url": links.responses(page, request=row.request_id) if row.request_id else "",
        "release_url": links.responses(page, release=row.release) if row.release else "",
        "list_url": links.page(page, "response-list"),
    }


@login_required
@require_safe
def response_raw(request: HttpRequest, response_id: int, which: str) -> HttpResponse:
    """Hand out a stored (redacted) body as a file, which no browser shows or runs."""
    row = _visible(request, response_id)
    if which not in ("request", "answer"):
        raise Http404
    found = insight.shown_of([row]).get(row.pk)
    if found is None:
        raise Http404
    body = found.request_body if which == "request" else found.response_body
    response = HttpResponse(body, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{which}-{row.pk}.txt"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _visible(request: HttpRequest, response_id: int) -> Response:
    if response_id >= 2**63:
        raise Http404
    return get_object_or_404(Response.objects.visible_to(request.user).select_related("integration"), pk=response_id)
