"""API tokens at the edge: who is calling, and how a person makes and revokes a token, each with its audit entry."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from responses import audit
from responses.models import ApiToken, User
from responses.models.api_token import new_api_token, parts_of_token

MOST = 50
"""So many tokens a person can have at a time."""


class BearerToken(HttpBearer):
    """Finds the person behind ``Authorization: Bearer ogp_...``. A session counts for nothing here."""

    openapi_description = "An API token of a person, made on the page *API tokens*: `ogp_...`"

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """Return the person; from then on the request is theirs."""
        user = person_of(token.strip(), now=timezone.now())
        if user is not None:
            request.user = user
        return user


def person_of(presented: str, *, now: datetime) -> User | None:
    """Return whose token it is; ``None`` when it is none of ours, revoked or expired, or the person may not sign in."""
    parts = parts_of_token(presented)
    if parts is None:
        return None
    prefix, secret = parts
    token = ApiToken.objects.usable(now).select_related("user").filter(prefix=prefix).first()
    if token is None or not token.matches(secret) or not token.user.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at >= ApiToken.NOTE_USE_EVERY:
        ApiToken.objects.note_use(token.pk, now=now)
    return token.user


def make(user: User, *, name: str, expires_at: datetime | None, address: str, now: datetime) -> tuple[ApiToken, str]:
    """Make a token for a person. The second value is the whole token: it is never seen again."""
    with transaction.atomic():
        token, secret = new_api_token(user, name=name, expires_at=expires_at, now=now)
        after = {"name": name, "prefix": token.prefix, "expires_at": expires_at.isoformat() if expires_at else None}
        audit.log(user, "token.added", subject="token", subject_id=token.pk, after=after, address=address, now=now)
    return token, secret


def revoke(token: ApiToken, user: User, *, address: str, now: datetime) -> bool:
    """Take a token out of use for good. ``False`` when it already was."""
    with transaction.atomic():
        if not ApiToken.objects.visible_to(user).filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
            return False
        before = {"name": token.name, "prefix": token.prefix}
        audit.log(user, "token.revoked", subject="token", subject_id=token.pk, before=before, address=address, now=now)
    return True
