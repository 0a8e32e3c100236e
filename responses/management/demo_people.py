"""The people of the demo, and what they decide about its issues: the same functions as behind the buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from responses.exchanges import Outcome
from responses.models import FailedRequest, Issue, Membership, Role, User
from responses.models.integration import Integration
from responses.triage import issues, requests

SUPPORT, ENGINEER = "ada", "sam"
_NAMES = {SUPPORT: ("Ada", "Byron", Role.SUPPORT), ENGINEER: ("Sam", "Okoro", Role.ENGINEER)}
_AT_WORK = range(8, 18)
_PASSES = {Outcome.TRANSIENT.value, Outcome.NO_ANSWER.value}
_QUIET, _QUIET_FIX = timedelta(hours=16), timedelta(days=2)
_SEEN_BY_THEN = timedelta(hours=2)
_UNTOUCHED = timedelta(hours=6)
"""So much of the end nobody has looked at yet: a demo begins with something to do."""
_LOOKED_UP = timedelta(hours=12)


def hire(integration: Integration, *, now: datetime) -> Sequence[User]:
    """Make the people who look after issues, once. Nobody can sign in as one of them."""
    people = []
    for username, (first_name, last_name, role) in _NAMES.items():
        person = User.objects.filter(username=username).first() or User.objects.create_user(
            username, f"{username}@example.com", None, first_name=first_name, last_name=last_name, date_joined=now
        )
        Membership.objects.get_or_create(user=person, integration=integration, defaults={"role": role})
        people.append(person)
    return people


def look_after(integration: Integration, people: Sequence[User], *, now: datetime, end: datetime) -> None:
    """Decide what is ripe at this hour of a working day."""
    issues.unmute(now=now)
    if now.hour not in _AT_WORK or now > end - _UNTOUCHED:
        return
    support, engineer = people
    for issue in Issue.objects.filter(integration=integration).exclude(state=Issue.State.RESOLVED).order_by("pk"):
        quiet = now - issue.last_seen_at
        if quiet > (_QUIET if issue.outcome in _PASSES else _QUIET_FIX):
            issues.resolve(issue, engineer if issue.assignee_id == engineer.pk else support, now=now)
        elif issue.state == Issue.State.OPEN and now - issue.first_seen_at > _SEEN_BY_THEN:
            _decide(issue, support, engineer, now=now)
    _look_up(integration, support, now=now)


def _decide(issue: Issue, support: User, engineer: User, *, now: datetime) -> None:
    """By what the issue is, not by chance: the same past has the same decisions."""
    if issue.status_code == 404 and issue.failures >= 20:
        issues.mute(issue, support, until=now + timedelta(days=9), now=now)
    elif issue.outcome in (Outcome.NEEDS_FIX.value, Outcome.PARTIAL.value) and issue.failures >= 8:
        issues.acknowledge(issue, support, now=now)
        if issue.assignee_id is None and issue.regressions == 0:
            issues.assign(issue, support, assignee=engineer, now=now)


def _look_up(integration: Integration, support: User, *, now: datetime) -> None:
    """Nobody knew whether these took effect: after some hours a person has found out, elsewhere."""
    doubtful = FailedRequest.objects.filter(integration=integration, state=FailedRequest.State.UNKNOWN)
    for request in doubtful.filter(last_failed_at__lte=now - _LOOKED_UP).order_by("pk"):
        if request.order_id:
            requests.handle(request, support, reason="Looked it up: the subscriptions are there.", now=now)
        else:
            requests.dismiss(request, support, reason="The customer made the change again since.", now=now)
