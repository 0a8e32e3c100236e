"""What a person decides about an alert: about its issue, where it has one, else that somebody is on it."""

from __future__ import annotations

import msgspec

from responses.alerting import acknowledge
from responses.insight import alerts
from responses.models import Alert, Issue, Role, User
from responses.triage import issues as triage
from responses.views import deeds
from responses.views.deeds import Deed
from responses.views.frame import Frame

WORDS = {"acknowledge": "Acknowledge", "mute": "Mute", "resolve": "Resolve"}
"""What a link in a message can ask for."""
MEANS = {
    "acknowledge": "It says that somebody is on it: no more reminders. You still hear when it gets worse, comes back or is over.",
    "mute": "Nobody is told about it until then. What happens is still recorded and counted.",
    "resolve": "It says that the cause is gone, and ends the alert. A failure that comes later brings it back.",
}
_TARGETS = {"acknowledge": Issue.State.ACKNOWLEDGED, "mute": Issue.State.MUTED, "resolve": Issue.State.RESOLVED}
_NO_ISSUE = {
    "mute": "Only what is about an issue can be muted. To hear less of this, change its rule.",
    "resolve": "It ends by itself when what it is about is over.",
}


class Choice(msgspec.Struct, frozen=True):
    """One thing that may be decided, or why not now."""

    key: str
    label: str
    why_not: str = ""


def may_decide(alert: Alert, user: User) -> bool:
    """Return whether a person may decide about an alert at all: Support; of one about the monitor itself, anywhere."""
    if alert.integration_id is not None:
        return user.has_role(alert.integration_id, Role.SUPPORT)
    return user.is_superuser or any(role.rank >= Role.SUPPORT.rank for role in user.roles.values())


def seen(alert: Alert) -> str:
    """Return the state that a form carries, so that a decision is made against what the person saw."""
    return alert.issue.state if alert.issue is not None else alerts.state_of(alert)


def of(alert: Alert, page: Frame) -> list[Deed]:
    """Return the buttons; none for whoever may not decide."""
    if not may_decide(alert, page.user):
        return []
    if alert.issue is None:
        return [] if why_not("acknowledge", alert) else [Deed("acknowledge", "Acknowledge", "eye-check", is_main=True)]
    wanted = ("acknowledge", "mute-hour", "mute-night", "mute-above", "resolve")
    return [deed for deed in deeds.of(alert.issue, page) if deed.key in wanted]


def choice_of(key: str, alert: Alert) -> Choice:
    """Return one decision, with why it cannot be made now."""
    return Choice(key, WORDS[key], why_not(key, alert))


def why_not(key: str, alert: Alert) -> str:
    """Return why a decision cannot be made in this state; nothing where it can."""
    if alert.issue is not None:
        is_possible = triage.may_become(alert.issue, _TARGETS[key])
        return "" if is_possible else f"The issue is {alert.issue.get_state_display().lower()} already."
    if key in _NO_ISSUE:
        return _NO_ISSUE[key]
    if not alert.is_open:
        return "It is over."
    return "" if alert.acknowledged_at is None else "Somebody has acknowledged it already."


def do(deed: str, alert: Alert, page: Frame, *, address: str, above: int | None = None) -> tuple[bool, str] | None:
    """Do it. Returns whether it was done and what to say; ``None`` for a deed that does not exist."""
    if deed == "acknowledge" and alert.is_open and alert.acknowledged_at is None:
        return acknowledge.acknowledge(alert, page.user, now=page.now, address=address), "Acknowledged."
    return deeds.do(deed, alert.issue, page, address=address, above=above) if alert.issue is not None else None
