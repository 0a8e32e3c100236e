"""Issues: the list, one issue in depth, and what a person decides about one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ordergroove_monitor import client_address
from responses.insight import pulse
from responses.models import Issue
from responses.models.issue import IssueQuerySet
from responses.views import deeds, frame, issue_lists, issue_pages, parts
from responses.views.frame import Frame


@login_required
@require_safe
def issue_list(request: HttpRequest) -> HttpResponse:
    """List the issues of one integration; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    seen = pulse.of(page.user, page.integration.pk, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = issue_lists.listed(page, page.integration, issue_lists.chosen_by(request.GET), seen=seen)
    return parts.respond(request, context, page="issues/list.html", part="issues/_list.html")


@login_required
@require_safe
def issue_detail(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Show one issue; to htmx its living part, or 204 when nothing has changed."""
    issue = get_object_or_404(_visible(request), pk=issue_id)
    page = frame.of(request, now=timezone.now(), about=issue.integration)
    seen = pulse.of(page.user, issue.integration_id, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = issue_pages.shown(page, issue, issue_pages.RequestFilter(request.GET).read(), seen=seen)
    return parts.respond(request, context, page="issues/detail.html", part="issues/_detail.html")


@login_required
@require_POST
def issue_decide(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Do what a button says, if the issue is still what the person saw; answer with the part, or go back."""
    issue = get_object_or_404(_visible(request), pk=issue_id)
    page = frame.of(request, now=timezone.now(), about=issue.integration)
    form = deeds.DeedForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This form is not complete.", status=422, content_type="text/plain")
    sent = form.cleaned_data
    is_same = issue.state == sent["seen"]
    by = client_address.of(request)
    done = deeds.do(sent["deed"], issue, page, address=by, above=sent["above"]) if is_same else (False, "")
    if done is None:
        return HttpResponse("This form is not complete.", status=422, content_type="text/plain")
    is_done, words = done
    if not is_done:
        words = "Somebody else was faster: this is how it stands now."
        issue.refresh_from_db()
    return answer(request, page, issue, sent, words, is_done=is_done)


def answer(
    request: HttpRequest, page: Frame, issue: Issue, sent: Mapping[str, str], words: str, *, is_done: bool
) -> HttpResponse:
    """Answer htmx with the part that changed, and a browser by sending it back to where it was."""
    undo = issue.pk if is_done and sent["deed"] == "resolve" and sent["part"] == "list" else 0
    if request.headers.get("HX-Request") != "true":
        (messages.success if is_done else messages.warning)(request, words)
        target = parts.local(request, sent["next"]) or issue_pages.address(page, issue)
        return redirect(parts.with_value(target, undo=undo) if undo else target)
    seen = pulse.of(page.user, issue.integration_id, now=page.now)
    if sent["part"] == "list":
        chosen = msgspec.structs.replace(issue_lists.chosen_by(parts.query_of(sent["next"])), undo=undo)
        response = parts.render_part(
            request, "issues/_list.html", issue_lists.listed(page, issue.integration, chosen, seen=seen)
        )
    else:
        chosen_requests = issue_pages.RequestFilter(parts.query_of(sent["next"])).read()
        response = parts.render_part(
            request, "issues/_detail.html", issue_pages.shown(page, issue, chosen_requests, seen=seen)
        )
    return parts.with_toast(response, words, is_good=is_done)


def _visible(request: HttpRequest) -> IssueQuerySet:
    return Issue.objects.visible_to(request.user).select_related("integration", "assignee")
