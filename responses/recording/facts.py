"""What recording must know of an integration and of the key that reports, taken once and handed along."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from responses.exchanges import RetryBy
from responses.models import IntakeKey, Integration
from responses.ordergroove.policies import Schedules

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one integration and key. ``roles`` gives the host roles by netloc (lower case, no default port)."""

    integration_id: int
    slug: str
    merchant_id: str
    roles: dict[str, tuple[str, ...]]
    retry_by: RetryBy
    key_id: int | None
    may_retry: bool
    has_credentials: bool
    first_poll: timedelta
    follow_for: timedelta
    schedules: Schedules = Schedules()


def netloc_of(url: str) -> str:
    """Return host and port of a URL as ``Facts.roles`` writes them; ``""`` when it has none or they are broken."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"


def of(integration: Integration, key: IntakeKey | None = None) -> Facts:
    """Take the snapshot. Without a key (our own polls, commands) nothing may be retried by itself."""
    roles: dict[str, tuple[str, ...]] = {}
    for role, url in integration.base_urls.items():
        netloc = netloc_of(url)
        roles[netloc] = (*roles.get(netloc, ()), role)
    return Facts(
        integration_id=integration.pk,
        slug=integration.slug,
        merchant_id=integration.merchant_id,
        roles=roles,
        retry_by=RetryBy(integration.retry_by),
        key_id=key.pk if key else None,
        may_retry=key.may_retry if key else False,
        has_credentials=integration.has_credentials,
        first_poll=timedelta(seconds=integration.follow_schedule[0] if integration.follow_schedule else 2),
        follow_for=timedelta(seconds=integration.follow_for_seconds),
        schedules=Schedules.from_settings(integration.retry_policies),
    )
