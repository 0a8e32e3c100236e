"""The buttons of an issue: which there are in its state, for this person, and what pressing one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django import forms

from responses.models import Issue, Role
from responses.triage import issues as triage
from responses.views.frame import Frame

MORNING = time(8)
LEAST_ABOVE = 10
MOST_AN_HOUR = 1_000_000
_LEAST_NIGHT = timedelta(hours=6)


class Deed(msgspec.Struct, frozen=True):
    """One button."""

    key: str
    label: str
    icon: str
    is_main: bool = False
    number: int = 0
    """What it suggests where it needs a number beside it."""


class DeedForm(forms.Form):
    """What a button sends: the deed, the state that the person saw, where they were."""

    deed = forms.CharField(max_length=20)
    above = forms.IntegerField(required=False, min_value=1, max_value=MOST_AN_HOUR)
    seen = forms.ChoiceField(choices=Issue.State.choices)
    next = forms.CharField(max_length=2000, required=False)
    part = forms.ChoiceField(choices=(("list", "list"), ("detail", "detail")), required=False)


def of(issue: Issue, page: Frame, *, hours: Sequence[int] = ()) -> list[Deed]:
    """Return the buttons; none for whoever may not decide. ``hours``: failures by hour, lately."""
    if not page.user.has_role(issue.integration_id, Role.SUPPORT):
        return []
    found = []
    if triage.may_become(issue, Issue.State.ACKNOWLEDGED):
        found.append(Deed("acknowledge", "Acknowledge", "eye-check"))
    if triage.may_become(issue, Issue.State.MUTED):
        found.append(Deed("mute-hour", "Mute for 1 h", "bell-off"))
        found.append(Deed("mute-night", f"Mute until {morning(page.now, page.zone):%a %H:%M}", "bell-off"))
        found.append(Deed("mute-above", "Mute until more than", "bell-off", number=above_for(hours)))
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


def above_for(hours: Sequence[int]) -> int:
    """Return a number of failures an hour that would be news: twice the busiest of ``hours``."""
    return max(LEAST_ABOVE, 2 * max(hours, default=0))


def morning(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the next morning in the person's zone that is not just a few hours away."""
    local = now.astimezone(zone)
    first = datetime.combine(local.date(), MORNING, zone)
    return first if first - local >= _LEAST_NIGHT else datetime.combine(local.date() + timedelta(days=1), MORNING, zone)


def do(deed: str, issue: Issue, page: Frame, *, address: str, above: int | None = None) -> tuple[bool, str] | None:
    """Do it. Returns whether it was done and what to say; ``None`` for a deed that does not exist.

    ``above``: the failures an hour that end the silence, for the deed that needs them.
    """
    if deed == "mute-above":
        return _mute_above(issue, page, address, above) if above else None
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


def _mute_above(issue: Issue, page: Frame, address: str, above: int) -> tuple[bool, str]:
    is_done = triage.mute(issue, page.user, until=None, above=above, now=page.now, address=address)
    return is_done, f"Muted until there are more than {above:,} failures in an hour."


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
