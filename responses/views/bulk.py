"""Bulk runs: the list, planning one, watching one, deciding about one, and its rows as a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ordergroove_monitor import client_address
from responses import tasks
from responses.correcting import bulk, recipes
from responses.correcting.bulk import Plan, Wish
from responses.correcting.operations import Op
from responses.correcting.recipes import RecipeError
from responses.forms.bulk import OpForms, PlanForm
from responses.insight import bulk_runs
from responses.models import BulkRun, FailedRequest, Issue, Resubmission, Role, User
from responses.recording import batch
from responses.views import bulk_pages, frame, links, parts, sheets
from responses.views.frame import Frame

HEAD = (
    "order", "customer", "request id", "endpoint", "result", "why", "in words", "state now", "new order id",
    "status code", "address",
)  # fmt: skip


class Source(msgspec.Struct, frozen=True):
    """What a new run is made from: an issue, and the correction that was done first, if there was one."""

    issue: Issue
    request: FailedRequest | None = None
    recipe: tuple[Op, ...] = ()
    only_failed: bool = False


class DeedForm(forms.Form):
    """What a button sends."""

    deed = forms.ChoiceField(choices=[(name, name) for name in ("start", "check_again", "pause", "resume", "stop")])
    next = forms.CharField(max_length=2000, required=False)


@login_required
@require_safe
def bulk_list(request: HttpRequest) -> HttpResponse:
    """List the runs of one integration, the newest first."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    return render(request, "bulk/list.html", bulk_pages.listed(page, request.GET.get("after", "")[:80]))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_new(request: HttpRequest) -> HttpResponse:
    """Plan a run for the requests of an issue. A plan that cannot be is shown again with what is wrong."""
    source = _source(request)
    page = frame.of(request, now=timezone.now(), about=source.issue.integration)
    if not page.may(Role.SUPPORT):
        return HttpResponse("This needs the role Support.", status=403, content_type="text/plain")
    initial = {
        "name": f"Fix: {source.issue.title}"[:120],
        "only_failed": source.only_failed,
        "nonce": secrets.token_urlsafe(12),
    }
    if request.method != "POST":
        return _form(request, page, source, PlanForm(initial=initial), OpForms(ops=source.recipe))
    form, ops = PlanForm(request.POST, initial=initial), OpForms(request.POST)
    if ops.wants_more:
        return _form(request, page, source, form, ops)
    is_valid = form.is_valid()
    if ops.is_valid() and is_valid:
        try:
            run = _previewed(request, page, source, form.cleaned_data, ops.recipe)
        except RecipeError as error:
            form.add_error(None, str(error))
        else:
            return redirect(links.page(page, "bulk-detail", run.pk))
    return _form(request, page, source, form, ops, status=422)


def _previewed(
    request: HttpRequest, page: Frame, source: Source, sent: dict[str, Any], recipe: tuple[Op, ...]
) -> BulkRun:
    plan = Plan(
        name=sent["name"],
        recipe=recipe,
        only_failed=sent["only_failed"],
        reason=sent["reason"],
        besides=source.request,
    )
    run = bulk.preview(source.issue, plan, _wish(request, page), nonce=sent["nonce"])
    tasks.nudge({tasks.BULK})
    return run


def _form(
    request: HttpRequest, page: Frame, source: Source, form: PlanForm, ops: OpForms, *, status: int = 200
) -> HttpResponse:
    size = bulk.scope_size(source.issue, besides=source.request, now=page.now)
    context = {
        "now": page.now,
        "issue": source.issue,
        "issue_url": links.page(page, "issue-detail", source.issue.pk),
        "source": source.request,
        "form": form,
        "rows": ops.rows,
        "size": size,
        "most": bulk.MOST_ROWS,
        "list_url": links.page(page, "bulk-list"),
    }
    return render(request, "bulk/new.html", context, status=status)


def _source(request: HttpRequest) -> Source:
    """Return what the address names: a correction (``from``) or an issue; 404 for what the person cannot see."""
    assert isinstance(request.user, User)
    visible = Issue.objects.visible_to(request.user).select_related("integration")
    if correction_id := _number(request.GET.get("from", "")):
        mine = Resubmission.objects.visible_to(request.user).select_related("failed_request")
        correction = get_object_or_404(mine, pk=correction_id)
        issues = visible.filter(failed_requests=correction.failed_request).order_by("-last_seen_at")
        issue = issues.filter(pk=_number(request.GET.get("issue", ""))).first() or issues.first()
        if issue is None:
            raise Http404
        is_part = correction.kind == Resubmission.Kind.ONLY_FAILED
        return Source(issue, correction.failed_request, _recipe_of(correction), is_part)
    return Source(get_object_or_404(visible, pk=_number(request.GET.get("issue", ""))))


def _recipe_of(correction: Resubmission) -> tuple[Op, ...]:
    try:
        return recipes.load(correction.recipe)
    except RecipeError:
        return ()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@login_required
@require_safe
def bulk_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one run; to htmx its living part, or 204 when nothing has changed."""
    run = _visible(request, run_id)
    page = frame.of(request, now=timezone.now(), about=run.integration)
    counts = bulk_runs.counts(run)
    seen = bulk_pages.mark(run, counts, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    context = bulk_pages.shown(page, run, counts, bulk_pages.RowFilter(request.GET).read(), seen=seen)
    return parts.respond(request, context, page="bulk/detail.html", part="bulk/_detail.html")


@login_required
@require_POST
def bulk_decide(request: HttpRequest, run_id: int) -> HttpResponse:
    """Do what a button says; answer htmx with the living part, and send a browser back to where it was."""
    run = _visible(request, run_id)
    page = frame.of(request, now=timezone.now(), about=run.integration)
    if not page.may(Role.SUPPORT):
        return HttpResponse("This needs the role Support.", status=403, content_type="text/plain")
    form = DeedForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This form is not complete.", status=422, content_type="text/plain")
    function, good = _DEEDS[form.cleaned_data["deed"]]
    refused = function(run, _wish(request, page))
    if not refused:
        tasks.nudge({tasks.BULK, batch.RETRYING})
    return _answer(request, page, run, form.cleaned_data["next"], refused or good, is_done=not refused)


_DEEDS: dict[str, tuple[Callable[[BulkRun, Wish], str], str]] = {
    "start": (bulk.start, "It runs."),
    "check_again": (bulk.check_again, "They are checked again."),
    "pause": (bulk.pause, "Paused: no more are approved."),
    "resume": (bulk.resume, "It goes on."),
    "stop": (bulk.stop, "Stopped."),
}


def _answer(
    request: HttpRequest, page: Frame, run: BulkRun, address: str, words: str, *, is_done: bool
) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        (messages.success if is_done else messages.warning)(request, words)
        return redirect(links.page(page, "bulk-detail", run.pk))
    counts = bulk_runs.counts(run)
    chosen = bulk_pages.RowFilter(parts.query_of(address)).read()
    seen = bulk_pages.mark(run, counts, now=page.now)
    context = bulk_pages.shown(page, run, counts, chosen, seen=seen)
    return parts.with_toast(parts.render_part(request, "bulk/_detail.html", context), words, is_good=is_done)


@login_required
@require_safe
def bulk_export(request: HttpRequest, run_id: int) -> HttpResponse:
    """Hand out the rows of a run as CSV."""
    run = _visible(request, run_id)
    page = frame.of(request, now=timezone.now(), about=run.integration)
    cells = (_cells(request, page, row) for row in bulk_pages.all_of(page, run))
    return sheets.answer(f"bulk-run-{run.pk}.csv", HEAD, cells)


def _cells(request: HttpRequest, page: Frame, row: bulk_pages.Row) -> tuple[object, ...]:
    one = row.request
    return (
        one.order_id,
        one.customer_id,
        one.request_id,
        one.endpoint,
        row.label,
        row.code,
        row.reason,
        one.get_state_display(),
        row.new_order_id,
        one.status_code or one.failure,
        request.build_absolute_uri(row.url),
    )


def _visible(request: HttpRequest, run_id: int) -> BulkRun:
    assert isinstance(request.user, User)
    mine = BulkRun.objects.visible_to(request.user).select_related("integration", "issue", "made_by")
    return get_object_or_404(mine, pk=run_id)


def _wish(request: HttpRequest, page: Frame) -> Wish:
    return Wish(page.user, page.now, client_address.of(request))
