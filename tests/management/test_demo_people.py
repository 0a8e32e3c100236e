from __future__ import annotations

from datetime import timedelta

import pytest

from responses.management import demo_people
from responses.models import AuditEntry, FailedRequest, Integration, Issue
from tests.factories import NOW, make_exchange, make_integration, make_partial, make_rest, make_timeout, record

pytestmark = pytest.mark.django_db

END = NOW + timedelta(days=3)


@pytest.fixture
def shop() -> Integration:
    return make_integration("demo-shop")


def look_after(shop: Integration, hours: float = 0) -> None:
    people = demo_people.hire(shop, now=NOW)
    demo_people.look_after(shop, people, now=NOW + timedelta(hours=hours), end=END)


def test_what_has_passed_is_resolved_and_comes_back(shop: Integration) -> None:
    record(shop, make_timeout(sent_at=NOW - timedelta(hours=20)), now=NOW - timedelta(hours=20))

    look_after(shop)

    issue = Issue.objects.get()
    assert issue.state == Issue.State.RESOLVED
    record(shop, make_timeout(sent_at=NOW + timedelta(minutes=1)), now=NOW + timedelta(minutes=1))
    issue.refresh_from_db()
    assert (issue.state, issue.regressions) == (Issue.State.OPEN, 1)


def test_what_lasts_is_acknowledged_and_given_to_somebody(shop: Integration) -> None:
    record(shop, *(make_partial() for _ in range(8)))

    look_after(shop, hours=3)
    look_after(shop, hours=4)

    issue = Issue.objects.get()
    assert issue.state == Issue.State.ACKNOWLEDGED
    assert issue.assignee is not None
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor")) == [
        ("issue.acknowledged", demo_people.SUPPORT),
        ("issue.assigned", demo_people.SUPPORT),
    ]


def test_stale_links_are_muted_for_a_time(shop: Integration) -> None:
    record(shop, *(make_exchange(make_rest(f"/orders/ab{n}/", method="GET"), 404, {}) for n in range(20)))

    look_after(shop, hours=3)

    issue = Issue.objects.get()
    assert issue.state == Issue.State.MUTED
    assert issue.muted_until is not None


def test_what_nobody_knew_is_looked_up_within_a_day(shop: Integration) -> None:
    record(shop, make_timeout(), make_timeout(make_rest()))

    look_after(shop, hours=4)
    assert set(FailedRequest.objects.values_list("state", flat=True)) == {"unknown"}
    look_after(shop, hours=22)

    assert list(FailedRequest.objects.order_by("id").values_list("state", flat=True)) == ["resolved", "dismissed"]


def test_nobody_works_at_night_or_has_seen_what_is_new(shop: Integration) -> None:
    record(shop, *(make_partial() for _ in range(8)))

    look_after(shop, hours=1)
    look_after(shop, hours=13)
    look_after(shop, hours=3 * 24 - 3)

    assert Issue.objects.get().state == Issue.State.OPEN
