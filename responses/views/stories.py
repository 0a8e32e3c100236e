"""What happened, as a story: rows of ``shared/_story.html``, the latest first. It reads nothing from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.utils import timezone

from responses.insight.issue import Activity
from responses.models import AuditEntry, Delivery, Transition
from responses.views import alert_words


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    icon: str
    key: str
    title: str
    at: datetime
    text: str = ""
    badge: str = ""
    url: str = ""
    is_next: bool = False


_DEEDS = {
    "issue.acknowledged": ("eye-check", "accepted", "acknowledged it"),
    "issue.muted": ("bell-off", "neutral", "muted it"),
    "issue.resolved": ("circle-check", "success", "resolved it"),
    "issue.reopened": ("arrow-back-up", "needs_fix", "reopened it"),
    "issue.assigned": ("user-check", "brand", "changed who looks after it"),
    "bulk_run.previewed": ("stack-2", "neutral", "planned a bulk run"),
    "bulk_run.checked_again": ("refresh", "neutral", "had a bulk run checked again"),
    "bulk_run.started": ("player-play", "brand", "started a bulk run"),
    "bulk_run.paused": ("player-pause", "partial", "paused a bulk run"),
    "bulk_run.resumed": ("player-play", "brand", "resumed a bulk run"),
    "bulk_run.stopped": ("circle-minus", "neutral", "stopped a bulk run"),
}
_CHANGES = {
    Transition.Kind.ISSUE_OPENED: ("alert-circle", "needs_fix", "First seen"),
    Transition.Kind.ISSUE_REGRESSED: ("arrow-back-up", "needs_fix", "Came back after it had been resolved"),
}
_MESSAGES = {
    Delivery.State.SENT: "Sent to",
    Delivery.State.SENDING: "Being sent to",
    Delivery.State.PENDING: "Waits for",
    Delivery.State.HELD_BACK: "Held back by the hourly cap of",
    Delivery.State.FAILED: "Given up for",
}
"""What became of a message, before the names of its channels."""


def of_issue(activity: Activity) -> list[Entry]:
    """Return deeds, changes and messages in one line of time."""
    by_change: dict[int | None, list[Delivery]] = {}
    for message in activity.messages:
        by_change.setdefault(message.transition_id, []).append(message)
    entries = [
        *map(_deed, activity.deeds),
        *(_change(change, by_change.get(change.pk, ())) for change in activity.changes),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _deed(deed: AuditEntry) -> Entry:
    icon, key, words = _DEEDS.get(deed.action, ("user", "neutral", deed.action))
    if deed.action == "issue.assigned":
        words = "takes care of it" if deed.after.get("assignee_id") == deed.user_id else words
        words = words if deed.after.get("assignee_id") else "gave it back"
    if deed.action == "issue.muted":
        words = f"{words} {_until(deed)}".rstrip()
    name = deed.after.get("name", "") if deed.action.startswith("bulk_run.") else ""
    return Entry(icon=icon, key=key, title=f"{deed.actor} {words}", at=deed.at, text=name or deed.reason)


def _until(deed: AuditEntry) -> str:
    """Say when a mute ends, as its audit entry has it."""
    if above := deed.after.get("muted_above"):
        return f"until more than {above:,} failures an hour"
    if until := deed.after.get("muted_until"):
        return f"until {timezone.localtime(datetime.fromisoformat(until)):%a %H:%M}"
    return ""


def _change(change: Transition, messages: Sequence[Delivery]) -> Entry:
    """One change, with why nobody was told of it, or to whom it was sent."""
    look = alert_words.look_of(change.kind)
    icon, key, words = _CHANGES.get(Transition.Kind(change.kind), (look.icon, look.key, change.get_kind_display()))
    counted = alert_words.counted(change)
    title = f"{words}: {counted}" if counted else words
    why = alert_words.why_silent(change.fate) if change.fate else ""
    parts = [f"{why[:1].upper()}{why[1:]}."] if why and not messages else []
    for state, verb in _MESSAGES.items():
        parts += _fared([message for message in messages if message.state == state], verb)
    return Entry(icon=icon, key=key, title=title, at=change.at, text=" ".join(parts))


def _fared(messages: Sequence[Delivery], verb: str) -> list[str]:
    """Say how messages with one fate fared, with the errors of those that had any."""
    if not messages:
        return []
    names = (
        f"{one.channel} ({one.last_error.rstrip('.')})" if one.last_error else str(one.channel) for one in messages
    )
    return [f"{verb} {', '.join(names)}."]
