"""Integrations, and the keys with which services report to them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from responses.exchanges import RetryBy
from responses.models import secret_keys
from responses.models.visibility import VisibleQuerySet
from responses.ordergroove import endpoints

KEY_KIND = "ogm"


class IntegrationQuerySet(VisibleQuerySet["Integration"]):
    integration_path = "id"


def default_follow_schedule() -> list[int]:
    """Seconds after an acceptance at which its result is asked for; the last gap repeats (ordergroove-api.md, 3)."""
    return [2, 5, 15, 60, 360]


class Integration(models.Model):
    """One Ordergroove merchant in one environment: hosts, credentials, policies."""

    class Environment(models.TextChoices):
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"

    class Retry(models.TextChoices):
        MONITOR = RetryBy.MONITOR.value, "The monitor"
        CALLER = RetryBy.CALLER.value, "The caller"
        NEVER = RetryBy.NEVER.value, "Nobody"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    environment = models.CharField(max_length=10, choices=Environment, default=Environment.PRODUCTION)
    merchant_id = models.CharField(max_length=200, blank=True)
    hosts = models.JSONField(default=dict, blank=True)
    """Only the hosts that differ from Ordergroove's own: role -> base URL."""
    retry_by = models.CharField(max_length=8, choices=Retry, default=Retry.CALLER)
    retry_policies = models.JSONField(default=dict, blank=True)
    """Only what differs from the default schedules: class -> settings (``ordergroove.schedules``)."""
    api_key_sealed = models.BinaryField(null=True, blank=True)
    api_key_last4 = models.CharField(max_length=4, blank=True)
    hash_key_sealed = models.BinaryField(null=True, blank=True)
    hash_key_last4 = models.CharField(max_length=4, blank=True)
    follow_schedule = models.JSONField(default=default_follow_schedule)
    follow_for_seconds = models.PositiveIntegerField(default=3600, validators=[MinValueValidator(60)])
    follow_paused_until = models.DateTimeField(null=True, blank=True)
    """Until then nobody asks for results: Ordergroove refused the credentials, or asked to wait."""
    follow_problem = models.CharField(max_length=200, blank=True)
    """Why, in words; empty as soon as a question was answered."""
    created_at = models.DateTimeField(default=timezone.now)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_production(self) -> bool:
        """Whether real orders are at stake."""
        return self.environment == self.Environment.PRODUCTION

    @property
    def has_credentials(self) -> bool:
        """Whether we can ask Ordergroove anything on our own account."""
        return bool(self.api_key_sealed or self.hash_key_sealed)

    @property
    def base_urls(self) -> dict[str, str]:
        """Base URL by host role, the integration's own hosts over Ordergroove's."""
        own: dict[str, str] = self.hosts
        return endpoints.DEFAULT_HOSTS[self.environment] | own


class IntakeKeyQuerySet(VisibleQuerySet["IntakeKey"]):
    def usable(self) -> Self:
        """Keys that have not been revoked."""
        return self.filter(revoked_at__isnull=True)


class IntakeKey(models.Model):
    """The secret with which a service reports responses: 256 random bits, of which only a hash is kept."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(
        max_length=12, unique=True, validators=[RegexValidator(r"^[a-z0-9]{12}$", "Twelve letters and digits.")]
    )
    secret_hash = models.CharField(max_length=64)
    is_gateway = models.BooleanField(default=False)
    may_retry = models.BooleanField(default=False)
    per_minute = models.PositiveIntegerField(default=600_000)
    """How many responses a minute the key may report before 429."""
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = IntakeKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{KEY_KIND}_{self.prefix}_…"

    def matches(self, secret: str) -> bool:
        """Whether ``secret`` is this key's, compared in constant time."""
        return secret_keys.matches(self.secret_hash, secret)


def new_intake_key(
    integration: Integration, *, name: str = "", is_gateway: bool = False, may_retry: bool = False
) -> tuple[IntakeKey, str]:
    """Make and store a key for ``integration``. The second value is the whole key: it is never seen again."""
    prefix, secret, whole = secret_keys.make(KEY_KIND)
    key = IntakeKey.objects.create(
        integration=integration,
        name=name,
        prefix=prefix,
        secret_hash=secret_keys.digest(secret),
        is_gateway=is_gateway,
        may_retry=may_retry,
    )
    return key, whole


def parts_of_key(text: str) -> tuple[str, str] | None:
    """Split a presented key into prefix and secret; ``None`` when it does not look like one of ours."""
    return secret_keys.parts(text, KEY_KIND)
