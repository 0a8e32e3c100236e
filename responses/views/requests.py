"""One failed request: its state and clock, its timeline, items and bodies, and what a person may decide about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ordergroove_monitor import client_address
from responses.insight import evidence, exhibits, pulse, sendings
from responses.insight import request as insight
from responses.insight import response as response_insight
from responses.insight.corrections import of_request as corrections_of
from responses.insight.request import Depth
from responses.insight.sendings import Sendings
from responses.models import FailedRequest, Item, Role, User
from responses.triage import requests as triage
from responses.views import corrections, follow_words, frame, links, parts, request_story, request_words, resend_deeds
from responses.views.first_run import PasswordForm
from responses.views.frame import Frame
from responses.views.resend_deeds import DecisionForm

REFRESH_SECONDS = 10
TABS = {"timeline": "Timeline", "items": "Items", "request": "Request", "answer": "Answer", "audit": "Audit"}


class DeedForm(forms.Form):
    """What a button sends: the deed, the state that the person saw, and the reason."""

    deed = forms.ChoiceField(choices=[(name, name) for name in ("handle", "dismiss", "reopen")])
    seen = forms.ChoiceField(choices=FailedRequest.State.choices)
    reason = forms.CharField(max_length=300, required=False)


@login_required
@require_safe
def request_detail(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show one request; to htmx its living part, or 204 when nothing has changed."""
    row = visible(request, request_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    found = sendings.of_request(page.user, row)
    seen = mark(page, row, found)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "timeline"
    if parts.is_wanted(request):
        return parts.render_part(request, "requests/_detail.html", shown(page, row, tab, found, seen=seen))
    return render(request, "requests/detail.html", page_of(page, row, tab, found, seen=seen))


def mark(page: Frame, row: FailedRequest, found: Sendings) -> str:
    """Return what changes with everything that the page shows but its clocks."""
    newest = found.newest.resend if found.newest else None
    epoch = f"{newest.pk:x}-{newest.epoch:x}" if newest else ""
    return f"{pulse.of(page.user, row.integration_id, now=page.now)}.{epoch}"


def page_of(
    page: Frame,
    row: FailedRequest,
    tab: str,
    found: Sendings,
    *,
    seen: str,
    form: DecisionForm | None = None,
    password: PasswordForm | None = None,
) -> dict[str, Any]:
    """Return what the whole page shows: the living part, and the buttons and forms that stand outside of it."""
    context = shown(page, row, tab, found, seen=seen)
    may_decide = context["may_decide"]
    return context | {
        "correct": corrections.button(page, row),
        "buttons": resend_deeds.buttons(page, row, found) if may_decide else None,
        "decision": resend_deeds.decision(page, row, found, form=form, password=password) if may_decide else None,
        "evidence_story": request_story.known(found.newest, sendings.questions(context["depth"]), page),
    }


def shown(page: Frame, row: FailedRequest, tab: str, found: Sendings, *, seen: str) -> dict[str, Any]:
    """Return what the living part shows."""
    depth = insight.read(page.user, row)
    here = links.page(page, "request-detail", row.pk, tab="" if tab == "timeline" else tab)
    exhibit = None
    if depth.latest is not None and depth.latest_shown is not None:
        fields = [item.field for item in depth.items] + [row.message.partition(": ")[0]]
        exhibit = exhibits.of(
            depth.latest_shown, method=depth.latest.method, endpoint=depth.latest.endpoint, fields=fields
        )
    may_decide = page.user.has_role(row.integration_id, Role.SUPPORT)
    sent = request_story.told(found)
    corrected = corrections.told(page, row)
    return corrected | {
        "now": page.now,
        "request_row": row,
        "name": request_words.name_of(row),
        "means": request_words.means(row),
        "next_step": request_words.next_step(row, insight.advice(row, depth.items)),
        "stubborn": request_words.stubborn(row),
        "depth": depth,
        "attempts": [
            (one, links.page(page, "response-detail", one.response.pk), sent.get(one.response.pk))
            for one in depth.attempts
        ],
        "ahead": request_story.ahead(found, row),
        "retries_url": links.page(page, "retry-list"),
        "settings_url": links.page(page, "integration-detail", row.integration.slug),
        "items": [(item, _item_advice(depth, item)) for item in depth.items],
        "follows": [follow_words.about(one, page) for one in depth.follow_ups if row.is_open or one.settled_at is None][
            :1
        ],
        "issues": [(issue, links.page(page, "issue-detail", issue.pk)) for issue in depth.issues],
        "exhibit": exhibit,
        "latest_url": links.page(page, "response-detail", depth.latest.pk) if depth.latest else "",
        "customer_url": links.responses(page, customer=row.customer_id) if row.customer_id else "",
        "story": request_story.of(insight.deeds(page.user, row)) if tab == "audit" else [],
        "evidence": evidence.markdown(
            row, row.integration, depth, found, [one.row for one in corrected["corrections"]]
        ),
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "url": links.page(page, "request-detail", row.pk, tab="" if key == "timeline" else key),
                "is_current": key == tab,
                "count": {"timeline": len(depth.attempts), "items": len(depth.items) or None}.get(key),
            }
            for key, label in TABS.items()
        ],
        "may_close": may_decide and triage.may_close(row),
        "may_reopen": may_decide and triage.may_reopen(row, now=page.now),
        "may_decide": may_decide,
        "list_url": links.page(page, "fix-list"),
        "here": here,
        "live_url": parts.live_url(here, seen=seen),
        "live_every": REFRESH_SECONDS,
    }


def _item_advice(depth: Depth, item: Item) -> str:
    return response_insight.item_advice(depth.latest, item) if depth.latest is not None else ""


@login_required
@require_POST
def request_decide(request: HttpRequest, request_id: int) -> HttpResponse:
    """Do what a button says, if the request is still what the person saw."""
    row = visible(request, request_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    if not page.user.has_role(row.integration_id, Role.SUPPORT):
        return HttpResponse("This needs the role Support.", status=403, content_type="text/plain")
    target = links.page(page, "request-detail", row.pk)
    form = DeedForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This form is not complete.", status=422, content_type="text/plain")
    sent = form.cleaned_data
    function, words = _DEEDS[sent["deed"]]
    if not sent["reason"].strip():
        messages.error(request, "Say why: whoever looks at it next must know.")
        return redirect(target)
    is_done = row.state == sent["seen"] and function(
        row, page.user, reason=sent["reason"], now=page.now, address=client_address.of(request)
    )
    if is_done:
        messages.success(request, words)
    else:
        messages.warning(request, "It has changed meanwhile: this is how it stands now.")
    return redirect(target)


_DEEDS: dict[str, tuple[Callable[..., bool], str]] = {
    "handle": (triage.handle, "Marked as handled elsewhere."),
    "dismiss": (triage.dismiss, "Dismissed."),
    "reopen": (triage.reopen, "Open again."),
}


@login_required
@require_safe
def request_evidence(request: HttpRequest, request_id: int) -> HttpResponse:
    """Hand out the evidence as a Markdown file."""
    row = visible(request, request_id)
    assert isinstance(request.user, User)
    sent, corrected = sendings.of_request(request.user, row), corrections_of(request.user, row)
    text = evidence.markdown(row, row.integration, insight.read(request.user, row), sent, corrected)
    response = HttpResponse(text.encode("utf-8", "replace"), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="evidence-{row.pk}.md"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def visible(request: HttpRequest, request_id: int) -> FailedRequest:
    """Return the failed request; 404 for what the person may not see."""
    if request_id >= 2**63:
        raise Http404
    found = FailedRequest.objects.visible_to(request.user).select_related("integration", "assignee")
    return get_object_or_404(found, pk=request_id)
