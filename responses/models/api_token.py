"""API tokens: with one of these a person's script reads and acts as that person."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from responses.models.user import User

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A person's own. Nobody sees those of others, a superuser neither."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()

    def usable(self, now: datetime) -> Self:
        """Those that are neither revoked nor expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)

    def note_use(self, token_id: int, *, now: datetime) -> bool:
        """Write down that a token is in use, at most once a minute. ``False``: it was written a moment ago."""
        due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - ApiToken.NOTE_USE_EVERY)
        return self.filter(due, pk=token_id).update(last_used_at=now) == 1


class ApiToken(models.Model):
    """256 random bits, of which only a hash is kept. It can do what its person can, as long as the person can."""

    NOTE_USE_EVERY: ClassVar = timedelta(minutes=1)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(r"^[a-z0-9]{12}$", "Twelve letters and digits.")]
    )
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    """To the minute."""
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="api_token_of_a_person")]

    def __str__(self) -> str:
        return f"ogp_{self.prefix}_…"

    @staticmethod
    def digest(secret: str) -> str:
        """The hash under which a token's secret is stored. Plain SHA-256: the secret has 256 random bits."""
        return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

    def matches(self, secret: str) -> bool:
        """Whether ``secret`` is this token's, compared in constant time."""
        return hmac.compare_digest(self.secret_hash, self.digest(secret))

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def new_api_token(user: User, *, name: str, expires_at: datetime | None, now: datetime) -> tuple[ApiToken, str]:
    """Make and store a token for ``user``. The second value is the whole token: it is never seen again."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = secrets.token_hex(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=ApiToken.digest(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return token, f"ogp_{prefix}_{secret}"


def parts_of_token(text: str) -> tuple[str, str] | None:
    """Split a presented token into prefix and secret; ``None`` when it does not look like one of ours."""
    pieces = text.split("_")
    if len(pieces) != 3 or pieces[0] != "ogp" or len(pieces[1]) != 12 or len(pieces[2]) != 64:
        return None
    if not all(piece.isascii() and piece.isalnum() for piece in pieces[1:]):
        return None
    return pieces[1], pieces[2]
