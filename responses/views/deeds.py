"""The buttons of an issue: which there are in its state, for this person, and what pressing one does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django import forms

from responses.models import Issue, Role
from responses.triage import issues as triage
from responses.views.frame import Frame

MORNING = time(8)
_LEAST_NIGHT = timedelta(hours=6)


class Deed(msgspec.Struct, frozen=True):
    """One button."""

    key: str
    label: str
    icon: str
    is_main: bool = False


class DeedForm(forms.Form):
    """What a button sends: the deed, the state that the person saw, where they were."""

    deed = forms.CharField(max_length=20)
    seen = forms.ChoiceField(choices=Issue.State.choices)
    next = forms.CharField(max_length=2000, required=False)
    part = forms.ChoiceField(choices=(("list", "list"), ("detail", "detail")), required=False)


def of(issue: Issue, page: Frame) -> list[Deed]:
    """Return the buttons; none for whoever may not decide."""
    if not page.user.has_role(issue.integration_id, Role.SUPPORT):
        return []
    found = []
    if triage.may_become(issue, Issue.State.ACKNOWLEDGED):
        found.append(Deed("acknowledge", "Acknowledge", "eye-check"))
    if triage.may_become(issue, Issue.State.MUTED):
        found.append(Deed("mute-hour", "Mute for 1 h", "bell-off"))
        found.append(Deed("mute-night", f"Mute until {morning(page.now, page.zone):%a %H:%M}", "bell-off"))
    if triage.may_become(issue, Issue.State.OPEN):
        label = "Unmute" if issue.state == Issue.State.MUTED else "Reopen"
        found.append(Deed("reopen", label, "arrow-back-up"))
    if issue.assignee_id == page.user.pk:
        found.append(Deed("release", "Give it back", "minus"))
    else:
        found.append(Deed("take", "Assign to me", "user-check"))
    if triage.may_become(issue, Issue.State.RESOLVED):
        found.append(Deed("resolve", "Resolve", "circle-check", is_main=True))
    return found


def morning(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the next morning in the person's zone that is not just a few hours away."""
    local = now.astimezone(zone)
    first = datetime.combine(local.date(), MORNING, zone)
    return first if first - local >= _LEAST_NIGHT else datetime.combine(local.date() + timedelta(days=1), MORNING, zone)


def do(deed: str, issue: Issue, page: Frame, *, address: str) -> tuple[bool, str] | None:
    """Do it. Returns whether it was done and what to say; ``None`` for a deed that does not exist."""
    function = _DEEDS.get(deed)
    return function(issue, page, address) if function else None


def _acknowledge(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    return triage.acknowledge(issue, page.user, now=page.now, address=address), "Acknowledged."


def _mute_hour(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    until = page.now + timedelta(hours=1)
    return triage.mute(issue, page.user, until=until, now=page.now, address=address), "Muted for an hour."


def _mute_night(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    until = morning(page.now, page.zone)
    is_done = triage.mute(issue, page.user, until=until, now=page.now, address=address)
    return is_done, f"Muted until {until:%a %H:%M}."


def _resolve(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    return triage.resolve(issue, page.user, now=page.now, address=address), "Resolved."


def _reopen(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    return triage.reopen(issue, page.user, now=page.now, address=address), "Open again."


def _take(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    return triage.assign(issue, page.user, assignee=page.user, now=page.now, address=address), "It is yours."


def _release(issue: Issue, page: Frame, address: str) -> tuple[bool, str]:
    return triage.assign(issue, page.user, assignee=None, now=page.now, address=address), "Given back."


_DEEDS: dict[str, Callable[[Issue, Frame, str], tuple[bool, str]]] = {
    "acknowledge": _acknowledge,
    "mute-hour": _mute_hour,
    "mute-night": _mute_night,
    "resolve": _resolve,
    "reopen": _reopen,
    "take": _take,
    "release": _release,
}
