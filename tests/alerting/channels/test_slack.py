"""Slack by incoming webhook, against a server that checks Block Kit's limits."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings
from slack_sdk.models.blocks import Block

from responses.alerting import message
from responses.alerting.channels import slack, slack_layout
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Sent
from tests.alerting.conftest import Certified
from tests.alerting.examples import HOSTILE, NOW, STAMP, URL, make_message
from tests.fakes import FakeSlack, Reply, complaint_about, silent_port


@pytest.fixture
def fake() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


def test_a_message_is_accepted_and_says_it_all(fake: FakeSlack) -> None:
    assert slack.send(fake.url, make_message(), STAMP) == Sent()

    [payload] = fake.accepted
    words = json.dumps(payload, ensure_ascii=False)
    for part in (
        "🔴 *PRODUCTION · Shop EU* · New issue",
        "Session id cannot be null",
        "*14* failures",
        "session_id",
        URL,
    ):
        assert part in words
    assert payload["text"].startswith("New issue in PRODUCTION · Shop EU: Session id cannot be null.")
    assert payload["text"].endswith(URL)
    assert payload["unfurl_links"] is False


def test_a_deadline_is_shown_in_each_readers_zone() -> None:
    words = json.dumps(slack_layout.blocks(make_message()))

    assert "<!date^1795367520^{date_short_pretty} at {time}|" in words
    assert "5 h 12 min left" in words


def test_a_test_message_is_accepted(fake: FakeSlack) -> None:
    slack.send(fake.url, message.test(channel="Team", url=URL, now=NOW, zone=ZoneInfo("UTC")), STAMP)

    assert "Nothing is wrong" in fake.accepted[0]["text"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless_and_still_goes_out(fake: FakeSlack, text: str) -> None:
    said = make_message(title=text, integration=text, field=text[:200], endpoint=text, message=text)

    assert slack.send(fake.url, said, STAMP) == Sent()

    [payload] = fake.accepted
    words = [payload["text"]]
    for block in payload["blocks"]:
        parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        words += [part["text"] for part in parts if part and part["type"] == "mrkdwn"]
    for word in words:
        for ours in ("<!date^", f"<{URL}|"):
            word = word.replace(ours, "")
        assert "<" not in word
        assert "*bold*" not in re.sub("`[^`]*`", "", word)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_blocks_pass_the_official_clients_own_checks(text: str) -> None:
    for block in slack_layout.blocks(make_message(title=text, integration=text, endpoint=text)):
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()


def test_the_fake_refuses_what_slack_refuses() -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    empty = {"type": "section", "text": {"type": "mrkdwn", "text": ""}}

    assert complaint_about(json.dumps({"text": "a", "blocks": [header]}).encode()) == "invalid_blocks"
    assert complaint_about(json.dumps({"text": "a", "blocks": [empty]}).encode()) == "invalid_blocks"
    assert complaint_about(json.dumps({"text": "a", "blocks": [empty] * 51}).encode()) == "invalid_blocks"
    assert complaint_about(b'{"text": "\\ud800"}') == "invalid_payload"
    assert complaint_about(b"{") == "invalid_payload"
    assert complaint_about(b"{}") == "no_text"


def test_a_refused_layout_falls_back_to_plain_words(fake: FakeSlack) -> None:
    fake.script.append(Reply(400, "invalid_blocks"))

    assert "only its words" in slack.send(fake.url, make_message(), STAMP).note

    assert "blocks" not in fake.accepted[0]


@pytest.mark.parametrize(
    ("reply", "permanent", "retry_after", "words"),
    [
        (Reply(429, "rate_limited", {"Retry-After": "30"}), False, 30.0, "slow down"),
        (Reply(429, "rate_limited", {"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}), False, 120.0, "slow down"),
        (Reply(429, "", {"Retry-After": "soon"}), False, None, "slow down"),
        (Reply(429, ""), False, None, "slow down"),
        (Reply(500, "rollup_error"), False, None, "500"),
        (Reply(503, "<html>down</html>", {"Retry-After": "60"}), False, 60.0, "503: Service Unavailable"),
        (Reply(404, "no_service"), True, None, "the webhook was removed"),
        (Reply(403, "action_prohibited"), True, None, "does not allow"),
        (Reply(410, "channel_is_archived"), True, None, "archived"),
        (Reply(400, "something_new"), True, None, "400: something_new"),
        (Reply(400, "<script>x</script>"), True, None, "400: Bad Request"),
        (Reply(302, "", {"Location": "https://evil.example/"}), True, None, "never followed"),
        (Reply(307, "", {"Location": "/elsewhere"}), True, None, "never followed"),
        (Reply(drops=True), False, None, "could not be reached"),
    ],
)
def test_what_slack_answers_decides_whether_it_is_tried_again(
    fake: FakeSlack, reply: Reply, permanent: bool, retry_after: float | None, words: str
) -> None:
    fake.always = reply

    with pytest.raises(ChannelError, match=words) as raised:
        slack.send(fake.url, make_message(), STAMP)

    assert raised.value.permanent is permanent
    assert raised.value.retry_after == retry_after
    assert "verysecret" not in str(raised.value)


def test_nothing_is_followed_and_nothing_is_repeated_by_the_client(fake: FakeSlack) -> None:
    fake.always = Reply(302, "", {"Location": fake.url + "/elsewhere"})
    with pytest.raises(ChannelError):
        slack.send(fake.url, make_message(), STAMP)
    fake.always = Reply(drops=True)
    with pytest.raises(ChannelError):
        slack.send(fake.url, make_message(), STAMP)

    assert fake.asked == ["POST /services/T000/B000/verysecret1234"] * 2


def test_proxies_of_the_environment_are_not_used(fake: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_port() as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        slack.send(fake.url, make_message(), STAMP)

    assert len(fake.accepted) == 1


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(drips=True)])
def test_a_server_that_hangs_or_drips_is_left(fake: FakeSlack, reply: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack, "TOTAL_SECONDS", 0.3)
    fake.always = reply

    with pytest.raises(ChannelError, match="in time") as raised:
        slack.send(fake.url, make_message(), STAMP)

    assert raised.value.permanent is False


def test_an_endless_answer_is_not_read_to_its_end(fake: FakeSlack) -> None:
    fake.always = Reply(500, "x" * 5_000_000)

    with pytest.raises(ChannelError, match="500"):
        slack.send(fake.url, make_message(), STAMP)


def test_nobody_listening_is_tried_again() -> None:
    with silent_port() as port, pytest.raises(ChannelError, match="refused") as raised:
        slack.send(f"http://127.0.0.1:{port}/x", make_message(), STAMP)

    assert raised.value.permanent is False


def test_a_name_that_cannot_be_resolved_is_tried_again() -> None:
    with pytest.raises(ChannelError, match="resolved") as raised:
        slack.send("https://no-such-host.invalid/x", make_message(), STAMP)

    assert raised.value.permanent is False


def test_a_private_target_is_refused_at_save_and_again_when_sending(fake: FakeSlack, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False

    with pytest.raises(TargetError):
        slack.validate("https://127.0.0.1/x")
    with pytest.raises(ChannelError, match="private") as raised:
        slack.send("https://127.0.0.1:1/x", make_message(), STAMP)

    assert raised.value.permanent is True
    assert fake.asked == []


def test_only_the_host_and_the_last_four_characters_are_shown() -> None:
    assert slack.hint("https://hooks.slack.com/services/T000/B000/verysecret1234") == "hooks.slack.com …1234"


def test_no_log_line_holds_the_webhook(fake: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.send(fake.url, make_message(), STAMP)
    fake.always = Reply(drops=True)
    with pytest.raises(ChannelError):
        slack.send(fake.url, make_message(), STAMP)

    assert "verysecret" not in caplog.text


def test_a_certificate_that_is_not_trusted_is_refused(localhost_certificate: Certified) -> None:
    with FakeSlack(localhost_certificate.server) as fake:
        with pytest.raises(ChannelError, match="certificate that is not trusted") as raised:
            slack.send(fake.url, make_message(), STAMP)

        assert raised.value.permanent is False
        assert fake.asked == []


def test_a_trusted_certificate_must_be_the_hosts_own(
    localhost_certificate: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(localhost_certificate.authority))
    with FakeSlack(localhost_certificate.server) as fake:
        assert slack.send(fake.url, make_message(), STAMP) == Sent()
        with pytest.raises(ChannelError, match="not trusted"):
            slack.send(fake.url.replace("localhost", "127.0.0.1"), make_message(), STAMP)

        assert len(fake.accepted) == 1
