"""From an empty monitor to the first response: a key, the command that uses it, and waiting for what it reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ordergroove_monitor import client_address
from responses import configuring
from responses.audit import Doer
from responses.insight import overview
from responses.management import words
from responses.models import Integration, Role
from responses.views import frame, links
from responses.views.frame import Frame

FRESH = timedelta(minutes=15)
"""Who signed in longer ago proves with the password that it is still the same person."""
REFRESH_SECONDS = 2


class PasswordForm(forms.Form):
    """Asks for the password again."""

    password = forms.CharField(
        label="Your password",
        help_text="You signed in a while ago, and a key is a secret.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def guide(page: Frame, integration: Integration) -> dict[str, Any]:
    """Return what the guidance shows while nothing has been recorded."""
    may_make_key = page.may(Role.ENGINEER)
    return {
        "now": page.now,
        "integration": integration,
        "may_make_key": may_make_key,
        "example": words.curl(settings.MONITOR_URL, "YOUR-KEY"),
        "form": PasswordForm() if may_make_key and not is_fresh(page) else None,
    }


def is_fresh(page: Frame) -> bool:
    """Whether the person signed in a moment ago."""
    return page.user.last_login is not None and page.now - page.user.last_login <= FRESH


@login_required
@never_cache
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    """Make an intake key and show the command that uses it. The key is in no address and is not shown again."""
    page = frame.of(request, now=timezone.now(), about=_integration(request))
    assert page.integration is not None
    if not page.may(Role.ENGINEER):
        raise PermissionDenied
    context = guide(page, page.integration)
    if not is_fresh(page):
        form = PasswordForm(request.POST)
        if form.is_valid() and not is_same_person(request, form.cleaned_data["password"]):
            form.add_error("password", "That is not your password.")
        if not form.is_valid():
            context |= {
                "form": form,
                "live_url": links.page(page, "overview", part="live"),
                "live_every": REFRESH_SECONDS,
            }
            return render(request, "overview/first.html", context, status=422)
    name = f"Made by {page.user.get_username()}"
    doer = Doer(page.user, client_address.of(request))
    _, secret = configuring.make_key(page.integration, name=name, doer=doer, now=page.now)
    context |= {
        "command": words.curl(settings.MONITOR_URL, secret),
        "live_url": links.page(page, "first-wait"),
        "live_every": REFRESH_SECONDS,
    }
    return render(request, "overview/first.html", context)


@login_required
@require_safe
def wait(request: HttpRequest) -> HttpResponse:
    """Answer htmx whether the first response is there; 204 while it is not."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None or overview.last_recorded_at(page.user, page.integration.pk) is None:
        return HttpResponse(status=204)
    return render(request, "overview/_first_wait.html", {"first_url": links.page(page, "overview")})


def _integration(request: HttpRequest) -> Integration:
    visible = Integration.objects.visible_to(request.user)
    # PostgreSQL refuses to compare with a text that holds NUL.
    return get_object_or_404(visible, slug=request.POST.get("integration", "").replace("\0", ""))


def is_same_person(request: HttpRequest, password: str) -> bool:
    found = authenticate(request, username=request.user.get_username(), password=password)
    return found is not None and found.pk == request.user.pk
