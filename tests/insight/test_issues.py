"""The list of issues."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.exchanges import Request
from responses.insight import issues, stakes
from responses.models import Integration, Issue, User
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def titles(page: issues.Page) -> list[str]:
    return [row.issue.title for row in page.rows]


def make_issues(integration: Integration, count: int) -> None:
    """``count`` issues called Trouble A, B, ...; each begins an hour earlier than the one before it."""
    record(
        integration,
        *(
            make_refusal(message=f"Trouble {chr(65 + nth)}", sent_at=NOW - timedelta(hours=nth % 20, seconds=nth))
            for nth in range(count)
        ),
    )


def test_tabs_count_the_issues_of_each_state(integration: Integration, viewer: User) -> None:
    make_issues(integration, 3)
    Issue.objects.filter(title="Trouble B").update(state=Issue.State.MUTED)
    record(make_integration(), make_refusal())

    assert issues.tabs(viewer, integration.pk) == {"open": 2, "acknowledged": 0, "muted": 1, "resolved": 0}


def test_a_state_holds_its_issues_and_no_state_all(integration: Integration, viewer: User) -> None:
    make_issues(integration, 3)
    Issue.objects.filter(title="Trouble B").update(state=Issue.State.MUTED)

    assert issues.of_state(viewer, integration.pk, "muted").count() == 1
    assert issues.of_state(viewer, integration.pk, "").count() == 3
    assert issues.of_state(make_user(), integration.pk, "").count() == 0


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("time-left", ["Trouble C", "Trouble B", "Trouble A"]),
        ("last-seen", ["Trouble A", "Trouble B", "Trouble C"]),
        ("newest", ["Trouble A", "Trouble B", "Trouble C"]),
        ("orders", ["Trouble B", "Trouble C", "Trouble A"]),
    ],
)
def test_issues_are_sorted(sort: str, expected: list[str], integration: Integration, viewer: User) -> None:
    make_issues(integration, 3)
    for message, hours in (("Trouble B", 1), ("Trouble B", 1), ("Trouble C", 2)):
        record(integration, make_refusal(message=message, sent_at=NOW - timedelta(hours=hours)))

    found = issues.of_state(viewer, integration.pk, "open")

    assert titles(issues.page(found, integration, sort=sort, now=NOW)) == expected


def test_issues_without_a_clock_come_last_by_when_they_were_seen(integration: Integration, viewer: User) -> None:
    question = make_rest("/orders/", method="GET")
    record(
        integration,
        make_exchange(question, 404, {"detail": "Not found."}, sent_at=NOW - timedelta(minutes=5)),
        make_exchange(question, 503, b"", sent_at=NOW - timedelta(minutes=1)),
        make_refusal(),
    )

    page = issues.page(issues.of_state(viewer, integration.pk, "open"), integration, sort="time-left", now=NOW)

    assert [row.issue.status_code for row in page.rows] == [400, 503, 404]


@pytest.mark.parametrize("sort", issues.SORTS)
def test_pages_follow_each_other_without_gap_or_repetition(sort: str, integration: Integration, viewer: User) -> None:
    make_issues(integration, 25)
    found = issues.of_state(viewer, integration.pk, "open")

    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = issues.page(found, integration, sort=sort, after=after, now=NOW, size=10)
        seen += titles(page)
        after = page.after

    assert after == ""
    assert len(seen) == len(set(seen)) == 25
    assert seen == titles(issues.page(found, integration, sort=sort, now=NOW, size=100))


@pytest.mark.parametrize("sort", issues.SORTS)
@pytest.mark.parametrize("after", ["nonsense", "999999999999999999_1", "-999999999999999999_1_1", "1", "'; --"])
def test_a_broken_cursor_is_no_error(sort: str, after: str, integration: Integration, viewer: User) -> None:
    make_issues(integration, 1)

    page = issues.page(issues.of_state(viewer, integration.pk, "open"), integration, sort=sort, after=after, now=NOW)

    assert len(page.rows) <= 1


def test_the_sparkline_holds_the_last_24_hours(integration: Integration, viewer: User) -> None:
    record(
        integration,
        make_refusal(sent_at=NOW),
        make_refusal(sent_at=NOW),
        make_refusal(sent_at=NOW - timedelta(hours=23)),
        make_refusal(sent_at=NOW - timedelta(hours=24)),
    )

    [row] = issues.page(issues.of_state(viewer, integration.pk, "open"), integration, sort="newest", now=NOW).rows

    assert row.hours == (1, *[0] * 22, 2)


def test_a_young_issue_is_new_and_one_that_came_back_has_regressed(integration: Integration) -> None:
    record(integration, make_refusal(sent_at=NOW - timedelta(hours=1)))
    issue = Issue.objects.get()
    assert issues.mark_of(issue, now=NOW) == "new"
    assert issues.mark_of(issue, now=NOW + timedelta(days=1)) == ""

    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    issue.refresh_from_db()
    assert issues.mark_of(issue, now=NOW) == ""

    record(integration, make_refusal(sent_at=NOW + timedelta(hours=1)), now=NOW + timedelta(hours=1))
    issue.refresh_from_db()
    assert issues.mark_of(issue, now=NOW + timedelta(hours=2)) == "regressed"
    assert issues.mark_of(issue, now=NOW + timedelta(hours=26)) == ""


@pytest.mark.parametrize(
    ("status_code", "retry_by", "actor"),
    [
        (400, "caller", "you"),
        (401, "caller", "key"),
        (503, "caller", "caller"),
        (503, "monitor", "monitor"),
        (503, "never", "you"),
    ],
)
def test_who_acts_follows_from_the_code_and_from_who_retries(status_code: int, retry_by: str, actor: str) -> None:
    integration = make_integration(retry_by=retry_by)
    record(integration, make_exchange(None, status_code, {"detail": "x"}))

    assert issues.actor_of(Issue.objects.get(), integration) == actor


def test_no_answer_has_an_actor_too(integration: Integration) -> None:
    record(integration, make_timeout())

    assert issues.actor_of(Issue.objects.get(), integration) == "caller"


def test_a_failure_behind_the_code_of_a_success_has_somebody_who_fixes_it(integration: Integration) -> None:
    request = Request("POST", "https://api.ordergroove.com/order/verify", {}, b"{}")
    record(integration, make_exchange(request, 200, {"error": "Order does not exist"}))

    assert issues.actor_of(Issue.objects.get(), integration) == "you"


def test_a_row_tells_what_is_at_stake(integration: Integration, viewer: User) -> None:
    record(integration, make_partial("1", sent_at=NOW - timedelta(hours=2)))

    [row] = issues.page(issues.of_state(viewer, integration.pk, "open"), integration, sort="orders", now=NOW).rows

    assert row.stake.requests == 1
    assert row.stake.deadline_at == NOW + timedelta(hours=22)


def test_the_top_issues_are_those_with_the_most_failures_of_the_day(integration: Integration, viewer: User) -> None:
    for message, hours, count in (("Quiet", 1, 1), ("Loud", 2, 3), ("Old", 30, 9), ("Muted", 0, 9), ("Known", 0, 2)):
        sent_at = NOW - timedelta(hours=hours)
        record(integration, *(make_refusal(message=message, sent_at=sent_at) for _ in range(count)))
    Issue.objects.filter(title="Muted").update(state=Issue.State.MUTED)
    Issue.objects.filter(title="Known").update(state=Issue.State.ACKNOWLEDGED)
    staked = stakes.of_integration(integration.pk, now=NOW)

    found = issues.top(viewer, integration, staked, now=NOW)

    assert [row.issue.title for row in found] == ["Loud", "Known", "Quiet"]
    assert [row.issue.title for row in issues.top(viewer, integration, staked, now=NOW, count=1)] == ["Loud"]


@pytest.mark.parametrize("sort", issues.SORTS)
def test_the_number_of_queries_does_not_grow(
    sort: str, integration: Integration, viewer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    for count in (1, 20):
        make_issues(integration, count)
        with django_assert_max_num_queries(4):
            issues.page(issues.of_state(viewer, integration.pk, "open"), integration, sort=sort, now=NOW)
