from __future__ import annotations

from itertools import count

import pytest
from django.core.management.base import CommandError

from responses.management import terminal
from responses.models import FailedRequest, FailureBody, Issue, Response
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)
from tests.following.buying import after
from tests.management.running import run

pytestmark = pytest.mark.django_db

CARD = "4111111111111111"


def test_responses_are_listed_newest_first() -> None:
    shop, other = make_integration("shop"), make_integration("other")
    record(shop, make_exchange(make_rest(method="GET")), make_refusal("1001"))
    record(other, make_partial("1002"), now=after(1))
    rows = run("list", "responses").rows
    assert rows[0] == list(terminal.RESPONSE_COLUMNS)
    assert [row[2] for row in rows[1:]] == ["other", "shop", "shop"]
    assert rows[1][3:8] == ["207", "partial", "POST /subscription/create", "1002", "1 created 1 failed"]
    assert [row[6] for row in run("list", "responses", "shop", "--failed").rows[1:]] == ["1001"]
    assert [row[6] for row in run("list", "responses", "--outcome", "partial").rows[1:]] == ["1002"]
    assert [row[6] for row in run("list", "responses", "--order", "1001").rows[1:]] == ["1001"]
    assert len(run("list", "responses", "--limit", "2").rows) == 3
    assert len(run("list", "responses", "--limit", "-5").rows) == 2


def test_requests_and_issues_are_listed_by_state() -> None:
    record(make_integration("shop"), make_refusal("1001"), make_refusal("1002"), make_timeout())
    FailedRequest.objects.filter(order_id="1002").update(state="dismissed", closed_at=NOW)
    assert len(run("list", "requests").rows) == 4
    assert len(run("list", "requests", "--state", "open").rows) == 3
    assert [row[5] for row in run("list", "requests", "--state", "needs_fix").rows[1:]] == ["1001"]
    issues = run("list", "issues", "shop", "--state", "open").rows[1:]
    assert sorted(row[4:6] for row in issues) == [["1", "1"], ["2", "2"]]
    with pytest.raises(CommandError, match="there are waiting, retrying"):
        run("list", "requests", "--state", "broken")


def test_an_unknown_integration_is_refused() -> None:
    for command in (["list", "responses"], ["tail"]):
        with pytest.raises(CommandError, match="There is no integration nowhere"):
            run(*command, "nowhere")


def test_a_response_is_shown_with_its_items_and_redacted_bodies() -> None:
    [response] = record(make_integration("shop"), make_partial("1001"))
    shown = run("show", str(response.pk)).out
    for words in ("outcome\tpartial", "answer\t207", "order\t1001", "77\tcreated", "88\tfailed", "# Response body"):
        assert words in shown
    assert "ada@example.com" not in shown
    Response.objects.filter(pk=response.pk).update(status_code=None, failure="timeout")
    assert "answer\ttimeout" in run("show", str(response.pk)).out


def test_a_response_without_a_body_any_more_is_shown() -> None:
    [response] = record(make_integration("shop"), make_partial("1001"))
    FailureBody.objects.all().delete()
    assert "not kept any more" in run("show", str(response.pk)).out


def test_a_failed_request_is_shown_with_its_responses() -> None:
    shop = make_integration("shop")
    record(shop, make_refusal("1001"))
    record(shop, make_refusal("1001", sent_at=after(5)), now=after(5))
    row = FailedRequest.objects.get()
    shown = run("show", str(row.pk)).out
    assert "state\tneeds_fix" in shown
    assert "to be fixed until\t2026-11-23 12:00:00+00:00" in shown
    assert shown.count("POST /subscription/create\t1001") == 2


def test_an_issue_is_shown_with_its_latest_responses() -> None:
    record(make_integration("shop"), make_refusal("1001"), make_refusal("1002"))
    shown = run("show", str(Issue.objects.get().pk)).out
    assert "what\tSession id cannot be null" in shown
    assert "failures\t2" in shown
    assert shown.count("POST /subscription/create\t100") == 2


def test_an_order_is_shown_by_its_id() -> None:
    shop, other = make_integration("shop"), make_integration("other")
    record(shop, make_refusal("1001"), make_accepted("1002"))
    record(other, make_refusal("1001"))
    shown = run("show", "1001").out
    assert shown.count("# Failed request") == 2
    assert shown.count("400\tneeds_fix") == 2
    assert run("show", "1001", "--integration", "shop").out.count("# Failed request") == 1
    assert "# Responses of order 1002" in run("show", "1002").out


def test_a_follow_up_is_shown_with_its_request() -> None:
    shop = make_integration("shop")
    request = make_refusal("1001").request
    record(shop, make_exchange(request, 503))
    record(shop, make_exchange(request, 200, {"subs_req_id": "abc"}, sent_at=after(5)), now=after(5))
    assert "result\tAccepted, not confirmed; asked 0 times" in run("show", "1001").out


@pytest.mark.parametrize("wanted", ["0", "-1", "9" * 19, "9" * 30, "٣", "nothing", "a\x1b[2J", ""])
def test_what_is_not_there_is_no_traceback(wanted: str) -> None:
    with pytest.raises(CommandError, match=r"There is no response|expected one argument|required"):
        run("show", "--", wanted)


def test_tail_prints_the_latest_oldest_first() -> None:
    shop = make_integration("shop")
    for number in range(5):
        record(shop, make_refusal(f"100{number}"), now=after(number))
    record(shop, make_exchange(make_rest(method="GET")), now=after(9))
    rows = run("tail", "--no-follow", "-n", "3", "--failed").rows
    assert [row[6] for row in rows] == ["1002", "1003", "1004"]
    assert run("tail", "--no-follow", "-n", "0").rows == []


def test_tail_finds_each_new_response_once_also_one_committed_late() -> None:
    shop = make_integration("shop")
    [first] = record(shop, make_refusal("1001"))
    rows = terminal.responses_of(shop, is_failed=False)
    steps = count(1)

    def sleep() -> None:
        step = next(steps)
        if step == 1:
            record(shop, make_refusal("1003"), now=after(2))
        elif step == 2:
            record(shop, make_refusal("1002"), now=after(1))  # its id is lower than one already seen
        elif step == 4:
            raise KeyboardInterrupt

    found = []
    with pytest.raises(KeyboardInterrupt):
        for row in terminal.fresh(rows, [first.pk], now=NOW, sleep=sleep):
            found.append(row.order_id)
    assert found == ["1003", "1002"]


def test_tail_catches_up_with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_AT_ONCE", 3)
    shop = make_integration("shop")
    record(shop, *(make_refusal(f"10{number}") for number in range(10, 20)))

    def stop() -> None:
        raise KeyboardInterrupt

    found = []
    with pytest.raises(KeyboardInterrupt):
        for row in terminal.fresh(terminal.responses_of(None, is_failed=True), [], now=NOW, sleep=stop):
            found.append(row.order_id)
    assert found == [f"10{number}" for number in range(10, 20)]


def test_a_terminal_gets_tables() -> None:
    record(make_integration("shop"), make_partial("1001"))
    for command in (
        ["list", "responses"],
        ["list", "requests"],
        ["list", "issues"],
        ["tail", "--no-follow"],
        ["show", "1001"],
    ):
        assert "\x1b[" in run(*command, is_terminal=True).out
