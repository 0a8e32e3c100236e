"""The log of responses: its pages, its filters and what words find."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from responses.exchanges import Origin, Outcome
from responses.insight import responses
from responses.insight.responses import Page, Wanted
from responses.models import Integration, Issue, Response, User
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


@pytest.fixture
def log(integration: Integration) -> list[Response]:
    """One response of each kind, a minute apart, the oldest first."""
    exchanges = (
        make_refusal("1001", request_id="basket-7"),
        make_partial("1002", tags={"release": "2.4.1"}),
        make_exchange(make_rest("/subscriptions/ab12/cancel/"), 204),
        make_exchange(make_rest("/subscriptions/ab12/cancel/"), 503, b""),
        make_timeout(make_rest("/orders/", method="GET")),
        make_exchange(make_rest(), 403, {"detail": "No"}, origin=Origin.IMPORT),
    )
    rows = []
    for nth, exchange in enumerate(exchanges):
        at = NOW + timedelta(minutes=nth)
        changed = {name: getattr(exchange, name) for name in exchange.__struct_fields__} | {"sent_at": at}
        rows += record(integration, type(exchange)(**changed), now=at)
    return rows


def page(
    viewer: User, log: list[Response], *, size: int = 50, cursor: responses.Cursor | None = None, **wanted: Any
) -> Page:
    values = Wanted(**wanted)
    return responses.page(viewer, log[0].integration_id, values, cursor=cursor, size=size)


def found(viewer: User, log: list[Response], **wanted: Any) -> list[int]:
    """The places in ``log`` of what is found."""
    places = {row.pk: nth for nth, row in enumerate(log)}
    return [places[row.pk] for row in page(viewer, log, **wanted).rows]


def test_the_newest_come_first(viewer: User, log: list[Response]) -> None:
    assert found(viewer, log) == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({"outcome": Outcome.NEEDS_FIX}, [5, 0]),
        ({"outcome": Outcome.SUCCESS}, [2]),
        ({"outcome": Outcome.NO_ANSWER}, [4]),
        ({"code": 403}, [5]),
        ({"code": 207}, [1]),
        ({"hundred": 5}, [3]),
        ({"hundred": 4}, [5, 0]),
        ({"endpoint": "GET /orders/"}, [4]),
        ({"endpoint": "PATCH /subscriptions/{id}/cancel/", "outcome": Outcome.TRANSIENT}, [3]),
        ({"method": "POST"}, [1, 0]),
        ({"order": "1001"}, [0]),
        ({"order": "1001", "outcome": Outcome.SUCCESS}, []),
        ({"customer": "00026001"}, [1, 0]),
        ({"request_id": "basket-7"}, [0]),
        ({"origin": Origin.IMPORT}, [5]),
        ({"release": "2.4.1"}, [1]),
        ({"since": NOW + timedelta(minutes=1), "until": NOW + timedelta(minutes=3)}, [2, 1]),
        ({"since": NOW, "outcome": Outcome.NEEDS_FIX}, [5, 0]),
        ({"since": NOW, "code": 400}, [0]),
        ({"since": NOW, "endpoint": "GET /orders/"}, [4]),
        ({"words": "1001"}, [0]),
        ({"words": "100"}, [1, 0]),
        ({"words": "basket"}, [0]),
        ({"words": "ab12"}, [5, 3]),
        ({"words": "session ID"}, [0]),
        ({"words": "does not exist"}, [1]),
        ({"words": "nothing of the kind"}, []),
        ({"words": "%"}, []),
        ({"words": "_001"}, []),
    ],
)
def test_each_filter_keeps_what_it_says(
    viewer: User, log: list[Response], wanted: dict[str, Any], places: list[int]
) -> None:
    assert found(viewer, log, **wanted) == places


def test_an_issue_leads_to_its_responses_also_when_it_is_only_an_item_s(viewer: User, log: list[Response]) -> None:
    issue = Issue.objects.get(title__contains="does not exist")

    assert found(viewer, log, issue=issue.pk) == [1]
    assert found(viewer, log, issue=issue.pk, words="1001") == []


def test_nothing_of_another_integration_is_found(viewer: User, log: list[Response]) -> None:
    other = make_integration()
    record(other, make_refusal("1001"))
    foreign = Issue.objects.filter(integration=other).get()

    assert found(viewer, log, words="1001") == [0]
    assert responses.page(viewer, other.pk, Wanted()).rows == ()
    assert responses.page(viewer, other.pk, Wanted(issue=foreign.pk)).rows == ()


@pytest.mark.parametrize("wanted", [{}, {"since": NOW}, {"words": "100"}, {"method": "PATCH"}, {"hundred": 4}])
def test_paging_shows_every_row_once_in_both_directions(
    viewer: User, log: list[Response], wanted: dict[str, Any]
) -> None:
    everything = page(viewer, log, **wanted).rows
    first = shown = page(viewer, log, size=1, **wanted)
    rows = list(first.rows)
    assert first.newer == ""
    while shown.older:
        cursor = responses.read_cursor(Wanted(**wanted), before="", after=shown.older)
        shown = page(viewer, log, size=1, cursor=cursor, **wanted)
        rows += shown.rows
    assert rows == list(everything)

    while shown.newer:
        cursor = responses.read_cursor(Wanted(**wanted), before=shown.newer, after="")
        shown = page(viewer, log, size=1, cursor=cursor, **wanted)
    assert shown.rows == first.rows


def test_a_search_that_no_index_serves_stops_and_says_how_far_it_looked(
    viewer: User, log: list[Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "WINDOW", 3)

    first = page(viewer, log, method="POST")
    assert first.rows == ()
    assert first.looked_to == log[3].recorded_at
    cursor = responses.read_cursor(Wanted(method="POST"), before="", after=first.older)
    second = page(viewer, log, cursor=cursor, method="POST")

    assert second.rows == (log[1], log[0])
    assert page(viewer, log, method="PATCH", size=1).looked_to is None


@pytest.mark.parametrize("sent_at", [NOW, None])
def test_a_search_by_time_that_is_broken_off_goes_on_without_repeating(
    viewer: User, integration: Integration, monkeypatch: pytest.MonkeyPatch, sent_at: datetime | None
) -> None:
    monkeypatch.setattr(responses, "WINDOW", 3)
    exchanges = [
        make_exchange(make_rest(method=method), 204, sent_at=sent_at or NOW + timedelta(seconds=nth))
        for nth, method in enumerate(["PATCH", "PUT", "PATCH", "PATCH", "PUT", "PATCH", "PATCH"])
    ]
    rows = record(integration, *exchanges)
    wanted = Wanted(method="PATCH", since=NOW)
    seen: list[int] = []
    cursor = None
    for _ in range(9):
        shown = responses.page(viewer, integration.pk, wanted, cursor=cursor, size=2)
        seen += [row.pk for row in shown.rows]
        cursor = responses.read_cursor(wanted, before="", after=shown.older)
        if cursor is None:
            break

    assert seen == [rows[nth].pk for nth in (6, 5, 3, 2, 0)]


def test_what_came_since_is_counted(viewer: User, log: list[Response]) -> None:
    integration_id = log[0].integration_id

    assert responses.newest_id(viewer, integration_id) == log[5].pk
    assert responses.count_new(viewer, integration_id, Wanted(), seen=log[3].pk) == 2
    assert responses.count_new(viewer, integration_id, Wanted(code=403), seen=log[3].pk) == 1
    assert responses.count_new(viewer, integration_id, Wanted(words="1001"), seen=0) == 1


@pytest.mark.parametrize("text", ["", "x", "9" * 19, "1_2", "-", "9" * 400])
def test_what_is_no_cursor_begins_at_the_first_page(text: str) -> None:
    assert responses.read_cursor(Wanted(), before=text, after=text) is None
    assert responses.read_cursor(Wanted(since=NOW), before="9" * 18 + "_1", after="") is None
