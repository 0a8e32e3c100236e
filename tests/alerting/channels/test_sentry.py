"""Sentry, through its official SDK, against a server that takes envelopes apart by itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sentry_sdk
from pytest_django import Settings

from responses.alerting.channels import sentry
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Sent
from tests.alerting.channels.receiving import ABOUT, STAMP, Call, Receiver, make_message
from tests.fakes import Reply

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def dsn_of(receiver: Receiver, path: str = "/42") -> str:
    return f"http://{KEY}@{receiver.place}{path}"


def events_of(call: Call) -> list[dict[str, Any]]:
    """Take an envelope apart as the protocol describes it: a line of headers, then items with their length."""
    head, _, rest = call.body.partition(b"\n")
    events = []
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        item = json.loads(line)
        payload, rest = rest[: item["length"]], rest[item["length"] :].removeprefix(b"\n")
        assert item["type"] == "event", "nothing but events may be sent"
        events.append(json.loads(payload))
    assert [json.loads(head)["event_id"]] == [event["event_id"] for event in events]
    return events


def sent_event(receiver: Receiver) -> dict[str, Any]:
    [call] = receiver.calls
    [event] = events_of(call)
    return event


def test_a_new_issue_is_one_event_with_its_own_fingerprint(receiver: Receiver) -> None:
    assert sentry.send(dsn_of(receiver), make_message(), STAMP) == Sent()

    [call] = receiver.calls
    assert (call.method, call.path) == ("POST", "/api/42/envelope/")
    assert call.headers["content-type"] == "application/x-sentry-envelope"
    assert f"sentry_key={KEY}" in call.headers["x-sentry-auth"]
    assert "sentry_version=7" in call.headers["x-sentry-auth"]
    event = sent_event(receiver)
    assert event["fingerprint"] == ["ordergroove-monitor", "shop-eu", "issue-912311451648114979"]
    assert (event["level"], event["environment"], event["platform"]) == ("error", "production", "other")
    assert event["logentry"]["message"] == "Session id cannot be null"
    assert event["tags"] == {
        "integration": "shop-eu",
        "endpoint": "POST /subscription/create",
        "status_code": "400",
        "outcome": "needs_fix",
        "field": "session_id",
        "who_acts": "You: fix and send again",
        "transition": "issue_opened",
    }
    assert event["contexts"]["monitor"]["failures"] == "14"
    assert event["contexts"]["monitor"]["url"] == "https://monitor.example.com/issues/1/"


def test_nothing_of_this_process_is_in_an_event(receiver: Receiver) -> None:
    planted = "planted-secret-4711"
    with sentry_sdk.isolation_scope() as scope:
        scope.set_user({"email": planted})
        scope.set_tag("planted", planted)
        scope.add_breadcrumb({"message": planted})
        sentry.send(dsn_of(receiver), make_message(), STAMP)

    event = sent_event(receiver)
    assert planted not in json.dumps(event)
    for name in ("user", "request", "breadcrumbs", "modules", "exception", "threads", "extra", "release"):
        assert not event.get(name), name
    assert event["server_name"] == "ordergroove-monitor"
    assert event["sdk"]["integrations"] == []


def test_a_returning_issue_lands_in_the_same_sentry_issue(receiver: Receiver) -> None:
    back = msgspec.structs.replace(ABOUT, kind="issue_regressed", severity="critical")
    sentry.send(dsn_of(receiver), make_message(), STAMP)
    sentry.send(dsn_of(receiver), make_message(about=back), msgspec.structs.replace(STAMP, message_id="delivery-4712"))

    first, second = (events_of(call)[0] for call in receiver.calls)
    assert first["fingerprint"] == second["fingerprint"]
    assert first["event_id"] != second["event_id"]
    assert (second["level"], second["tags"]["transition"]) == ("fatal", "issue_regressed")


def test_a_second_attempt_carries_the_same_id(receiver: Receiver) -> None:
    for _ in range(2):
        sentry.send(dsn_of(receiver), make_message(), STAMP)

    first, second = (events_of(call)[0]["event_id"] for call in receiver.calls)
    assert first == second


@pytest.mark.parametrize("kind", ["issue_grew", "reminder", "recovered", "digest", "monitor_lags", "more"])
def test_other_messages_are_not_for_sentry(receiver: Receiver, kind: str) -> None:
    sent = sentry.send(dsn_of(receiver), make_message(about=msgspec.structs.replace(ABOUT, kind=kind)), STAMP)

    assert "Not for this channel" in sent.note
    assert receiver.calls == []


def test_a_test_is_an_event_of_its_own(receiver: Receiver) -> None:
    about = msgspec.structs.replace(ABOUT, kind="test", severity="info", issue_id=None, integration="")

    sentry.send(dsn_of(receiver), make_message(about=about, environment=""), STAMP)

    event = sent_event(receiver)
    assert (event["level"], event["fingerprint"]) == ("info", ["ordergroove-monitor", "", "test"])


@pytest.mark.parametrize(
    ("reply", "permanent", "retry_after", "words"),
    [
        (Reply(429, "", {"Retry-After": "60"}), False, 60.0, "slow down"),
        (Reply(500), False, None, "500"),
        (Reply(503), False, None, "503"),
        (Reply(400, "", {"X-Sentry-Error": "invalid event envelope"}), True, None, "400: invalid event envelope"),
        (Reply(401), True, None, "401"),
        (Reply(403, "", {"X-Sentry-Error": f"no such key {KEY}"}), True, None, "403: no such key …"),
        (Reply(413), True, None, "413"),
        (Reply(302, "", {"Location": "/elsewhere"}), True, None, "never followed"),
        (Reply(drops=True), False, None, "could not be reached"),
    ],
)
def test_only_an_accepted_event_is_sent(
    receiver: Receiver, reply: Reply, permanent: bool, retry_after: float | None, words: str
) -> None:
    receiver.always = reply

    with pytest.raises(ChannelError, match=words) as raised:
        sentry.send(dsn_of(receiver), make_message(), STAMP)

    assert (raised.value.permanent, raised.value.retry_after) == (permanent, retry_after)
    assert KEY not in str(raised.value)
    assert len(receiver.calls) == 1


def test_a_server_may_live_below_a_path(receiver: Receiver) -> None:
    sentry.send(dsn_of(receiver, "/bugs/7"), make_message(), STAMP)

    assert receiver.calls[0].path == "/bugs/api/7/envelope/"


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("https://sentry.example/1", "not a DSN"),
        ("https://key@sentry.example/shop", "not a DSN"),
        ("https://key@sentry.example/1?x=y", "not a DSN"),
        ("https://key@sentry.example/1#x", "not a DSN"),
        ("https://key@sentry.example/1\nX: 1", "not a DSN"),
        ("https://key@[::1/1", "not a DSN"),
        ("nonsense", "not a DSN"),
        ("https://key:secret@sentry.example/1", "public key alone"),
        ("https://a@b@sentry.example/1", "public key alone"),
        ("https://k%0d%0a@sentry.example/1", "public key alone"),
    ],
)
def test_what_is_no_dsn_is_refused_in_words(dsn: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        sentry.validate(dsn)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]", "0x7f.1", "sentry.internal"])
def test_a_private_address_is_refused_at_save_and_again_when_sending(host: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    dsn = f"https://{KEY}@{host}/1"

    with pytest.raises(TargetError):
        sentry.validate(dsn)
    with pytest.raises(ChannelError) as raised:
        sentry.send(dsn, make_message(), STAMP)

    assert raised.value.permanent is True


def test_the_key_is_not_shown() -> None:
    assert sentry.hint(f"https://{KEY}@o1.ingest.sentry.io/42") == "o1.ingest.sentry.io, project 42"


def test_a_hostile_message_still_arrives(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    title = "x\r\n{} \ud800 \u202e " + "y" * 1_000_000

    sentry.send(dsn_of(receiver), make_message(title=title), STAMP)

    assert sent_event(receiver)["logentry"]["message"].startswith("x")
    assert KEY not in caplog.text
