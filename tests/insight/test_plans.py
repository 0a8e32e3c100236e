"""Which index SQLite reads for a page: without statistics it chooses by the words of the question, not by what is stored."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from responses.exchanges import Outcome
from responses.insight import failed_requests, responses
from responses.insight.responses import Wanted
from responses.models import FollowUp, Integration, User
from responses.recording import batch
from tests.factories import NOW, make_integration, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="PostgreSQL plans by what is stored, and a test stores little"
    ),
]


@pytest.fixture
def integration() -> Integration:
    return make_integration()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def plans(captured: CaptureQueriesContext, table: str) -> list[str]:
    """The plan of each question about a table that was captured."""
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if f'FROM "{table}"' in query["sql"]:
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"))
                found.append("; ".join(str(row[3]) for row in cursor.fetchall()))
    return found


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(), "response_by_integration"),
        (Wanted(outcome=Outcome.NEEDS_FIX), "response_failed (integration_id=? AND outcome=?)"),
        (Wanted(code=423), "response_failed_code (integration_id=? AND status_code=?)"),
        (Wanted(outcome=Outcome.NEEDS_FIX, since=NOW), "response_failed_by_time (integration_id=? AND outcome=?"),
        (Wanted(code=423, since=NOW), "response_code_by_time (integration_id=? AND status_code=?"),
        (Wanted(words="B000000123"), "response_failed_resource (integration_id=? AND resource_key=?)"),
    ],
)
def test_a_filter_of_the_log_reads_its_own_index(
    viewer: User, integration: Integration, wanted: Wanted, index: str
) -> None:
    with CaptureQueriesContext(connection) as captured:
        responses.page(viewer, integration.pk, wanted)

    assert any(index in plan for plan in plans(captured, "responses_response"))
    if not wanted.words:
        assert not any("TEMP B-TREE" in plan for plan in plans(captured, "responses_response"))


def test_an_order_s_requests_are_read_from_their_index(viewer: User, integration: Integration) -> None:
    with CaptureQueriesContext(connection) as captured:
        failed_requests.named(viewer, integration.pk, "1001", most=5)

    [plan] = plans(captured, "responses_failedrequest")
    assert "failed_request_by_order (integration_id=? AND order_id=?)" in plan


def test_what_is_followed_for_a_request_is_read_from_its_index(integration: Integration) -> None:
    with CaptureQueriesContext(connection) as captured:
        list(FollowUp.objects.filter(integration=integration, request_key="k").order_by("-id")[:10])

    [plan] = plans(captured, "responses_followup")
    assert "follow_up_by_request (integration_id=? AND request_key=?)" in plan


def test_a_later_success_is_looked_for_in_its_index_while_a_failure_is_recorded() -> None:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + batch.LATER_SUCCESS, ["k", 1, NOW, 6])
        [row] = cursor.fetchall()

    assert "response_by_request (request_key=?)" in row[3]
