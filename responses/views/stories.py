"""What happened, as a story: rows of ``shared/_story.html``, the latest first. It reads nothing from the database."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.utils import timezone

from responses.insight.issue import Activity
from responses.models import AuditEntry, Delivery, Transition, ids
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
    Delivery.State.PENDING: ("clock", "neutral", "Message waits to be sent"),
    Delivery.State.SENDING: ("send", "neutral", "Message is being sent"),
    Delivery.State.SENT: ("bell", "success", "Message sent"),
    Delivery.State.FAILED: ("alert-triangle", "needs_fix", "Message given up"),
    Delivery.State.HELD_BACK: ("hourglass-high", "partial", "Message held back by the hourly cap"),
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


def _change(change: Transition) -> Entry:
    look = alert_words.look_of(change.kind)
    icon, key, words = _CHANGES.get(Transition.Kind(change.kind), (look.icon, look.key, change.get_kind_display()))
    counted = alert_words.counted(change)
    why = alert_words.why_silent(change.fate) if change.fate else ""
    text = ": ".join(filter(None, (counted, why)))
    return Entry(icon=icon, key=key, title=words, at=change.at, text=text[:1].upper() + text[1:])


def _message(message: Delivery) -> Entry:
    icon, key, words = _MESSAGES[Delivery.State(message.state)]
    at = message.sent_at or ids.time_of(message.pk)
    about = message.transition.get_kind_display() if message.transition is not None else ""
    text = " · ".join(filter(None, (about, message.last_error)))
    return Entry(icon=icon, key=key, title=f"{words}: {message.channel}", at=at, text=text)
