"""Signing in to a demo by a link that works once. Not there at all on a monitor with real data."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from responses.models import User

VALID_FOR = timedelta(hours=1)
_SALT = "demo-sign-in"


def new_token(user: User) -> str:
    """A token that is good until the user has signed in, or for an hour."""
    return signing.dumps([user.pk, _stamp(user)], salt=_SALT)


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Ask first: whatever fetches a link ahead of the person, a chat or a mail program, must not use it up."""
    if not settings.DEMO:
        raise Http404
    user = _user_of(token)
    if user is None:
        return render(request, "demo/sign_in.html", {"is_used_up": True}, status=410)
    if request.method != "POST":
        return render(request, "demo/sign_in.html", {"is_used_up": False})
    # Of two at once one wins: the stamp is compared and changed in one statement.
    now = timezone.now()
    if not User.objects.filter(pk=user.pk, last_login=user.last_login).update(last_login=now):
        return render(request, "demo/sign_in.html", {"is_used_up": True}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("overview")


def _user_of(token: str) -> User | None:
    try:
        pk, stamp = signing.loads(token, salt=_SALT, max_age=VALID_FOR)
    except (signing.BadSignature, ValueError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user is not None and _stamp(user) == stamp else None


def _stamp(user: User) -> str:
    return user.last_login.isoformat() if user.last_login else ""
