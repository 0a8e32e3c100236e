"""What a message says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from responses.alerting import message
from responses.alerting.message import Kind
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.ordergroove import codes
from tests.alerting.examples import HOSTILE, NOW, URL, make_message

UTC = ZoneInfo("UTC")


def test_a_message_says_where_what_how_much_who_and_until_when() -> None:
    said = make_message()

    assert said.place == "PRODUCTION · Shop EU"
    assert said.title == "Session id cannot be null"
    assert (said.answer, said.call) == ("400 Bad Request", "POST /subscription/create")
    assert said.numbers == "14 failures · 12 orders · 11 customers"
    assert said.fault == "In your request"
    assert said.impact == (("Not created", "at least 12 subscriptions"),)
    assert said.created == "No subscription"
    assert said.who == "You: fix and send again"
    assert "session_id" in said.advice
    assert (
        f"{said.deadline_label} {said.deadline_words}"
        == "Oldest of 12 orders can be saved until 17:12 UTC, 5 h 12 min left"
    )
    assert said.url == URL
    assert "22 Nov 2026, 12:00:00 UTC" in said.footer


def test_production_stands_out_in_the_subject_and_staging_does_not() -> None:
    assert make_message().subject.startswith("[PRODUCTION] Session id cannot be null - 400 on POST")
    assert make_message(environment="staging").subject.startswith("[staging] ")
    assert make_message(environment="staging").place == "Staging · Shop EU"


def test_new_and_returning_issues_have_one_subject_so_that_mail_programs_keep_them_together() -> None:
    assert make_message().subject == make_message(kind=Kind.BACK, failures=90).subject


def test_an_issue_that_is_back_says_since_when_and_how_often_in_all() -> None:
    said = make_message(
        kind=Kind.BACK,
        failures=2418,
        failures_since=3,
        orders=1998,
        resolved_at=NOW - timedelta(days=3),
        first_seen_at=NOW - timedelta(days=20),
    )

    assert said.numbers == "3 failures since it is back · 2,418 failures in all · 1,998 orders in all"
    assert said.meaning.startswith("It was resolved on 19 Nov, 12:00 UTC. First seen on 2 Nov, 12:00 UTC. Something")


@pytest.mark.parametrize(
    ("facts", "created", "who"),
    [
        ({}, "No subscription", "You: fix and send again"),
        ({"status_code": 401}, "No subscription", "You: check the key"),
        ({"endpoint": "PATCH /subscriptions/{id}/cancel/"}, "Nothing was changed", "You: fix and send again"),
        ({"endpoint": "POST /addresses/"}, "No", "You: fix and send again"),
        ({"endpoint": "GET /orders/", "status_code": 404}, "Nothing: these calls only read", "You: fix and send again"),
        ({"status_code": 409}, "Not by this call", "You: fix and send again"),
        (
            {"status_code": 503, "outcome": Outcome.TRANSIENT},
            "Not certain",
            "You: look it up before it is sent again",
        ),
        (
            {"status_code": 503, "outcome": Outcome.TRANSIENT, "endpoint": "GET /orders/"},
            "Nothing: these calls only read",
            "Your system sends it again",
        ),
        ({"status_code": 429, "outcome": Outcome.TRANSIENT}, "No subscription", "Your system sends it again"),
        (
            {"status_code": 429, "outcome": Outcome.TRANSIENT, "retry_by": RetryBy.NEVER},
            "No subscription",
            "You: nobody sends it again by itself",
        ),
        ({"status_code": 429, "outcome": Outcome.TRANSIENT, "is_retrying": True}, "No subscription", "We retry: now"),
        (
            {"status_code": None, "outcome": Outcome.NO_ANSWER, "failure": FailureKind.TIMEOUT},
            "Not certain",
            "You: look it up before it is sent again",
        ),
        (
            {"status_code": None, "outcome": Outcome.NO_ANSWER, "failure": FailureKind.DNS},
            "No: the request was never sent",
            "Your system sends it again",
        ),
        (
            {"status_code": 207, "outcome": Outcome.PARTIAL, "created": 5, "failed": 3, "unknown": 1},
            "In part: 5 created, 3 not, 1 not mentioned",
            "You: fix and send what failed",
        ),
        (
            {"status_code": 207, "outcome": Outcome.PARTIAL},
            "In part: open the issue to see what",
            "You: fix and send what failed",
        ),
        ({"unknown": 2}, "Not certain for 2 items", "You: fix and send again"),
    ],
)
def test_what_exists_now_and_who_acts(facts: dict[str, Any], created: str, who: str) -> None:
    said = make_message(**facts)

    assert (said.created, said.who) == (created, who)


def test_a_success_code_with_a_failure_inside_is_not_called_a_success() -> None:
    said = make_message(status_code=200, message="no offer here", title="No offer here")

    assert said.answer == "200 OK, yet it failed,"
    assert "looks like a success" in said.meaning
    assert said.who == "You: fix and send again"
    assert "Nothing to do" not in make_message(status_code=200, message="", title="").advice


def test_a_cause_without_words_does_not_say_its_name_twice() -> None:
    said = make_message(status_code=503, outcome=Outcome.TRANSIENT, title="Service Unavailable", message="")

    assert (said.title, said.answer) == ("Service Unavailable", "503")


def test_a_clock_that_has_run_out_is_not_shown() -> None:
    said = make_message(deadline_at=NOW)

    assert (said.deadline_at, said.deadline_words) == (None, "")


def test_a_request_without_an_order_is_not_called_an_order() -> None:
    assert make_message(deadline_has_order=False).deadline_label == "Oldest of 12 requests can be sent again"


@pytest.mark.parametrize("info", [*codes.ALL, *codes.NO_ANSWER])
@pytest.mark.parametrize("kind", [Kind.NEW, Kind.BACK])
@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome.is_failure])
def test_every_code_can_be_said(info: codes.CodeInfo, kind: Kind, outcome: Outcome) -> None:
    said = make_message(status_code=info.code, failure=info.failure, kind=kind, outcome=outcome, title="")

    assert all([said.title, said.answer, said.meaning, said.created, said.who, said.advice, said.numbers])
    assert "Nothing to do" not in said.advice


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_becomes_one_clean_line(text: str) -> None:
    said = make_message(title=text, integration=text, field=text[:200], endpoint=text, message=text)

    for part in (said.subject, said.title, said.integration, said.call, said.footer, said.summary, said.advice):
        assert "\n" not in part
        assert "\r" not in part
        assert "\u202e" not in part
        assert len(part) <= 1_000
        assert part.encode("utf-8").decode() == part


def test_a_test_message_says_that_nothing_is_wrong() -> None:
    said = message.test(channel="On call", url=URL, now=NOW, zone=UTC)

    assert said.subject == "Test message: Messages reach “On call”"
    assert said.meaning.startswith("Nothing is wrong")
    assert said.summary.startswith("Messages reach “On call”. Nothing is wrong")
