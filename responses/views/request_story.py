"""What people did to a failed request, as rows of ``shared/_story.html``. It reads nothing from the database."""

from __future__ import annotations

from collections.abc import Iterable

from responses.models import AuditEntry
from responses.views.stories import Entry

_DEEDS = {
    "request.handled": ("user-check", "success", "marked it as handled elsewhere"),
    "request.dismissed": ("circle-minus", "neutral", "dismissed it"),
    "request.reopened": ("arrow-back-up", "needs_fix", "reopened it"),
}


def of(deeds: Iterable[AuditEntry]) -> list[Entry]:
    """Return the deeds, the latest first, each with who did it and why."""
    return [_entry(deed) for deed in deeds]


def _entry(deed: AuditEntry) -> Entry:
    icon, key, words = _DEEDS.get(deed.action, ("user", "neutral", deed.action))
    where = f" · from {deed.address}" if deed.address else ""
    text = f"{deed.reason}{where}" if deed.reason else where.removeprefix(" · ")
    return Entry(icon=icon, key=key, title=f"{deed.actor} {words}", at=deed.at, text=text)
