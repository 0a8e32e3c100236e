"""``/api/v1/issues``: lists, one issue, and what may be decided about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from responses.models import AuditEntry, Integration, Issue, Role
from tests.api.conftest import Caller
from tests.factories import NOW, make_integration, make_refusal, make_timeout, record

pytestmark = pytest.mark.django_db


def make_issue(shop: Integration, message: str = "Session id cannot be null") -> Issue:
    [row] = record(shop, make_refusal(message=message))
    assert row.issue_id is not None
    return Issue.objects.get(pk=row.issue_id)


def test_a_list_shows_causes_with_who_acts_and_what_is_at_stake(caller: Caller, shop: Integration) -> None:
    issue = make_issue(shop)

    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        [row] = caller.get("issues").json()["results"]

    assert row["id"] == str(issue.pk)
    assert row["state"] == "open"
    assert row["who"] == "you"
    assert row["mark"] == "new"
    assert row["outcome"] == "needs_fix"
    assert row["at_stake"]["requests"] == 1
    assert row["at_stake"]["value"] == "12.50"
    assert row["at_stake"]["deadline_at"] == "2026-11-23T12:00:00.000Z"


def test_a_list_filters_by_state_and_words(caller: Caller, shop: Integration) -> None:
    first, second = make_issue(shop), make_issue(shop, "Offer is unknown")
    Issue.objects.filter(pk=second.pk).update(state=Issue.State.MUTED)

    def ids(**query: str) -> list[str]:
        return [row["id"] for row in caller.get("issues", **query).json()["results"]]

    assert ids() == [str(first.pk)]
    assert ids(state="muted") == [str(second.pk)]
    assert sorted(ids(state="all")) == sorted([str(first.pk), str(second.pk)])
    assert ids(state="all", q="OFFER") == [str(second.pk)]


@pytest.mark.parametrize("sort", ["time-left", "last-seen", "orders", "newest"])
def test_next_leads_through_all_issues_once_in_every_order(caller: Caller, shop: Integration, sort: str) -> None:
    issues = {str(make_issue(shop, words).pk) for words in ("Bad offer", "Bad country", "Bad card", "Bad price")}
    record(shop, make_timeout())
    seen: list[str] = []
    answer = caller.get("issues", sort=sort, limit=2).json()
    while True:
        seen += [row["id"] for row in answer["results"]]
        if answer["next"] is None:
            break
        answer = caller.client.get(answer["next"].removeprefix("http://127.0.0.1:8000")).json()

    assert len(seen) == len(set(seen)) == 5
    assert issues <= set(seen)


def test_one_issue_comes_with_its_meaning_and_hours(caller: Caller, shop: Integration) -> None:
    issue = make_issue(shop)

    with time_machine.travel(NOW, tick=False):
        found = caller.get(f"issues/{issue.pk}").json()

    assert found["advice"]
    assert found["meaning"]
    assert len(found["hours"]) == 24
    assert found["hours"][-1] == 1


def test_deciding_changes_the_state_and_is_written_down(caller: Caller, shop: Integration) -> None:
    issue = make_issue(shop)

    with time_machine.travel(NOW, tick=False):
        states = [
            caller.post(f"issues/{issue.pk}/acknowledge").json()["state"],
            caller.post(f"issues/{issue.pk}/mute", {"until": "2026-11-22T14:00:00+01:00"}).json()["muted_until"],
            caller.post(f"issues/{issue.pk}/resolve").json()["state"],
            caller.post(f"issues/{issue.pk}/reopen").json()["state"],
        ]

    assert states == ["acknowledged", "2026-11-22T13:00:00.000Z", "resolved", "open"]
    assert list(AuditEntry.objects.order_by("id").values_list("action", "user_id", "address")) == [
        (f"issue.{deed}", caller.user.pk, "127.0.0.1") for deed in ("acknowledged", "muted", "resolved", "reopened")
    ]


def test_asking_again_for_the_same_state_changes_nothing(caller: Caller, shop: Integration) -> None:
    issue = make_issue(shop)

    answers = [caller.post(f"issues/{issue.pk}/resolve").status_code for _ in range(2)]

    assert answers == [200, 200]
    assert AuditEntry.objects.count() == 1


def test_what_cannot_follow_is_a_conflict(caller: Caller, shop: Integration) -> None:
    issue = make_issue(shop)
    caller.post(f"issues/{issue.pk}/resolve")

    answer = caller.post(f"issues/{issue.pk}/acknowledge")

    assert answer.status_code == 409
    assert "resolved" in answer.json()["detail"]


def test_a_viewer_may_read_and_not_decide(as_role: Callable[[Role], Caller], shop: Integration) -> None:
    issue, viewer = make_issue(shop), as_role(Role.VIEWER)

    assert viewer.get(f"issues/{issue.pk}").status_code == 200
    answer = viewer.post(f"issues/{issue.pk}/resolve")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert Issue.objects.get().state == "open"


def test_an_issue_of_others_is_not_there(caller: Caller) -> None:
    issue = make_issue(make_integration("other"))

    assert caller.get(f"issues/{issue.pk}").status_code == 404
    assert caller.post(f"issues/{issue.pk}/resolve").status_code == 404
    assert Issue.objects.get().state == "open"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/until"),
        ({"until": "tomorrow"}, "/until"),
        ({"until": 5}, "/until"),
        ({"until": "2026-11-22T11:00:00Z"}, "/until"),
        ({"until": "2027-11-22T11:00:00Z"}, "/until"),
        ({"until": "2026-11-22T13:00:00"}, "/until"),
        ({"until": "2026-11-22T13:00:00Z", "more": 1}, "/more"),
        ([], ""),
    ],
)
def test_muting_needs_an_instant_ahead(caller: Caller, shop: Integration, body: object, pointer: str) -> None:
    issue = make_issue(shop)

    with time_machine.travel(NOW, tick=False):
        answer = caller.post(f"issues/{issue.pk}/mute", body)

    assert answer.status_code == 422, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 400),
        (b'"text"', "application/json", 422),
        (b"1e400", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"until": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"until": "\\ud800"}', "application/json", 400),
        (b'{"until": "\\u0000"}', "application/json", 422),
        (b'{"until": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"until=2026-11-22T13:00:00Z", "application/x-www-form-urlencoded", 415),
        (b'{"until": "2026-11-22T13:00:00Z"}', "text/plain", 415),
        (b'{"until": "2026-11-22T13:00:00Z"}', "application/json; charset=utf-8", 200),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    caller: Caller, shop: Integration, body: bytes, media_type: str, status: int
) -> None:
    issue = make_issue(shop)

    with time_machine.travel(NOW, tick=False):
        answer = caller.client.post(f"/api/v1/issues/{issue.pk}/mute", body, content_type=media_type)

    assert answer.status_code == status, answer.content
    assert (answer["Content-Type"] == "application/problem+json") is (status != 200)
