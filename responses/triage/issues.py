"""What a person decides about an issue: acknowledge, mute, resolve, reopen, assign. Nothing is sent, nothing retried.

Each decision is made against the state that the person saw, by compare-and-set, and is written down with its change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from responses import audit
from responses.models import Issue, Role, User

State = Issue.State

_FROM = {
    State.ACKNOWLEDGED: (State.OPEN, State.MUTED),
    State.MUTED: (State.OPEN, State.ACKNOWLEDGED, State.MUTED),
    State.RESOLVED: (State.OPEN, State.ACKNOWLEDGED, State.MUTED),
    State.OPEN: (State.ACKNOWLEDGED, State.MUTED, State.RESOLVED),
}


def may_become(issue: Issue, state: str) -> bool:
    """Return whether an issue is in a state from which a person can bring it into ``state``."""
    return issue.state in _FROM[State(state)]


def acknowledge(issue: Issue, user: User, *, now: datetime, address: str = "") -> bool:
    """Say that somebody is on it. ``False``: it is not, or no longer, in the state that ``issue`` shows."""
    return _move(issue, user, "acknowledged", {"state": State.ACKNOWLEDGED}, now=now, address=address)


def mute(issue: Issue, user: User, *, until: datetime, now: datetime, address: str = "") -> bool:
    """Keep it quiet until an instant, at which ``unmute`` opens it again."""
    return _move(issue, user, "muted", {"state": State.MUTED, "muted_until": until}, now=now, address=address)


def resolve(issue: Issue, user: User, *, now: datetime, address: str = "") -> bool:
    """Say that the cause is gone. A failure that is sent later makes it regress."""
    return _move(issue, user, "resolved", {"state": State.RESOLVED, "resolved_at": now}, now=now, address=address)


def reopen(issue: Issue, user: User, *, now: datetime, address: str = "") -> bool:
    """Take any of these back."""
    return _move(issue, user, "reopened", {"state": State.OPEN}, now=now, address=address)


def assign(issue: Issue, user: User, *, assignee: User | None, now: datetime, address: str = "") -> bool:
    """Say who looks after it. ``False``: meanwhile somebody else was named."""
    return _change(
        issue,
        user,
        "assigned",
        {"assignee_id": assignee.pk if assignee else None},
        now=now,
        address=address,
    )


def unmute(*, now: datetime) -> int:
    """Open the issues whose time of silence is over; return how many these were. For a sweep: no person decides it."""
    due = Issue.objects.filter(state=State.MUTED, muted_until__lte=now)
    return due.update(state=State.OPEN, muted_until=None)


def _move(issue: Issue, user: User, deed: str, values: dict[str, Any], *, now: datetime, address: str) -> bool:
    _check(issue, user)
    if not may_become(issue, values["state"]):
        return False
    return _change(issue, user, deed, {"muted_until": None, "resolved_at": None} | values, now=now, address=address)


def _change(issue: Issue, user: User, deed: str, values: dict[str, Any], *, now: datetime, address: str) -> bool:
    _check(issue, user)
    seen = {name: getattr(issue, name) for name in values}
    with transaction.atomic():
        if Issue.objects.filter(pk=issue.pk, **seen).update(**values) != 1:
            return False
        audit.log(
            user,
            f"issue.{deed}",
            integration_id=issue.integration_id,
            subject="issue",
            subject_id=issue.pk,
            before=_plain(seen),
            after=_plain(values),
            address=address,
            now=now,
        )
    for name, value in values.items():
        setattr(issue, name, value)
    return True


def _check(issue: Issue, user: User) -> None:
    if not user.has_role(issue.integration_id, Role.SUPPORT):
        raise PermissionDenied


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """What the audit log can hold: no empty values, instants as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }
