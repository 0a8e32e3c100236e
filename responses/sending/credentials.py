"""An integration's credentials: sealed when they are given, opened only to send; never logged, shown or recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from responses import sealing
from responses.models import Integration
from responses.ordergroove import signing

_SHOWN = 4
_LONGEST = 512


@dataclass(frozen=True)
class Account:
    """What is needed to send on an integration's account. Its repr holds no secret."""

    base_urls: dict[str, str]
    merchant_id: str
    api_key: str = field(default="", repr=False)
    hash_key: str = field(default="", repr=False)

    def can_sign(self, customer_id: str) -> bool:
        """Whether a request can be signed: the older scheme signs for one customer, and needs to know which."""
        return bool(self.api_key or (self.hash_key and self.merchant_id and customer_id))

    def headers(self, *, customer_id: str, now: datetime) -> dict[str, str]:
        """Return the header fields that sign a request sent at ``now``; the API key goes first where both are there."""
        if self.api_key:
            return signing.api_key_headers(self.api_key)
        return signing.hmac_headers(
            self.hash_key, merchant_id=self.merchant_id, customer_id=customer_id, ts=int(now.timestamp())
        )


def account_of(integration: Integration) -> Account:
    """Open the credentials. Raises ``sealing.SealError`` when the key that sealed them has gone."""
    return Account(
        base_urls=integration.base_urls,
        merchant_id=integration.merchant_id,
        api_key=_open(integration.api_key_sealed),
        hash_key=_open(integration.hash_key_sealed),
    )


def keep_api_key(integration: Integration, key: str) -> None:
    """Seal ``key`` into the integration, which is not saved. Raises ``ValueError`` for what cannot be a key."""
    integration.api_key_sealed = sealing.seal(checked(key).encode())
    integration.api_key_last4 = _last4(key)


def keep_hash_key(integration: Integration, key: str) -> None:
    """Seal ``key`` into the integration, which is not saved. Raises ``ValueError`` for what cannot be a key."""
    integration.hash_key_sealed = sealing.seal(checked(key).encode())
    integration.hash_key_last4 = _last4(key)


def checked(key: str) -> str:
    """Return ``key`` as it is. Raises ``ValueError``, without quoting it, when it cannot be a key."""
    if not key:
        raise ValueError("It is empty.")
    if len(key) > _LONGEST:
        raise ValueError(f"It has more than {_LONGEST} characters.")
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise ValueError("It holds white space at an end, or characters that no key has.")
    return key


def _last4(key: str) -> str:
    """Return the end by which people know a key; of a short one nothing, which would be most of it."""
    return key[-_SHOWN:] if len(key) >= 4 * _SHOWN else ""


def _open(token: bytes | memoryview | None) -> str:
    return sealing.unseal(bytes(token)).decode() if token else ""
