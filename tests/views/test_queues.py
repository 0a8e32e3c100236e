"""To fix, Repeated, Partial and Codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.insight import fixing, partials, repeated
from responses.models import FailedRequest, Integration, User
from responses.ordergroove import codes
from responses.retention import expiry
from responses.views import sheets
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
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
HOUR = timedelta(hours=1)
PAGES = (
    "/fix/",
    "/fix/?state=expired",
    "/fix/export.csv",
    "/repeated/",
    "/repeated/?state=all&sort=left",
    "/partial/",
    "/codes/",
)


def text_of(client: Client, target: str, **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def viewer(integration: Integration) -> User:
    return make_user(integration=integration)


def make_queue(integration: Integration, hours_left: tuple[float, ...]) -> None:
    record(
        integration,
        *(
            make_refusal(f"{nth:04}", message=f"Trouble {nth}", sent_at=NOW - (24 - left) * HOUR)
            for nth, left in enumerate(hours_left)
        ),
    )


@pytest.mark.parametrize("target", PAGES)
def test_a_stranger_is_asked_to_sign_in(client: Client, target: str) -> None:
    assert client.get(target).status_code == 302


@pytest.mark.parametrize("target", PAGES)
def test_nothing_of_another_integration_is_shown(sign_in: SignIn, target: str) -> None:
    other = make_integration("other")
    record(other, make_partial("4711"), make_partial("4711"))
    client = sign_in()

    assert "4711" not in text_of(client, target)
    assert client.get(target, {"integration": "other"}).status_code == 404


@pytest.mark.parametrize("target", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        "after=9999999999999999999_1",
        "after=%00",
        "after=-1_-1&sort=last",
        "state=%00&sort=%00&after=999999999999999999_999999999999999999",
    ],
)
def test_no_parameter_breaks_a_page(integration: Integration, sign_in: SignIn, target: str, query: str) -> None:
    record(integration, make_partial("1001"), make_partial("1001"))

    assert sign_in().get(f"{target}{'&' if '?' in target else '?'}{query}").status_code == 200


@pytest.mark.parametrize("target", PAGES)
def test_no_row_costs_a_query(integration: Integration, sign_in: SignIn, target: str) -> None:
    client = sign_in()
    record(integration, make_partial("1000"), make_partial("1000"))
    with CaptureQueriesContext(connection) as few:
        text_of(client, target)
    record(integration, *(make_partial(f"10{nth:02}") for nth in range(1, 20) for _ in range(2)))

    with CaptureQueriesContext(connection) as many:
        text_of(client, target)

    assert len(many) == len(few)


def test_the_queue_goes_by_the_clock_in_bands(integration: Integration, sign_in: SignIn) -> None:
    make_queue(integration, (20, 0.5, 3, 11))

    text = text_of(sign_in(), "/fix/")

    marks = [
        "Less than 1 hour",
        "Order 0001",
        "Less than 4 hours",
        "Order 0002",
        "Less than 12 hours",
        "Order 0003",
        "Later",
        "Order 0000",
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "Send session_id" not in text


def test_what_ran_out_of_time_today_has_a_list_of_its_own(
    integration: Integration, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    make_queue(integration, (0.5,))
    client = sign_in()
    clock.shift(HOUR)
    expiry.expire(NOW + HOUR)

    assert "Some ran out of time" in text_of(client, "/fix/")
    assert "Order 0000" in text_of(client, "/fix/?state=expired")
    clock.shift(24 * HOUR)
    assert "Order 0000" not in text_of(client, "/fix/?state=expired")


def test_an_unknown_one_stays_after_its_time_until_a_person_decides(
    integration: Integration, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    record(integration, make_timeout(make_purchase("1001")))
    client = sign_in()
    clock.shift(25 * HOUR)
    expiry.expire(NOW + 25 * HOUR)

    text = text_of(client, "/fix/")
    assert "Time is up" in text
    assert "Look up at Ordergroove whether order 1001 was created" in text


def test_an_empty_queue_says_what_was_checked(sign_in: SignIn) -> None:
    assert "none waits for a person, and none expired today" in text_of(sign_in(), "/fix/")


def test_the_queue_pages_show_every_request_once(integration: Integration, viewer: User) -> None:
    make_queue(integration, (5, 3, 3, 8, 1))
    seen, after = [], ""
    while True:
        found = fixing.page(viewer, integration.pk, after=after, size=2)
        seen += [row.order_id for row in found.rows]
        after = found.after
        if not after:
            break

    assert seen == ["0004", "0001", "0002", "0000", "0003"]
    assert [row.order_id for row in fixing.everything(viewer, integration.pk, now=NOW)] == seen


def test_the_file_holds_no_formula(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("=HYPERLINK(1)", message="Session id cannot be null"))

    response = sign_in().get("/fix/export.csv")

    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0]["order"] == "'=HYPERLINK(1)"
    assert (rows[0]["code"], rows[0]["fix until (UTC)"]) == ("400", "2026-11-23 12:00:00")
    assert response.headers["Content-Disposition"] == 'attachment; filename="to-fix-2026-11-22.csv"'


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_that_begins_like_a_formula_is_text(text: str) -> None:
    assert sheets.safe(text).startswith("'")


def test_a_plain_cell_stays_as_it_is() -> None:
    assert [sheets.safe(value) for value in ("1001", -3, None, "a=b")] == ["1001", "-3", "", "a=b"]


def test_only_what_failed_again_is_repeated(integration: Integration, sign_in: SignIn) -> None:
    record(integration, *(make_refusal("1001") for _ in range(3)), make_refusal("1002"))

    text = text_of(sign_in(), "/repeated/").split('id="again-title"')[1]

    assert "Order 1001" in text
    assert "Order 1002" not in text
    assert "3 times the same 400: this will not pass, it points to the integration." in text


def test_the_same_cause_on_many_requests_is_shown(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"), make_refusal("1002"), make_exchange(make_rest(), 404, {}))

    text = text_of(sign_in(), "/repeated/")

    assert "400 · Session id cannot be null" in text
    assert "404 ·" not in text


@pytest.mark.parametrize("sort", repeated.SORTS)
def test_repeated_pages_show_every_request_once(integration: Integration, viewer: User, sort: str) -> None:
    for times, order in ((2, "a"), (4, "b"), (2, "c"), (3, "d")):
        record(integration, *(make_refusal(order, sent_at=NOW - times * HOUR) for _ in range(times)))
    seen, after = [], ""
    while True:
        found = repeated.page(viewer, integration.pk, now=NOW, sort=sort, after=after, size=1)
        seen += [row.order_id for row in found.rows]
        after = found.after
        if not after:
            break

    assert seen == {"most": ["b", "d", "c", "a"], "last": ["c", "a", "d", "b"], "left": ["b", "d", "a", "c"]}[sort]


def test_a_question_that_has_not_failed_for_a_day_is_over(integration: Integration, viewer: User) -> None:
    question = make_rest("/subscriptions/", method="GET")
    record(integration, *(make_exchange(question, 500, {}, sent_at=NOW - HOUR) for _ in range(2)))

    still = repeated.page(viewer, integration.pk, now=NOW + repeated.QUIET - 2 * HOUR)
    later = repeated.page(viewer, integration.pk, now=NOW + repeated.QUIET)

    assert [row.method for row in still.rows] == ["GET"]
    assert later.rows == ()


def test_closed_ones_are_shown_when_asked_for(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"), make_refusal("1001"))
    FailedRequest.objects.update(state="dismissed", closed_at=NOW)
    client = sign_in()

    assert "Order 1001" not in text_of(client, "/repeated/")
    assert "Order 1001" in text_of(client, "/repeated/?state=all")


def test_partial_counts_items_and_breaks_them_down_by_reason_and_product(
    integration: Integration, viewer: User, sign_in: SignIn
) -> None:
    record(integration, make_partial("1001"), make_partial("1002"), make_refusal("1003"))

    text = text_of(sign_in(), "/partial/")

    assert "1 of 2: 1 created, 1 failed" in text
    assert "Order 1003" not in text
    found = partials.breakdown(viewer, integration.pk, has_closed=False)
    assert found.products == ("88",)
    assert [(reason.state, reason.total, reason.by_product) for reason in found.reasons] == [("failed", 2, (2,))]


def test_items_that_the_answer_does_not_mention_are_unknown(integration: Integration, sign_in: SignIn) -> None:
    answer = {"customer": "1", "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}], "errors": {}}
    record(integration, make_exchange(make_purchase("1001", products=["77", "88"]), 207, answer))

    text = text_of(sign_in(), "/partial/")

    assert partials.UNMENTIONED in text
    assert "not mentioned" in text


def test_a_purchase_whose_result_came_out_partial_is_there(integration: Integration, sign_in: SignIn) -> None:
    accepted = make_accepted("1001", subs_req_id="abc")
    accepted = type(accepted)(
        request=make_purchase("1001", products=["77", "88"]), response=accepted.response, sent_at=NOW
    )
    record(integration, accepted)
    status = type(make_rest())("GET", "https://sc.ordergroove.com/subscription/abc/response")
    answer = {
        "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}],
        "errors": {"subscriptions": [{"product": "88", "subscription": {"quantity": ["Bad."]}}]},
    }
    record(integration, make_exchange(status, 200, answer), now=NOW + timedelta(seconds=5))

    assert "Order 1001" in text_of(sign_in(), "/partial/")


def test_every_code_of_the_reference_is_explained(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001"), make_exchange(make_rest(), 418, {}))

    text = text_of(sign_in(), "/codes/")

    for info in (*codes.ALL, *codes.NO_ANSWER):
        assert f'id="code-{info.label}"' in text
    assert "1 × this week" in text
    assert "/responses/?code=400&amp;period=7d" in text
    assert "Others that were seen" in text
    assert "When 423 is tried again" in text
    assert "Your side retries" in text
    assert "We retry" not in text
    assert "Changed here" not in text


def test_the_codes_say_who_retries_and_when_in_this_integration(integration: Integration, sign_in: SignIn) -> None:
    integration.retry_by = Integration.Retry.MONITOR
    integration.retry_policies = {"locked": {"first": 7, "cap": 7, "most": 2}}
    integration.save()

    text = text_of(sign_in(), "/codes/")

    assert "We retry" in text
    assert "Your side retries" not in text
    assert text.count("Changed here:") == 1
    assert "Sent again after 7 s and 14 s" in text
    assert "the monitor sends it again by itself, one request on an object after the other" in text
    assert "Wait briefly and send it again unchanged" not in text


def test_the_codes_say_where_nobody_retries(integration: Integration, sign_in: SignIn) -> None:
    Integration.objects.update(retry_by=Integration.Retry.NEVER)

    text = text_of(sign_in(), "/codes/")

    assert "Nobody sends again by itself here" in text
    assert "Wait briefly and send it again unchanged" in text
    assert "When 423 is tried again" not in text
    assert "We retry" not in text
    assert "Your side retries" not in text


@pytest.mark.parametrize("target", ["/fix/", "/repeated/", "/partial/"])
def test_the_living_part_is_204_while_nothing_changes(integration: Integration, sign_in: SignIn, target: str) -> None:
    record(integration, make_partial("1001"))
    client = sign_in()
    text = text_of(client, target)
    start = text.index(f'hx-get="{target}?part=live') + len('hx-get="')
    url = text[start : text.index('"', start)].replace("&amp;", "&")
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 204

    record(integration, make_partial("1002"), now=NOW + timedelta(seconds=1))

    assert "<html" not in text_of(client, url, **{"HX-Request": "true"})
