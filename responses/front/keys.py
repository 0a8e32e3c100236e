"""Who is calling: intake keys looked up once and remembered for moments, and each key's rate.

A revoked key, or a changed integration, takes effect within ``REMEMBERED_SECONDS``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from django.db import connection

from responses.models import IntakeKey, secret_keys
from responses.models.integration import parts_of_key
from responses.recording import facts
from responses.recording.facts import Facts

REMEMBERED_SECONDS = 2.0
_MOST_REMEMBERED = 1_000
_NOTE_USE_SECONDS = 60.0


class Known(msgspec.Struct):
    """One usable key, and how much of its rate is left."""

    secret_hash: str
    facts: Facts
    is_gateway: bool
    per_minute: int
    until: float
    tokens: float
    counted_at: float

    def take(self, count: int, *, clock: float) -> float:
        """Take ``count`` from the rate; return 0, or the seconds to wait before it can be had."""
        per_second = self.per_minute / 60
        self.tokens = min(float(self.per_minute), self.tokens + (clock - self.counted_at) * per_second)
        self.counted_at = clock
        # A batch larger than what is left goes through when anything is left, and is paid back: else it never could.
        if self.tokens > 0:
            self.tokens -= count
            return 0.0
        return max(1.0, (1 - self.tokens) / per_second)


class Keyring:
    """Remembers keys by prefix. ``recall`` never waits; ``look_up`` asks the database, in another thread."""

    def __init__(self, *, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._now = now
        self._known: dict[str, Known] = {}

    def recall(self, presented: str) -> Known | None:
        """Return the key if it is remembered and still fresh."""
        parts = parts_of_key(presented)
        known = self._known.get(parts[0]) if parts else None
        if parts is None or known is None or known.until < self._clock():
            return None
        return known if _matches(known.secret_hash, parts[1]) else None

    def look_up(self, presented: str) -> Known | None:
        """Return the key from the database, ``None`` when it is none of ours, or revoked. Raises on database errors."""
        parts = parts_of_key(presented)
        if parts is None:
            return None
        prefix, secret = parts
        try:
            row = IntakeKey.objects.usable().select_related("integration").filter(prefix=prefix).first()
        finally:
            if connection.connection is not None and connection.vendor != "sqlite":
                connection.close_if_unusable_or_obsolete()
        if row is None or not row.matches(secret):
            return None
        clock = self._clock()
        before = self._known.get(prefix)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        known = Known(
            secret_hash=row.secret_hash,
            facts=facts.of(row.integration, row),
            is_gateway=row.is_gateway,
            per_minute=row.per_minute,
            until=clock + REMEMBERED_SECONDS,
            tokens=before.tokens if before else float(row.per_minute),
            counted_at=before.counted_at if before else clock,
        )
        self._known[prefix] = known
        self._note_use(row)
        return known

    def _note_use(self, row: IntakeKey) -> None:
        """Write down that the key is in use, at most once a minute."""
        now = self._now()
        if row.last_used_at is None or (now - row.last_used_at).total_seconds() > _NOTE_USE_SECONDS:
            IntakeKey.objects.filter(pk=row.pk).update(last_used_at=now)


def _matches(secret_hash: str, secret: str) -> bool:
    return secret_keys.matches(secret_hash, secret)
