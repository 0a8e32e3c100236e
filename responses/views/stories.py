"""What happened, as a story: rows of ``shared/_story.html``, the latest first. It reads nothing from the database."""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses.insight.issue import Activity
from responses.models import AuditEntry, Delivery, Transition, ids


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
}
_CHANGES = {
    Transition.Kind.ISSUE_OPENED: ("alert-circle", "needs_fix", "First seen"),
    Transition.Kind.ISSUE_REGRESSED: ("arrow-back-up", "needs_fix", "Came back after it had been resolved"),
}
_MESSAGES = {
    Delivery.State.PENDING: ("clock", "neutral", "Message waits to be sent"),
    Delivery.State.SENDING: ("send", "neutral", "Message is being sent"),
    Delivery.State.SENT: ("bell", "success", "Message sent"),
    Delivery.State.FAILED: ("alert-triangle", "needs_fix", "Message given up"),
}


def of_issue(activity: Activity) -> list[Entry]:
    """Return deeds, changes and messages in one line of time."""
    entries = [
        *map(_deed, activity.deeds),
        *map(_change, activity.changes),
        *map(_message, activity.messages),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _deed(deed: AuditEntry) -> Entry:
    icon, key, words = _DEEDS.get(deed.action, ("user", "neutral", deed.action))
    if deed.action == "issue.assigned":
        words = "takes care of it" if deed.after.get("assignee_id") == deed.user_id else words
        words = words if deed.after.get("assignee_id") else "gave it back"
    return Entry(icon=icon, key=key, title=f"{deed.actor} {words}", at=deed.at, text=deed.reason)


def _change(change: Transition) -> Entry:
    icon, key, words = _CHANGES.get(Transition.Kind(change.kind), ("info-circle", "neutral", change.get_kind_display()))
    return Entry(icon=icon, key=key, title=words, at=change.at)


def _message(message: Delivery) -> Entry:
    icon, key, words = _MESSAGES[Delivery.State(message.state)]
    at = message.sent_at or ids.time_of(message.pk)
    return Entry(icon=icon, key=key, title=f"{words}: {message.channel}", at=at, text=message.last_error)
