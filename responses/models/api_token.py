"""API tokens: with one of these a person's script reads and acts as that person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from responses.models import secret_keys
from responses.models.user import User

KIND = "ogp"


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
        return f"{KIND}_{self.prefix}_…"

    def matches(self, secret: str) -> bool:
        """Whether ``secret`` is this token's, compared in constant time."""
        return secret_keys.matches(self.secret_hash, secret)

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def new_api_token(user: User, *, name: str, expires_at: datetime | None, now: datetime) -> tuple[ApiToken, str]:
    """Make and store a token for ``user``. The second value is the whole token: it is never seen again."""
    prefix, secret, whole = secret_keys.make(KIND)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=secret_keys.digest(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return token, whole


def parts_of_token(text: str) -> tuple[str, str] | None:
    """Split a presented token into prefix and secret; ``None`` when it does not look like one of ours."""
    return secret_keys.parts(text, KIND)
