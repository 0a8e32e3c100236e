"""API tokens of the person who is signed in: those there are, making one (shown once), revoking one."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ordergroove_monitor import client_address
from responses.api import tokens
from responses.forms.token import TokenForm
from responses.models import ApiToken
from responses.views import first_run, frame, links, settings_tabs
from responses.views.first_run import PasswordForm
from responses.views.frame import Frame

_MOST_SHOWN = 100


@sensitive_post_parameters("password")
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """Show them; a POST makes one and shows it, this once. The password is asked for again."""
    page = frame.of(request, now=timezone.now())
    if request.method != "POST":
        return _shown(request, page, TokenForm(), None if first_run.is_fresh(page) else PasswordForm())
    form = TokenForm(request.POST)
    password = _asked_again(request, page)
    if form.is_valid() and ApiToken.objects.visible_to(page.user).usable(page.now).count() >= tokens.MOST:
        form.add_error(None, f"You have {tokens.MOST} tokens: revoke one that is no longer needed.")
    if not form.is_valid() or (password is not None and password.errors):
        return _shown(request, page, form, password, status=422)
    made, secret = tokens.make(
        page.user,
        name=form.cleaned_data["name"],
        expires_at=form.expires_at(page.now),
        address=client_address.of(request),
        now=page.now,
    )
    return _shown(request, page, TokenForm(), None if password is None else PasswordForm(), made=made, secret=secret)


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Take a token of one's own out of use."""
    page = frame.of(request, now=timezone.now())
    token = get_object_or_404(ApiToken.objects.visible_to(page.user), pk=token_id)
    if tokens.revoke(token, page.user, address=client_address.of(request), now=page.now):
        messages.success(request, f"“{token.name}” is revoked.")
    return redirect(links.page(page, "token-list"))


def _shown(
    request: HttpRequest,
    page: Frame,
    form: TokenForm,
    password: PasswordForm | None,
    *,
    made: ApiToken | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    found = ApiToken.objects.visible_to(page.user).order_by("-id")[:_MOST_SHOWN]
    rows = [(token, token.is_expired(page.now)) for token in found]
    rows.sort(key=lambda row: row[1] or row[0].revoked_at is not None)
    context = {
        "now": page.now,
        "tabs": settings_tabs.of(page, "token-list"),
        "rows": rows,
        "form": form,
        "password": password,
        "made": made,
        "secret": secret,
        "command": curl(page, secret) if secret else "",
    }
    return render(request, "settings/tokens.html", context, status=status)


def curl(page: Frame, secret: str) -> str:
    """A command that tries a token out."""
    asked = f"?integration={page.integration.slug}" if page.integration and len(page.integrations) > 1 else ""
    return f"curl -sS -H 'Authorization: Bearer {secret}' '{settings.MONITOR_URL.rstrip('/')}/api/v1/issues{asked}'"


def _asked_again(request: HttpRequest, page: Frame) -> PasswordForm | None:
    """The password form, checked; ``None`` for whoever signed in a moment ago."""
    if first_run.is_fresh(page):
        return None
    form = PasswordForm(request.POST)
    if form.is_valid() and not first_run.is_same_person(request, form.cleaned_data["password"]):
        form.add_error("password", "That is not your password.")
    return form
