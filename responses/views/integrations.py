"""Integrations: their settings, their credentials (written, never read back) and the keys that report to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ordergroove_monitor import client_address
from responses import configuring
from responses.audit import Doer
from responses.exchanges import RetryBy
from responses.forms.credentials import CredentialsForm, KeyForm
from responses.forms.integration import IntegrationForm, NewIntegrationForm, settings_of
from responses.forms.retries import SchedulesForm
from responses.models import IntakeKey, Integration, Role, User
from responses.ordergroove.schedules import Schedules
from responses.views import first_run, frame, retry_lines, settings_tabs
from responses.views.first_run import PasswordForm
from responses.views.frame import Frame

GENERAL, CREDENTIALS, KEY, SCHEDULES = "general", "credentials", "key", "schedules"


@login_required
@require_safe
def integration_list(request: HttpRequest) -> HttpResponse:
    """List the integrations that the person may see."""
    page = frame.of(request, now=timezone.now())
    context = {
        "now": page.now,
        "tabs": settings_tabs.of(page, "integration-list"),
        "integrations": page.integrations,
        "may_add": _may_add(page),
    }
    return render(request, "settings/integrations.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def integration_create(request: HttpRequest) -> HttpResponse:
    """Make an integration."""
    page = frame.of(request, now=timezone.now())
    if not _may_add(page):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    form = NewIntegrationForm(data, settings=configuring.Settings(name=""), environment="")
    if data is not None and form.is_valid():
        environment = Integration.Environment(form.cleaned_data["environment"])
        try:
            made = configuring.create(
                form.cleaned_data["slug"], environment, form.settings(), doer=_doer(request), now=page.now
            )
        except IntegrityError:
            form.add_error("slug", "There is an integration with this short name already.")
        else:
            messages.success(request, f"“{made.name}” is added. Make an intake key for the service that reports to it.")
            return redirect("integration-detail", made.slug)
    context = {"now": page.now, "tabs": settings_tabs.of(page, "integration-list"), "form": form}
    return render(request, "settings/integration_new.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@require_safe
def integration_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one integration with what the person may change of it."""
    page, integration = _shown(request, slug)
    return _detail(request, page, integration)


@login_required
@never_cache
@require_POST
def integration_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Save the general settings."""
    page, integration = _shown(request, slug, least=Role.ADMIN)
    form = IntegrationForm(request.POST, settings=settings_of(integration), environment=integration.environment)
    if not form.is_valid():
        return _detail(request, page, integration, **{GENERAL: form})
    configuring.change(integration, form.settings(), doer=_doer(request), now=page.now)
    messages.success(request, "Saved.")
    return redirect("integration-detail", integration.slug)


@login_required
@never_cache
@require_POST
def credentials_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep new credentials, or forget them. The password is asked for again."""
    page, integration = _shown(request, slug, least=Role.ADMIN)
    form = CredentialsForm(request.POST, integration=integration)
    password = _asked_again(request, page)
    is_forgetting = request.POST.get("forget") == "yes"
    if (password is not None and password.errors) or not (is_forgetting or form.is_valid()):
        return _detail(request, page, integration, password=password, **{CREDENTIALS: form})
    if is_forgetting:
        configuring.forget_credentials(integration, doer=_doer(request), now=page.now)
        messages.success(request, "The credentials are removed.")
    else:
        given = form.cleaned_data
        configuring.give_credentials(
            integration,
            api_key=given["api_key"],
            hash_key=given["hash_key"],
            retry_by=RetryBy(given["retry_by"]),
            doer=_doer(request),
            now=page.now,
        )
        messages.success(request, "Saved.")
    return redirect("integration-detail", integration.slug)


@login_required
@never_cache
@require_POST
def schedules_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Save when what failed is sent again, or go back to the defaults."""
    page, integration = _shown(request, slug, least=Role.ADMIN)
    is_reset = request.POST.get("reset") == "yes"
    form = SchedulesForm(request.POST, schedules=Schedules.from_settings(integration.retry_policies))
    if not is_reset and not form.is_valid():
        return _detail(request, page, integration, **{SCHEDULES: form})
    wanted = {} if is_reset else form.wanted()
    configuring.change_schedules(integration, wanted, doer=_doer(request), now=page.now)
    messages.success(request, "All schedules are the defaults again." if is_reset else "Saved.")
    return redirect(f"{reverse('integration-detail', args=[integration.slug])}#retries")


@login_required
@never_cache
@require_POST
def key_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an intake key and show it, this once. The password is asked for again."""
    page, integration = _shown(request, slug, least=Role.ENGINEER)
    form = KeyForm(request.POST)
    password = _asked_again(request, page)
    if not form.is_valid() or (password is not None and password.errors):
        return _detail(request, page, integration, password=password, **{KEY: form})
    key, secret = configuring.make_key(
        integration,
        name=form.cleaned_data["name"],
        may_retry=form.cleaned_data["may_retry"],
        doer=_doer(request),
        now=page.now,
    )
    return _detail(request, page, integration, made=key, secret=secret)


@login_required
@require_POST
def key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """Revoke an intake key."""
    assert isinstance(request.user, User)
    key = get_object_or_404(IntakeKey.objects.visible_to(request.user).select_related("integration"), pk=key_id)
    page, integration = _shown(request, key.integration.slug, least=Role.ENGINEER)
    configuring.revoke_key(key, doer=_doer(request), now=page.now)
    messages.success(request, f"The key {key} is revoked: it is refused within seconds.")
    return redirect("integration-detail", integration.slug)


def _shown(request: HttpRequest, slug: str, *, least: Role = Role.VIEWER) -> tuple[Frame, Integration]:
    """The integration of an address: 404 for whoever may not see it, 403 for whoever may not do this."""
    assert isinstance(request.user, User)
    integration = get_object_or_404(Integration.objects.visible_to(request.user), slug=slug)
    page = frame.of(request, now=timezone.now(), about=integration)
    if not page.may(least):
        raise PermissionDenied
    return page, integration


def _detail(request: HttpRequest, page: Frame, integration: Integration, **given: Any) -> HttpResponse:
    """Render the page of an integration; ``given`` holds a form that was sent, or the key that was just made."""
    may_change, may_make_keys = page.may(Role.ADMIN), page.may(Role.ENGINEER)
    is_refused = any(getattr(form, "errors", None) for form in given.values())
    general = IntegrationForm(settings=settings_of(integration), environment=integration.environment)
    keys = list(IntakeKey.objects.visible_to(page.user).filter(integration=integration).order_by("revoked_at", "-id"))
    context = {
        "now": page.now,
        "tabs": settings_tabs.of(page, "integration-list"),
        "integration": integration,
        "may_change": may_change,
        "may_make_keys": may_make_keys,
        "keys": keys,
        "retry_keys": [key for key in keys if key.may_retry and key.revoked_at is None],
        GENERAL: general,
        CREDENTIALS: CredentialsForm(integration=integration),
        KEY: KeyForm(),
        "password": None if first_run.is_fresh(page) else PasswordForm(),
        "made": None,
        "secret": "",
    }
    context |= _schedules(integration, given.pop(SCHEDULES, None), may_change=may_change)
    return render(request, "settings/integration.html", context | given, status=422 if is_refused else 200)


def _schedules(integration: Integration, sent: SchedulesForm | None, *, may_change: bool) -> dict[str, Any]:
    """What the part about schedules shows; ``sent`` is a form that was refused."""
    schedules = Schedules.from_settings(integration.retry_policies)
    form = sent or (SchedulesForm(schedules=schedules) if may_change else None)
    return {
        "shown_schedules": retry_lines.of(schedules, form),
        "is_own_schedule": bool(schedules.changes()),
        "is_schedule_refused": sent is not None,
    }


def _asked_again(request: HttpRequest, page: Frame) -> PasswordForm | None:
    """The password form, checked; ``None`` for whoever signed in a moment ago."""
    if first_run.is_fresh(page):
        return None
    form = PasswordForm(request.POST)
    if form.is_valid() and not first_run.is_same_person(request, form.cleaned_data["password"]):
        form.add_error("password", "That is not your password.")
    return form


def _may_add(page: Frame) -> bool:
    """Whoever is Admin somewhere may add another integration."""
    return page.user.is_superuser or Role.ADMIN in page.user.roles.values()


def _doer(request: HttpRequest) -> Doer:
    assert isinstance(request.user, User)
    return Doer(request.user, client_address.of(request))
