"""Retries: what is sent again, when and why then, what holds it back, and how the last ones ended."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ordergroove_monitor import client_address
from responses import charts
from responses.insight import pulse, retries
from responses.insight.retries import Allowance
from responses.models import FailedRequest, Integration, Resend, Role
from responses.retrying import deeds
from responses.sending import gates, pauses
from responses.sending.gates import GateView
from responses.views import frame, links, parts, request_words, resend_words
from responses.views.frame import Frame
from responses.views.resend_words import Deed

REFRESH_SECONDS = 3


class Row(msgspec.Struct, frozen=True):
    """One live Resend with what may be done about it."""

    resend: Resend
    request: FailedRequest
    group: str
    name: str
    url: str
    count: str
    last: str
    last_code: int | None
    why: str
    deeds: tuple[Deed, ...]
    too_late: str
    nonce: str
    """Makes a wish that is sent twice one wish."""
    saw: str


class Door(msgspec.Struct, frozen=True):
    """One gate: its state in words, its budget as a picture, and whether the person may open it."""

    gate: GateView
    icon: str
    tone: str
    allowance: Allowance | None
    bar: tuple[charts.Piece, ...]
    may_resume: bool


@login_required
@require_safe
def retry_list(request: HttpRequest) -> HttpResponse:
    """List what is sent again; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    doors = gates.gates_of(page.integration, now=page.now, zone=page.zone)
    seen = mark(page, page.integration, doors)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    group, after = request.GET.get("group", ""), request.GET.get("after", "")[:80]
    context = listed(page, page.integration, group, doors, after=after, seen=seen)
    return parts.respond(request, context, page="retries/list.html", part="retries/_list.html")


def mark(page: Frame, integration: Integration, doors: list[GateView]) -> str:
    """Return what changes with everything that the page shows but its countdowns."""
    opened = "".join(f"{gate.kind[0]}{int(gate.until.timestamp()) if gate.until else ''}" for gate in doors)
    found = pulse.of(page.user, integration.pk, now=page.now)
    return f"{found}.{retries.mark(page.user, integration.pk)}.{opened}"


def listed(
    page: Frame, integration: Integration, group: str, doors: list[GateView], *, after: str, seen: str
) -> dict[str, Any]:
    """Return what the page shows."""
    user, now = page.user, page.now
    group = group if group in resend_words.TABS else ""
    allowances = retries.allowances(doors, now=now)
    stops = retries.stops_of(doors, allowances)
    counts = retries.counts(user, integration.pk, stops, now=now)
    counts[""] = min(sum(counts.values()), retries.MOST_COUNTED)
    found = retries.page(user, integration.pk, group, stops, now=now, after=after)
    here = links.page(page, "retry-list", group=group)
    may_decide = page.may(Role.SUPPORT)
    return {
        "now": now,
        "group": group,
        "tabs": [
            {"label": label, "url": links.page(page, "retry-list", group=key), "is_current": key == group,
             "count": counts[key]}
            for key, label in resend_words.TABS.items()
            if counts[key] or key in ("", "due", "later", group)
        ],
        "doors": doors_of(page, doors, allowances),
        "rows": [_row(page, one, doors, may_decide=may_decide) for one in found.rows],
        "ended": [
            (one, request_words.name_of(one.failed_request), links.page(page, "request-detail", one.failed_request_id))
            for one in (retries.ended(user, integration.pk, now=now) if not after else ())
        ],
        "empty_title": resend_words.EMPTY[group][0],
        "empty_text": empty_text(integration, group),
        "may_decide": may_decide,
        "may_pause": page.may(Role.ENGINEER),
        "is_paused": any(gate.kind == "paused" and not gates.host_in(gate.scope) for gate in doors),
        "scope": gates.account_scope(integration.pk),
        "retry_by": integration.retry_by,
        "slug": integration.slug,
        "settings_url": links.page(page, "integration-detail", integration.slug),
        "here": links.page(page, "retry-list", group=group, after=after),
        "older_url": links.page(page, "retry-list", group=group, after=found.after) if found.after else "",
        "first_url": here if after else "",
        "live_url": parts.live_url(links.page(page, "retry-list", group=group, after=after), seen=seen),
        "live_every": REFRESH_SECONDS,
    }  # fmt: skip


def empty_text(integration: Integration, group: str) -> str:
    """Say what was checked, and where the monitor sends nothing by itself, that."""
    text = resend_words.EMPTY[group][1]
    if group or integration.retry_by == Integration.Retry.MONITOR:
        return text
    who = "your own systems retry" if integration.retry_by == Integration.Retry.CALLER else "nobody retries by itself"
    return f"{text} In this integration {who}; a person can send a request again from its page."


def doors_of(page: Frame, found: list[GateView], allowances: tuple[Allowance, ...]) -> list[Door]:
    """Return the gates as the page draws them."""
    of = {one.host: one for one in allowances}
    return [_door(page, gate, of.get(gates.host_in(gate.scope))) for gate in found]


_LOOKS = {
    "paused": ("player-pause", "partial"),
    "breaker": ("plug-connected-x", "needs_fix"),
    "half_open": ("plug-connected-x", "partial"),
    "limited": ("hourglass-high", "partial"),
    "recovering": ("trending-up", "accepted"),
    "fine": ("circle-check", "success"),
}


def _door(page: Frame, gate: GateView, allowance: Allowance | None) -> Door:
    icon, tone = _LOOKS[gate.kind]
    may_resume = gate.kind == "paused" and pauses.may(gate.scope, page.user)
    bar: tuple[charts.Piece, ...] = ()
    if allowance is not None and allowance.budget:
        rate = 0 if gate.is_stopped else min(allowance.rate, allowance.budget)
        sent = min(allowance.sent, allowance.budget)
        free = max(0, rate - sent)
        bar = charts.pieces(
            [
                charts.Part("brand", "sent in the last minute", sent),
                charts.Part("free", "free", free),
                charts.Part("neutral", "not allowed now", allowance.budget - sent - free),
            ],
            whole=allowance.budget,
        )
    return Door(gate, icon, tone, allowance, bar, may_resume)


def _row(page: Frame, one: retries.Row, doors: list[GateView], *, may_decide: bool) -> Row:
    resend = one.resend
    waits = resend_words.waits_for(resend, one.group, doors)
    stopped = waits or resend_words.stopped_by(resend, doors)
    return Row(
        resend=resend,
        request=resend.failed_request,
        group=one.group,
        name=request_words.name_of(resend.failed_request),
        url=links.page(page, "request-detail", resend.failed_request_id),
        count=resend_words.count(resend),
        last=resend_words.last(one.last),
        last_code=one.last.status_code if one.last else None,
        why=waits or resend_words.why(resend),
        deeds=tuple(resend_words.deeds(resend, one.group, stopped=stopped)) if may_decide else (),
        too_late=resend_words.too_late(resend),
        nonce=secrets.token_urlsafe(12),
        saw=deeds.seen(resend.failed_request, resend),
    )


@login_required
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """Stop all sends of the integration, with a reason."""
    page, scope = _scope(request)
    try:
        is_done = pauses.pause(
            scope, page.user, reason=request.POST.get("reason", ""), now=page.now, address=client_address.of(request)
        )
    except ValueError as error:
        messages.error(request, str(error))
    else:
        words = "Paused: nothing is sent again until somebody resumes it." if is_done else "It was paused already."
        (messages.success if is_done else messages.warning)(request, words)
    return redirect(links.page(page, "retry-list"))


@login_required
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Let sends go on."""
    page, scope = _scope(request)
    is_done = pauses.release(scope, page.user, now=page.now, address=client_address.of(request))
    words = "Resumed: what is due is sent, slowly at first." if is_done else "It was not paused any more."
    (messages.success if is_done else messages.warning)(request, words)
    return redirect(links.page(page, "retry-list"))


def _scope(request: HttpRequest) -> tuple[Frame, str]:
    """Return the gate that is meant: of an integration that the person can see, or of one of its hosts."""
    visible = Integration.objects.visible_to(request.user)
    # PostgreSQL refuses to compare with a text that holds NUL.
    slug = request.POST.get("integration", "").replace("\0", "")
    page = frame.of(request, now=timezone.now(), about=get_object_or_404(visible, slug=slug))
    assert page.integration is not None
    scope = request.POST.get("scope", "")
    mine = {gates.account_scope(page.integration.pk)} | {
        gate.scope for gate in gates.gates_of(page.integration, now=page.now)
    }
    if scope not in mine:
        raise PermissionDenied
    return page, scope
