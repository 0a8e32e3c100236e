"""One issue in depth."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from responses.insight import issue as insight
from responses.models import AuditEntry, Channel, Delivery, FailedRequest, Integration, Issue, Transition, User, ids
from responses.models.integration import new_intake_key
from tests.factories import NOW, make_integration, make_partial, make_refusal, make_user, record

pytestmark = pytest.mark.django_db
UTC = ZoneInfo("UTC")


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def test_bars_show_a_day_by_the_hour_and_four_weeks_by_the_day(integration: Integration) -> None:
    record(
        integration,
        make_refusal(sent_at=NOW),
        make_refusal(sent_at=NOW - timedelta(hours=3)),
        make_refusal(sent_at=NOW - timedelta(days=20)),
    )

    day, month = insight.bars(Issue.objects.get(), now=NOW, zone=UTC)

    assert (len(day.failures), sum(day.failures), day.failures[-1], day.failures[-4]) == (24, 2, 1, 1)
    assert (len(month.failures), sum(month.failures), month.failures[-1], month.failures[-21]) == (28, 3, 2, 1)


def test_the_latest_failures_tell_what_they_have_in_common(integration: Integration, viewer: User) -> None:
    key, _ = new_intake_key(integration, name="checkout")
    record(
        integration,
        make_refusal(tags={"release": "2.4.1"}),
        make_refusal(tags={"release": "2.4.1"}),
        make_refusal(tags={"release": "2.4.0"}),
        key=key,
    )

    example, impact = insight.sample(viewer, Issue.objects.get())

    assert example is not None
    assert example.message == "Session id cannot be null"
    assert impact.releases == (("2.4.1", 2), ("2.4.0", 1))
    assert impact.keys == (("checkout", 3),)
    assert impact.sampled == 3
    assert impact.customers == 1


def test_an_issue_of_items_tells_their_products(integration: Integration, viewer: User) -> None:
    record(integration, make_partial(), make_partial())

    example, impact = insight.sample(viewer, Issue.objects.get())

    assert example is not None
    assert impact.products == (("88", 2),)


def test_the_latest_words_keep_the_values_that_the_issue_leaves_out(integration: Integration, viewer: User) -> None:
    record(integration, make_refusal(message="Object with id=41 does not exist"))
    record(integration, make_refusal(message="Object with id=42 does not exist"), now=NOW + timedelta(seconds=1))

    example, _ = insight.sample(viewer, Issue.objects.get())

    assert example is not None
    assert example.message == "Object with id=42 does not exist"


def test_open_requests_are_paged_by_their_clock(integration: Integration, viewer: User) -> None:
    record(integration, *(make_refusal(str(nth), sent_at=NOW - timedelta(minutes=nth)) for nth in range(30)))
    issue = Issue.objects.get()

    first = insight.open_requests(viewer, issue, after="", now=NOW)
    second = insight.open_requests(viewer, issue, after=first.after, now=NOW)

    assert [row.order_id for row in (*first.rows, *second.rows)] == [str(nth) for nth in reversed(range(30))]
    assert second.after == ""


def test_all_requests_are_paged_from_the_latest(integration: Integration) -> None:
    record(integration, *(make_refusal() for _ in range(30)))
    FailedRequest.objects.update(state="resolved", closed_at=NOW)
    issue = Issue.objects.get()

    first = insight.all_requests(issue, after="")
    second = insight.all_requests(issue, after=first.after)

    seen = [row.pk for row in (*first.rows, *second.rows)]
    assert len(seen) == len(set(seen)) == 30
    assert second.after == ""


def test_activity_holds_deeds_changes_and_messages(integration: Integration, viewer: User) -> None:
    record(integration, make_refusal())
    issue = Issue.objects.get()
    channel = Channel.objects.create(kind="slack", name="#oncall", target_sealed=b"", target_hint="…")
    Delivery.objects.create(
        id=ids.new(NOW), transition=Transition.objects.get(), channel=channel, next_attempt_at=NOW, state="sent"
    )
    AuditEntry.objects.create(
        id=ids.new(NOW),
        at=NOW,
        actor="ada",
        action="issue.mute",
        integration_id=integration.pk,
        subject="issue",
        subject_id=str(issue.pk),
    )

    activity = insight.activity(viewer, issue)

    assert [deed.actor for deed in activity.deeds] == ["ada"]
    assert [change.kind for change in activity.changes] == ["issue_opened"]
    assert [message.channel.name for message in activity.messages] == ["#oncall"]


def test_the_number_of_queries_does_not_grow(
    integration: Integration, viewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    viewer.roles  # noqa: B018 -- the roles are loaded once a request
    key, _ = new_intake_key(integration)
    for count in (1, 20):
        record(integration, *(make_partial() for _ in range(count)), key=key)
        issue = Issue.objects.get()
        with django_assert_num_queries(12):
            insight.bars(issue, now=NOW, zone=UTC)
            insight.sample(viewer, issue)
            insight.open_requests(viewer, issue, after="", now=NOW)
            insight.all_requests(issue, after="")
            insight.activity(viewer, issue)
