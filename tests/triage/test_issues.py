"""What a person decides about an issue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from responses.models import AuditEntry, Integration, Issue, Role, Transition, User
from responses.triage import issues
from tests.factories import NOW, make_integration, make_refusal, make_user, record

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def issue(integration: Integration) -> Issue:
    record(integration, make_refusal())
    return Issue.objects.get()


@pytest.fixture
def person(integration: Integration) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=integration)


def stored(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


def mute(issue: Issue, user: User) -> bool:
    return issues.mute(issue, user, until=LATER, now=NOW)


def decide(deed: str) -> Callable[[Issue, User], bool]:
    if deed == "mute":
        return mute
    function: Any = getattr(issues, deed)
    return lambda issue, user: function(issue, user, now=NOW)


@pytest.mark.parametrize(
    ("before", "deed", "after"),
    [
        ("open", "acknowledge", "acknowledged"),
        ("muted", "acknowledge", "acknowledged"),
        ("open", "mute", "muted"),
        ("acknowledged", "mute", "muted"),
        ("muted", "mute", "muted"),
        ("open", "resolve", "resolved"),
        ("acknowledged", "resolve", "resolved"),
        ("muted", "resolve", "resolved"),
        ("resolved", "reopen", "open"),
        ("acknowledged", "reopen", "open"),
        ("muted", "reopen", "open"),
    ],
)
def test_a_decision_changes_the_state(before: str, deed: str, after: str, issue: Issue, person: User) -> None:
    Issue.objects.update(state=before)
    issue.refresh_from_db()

    assert decide(deed)(issue, person)

    assert stored(issue).state == issue.state == after


@pytest.mark.parametrize(
    ("before", "deed"),
    [("resolved", "acknowledge"), ("resolved", "mute"), ("resolved", "resolve"), ("open", "reopen")],
)
def test_what_means_nothing_in_a_state_changes_nothing(before: str, deed: str, issue: Issue, person: User) -> None:
    Issue.objects.update(state=before)
    issue.refresh_from_db()

    assert not decide(deed)(issue, person)

    assert stored(issue).state == before
    assert not AuditEntry.objects.exists()


def test_of_two_people_at_once_one_wins(issue: Issue, person: User) -> None:
    same = stored(issue)
    assert issues.resolve(issue, person, now=NOW)

    assert not issues.acknowledge(same, person, now=NOW)

    assert stored(issue).state == "resolved"
    assert AuditEntry.objects.count() == 1


def test_a_decision_is_written_down(issue: Issue, person: User) -> None:
    issues.mute(issue, person, until=LATER, now=NOW, address="10.0.0.1")

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.at, entry.address) == ("ada", "issue.muted", NOW, "10.0.0.1")
    assert (entry.subject, entry.subject_id, entry.integration_id) == ("issue", str(issue.pk), issue.integration_id)
    assert entry.before == {"state": "open"}
    assert entry.after == {"state": "muted", "muted_until": LATER.isoformat()}


def test_a_resolved_issue_regresses_and_a_reopened_one_does_not(
    integration: Integration, issue: Issue, person: User
) -> None:
    issues.resolve(issue, person, now=NOW)
    issues.reopen(issue, person, now=NOW)
    record(integration, make_refusal(sent_at=LATER), now=LATER)
    assert stored(issue).regressions == 0

    issue.refresh_from_db()
    issues.resolve(issue, person, now=LATER)
    record(integration, make_refusal(sent_at=LATER + timedelta(1)), now=LATER + timedelta(1))

    assert (stored(issue).regressions, stored(issue).state) == (1, "open")


@pytest.mark.parametrize("deed", ["acknowledge", "mute", "resolve", "reopen"])
@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_whoever_may_not_is_refused(deed: str, role: Role | None, issue: Issue, integration: Integration) -> None:
    Issue.objects.update(state="acknowledged")
    issue.refresh_from_db()
    user = make_user(role=role, integration=integration if role else None)

    with pytest.raises(PermissionDenied):
        decide(deed)(issue, user)

    assert stored(issue).state == "acknowledged"


def test_an_issue_is_assigned_and_given_back(issue: Issue, person: User) -> None:
    assert issues.assign(issue, person, assignee=person, now=NOW)
    assert stored(issue).assignee == person

    assert issues.assign(issue, person, assignee=None, now=NOW)
    assert stored(issue).assignee is None
    assert [entry.action for entry in AuditEntry.objects.all()] == ["issue.assigned"] * 2


def test_an_issue_that_somebody_took_meanwhile_is_not_taken_from_them(
    issue: Issue, person: User, integration: Integration
) -> None:
    same = stored(issue)
    colleague = make_user(role=Role.ADMIN, integration=integration)
    issues.assign(issue, colleague, assignee=colleague, now=NOW)

    assert not issues.assign(same, person, assignee=person, now=NOW)

    assert stored(issue).assignee == colleague


def test_a_muted_issue_opens_when_its_time_is_over(issue: Issue, person: User) -> None:
    mute(issue, person)

    assert issues.unmute(now=LATER - timedelta(seconds=1)) == 0
    assert issues.unmute(now=LATER) == 1
    assert issues.unmute(now=LATER) == 0

    assert (stored(issue).state, stored(issue).muted_until) == ("open", None)


# --- muted until more than so many an hour ---


def test_an_issue_muted_above_a_number_opens_with_the_first_failure_over_it(
    integration: Integration, issue: Issue, person: User
) -> None:
    assert issues.mute(issue, person, until=None, above=2, now=NOW)
    fail(integration, 2)
    assert issues.unmute(now=NOW) == 0

    fail(integration, 1)
    assert issues.unmute(now=NOW) == 1

    opened = stored(issue)
    assert (opened.state, opened.muted_above, opened.muted_failures) == ("open", None, None)
    grown = Transition.objects.get(kind="issue_grew")
    assert (grown.issue, grown.number, grown.rule, grown.handled_at) == (issue, 3, None, None)
    assert grown.subject == f"issue:{issue.pk}"
    assert issues.unmute(now=NOW) == 0


def test_what_came_before_the_mute_and_in_other_hours_does_not_count(
    integration: Integration, issue: Issue, person: User
) -> None:
    fail(integration, 20)
    issues.mute(issue, person, until=None, above=2, now=NOW)
    fail(integration, 2)
    assert issues.unmute(now=NOW) == 0
    fail(integration, 2, at=LATER)
    assert issues.unmute(now=LATER) == 0

    assert stored(issue).state == "muted"


def test_a_mute_without_any_end_is_refused(issue: Issue, person: User) -> None:
    with pytest.raises(ValueError, match="end"):
        issues.mute(issue, person, until=None, now=NOW)


def test_a_mute_above_a_number_is_written_down_and_taken_back(issue: Issue, person: User) -> None:
    issues.mute(issue, person, until=None, above=100, now=NOW)
    assert AuditEntry.objects.get().after == {"state": "muted", "muted_above": 100, "muted_failures": 1}

    assert issues.reopen(issue, person, now=NOW)

    assert (stored(issue).muted_above, stored(issue).muted_failures) == (None, None)


def fail(integration: Integration, number: int, *, at: datetime = NOW) -> None:
    record(integration, *(make_refusal(sent_at=at) for _ in range(number)), now=at)
