"""Rules: what is told to whom, as sentences; adding, changing, switching and removing them. Deciding is ``rules``' own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ordergroove_monitor import client_address
from responses.alerting import rules
from responses.audit import Doer
from responses.forms.rule import RuleForm
from responses.models import AlertRule, User
from responses.views import frame, links, rule_pages
from responses.views.frame import Frame

Trigger = AlertRule.Trigger


@login_required
@never_cache
@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """Show the rules of one integration and those of all."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    return render(request, "rules/list.html", rule_pages.listed(page, page.integration))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rule_create(request: HttpRequest) -> HttpResponse:
    """Ask what a new rule looks for, then for the rest of it; a POST makes it."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    if not rule_pages.may_add(page):
        raise PermissionDenied
    trigger = request.GET.get("trigger", "")
    if trigger not in Trigger.values:
        return render(request, "rules/choose.html", rule_pages.choices(page))
    form = rule_pages.form_of(page, Trigger(trigger), data=request.POST if request.method == "POST" else None)
    if _is_to_be_stored(request, form):
        made = rules.add(form.values(), _doer(request), now=page.now)
        messages.success(request, "The rule is added.")
        return redirect(links.page(page, "rule-list") + f"#rule-{made.pk}")
    return _edited(request, page, form)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rule_detail(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Show a rule with its message and how often it would have spoken; a POST changes it."""
    page, rule = _visible(request, rule_id)
    if page.integration is None:
        raise Http404
    may_change = rules.may_change(_doer(request), rule.integration)
    if not may_change:
        if request.method == "POST":
            raise PermissionDenied
        return render(request, "rules/detail.html", rule_pages.read_only(page, rule))
    data = request.POST if request.method == "POST" else None
    form = rule_pages.form_of(page, Trigger(rule.trigger), data=data, rule=rule)
    if _is_to_be_stored(request, form):
        is_changed = rules.change(rule, form.values(), _doer(request), now=page.now)
        messages.success(request, "The rule is changed." if is_changed else "Nothing was different.")
        return redirect(links.page(page, "rule-list") + f"#rule-{rule.pk}")
    return _edited(request, page, form)


@login_required
@require_POST
def rule_try(request: HttpRequest) -> HttpResponse:
    """Answer htmx with the sentence, the message and the last seven days of what a form says. Stores nothing."""
    page = frame.of(request, now=timezone.now())
    trigger = request.POST.get("trigger", "")
    if page.integration is None or trigger not in Trigger.values:
        raise Http404
    if not rule_pages.may_add(page):
        raise PermissionDenied
    form = rule_pages.form_of(page, Trigger(trigger), data=request.POST)
    return render(request, "rules/_try.html", rule_pages.tried(page, page.integration, form))


@login_required
@require_POST
def rule_switch(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Switch a rule on or off."""
    page, rule = _visible(request, rule_id)
    is_on = request.POST.get("is_on") == "yes"
    rules.switch(rule, is_on=is_on, doer=_doer(request), now=page.now)
    messages.success(request, f"The rule is {'on' if is_on else 'off'}.")
    return redirect(links.page(page, "rule-list") + f"#rule-{rule.pk}")


@login_required
@require_POST
def rule_remove(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Remove a rule."""
    page, rule = _visible(request, rule_id)
    rules.remove(rule, doer=_doer(request), now=page.now)
    messages.success(request, "The rule is removed. What it has told stays in the history.")
    return redirect(links.page(page, "rule-list"))


def _visible(request: HttpRequest, rule_id: int) -> tuple[Frame, AlertRule]:
    """The rule of an address; 404 for whoever may not see it."""
    visible = AlertRule.objects.visible_to(request.user).kept().select_related("integration")
    rule = get_object_or_404(visible.prefetch_related("channels"), pk=rule_id)
    return frame.of(request, now=timezone.now(), about=rule.integration), rule


def _is_to_be_stored(request: HttpRequest, form: RuleForm) -> bool:
    """Whether a valid form was sent to be kept, and not only to be looked at."""
    return request.method == "POST" and form.is_valid() and request.POST.get("only") != "try"


def _edited(request: HttpRequest, page: Frame, form: RuleForm) -> HttpResponse:
    return render(
        request, "rules/edit.html", rule_pages.edited(page, form), status=422 if form.is_bound and form.errors else 200
    )


def _doer(request: HttpRequest) -> Doer:
    assert isinstance(request.user, User)
    return Doer(request.user, client_address.of(request))
