"""What a person decides about an issue: acknowledge, mute, resolve, reopen, assign. Nothing is sent, nothing retried.

Each decision is made against the state that the person saw, by compare-and-set, and is written down with its change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Least

from responses import audit
from responses.models import Issue, IssueHour, Role, Transition, User, ids

State = Issue.State

_FROM = {
    State.ACKNOWLEDGED: (State.OPEN, State.MUTED),
    State.MUTED: (State.OPEN, State.ACKNOWLEDGED, State.MUTED),
    State.RESOLVED: (State.OPEN, State.ACKNOWLEDGED, State.MUTED),
    State.OPEN: (State.ACKNOWLEDGED, State.MUTED, State.RESOLVED),
}
_NOT_MUTED: dict[str, Any] = {"muted_until": None, "muted_above": None, "muted_failures": None}


def may_become(issue: Issue, state: str) -> bool:
    """Return whether an issue is in a state from which a person can bring it into ``state``."""
    return issue.state in _FROM[State(state)]


def acknowledge(issue: Issue, user: User, *, now: datetime, address: str = "") -> bool:
    """Say that somebody is on it. ``False``: it is not, or no longer, in the state that ``issue`` shows."""
    return _move(issue, user, "acknowledged", {"state": State.ACKNOWLEDGED}, now=now, address=address)


def mute(
    issue: Issue, user: User, *, until: datetime | None, above: int | None = None, now: datetime, address: str = ""
) -> bool:
    """Keep it quiet until an instant, or until it has more than ``above`` failures in an hour: ``unmute`` opens it again.

    Hours are those of the clock, and only failures that come after ``now`` count.
    """
    if until is None and above is None:
        raise ValueError("A mute needs an end: a time, or a number of failures an hour.")
    values = {"state": State.MUTED, "muted_until": until, "muted_above": above}
    if above is not None:
        values["muted_failures"] = Issue.objects.values_list("failures", flat=True).get(pk=issue.pk)
    return _move(issue, user, "muted", values, now=now, address=address)


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
    return due.update(state=State.OPEN, **_NOT_MUTED) + _unmute_grown(now=now)


def _unmute_grown(*, now: datetime) -> int:
    """Open those that have more failures in this hour than they were muted for, and write down that they grew."""
    hour = int(now.timestamp()) // 3600
    this_hour = IssueHour.objects.filter(issue_id=OuterRef("pk"), hour=hour).values("failures")
    since = Least(Subquery(this_hour), F("failures") - F("muted_failures"))
    muted = Issue.objects.filter(state=State.MUTED, muted_above__isnull=False)
    opened = 0
    for issue in muted.annotate(since=since).filter(since__gt=F("muted_above")):
        failures: int = issue.since  # type: ignore[attr-defined]  # annotated
        with transaction.atomic():
            same = Issue.objects.filter(pk=issue.pk, state=State.MUTED, muted_above=issue.muted_above)
            if same.update(state=State.OPEN, **_NOT_MUTED):
                opened += 1
                _tell_growth(issue, failures, now=now)
    return opened


def _tell_growth(issue: Issue, failures: int, *, now: datetime) -> None:
    Transition.objects.create(
        id=ids.new(now),
        kind=Transition.Kind.ISSUE_GREW,
        integration_id=issue.integration_id,
        issue_id=issue.pk,
        at=now,
        subject=f"issue:{issue.pk}",
        number=failures,
    )


def _move(issue: Issue, user: User, deed: str, values: dict[str, Any], *, now: datetime, address: str) -> bool:
    _check(issue, user)
    if not may_become(issue, values["state"]):
        return False
    values = {"resolved_at": None} | _NOT_MUTED | values
    return _change(issue, user, deed, values, now=now, address=address)


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
