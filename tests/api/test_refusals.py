"""Whatever is wrong, the answer is a problem document that names it: never HTML, never 500, on either database."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from responses.api import refusals
from tests.api.conftest import Caller
from tests.factories import make_refusal, record

pytestmark = pytest.mark.django_db

HOSTILE = [
    "\x00",
    "a\x00b",
    "\x1f",
    "\x85",
    "1" + "0" * 30,
    "-1",
    "-" + "9" * 30,
    "1e400",
    "NaN",
    "'; DROP TABLE responses_response; --",
    "%",
    "x" * 5_000,
    "",
    "null",
    "[]",
    "٣",
    "1\n",
    "2026-11-22",
    "2026-13-45T99:99:99Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "9223372036854775808",
    "9223372036854775808_9223372036854775808",
    "-9223372036854775807_1",
    "9_9_9",
]
LISTS = {
    "responses": [
        *("integration", "limit", "after", "outcome", "code", "endpoint", "method", "order", "customer"),
        *("request_id", "origin", "release", "issue", "since", "until", "q"),
    ],
    "issues": ["integration", "limit", "after", "state", "sort", "q"],
    "requests": [
        *("integration", "limit", "after", "queue", "state", "outcome", "endpoint", "order", "customer", "issue"),
    ],
    "trends": ["integration", "period"],
}
NO_IDS = ["0", "-1", "x", "1.5", "007", "1" + "0" * 30, "\x00", "1\n", "x" * 3_000, "٣", " 1"]


def check_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer["X-Request-ID"]
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    return found


@pytest.mark.slow
@pytest.mark.parametrize("path", LISTS)
def test_a_hostile_filter_is_422_or_404_or_finds_nothing(caller: Caller, path: str) -> None:
    for name in LISTS[path]:
        for value in HOSTILE:
            answer = caller.get(path, **{name: value})
            where = (name, value[:40], answer.content[:300])
            assert answer.status_code in (200, 404, 422), where
            if answer.status_code == 422:
                assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"], where
            if answer.status_code == 404:
                assert name == "integration", where


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in LISTS.items() for name in names])
@pytest.mark.parametrize("value", ["\x00", "", "x" * 5_000])
def test_what_no_filter_takes_is_422_with_a_pointer(caller: Caller, path: str, name: str, value: str) -> None:
    found = check_problem(caller.get(path, **{name: value}), 422)

    assert [error["pointer"] for error in found["errors"]] == [f"/{name}"]
    assert "x" * 300 not in str(found)


@pytest.mark.parametrize("raw", ["order=%ED%A0%80", "order=%FF%FE", "q=%C0%80", "order=%", "&&&", "order=a;b"])
def test_bytes_that_are_no_text_do_no_harm(caller: Caller, raw: str) -> None:
    assert caller.client.get(f"/api/v1/responses?{raw}").status_code in (200, 422)


def test_an_unknown_and_a_doubled_filter_are_named(caller: Caller) -> None:
    unknown = check_problem(caller.get("responses", oder="1001"), 422)
    doubled = check_problem(caller.client.get("/api/v1/responses?order=1&order=2"), 422)
    strange = check_problem(caller.get("issues", **{"a/b~c.d\x00": "1"}), 422)

    assert unknown["errors"][0]["pointer"] == "/oder"
    assert "order" in unknown["errors"][0]["detail"]
    assert doubled["errors"] == [{"pointer": "/order", "detail": "Must be given once."}]
    assert strange["errors"][0]["pointer"].startswith("/a~1b~0c_d")


@pytest.mark.parametrize("noun", ["responses", "issues", "requests"])
@pytest.mark.parametrize(
    "row_id", ["0", "-1", "x", "1.5", "007", "1" + "0" * 30, "\x00", "1\n", "x" * 3_000, "٣", " 1"]
)
def test_an_id_that_is_none_is_422_and_one_that_nothing_has_404(caller: Caller, noun: str, row_id: str) -> None:
    check_problem(caller.client.get(f"/api/v1/{noun}/{quote(row_id)}"), 422)
    for nothing in ("1", "9223372036854775807", "9223372036854775808", "9" * 19):
        check_problem(caller.get(f"{noun}/{nothing}"), 404)


def test_a_cursor_of_another_list_is_refused(caller: Caller) -> None:
    for path, query in (
        ("responses", {"after": "1_2"}),
        ("responses", {"after": "5", "since": "2026-11-22T12:00:00Z"}),
        ("responses", {"after": "999999999999999999_2", "since": "2026-11-22T12:00:00Z"}),
        ("issues", {"after": "1"}),
        ("issues", {"after": "999999999999999999_1", "sort": "newest"}),
        ("requests", {"after": "1_1"}),
        ("requests", {"after": "1", "queue": "to_fix"}),
        ("requests", {"after": "999999999999999999_1", "queue": "to_fix"}),
    ):
        found = check_problem(caller.get(path, **query), 422)
        assert found["errors"][0]["pointer"] == "/after"


def test_a_cursor_beyond_everything_is_an_empty_page(caller: Caller) -> None:
    record(caller.user.memberships.get().integration, make_refusal("1"))

    assert caller.get("responses", after="-9223372036854775807").json()["results"] == []
    assert caller.get("issues", sort="orders", after="-9223372036854775807_1").json()["results"] == []


@pytest.mark.parametrize(
    "path", ["", "nothing", "responses/1/2", "issues/1/explode", "requests/1/explode", "../", "docs/", "responses/"]
)
def test_an_unknown_path_is_a_problem_and_no_page(caller: Caller, path: str) -> None:
    check_problem(caller.get(path), 404)
    check_problem(Client().get(f"/api/v1/{path}"), 404)
    check_problem(Client().get("/api/v2/responses"), 404)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("path", ["responses", "issues", "issues/1", "trends", "limits", "openapi.json", "docs"])
def test_an_unknown_method_is_405_and_says_which_there_are(caller: Caller, path: str, method: str) -> None:
    answer = getattr(caller.client, method)(f"/api/v1/{path}")

    check_problem(answer, 405)
    assert "GET" in answer["Allow"]
    assert ("POST" in answer["Allow"]) is (path == "responses")


def test_head_is_get_without_its_body(caller: Caller) -> None:
    for path, status in (("issues", 200), ("issues/1", 404), ("limits", 200)):
        whole, head = caller.client.get(f"/api/v1/{path}"), caller.client.head(f"/api/v1/{path}")
        assert head.status_code == whole.status_code == status
        assert head.content == b""
        assert int(head["Content-Length"]) > 0


def test_recording_without_the_front_is_refused_as_unavailable(caller: Caller) -> None:
    answer = caller.post("responses", {"request": {}})

    check_problem(answer, 503)
    assert answer["Retry-After"]


def test_a_host_that_is_not_ours_gets_a_problem_too(caller: Caller) -> None:
    answer = caller.client.get("/api/v1/issues", headers={"host": "evil.example"})

    found = check_problem(answer, 400)
    assert "evil" not in str(found)


def test_what_nobody_foresaw_is_a_500_that_tells_nothing() -> None:
    def explode(request: HttpRequest) -> HttpResponse:
        return HttpResponse("<h1>Traceback: secret</h1>", status=500, headers={"Set-Me": "1"})

    request = RequestFactory().get("/api/v1/issues")
    request.META["HTTP_X_REQUEST_ID"] = "r-1"
    answer = refusals.middleware(explode)(request)

    assert answer.status_code == 500
    assert b"secret" not in answer.content
    assert b'"request_id":"r-1"' in answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_pages_are_left_alone() -> None:
    def refuse(request: HttpRequest) -> HttpResponse:
        return HttpResponse("<h1>No</h1>", status=404)

    assert refusals.middleware(refuse)(RequestFactory().get("/issues/")).content == b"<h1>No</h1>"


def test_a_database_that_does_not_answer_is_503(caller: Caller) -> None:
    handled = refusals._STATUSES[OperationalError]  # the handler itself needs a broken database

    made = refusals.answer(RequestFactory().get("/api/v1/issues"), handled)
    assert made.status_code == 503
    assert made["Retry-After"]
