"""Alerts and their steps in words, and where each leads. It reads nothing from the database."""

from __future__ import annotations

import msgspec

from responses.models import Alert, Transition
from responses.views import links
from responses.views.frame import Frame

Kind = Transition.Kind
Fate = Transition.Fate


class Look(msgspec.Struct, frozen=True):
    """How a kind of step is shown."""

    icon: str
    key: str
    counted: str = ""
    """What its number counts, in the singular."""


_LOOKS = {
    Kind.ISSUE_OPENED: Look("alert-circle", "needs_fix", "failure"),
    Kind.ISSUE_REGRESSED: Look("arrow-back-up", "needs_fix", "failure"),
    Kind.BREAKER_OPENED: Look("plug-connected-x", "needs_fix"),
    Kind.BREAKER_CLOSED: Look("circle-check", "success"),
    Kind.REQUEST_EXHAUSTED: Look("battery-off", "needs_fix", "request"),
    Kind.REQUEST_EXPIRED: Look("clock-x", "neutral", "request"),
    Kind.ISSUE_GREW: Look("trending-up", "needs_fix", "failure"),
    Kind.ISSUE_LASTS: Look("hourglass", "transient", "failure"),
    Kind.ISSUE_MANY: Look("stack-2", "needs_fix", "request"),
    Kind.REQUEST_REPEATED: Look("repeat", "needs_fix", "time"),
    Kind.AUTH_BURST: Look("key", "needs_fix", "refusal"),
    Kind.UNKNOWN_OLD: Look("help-circle", "unknown", "request"),
    Kind.EXPIRING: Look("clock-exclamation", "partial", "request"),
    Kind.SILENCE: Look("cloud-off", "needs_fix"),
    Kind.DIGEST: Look("calendar-clock", "neutral"),
    Kind.MONITOR_LAGS: Look("heartbeat", "needs_fix"),
    Kind.REMINDER: Look("bell", "partial"),
    Kind.RECOVERED: Look("circle-check", "success"),
    Kind.MORE: Look("plus", "neutral", "message"),
}
_FATES = {
    Fate.FOLDED: "counted with the others",
    Fate.QUIET: "kept for the digest, since it came in quiet hours",
    Fate.MUTED: "not told, since it was muted",
    Fate.NO_RULE: "not told, since no rule asks for it",
    Fate.NO_CHANNEL: "not told, since no channel hears of it",
    Fate.BEFORE: "not told, since it is older than the rules",
}
OPENERS = tuple(kind for kind in Kind if kind not in (Kind.REMINDER, Kind.RECOVERED, Kind.MORE, Kind.BREAKER_CLOSED))
"""The kinds that open an alert."""


def look_of(kind: str) -> Look:
    """Return how a kind of transition is shown."""
    return _LOOKS[Kind(kind)]


def kind_of(kind: str) -> str:
    """Return a kind of transition in words."""
    return str(Kind(kind).label)


def why_silent(fate: str) -> str:
    """Return why something had no message of its own."""
    return _FATES.get(Fate(fate), "")


def counted(transition: Transition) -> str:
    """Return the number of a transition with its word, ``9,400 failures``; nothing where it has none."""
    word = look_of(transition.kind).counted
    if transition.number is None or not word:
        return ""
    return f"{transition.number:,} {word}{'' if transition.number == 1 else 's'}"


def subject_of(page: Frame, alert: Alert) -> tuple[str, str]:
    """Return what an alert is about: where that is shown, and what the link says."""
    if alert.issue_id is not None:
        return links.page(page, "issue-detail", alert.issue_id), "Open the issue"
    if alert.failed_request_id is not None:
        return links.page(page, "request-detail", alert.failed_request_id), "Open the request"
    if alert.subject.startswith("breaker:"):
        return links.page(page, "retry-list"), "See the retries"
    return _of_integration(page, alert.subject.rpartition(":")[2])


def _of_integration(page: Frame, what: str) -> tuple[str, str]:
    shown = {
        "auth": (links.responses(page, code="401"), "See the refused calls"),
        "silence": (links.responses(page), "See the latest responses"),
        "unknown": (links.page(page, "retry-list", group="unknown"), "See what is unknown"),
        "expiring": (links.page(page, "fix-list"), "See what to fix"),
        "expired": (links.page(page, "fix-list"), "See what to fix"),
    }
    return shown.get(what, ("", ""))
