"""What a person decides about a failed request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from responses.models import AuditEntry, FailedRequest, Integration, Role, SealedRequest, User
from responses.triage import requests
from tests.factories import NOW, make_integration, make_purchase, make_refusal, make_timeout, make_user, record

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
State = FailedRequest.State


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def failed(integration: Integration) -> FailedRequest:
    record(integration, make_refusal("1001"))
    return FailedRequest.objects.get()


@pytest.fixture
def person(integration: Integration) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=integration)


def stored(failed: FailedRequest) -> FailedRequest:
    return FailedRequest.objects.get(pk=failed.pk)


def test_what_was_handled_elsewhere_is_resolved_by_a_person(failed: FailedRequest, person: User) -> None:
    assert requests.handle(failed, person, reason="Ordered anew by phone.", now=LATER, address="10.0.0.1")

    found = stored(failed)
    assert (found.state, found.resolved_by, found.reason) == (State.RESOLVED, "person", "Ordered anew by phone.")
    assert found.closed_at == LATER
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.address) == ("request.handled", "ada", "10.0.0.1")
    assert (entry.before, entry.after, entry.reason) == (
        {"state": "needs_fix"},
        {"state": "resolved"},
        "Ordered anew by phone.",
    )


def test_what_does_not_matter_is_dismissed(failed: FailedRequest, person: User) -> None:
    assert requests.dismiss(failed, person, reason="A test order.", now=LATER)

    assert (stored(failed).state, stored(failed).resolved_by) == (State.DISMISSED, "")


def test_closing_takes_the_sealed_original_away(failed: FailedRequest, person: User) -> None:
    assert SealedRequest.objects.count() == 1

    requests.dismiss(failed, person, reason="A test order.", now=LATER)

    assert SealedRequest.objects.count() == 0
    assert stored(failed).seal_id is None
    assert stored(failed).cannot_resend


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_whoever_may_only_look_decides_nothing(
    failed: FailedRequest, integration: Integration, role: Role | None
) -> None:
    viewer = make_user(role=role, integration=integration if role else None)

    for function in (requests.handle, requests.dismiss, requests.reopen):
        with pytest.raises(PermissionDenied):
            function(failed, viewer, reason="x", now=LATER)
    assert stored(failed).state == State.NEEDS_FIX
    assert not AuditEntry.objects.exists()


def test_of_two_who_decide_at_once_one_wins(failed: FailedRequest, person: User) -> None:
    other = stored(failed)

    assert requests.handle(failed, person, reason="Mine.", now=LATER)
    assert not requests.dismiss(other, person, reason="Too late.", now=LATER)

    assert stored(failed).reason == "Mine."
    assert AuditEntry.objects.count() == 1


def test_a_failure_that_came_meanwhile_is_not_closed_unseen(
    failed: FailedRequest, integration: Integration, person: User
) -> None:
    record(integration, make_refusal("1001", sent_at=LATER), now=LATER)

    assert not requests.handle(failed, person, reason="Done.", now=LATER)


def test_what_runs_is_left_alone(failed: FailedRequest, person: User) -> None:
    FailedRequest.objects.update(state=State.RETRYING)

    assert not requests.handle(stored(failed), person, reason="Done.", now=LATER)


def test_reopening_brings_back_the_state_in_which_it_was_found(integration: Integration, person: User) -> None:
    record(integration, make_timeout(make_purchase("1001")))
    failed = FailedRequest.objects.get()
    assert failed.state == State.UNKNOWN
    requests.dismiss(failed, person, reason="Oops.", now=LATER)

    assert requests.reopen(failed, person, now=LATER)

    assert (stored(failed).state, stored(failed).closed_at) == (State.UNKNOWN, None)


def test_nothing_is_reopened_when_its_time_is_up(failed: FailedRequest, person: User) -> None:
    requests.dismiss(failed, person, reason="Oops.", now=LATER)

    assert not requests.reopen(failed, person, now=NOW + timedelta(hours=25))


def test_what_the_caller_resolved_is_not_reopened_by_a_person(failed: FailedRequest, person: User) -> None:
    FailedRequest.objects.update(state=State.RESOLVED, resolved_by="caller", closed_at=NOW)

    assert not requests.reopen(stored(failed), person, now=LATER)


def test_nothing_is_reopened_beside_a_new_failure_of_the_same_request(
    failed: FailedRequest, integration: Integration, person: User
) -> None:
    requests.dismiss(failed, person, reason="Oops.", now=LATER)
    record(integration, make_refusal("1001", sent_at=LATER), now=LATER)

    assert not requests.reopen(failed, person, now=LATER)

    assert stored(failed).state == State.DISMISSED
    assert FailedRequest.objects.count() == 2


def test_an_expired_one_can_still_be_called_handled(failed: FailedRequest, person: User) -> None:
    FailedRequest.objects.update(state=State.EXPIRED, closed_at=NOW + timedelta(hours=24))

    assert requests.handle(stored(failed), person, reason="Ordered anew.", now=NOW + timedelta(hours=25))
