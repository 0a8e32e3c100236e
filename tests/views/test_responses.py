"""The pages of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import FailureBody, Integration
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def text_of(client: Client, target: str = "/responses/", **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/responses/").status_code == 302
    assert client.get("/responses/1/").status_code == 302
    assert client.get("/responses/1/answer.txt").status_code == 302


def test_the_list_shows_filters_as_chips_that_can_be_taken_away(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"), make_exchange(make_rest(), 204))

    text = text_of(sign_in(), "/responses/?outcome=needs_fix&order=1001&period=7d")

    assert "Order 1001 · Session id cannot be null" in text
    assert "/cancel/" not in text.split('id="log"')[1]
    assert 'href="/responses/?order=1001&amp;period=7d"' in text
    assert "last 7 days" in text


def test_bars_lead_to_their_stretch_of_time_and_keep_the_filters(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"))

    text = text_of(sign_in(), "/responses/?code=400")

    assert "/responses/?code=400&amp;period=24h&amp;since=2026-11-22T12:00:00Z&amp;until=2026-11-22T13:00:00Z" in text


@pytest.mark.parametrize(
    "query",
    [
        "outcome=x&code=99&issue=-1&since=never&until=99999&origin=7&period=2y&method=BREW",
        "q=%00&order=%00&customer=%00&endpoint=%00&release=%00&request=%00",
        "q=%ED%A0%80&order=%ED%A0%80&endpoint=%ED%A0%80",
        "issue=99999999999999999999999&after=99999999999999999999&before=9999999999999999999999_9",
        f"q={'9' * 5000}&code={'9' * 5000}&issue={'9' * 5000}",
        "since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z",
        "since=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z",
        "part=live&seen=x&new=y",
        "since=2026-11-22&after=999999999999999999_1",
        "q=%25&order=%25_%5C&q=a&q=b",
    ],
)
def test_no_filter_breaks_the_page(integration: Integration, sign_in: SignIn, query: str) -> None:
    record(integration, make_refusal("1001"))

    assert sign_in().get(f"/responses/?{query}").status_code == 200


def test_what_was_not_understood_is_said(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"))

    text = text_of(sign_in(), "/responses/?code=9999")

    assert "Not understood, and left out: code." in text
    assert "Order 1001" in text


def test_an_empty_list_says_what_was_checked(integration: Integration, sign_in: SignIn) -> None:
    client = sign_in()
    assert "No response has been recorded yet" in text_of(client)
    record(integration, make_refusal("1001"))

    assert "Looked for it as an order" in text_of(client, "/responses/?q=4711")
    assert "The whole stretch of time" in text_of(client, "/responses/?code=503&period=1h")


def test_new_ones_are_announced_and_silence_is_204(integration: Integration, sign_in: SignIn) -> None:
    first = record(integration, make_refusal("1001"))[0]
    client, asked = sign_in(), f"/responses/?part=live&seen={first.pk}&new=0"

    assert client.get(asked, headers={"HX-Request": "true"}).status_code == 204
    record(integration, make_refusal("1002"), now=NOW + timedelta(seconds=1))

    assert "1 new" in text_of(client, asked, **{"HX-Request": "true"})


def test_no_row_costs_a_query(integration: Integration, sign_in: SignIn) -> None:
    client = sign_in()
    record(integration, make_partial("1000"))
    counts = []
    for target in ("/responses/", "/responses/?q=10&period=24h", "/responses/?code=207"):
        with CaptureQueriesContext(
            connection,
        ) as few:
            text_of(client, target)
        counts.append(len(few))
    record(integration, *(make_partial(f"10{nth:02}") for nth in range(1, 20)))

    for target, few_queries in zip(
        ("/responses/", "/responses/?q=10&period=24h", "/responses/?code=207"), counts, strict=True
    ):
        with CaptureQueriesContext(connection) as many:
            text_of(client, target)
        assert len(many) == few_queries


def test_what_is_another_integration_s_is_not_there(sign_in: SignIn) -> None:
    row = record(make_integration(), make_refusal("1001"))[0]
    client = sign_in()

    for target in (f"/responses/{row.pk}/", f"/responses/{row.pk}/answer.txt", "/responses/99999999999999999999999/"):
        assert client.get(target).status_code == 404


def test_a_response_says_what_it_means_and_what_to_do(integration: Integration, sign_in: SignIn) -> None:
    row = record(integration, make_partial("1001", tags={"release": "2.4.1", "service": "checkout"}))[0]

    text = text_of(sign_in(), f"/responses/{row.pk}/")

    assert "At least one subscription was created and others failed" in text
    assert "Correct those and send only them again" in text
    assert "0ff0f88accc511e8b6c0bc764e106cf4" in text
    assert "Object does not exist." in text
    assert "checkout" in text
    assert f"/requests/{row.failed_request_id}/" in text


def test_the_drawer_gets_the_part_alone(integration: Integration, sign_in: SignIn) -> None:
    row = record(integration, make_refusal("1001"))[0]

    text = text_of(sign_in(), f"/responses/{row.pk}/", **{"HX-Request": "true"})

    assert "<html" not in text
    assert "400 Bad Request" in text


def test_personal_data_and_credentials_are_masked_everywhere(integration: Integration, sign_in: SignIn) -> None:
    request = make_purchase("1001")
    request = type(request)(
        request.method,
        request.url,
        {"x-api-key": "very-secret-key", "authorization": "Bearer abc", "accept": "*/*"},
        request.body,
    )
    row = record(integration, make_exchange(request, 400, {"error_message": "Session id cannot be null"}))[0]
    client = sign_in()

    for target in (
        f"/responses/{row.pk}/",
        f"/responses/{row.pk}/request.txt",
        f"/requests/{row.failed_request_id}/evidence/",
    ):
        text = text_of(client, target)
        assert "very-secret-key" not in text
        assert "ada@example.com" not in text
    text = text_of(client, f"/responses/{row.pk}/")
    command = text.split('id="curl"')[1].split("</pre>")[0]
    assert "curl --request POST" in command
    assert "authorization" not in command
    assert "x-api-key" not in command


def test_a_body_is_handed_out_as_a_file_that_no_browser_runs(integration: Integration, sign_in: SignIn) -> None:
    body = b"<script>alert(1)</script>"
    row = record(integration, make_exchange(make_rest(), 502, body))[0]
    client = sign_in()

    response = client.get(f"/responses/{row.pk}/answer.txt")

    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/responses/{row.pk}/other.txt").status_code == 404
    assert "<script>alert" not in text_of(client, f"/responses/{row.pk}/")


def test_what_is_no_longer_kept_is_said(integration: Integration, sign_in: SignIn) -> None:
    row = record(integration, make_refusal("1001"))[0]
    FailureBody.objects.all().delete()
    client = sign_in()

    assert "no longer kept" in text_of(client, f"/responses/{row.pk}/")
    assert client.get(f"/responses/{row.pk}/answer.txt").status_code == 404


def test_an_accepted_purchase_says_what_is_known_of_its_result(integration: Integration, sign_in: SignIn) -> None:
    accepted = record(integration, make_accepted("1001", subs_req_id="abc"))[0]
    client = sign_in()
    assert "Accepted, not confirmed" in text_of(client, f"/responses/{accepted.pk}/")
    answer = {"subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}], "errors": {}}
    url = type(make_rest())("GET", "https://sc.ordergroove.com/subscription/abc/response")
    result = record(integration, make_exchange(url, 200, answer), now=NOW + timedelta(seconds=5))[0]

    text = text_of(client, f"/responses/{accepted.pk}/")
    assert "Its result: everything was created." in text
    assert f"/responses/{result.pk}/" in text
    assert f"/responses/{accepted.pk}/" in text_of(client, f"/responses/{result.pk}/")


def test_a_call_without_an_answer_has_no_code(integration: Integration, sign_in: SignIn) -> None:
    row = record(integration, make_timeout())[0]

    text = text_of(sign_in(), f"/responses/{row.pk}/")

    assert "The read operation timed out" in text
    assert "Do not simply send an order again" in text


def test_a_foreign_host_is_pointed_out(integration: Integration, sign_in: SignIn) -> None:
    request = type(make_rest())("GET", "https://evil.example.com/orders/")
    row = record(integration, make_exchange(request, 200, {}))[0]

    assert "host that is not this integration" in text_of(sign_in(), f"/responses/{row.pk}/")
