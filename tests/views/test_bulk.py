"""The pages of bulk runs: planning, watching and deciding, by role; what is not one's own is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import BulkRow, BulkRun, FailedRequest, Integration, Issue, Resubmission, Role, User
from tests.correcting import bulking
from tests.correcting.bulking import checked, fail_many, make_ada, started
from tests.factories import NOW, make_integration, make_user
from tests.retrying import again
from tests.retrying.again import Shop

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def shop() -> Shop:
    return again.make_shop("http://127.0.0.1:9")


@pytest.fixture
def integration(shop: Shop) -> Integration:
    return shop.integration


@pytest.fixture
def ada(shop: Shop) -> User:
    return make_ada(shop)


@pytest.fixture
def issue(shop: Shop) -> Issue:
    return fail_many(shop, 3)


def text_of(client: Client, target: str, **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200, response.status_code
    return re.sub(r"\s+", " ", response.content.decode())


def form(**overrides: str) -> dict[str, str]:
    values = {
        "name": "Fix the offer",
        "nonce": "n1",
        "rows": "1",
        "op0-path": "/products/*/offer",
        "op0-kind": "replace",
        "op0-old": "old",
        "op0-value": "new",
    }
    return values | overrides


def test_an_empty_list_says_how_a_run_begins(sign_in: SignIn, integration: Integration) -> None:
    assert "No bulk run was made in this integration" in text_of(sign_in(), "/bulk/")


def test_a_run_is_planned_by_a_plain_form(sign_in: SignIn, issue: Issue, ada: User) -> None:
    client = sign_in(user=ada)
    assert "<b>3</b> requests of" in text_of(client, f"/bulk/new/?issue={issue.pk}")

    response = client.post(f"/bulk/new/?issue={issue.pk}", form())

    run = BulkRun.objects.get()
    assert response.status_code == 302
    assert response["location"].startswith(f"/bulk/{run.pk}/")
    assert run.recipe == [{"op": "replace", "path": "/products/*/offer", "value": "new", "old": "old"}]
    assert run.rows.count() == 3


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"op0-kind": "set", "op0-value": "77"}, {"op": "set", "path": "/products/*/offer", "value": 77}),
        ({"op0-kind": "set", "op0-value": '"77"'}, {"op": "set", "path": "/products/*/offer", "value": "77"}),
        ({"op0-kind": "set", "op0-value": "null"}, {"op": "set", "path": "/products/*/offer", "value": None}),
        ({"op0-kind": "set", "op0-value": "NaN"}, {"op": "set", "path": "/products/*/offer", "value": "NaN"}),
        ({"op0-kind": "remove"}, {"op": "remove", "path": "/products/*/offer"}),
        ({"op0-kind": "rename", "op0-value": "deal"}, {"op": "rename", "path": "/products/*/offer", "to": "deal"}),
        (
            {"op0-kind": "part", "op0-old": "(a+)+$", "op0-value": "77"},
            {"op": "replace", "path": "/products/*/offer", "value": "77", "old": "(a+)+$", "is_part": True},
        ),
    ],
)
def test_what_is_typed_becomes_an_operation(
    sign_in: SignIn, issue: Issue, ada: User, typed: dict[str, str], kept: dict[str, object]
) -> None:
    client = sign_in(user=ada)

    client.post(f"/bulk/new/?issue={issue.pk}", form(**typed))

    assert BulkRun.objects.get().recipe == [kept]
    run_page = text_of(client, f"/bulk/{BulkRun.objects.get().pk}/")
    assert "/products/*/offer" in run_page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"op0-path": "offer"}, "begins with a slash"),
        ({"op0-path": ""}, "Name the field"),
        ({"op0-path": "", "op0-old": "", "op0-value": ""}, "The recipe is empty"),
        ({"op0-path": "/*"}, "would change everything"),
        ({"op0-path": "/user", "op0-kind": "remove", "reason": " "}, "say why"),
        ({"op0-path": "/merchant_order_id", "op0-kind": "set"}, "own"),
        ({"op0-kind": "erase"}, "Select a valid choice"),
        ({"op0-value": '"\\u0000"'}, "NUL"),
        ({"op0-value": '"\\ud800"'}, "cannot be written"),
        ({"op0-value": "[" * 900 + "]" * 900}, "levels deep"),
        ({"op0-value": "x" * 20_001}, "at most"),
        ({"name": ""}, "required"),
        ({"nonce": ""}, ""),
    ],
)
def test_a_plan_that_cannot_be_comes_back_with_what_was_typed(
    sign_in: SignIn, issue: Issue, ada: User, typed: dict[str, str], words: str
) -> None:
    sent = form(**({"name": "<b>mine</b>"} | typed))

    response = sign_in(user=ada).post(f"/bulk/new/?issue={issue.pk}", sent)

    text = response.content.decode()
    assert response.status_code == 422
    assert words in text
    assert sent["name"] == "" or "&lt;b&gt;mine&lt;/b&gt;" in text
    assert not BulkRun.objects.exists()


def test_one_more_row_keeps_what_was_typed(sign_in: SignIn, issue: Issue, ada: User) -> None:
    response = sign_in(user=ada).post(f"/bulk/new/?issue={issue.pk}", form(more="1"))
    text = response.content.decode()

    assert 'name="op1-path"' in text
    assert 'value="/products/*/offer"' in text
    assert not BulkRun.objects.exists()


def test_a_correction_brings_its_recipe(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run = started(issue, ada)
    bulking.work()
    correction = Resubmission.objects.filter(bulk_row__run=run).earliest("id")

    text = text_of(sign_in(user=ada), f"/bulk/new/?from={correction.pk}")

    assert 'value="/products/*/offer"' in text
    assert "without the one that you corrected" in text


def test_a_run_tells_what_is_ready_and_why_others_are_not(sign_in: SignIn, shop: Shop, issue: Issue, ada: User) -> None:
    FailedRequest.objects.filter(order_id="1").update(state="resolved", resolved_by="caller", closed_at=NOW)
    run = checked(issue, ada)

    text = text_of(sign_in(user=ada), f"/bulk/{run.pk}/")

    assert "<b>2</b> of 3 ready, nothing was sent" in text
    assert "Already succeeded" in text
    assert "It has succeeded already, by the caller." in text
    assert "<del>old</del> → <ins>new</ins>" in text
    assert "Send 2 now" in text


def test_the_living_part_says_when_nothing_has_changed(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run, client = checked(issue, ada), sign_in(user=ada)
    page = text_of(client, f"/bulk/{run.pk}/")
    live = re.search(r'hx-get="([^"]+part=live[^"]+)"', page)
    assert live is not None
    target = live[1].replace("&amp;", "&")

    assert client.get(target, headers={"hx-request": "true"}).status_code == 204
    BulkRow.objects.filter(run=run).update(state="not_ready")
    assert client.get(target, headers={"hx-request": "true"}).status_code == 200


def test_buttons_start_and_stop_a_run(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run, client = checked(issue, ada), sign_in(user=ada)

    assert client.post(f"/bulk/{run.pk}/decide/", {"deed": "start"}).status_code == 302
    run.refresh_from_db()
    assert run.state == BulkRun.State.RUNNING
    answer = client.post(f"/bulk/{run.pk}/decide/", {"deed": "stop"}, headers={"hx-request": "true"})
    assert 'id="bulk-run"' in answer.content.decode()
    run.refresh_from_db()
    assert run.state == BulkRun.State.STOPPED


def test_the_second_of_two_people_is_told_who_was_first(sign_in: SignIn, shop: Shop, issue: Issue, ada: User) -> None:
    run, bob = checked(issue, ada), make_ada(shop, name="bob")
    sign_in(user=ada).post(f"/bulk/{run.pk}/decide/", {"deed": "start"})

    answer = sign_in(user=bob).post(f"/bulk/{run.pk}/decide/", {"deed": "start"}, follow=True)

    assert "It is running already: ada started it." in answer.content.decode()


def test_a_viewer_may_look_and_not_touch(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run, client = checked(issue, ada), sign_in(Role.VIEWER)

    assert "needs the role Support" in text_of(client, f"/bulk/{run.pk}/")
    assert client.post(f"/bulk/{run.pk}/decide/", {"deed": "start"}).status_code == 403
    assert client.get(f"/bulk/new/?issue={issue.pk}").status_code == 403
    assert client.post(f"/bulk/new/?issue={issue.pk}", form()).status_code == 403


def test_what_belongs_to_another_integration_is_not_there(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run = started(issue, ada)
    bulking.work()
    correction = Resubmission.objects.earliest("id")
    client = sign_in(user=make_user(role=Role.ADMIN, integration=make_integration("other")))

    for target in (f"/bulk/{run.pk}/", f"/bulk/{run.pk}/rows.csv", f"/bulk/new/?issue={issue.pk}",
                   f"/bulk/new/?from={correction.pk}"):  # fmt: skip
        assert client.get(target).status_code == 404
    assert client.post(f"/bulk/{run.pk}/decide/", {"deed": "stop"}).status_code == 404
    assert client.post(f"/bulk/new/?issue={issue.pk}", form()).status_code == 404


@pytest.mark.parametrize("query", ["", "?issue=", "?issue=x", "?issue=-1", "?from=99999999999999999999", "?from=%00"])
def test_an_address_that_names_nothing_is_not_found(sign_in: SignIn, ada: User, query: str) -> None:
    assert sign_in(user=ada).get(f"/bulk/new/{query}").status_code == 404


def test_a_look_changes_nothing(sign_in: SignIn, issue: Issue, ada: User) -> None:
    run, client = checked(issue, ada), sign_in(user=ada)

    assert client.get(f"/bulk/{run.pk}/decide/", {"deed": "start"}).status_code == 405
    assert client.post(f"/bulk/{run.pk}/decide/", {"deed": "erase"}).status_code == 422


@pytest.mark.parametrize(
    "query", ["rows=ready", "rows=erased", "why=locked", "why=%00", "after=x", "after=1_2", "rows=ready&after=5"]
)
def test_any_filter_is_answered(sign_in: SignIn, issue: Issue, ada: User, query: str) -> None:
    assert sign_in(user=ada).get(f"/bulk/{checked(issue, ada).pk}/?{query}").status_code == 200


def test_rows_as_a_file(sign_in: SignIn, shop: Shop, ada: User) -> None:
    issue = bulking.fail(shop, [bulking.refused(shop, "=cmd|calc")])
    run = checked(issue, ada)

    response = sign_in(user=ada).get(f"/bulk/{run.pk}/rows.csv")

    assert response["content-type"].startswith("text/csv")
    [_, row] = response.content.decode("utf-8-sig").splitlines()
    assert row.startswith("'=cmd|calc,")
    assert "Ready" in row


def test_lists_ask_as_often_for_twenty_as_for_one(sign_in: SignIn, shop: Shop, issue: Issue, ada: User) -> None:
    client, run = sign_in(user=ada), checked(issue, ada)

    def queries(target: str) -> int:
        client.get(target)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(target).status_code == 200
        return len(captured)

    few = queries("/bulk/"), queries(f"/bulk/{run.pk}/")
    fail_many(shop, 20, first=100)
    many = checked(issue, ada, nonce="n2", now=NOW + timedelta(minutes=1))
    for place in range(18):
        bulking.preview(issue, ada, nonce=f"more-{place}")

    assert (queries("/bulk/"), queries(f"/bulk/{many.pk}/")) == few


def test_the_issue_leads_to_a_run_and_tells_of_it(sign_in: SignIn, issue: Issue, ada: User) -> None:
    checked(issue, ada)

    text = text_of(sign_in(user=ada), f"/issues/{issue.pk}/")

    assert f"/bulk/new/?issue={issue.pk}" in text
    assert "ada planned a bulk run" in text
