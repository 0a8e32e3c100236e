"""What a person decides about sending a failed request again: now, not at all, after all, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ordergroove_monitor import client_address
from responses import tasks
from responses.insight import sendings
from responses.models import FailedRequest, Role
from responses.recording import batch
from responses.retrying import deeds
from responses.sending import gates
from responses.sending.guard import Reason
from responses.views import first_run, frame, links, parts, requests, retries
from responses.views.first_run import PasswordForm
from responses.views.frame import Frame
from responses.views.resend_deeds import DecisionForm, DeedForm

_DECISIONS = {"happened": deeds.HAPPENED, "again": deeds.SEND_AGAIN, "leave": deeds.LEAVE}


@login_required
@require_POST
def request_resend(request: HttpRequest, request_id: int) -> HttpResponse:
    """Do what a button says; answer htmx with the list that it stood in, and send a browser back to where it was."""
    row = requests.visible(request, request_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    if not page.user.has_role(row.integration_id, Role.SUPPORT):
        return HttpResponse("This needs the role Support.", status=403, content_type="text/plain")
    form = DeedForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This form is not complete.", status=422, content_type="text/plain")
    sent = form.cleaned_data
    if sent["deed"] == "release" and not sent["reason"].strip():
        is_done, words = False, "Say why: whoever looks at it next must know."
    else:
        is_done, words = _do(request, page, row, sent)
    if request.headers.get("HX-Request") == "true":
        return parts.with_toast(_list(request, page, sent["next"]), words, is_good=is_done)
    (messages.success if is_done else messages.warning)(request, words)
    return redirect(parts.local(request, sent["next"]) or links.page(page, "request-detail", row.pk))


def _do(request: HttpRequest, page: Frame, row: FailedRequest, sent: dict[str, Any]) -> tuple[bool, str]:
    values = {name: sent[name] for name in ("reason", "saw")}
    values |= {"now": page.now, "address": client_address.of(request)}
    if sent["deed"] != "cancel":
        values["nonce"] = sent["nonce"]
    function, words = _DEEDS[sent["deed"]]
    done = function(row, page.user, **values)
    if done.is_done:
        tasks.nudge({batch.RETRYING})
    return done.is_done, words if done.is_done else refused(done.reasons)


_DEEDS: dict[str, tuple[Callable[..., deeds.Deed], str]] = {
    "now": (deeds.retry_now, "It is sent now."),
    "cancel": (deeds.cancel, "Cancelled: it is not sent again by itself."),
    "release": (deeds.release, "Released: it is sent now."),
}


def refused(reasons: tuple[Reason, ...]) -> str:
    """Say why nothing was done."""
    if not reasons:
        return "It has changed meanwhile: this is how it stands now."
    return " ".join(reason.words for reason in reasons[:3])


def _list(request: HttpRequest, page: Frame, address: str) -> HttpResponse:
    assert page.integration is not None
    doors = gates.gates_of(page.integration, now=page.now, zone=page.zone)
    query = parts.query_of(address)
    group, after = query.get("group", ""), query.get("after", "")[:80]
    seen = retries.mark(page, page.integration, doors)
    context = retries.listed(page, page.integration, group, doors, after=after, seen=seen)
    return parts.render_part(request, "retries/_list.html", context)


@login_required
@never_cache
@require_POST
def request_settle(request: HttpRequest, request_id: int) -> HttpResponse:
    """Decide what became of an attempt whose outcome is unknown. The password is asked for again."""
    row = requests.visible(request, request_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    if not page.user.has_role(row.integration_id, Role.SUPPORT):
        return HttpResponse("This needs the role Support.", status=403, content_type="text/plain")
    form, password = DecisionForm(request.POST), _asked_again(request, page)
    if not form.is_valid() or (password is not None and password.errors):
        found = sendings.of_request(page.user, row)
        seen = requests.mark(page, row, found)
        context = requests.page_of(page, row, "timeline", found, seen=seen, form=form, password=password)
        return render(request, "requests/detail.html", context, status=422)
    sent = form.cleaned_data
    done = deeds.decide(
        row,
        page.user,
        decision=_DECISIONS[sent["decision"]],
        reason=sent["reason"],
        nonce=sent["nonce"],
        saw=sent["saw"],
        now=page.now,
        address=client_address.of(request),
    )
    if done.is_done:
        tasks.nudge({batch.RETRYING})
        messages.success(request, "Decided, and written down with your reason.")
    else:
        messages.warning(request, refused(done.reasons))
    return redirect(links.page(page, "request-detail", row.pk))


def _asked_again(request: HttpRequest, page: Frame) -> PasswordForm | None:
    """The password form, checked; ``None`` for whoever signed in a moment ago."""
    if first_run.is_fresh(page):
        return None
    form = PasswordForm(request.POST)
    if form.is_valid() and not first_run.is_same_person(request, form.cleaned_data["password"]):
        form.add_error("password", "That is not your password.")
    return form
