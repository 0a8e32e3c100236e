"""Slack by a bot's token: the official client against a server that keeps channels and threads."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from responses.alerting.channels import slack
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Kind, Sent, Stamp, Tone
from tests.alerting.examples import HOSTILE, NOW, make_message
from tests.fake_slack_api import TOKEN, FakeSlackApi
from tests.fakes import Reply

TARGET = f"{TOKEN} #oncall"
FIRST = Stamp(message_id="delivery-1", thread_id="alert-7.channel-3", at=NOW)


@pytest.fixture
def fake(settings: Settings) -> Iterator[FakeSlackApi]:
    with FakeSlackApi() as server:
        settings.SLACK_API_URL = server.url
        yield server


def later(place: str, number: int = 2) -> Stamp:
    return msgspec.structs.replace(FIRST, message_id=f"delivery-{number}", place=place, is_first=False)


def told(**overrides: Any) -> Any:
    return make_message(kind=Kind.GROWS, failures=9_414, more=9_400, told_at=NOW, **overrides)


def test_a_first_message_says_where_it_is(fake: FakeSlackApi) -> None:
    sent = slack.send(TARGET, make_message(), FIRST)

    [(at, shown)] = fake.messages.items()
    assert sent == Sent(place=f"C0ONCALL01 {at}")
    assert shown["channel"] == "#oncall"
    assert "Session id cannot be null" in json.dumps(shown["blocks"])
    assert shown["metadata"] == {"event_type": "monitor_delivery", "event_payload": {"id": "delivery-1"}}
    assert (shown["unfurl_links"], shown["unfurl_media"]) == (False, False)


def test_a_later_step_edits_the_first_message_and_stands_in_its_thread(fake: FakeSlackApi) -> None:
    place = slack.send(TARGET, make_message(), FIRST).place

    sent = slack.send(TARGET, told(), later(place))

    [(at, shown)] = fake.messages.items()
    [reply] = fake.replies[at]
    assert sent.place == place
    assert fake.edits == [at]
    assert "9,414" in json.dumps(shown["blocks"], ensure_ascii=False)
    assert "9,400 more failures since 12:00 UTC." in json.dumps(reply["blocks"])
    assert reply["reply_broadcast"] is False


def test_only_what_is_worse_is_shown_in_the_channel_as_well(fake: FakeSlackApi) -> None:
    place = slack.send(TARGET, make_message(), FIRST).place

    slack.send(TARGET, msgspec.structs.replace(told(), is_worse=True), later(place))

    [[reply]] = fake.replies.values()
    assert reply["reply_broadcast"] is True


def test_the_end_is_shown_on_the_first_message(fake: FakeSlackApi) -> None:
    place = slack.send(TARGET, make_message(), FIRST).place

    said = make_message(kind=Kind.OVER, lasts_for=4_320, saved=12)
    slack.send(TARGET, msgspec.structs.replace(said, tone=Tone.GOOD), later(place))

    [shown] = fake.messages.values()
    assert "🟢 *PRODUCTION · Shop EU* · Over" in json.dumps(shown["blocks"], ensure_ascii=False)


def test_a_first_message_that_is_gone_is_followed_by_a_new_one(fake: FakeSlackApi) -> None:
    place = slack.send(TARGET, make_message(), FIRST).place
    fake.messages.clear()

    sent = slack.send(TARGET, told(), later(place))

    [at] = fake.messages
    assert sent.place == f"C0ONCALL01 {at}"
    assert fake.asked == ["chat.postMessage", "chat.update", "chat.postMessage"]


def test_a_place_that_is_none_is_not_used(fake: FakeSlackApi) -> None:
    sent = slack.send(TARGET, told(), later("../../etc 1"))

    assert fake.asked == ["chat.postMessage"]
    assert sent.place.startswith("C0ONCALL01 ")


def test_what_failed_half_way_is_tried_again_with_one_name(fake: FakeSlackApi) -> None:
    place = slack.send(TARGET, make_message(), FIRST).place
    fake.script.extend([{"ok": True, "channel": "C0ONCALL01", "ts": "1"}, Reply(503, "down")])
    with pytest.raises(ChannelError):
        slack.send(TARGET, told(), later(place))

    slack.send(TARGET, told(), later(place))

    [[reply]] = fake.replies.values()
    assert reply["metadata"]["event_payload"] == {"id": "delivery-2"}


def test_a_refused_layout_falls_back_to_plain_words(fake: FakeSlackApi) -> None:
    fake.script.append({"ok": False, "error": "invalid_blocks"})

    sent = slack.send(TARGET, make_message(), FIRST)

    [shown] = fake.messages.values()
    assert "only its words" in sent.note
    assert "blocks" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless_and_still_goes_out(fake: FakeSlackApi, text: str) -> None:
    said = make_message(title=text, integration=text, field=text[:200], endpoint=text, message=text)

    place = slack.send(TARGET, said, FIRST).place
    slack.send(TARGET, msgspec.structs.replace(said, news="More."), later(place))

    [shown] = fake.messages.values()
    [[reply]] = fake.replies.values()
    # A header is plain text, which Slack does not read as markup.
    shown["blocks"] = [block for block in shown["blocks"] if block["type"] != "header"]
    words = json.dumps([shown, reply], ensure_ascii=False)
    assert "<!channel>" not in words
    assert "<@U123>" not in words
    assert "<https://evil" not in words


@pytest.mark.parametrize(
    ("reply", "permanent", "retry_after", "words"),
    [
        (Reply(429, '{"ok":false,"error":"ratelimited"}', {"Retry-After": "30"}), False, 30.0, "slow down"),
        (Reply(429, "", {"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}), False, 120.0, "slow down"),
        (Reply(503, "<html>down</html>"), False, None, "503"),
        (Reply(200, "<html>hello</html>"), False, None, "200"),
        (Reply(200, "[]"), False, None, "200"),
        (Reply(302, "", {"Location": "https://evil.example/"}), True, None, "never followed"),
        (Reply(drops=True), False, None, "could not be reached"),
        ({"ok": False, "error": "token_revoked"}, True, None, "the token was revoked"),
        ({"ok": False, "error": "not_in_channel"}, False, None, "invite it"),
        ({"ok": False, "error": "is_archived"}, False, None, "archived"),
        ({"ok": False, "error": "ratelimited"}, False, None, "slow down"),
        ({"ok": False, "error": "something_new"}, False, None, "something_new"),
        ({"ok": False, "error": "<script>"}, False, None, "200"),
        ({"ok": False}, False, None, "200"),
    ],
)
def test_what_slack_answers_decides_whether_it_is_tried_again(
    fake: FakeSlackApi, reply: Any, permanent: bool, retry_after: float | None, words: str
) -> None:
    fake.script.append(reply)

    with pytest.raises(ChannelError, match=words) as raised:
        slack.send(TARGET, make_message(), FIRST)

    assert raised.value.permanent is permanent
    assert raised.value.retry_after == retry_after
    assert "verysecret" not in str(raised.value)
    assert fake.asked == ["chat.postMessage"]


def test_the_token_stands_in_no_log_line(fake: FakeSlackApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.send(TARGET, make_message(), FIRST)
    fake.script.append(Reply(drops=True))
    with pytest.raises(ChannelError):
        slack.send(TARGET, make_message(), FIRST)

    assert "verysecret" not in caplog.text


def test_a_private_host_is_refused_when_sending(fake: FakeSlackApi, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False

    with pytest.raises(ChannelError) as raised:
        slack.send(TARGET, make_message(), FIRST)

    assert raised.value.permanent is True
    assert fake.asked == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  xoxb-1234567890-abc   #oncall ", "xoxb-1234567890-abc #oncall"),
        ("xoxb-1234567890-abc C0123456789", "xoxb-1234567890-abc C0123456789"),
    ],
)
def test_a_token_and_a_channel_are_kept(typed: str, kept: str) -> None:
    assert slack.validate(typed) == kept
    assert slack.validate(kept) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("xoxb-1234567890-abc", "a space, and the channel"),
        ("xoxb-1234567890-abc #on call", "a space, and the channel"),
        ("xoxb-1234567890-abc\n#oncall", "a space, and the channel"),
        ("xoxp-1234567890-abc #oncall", "must be a bot's"),
        ("xoxb-1234567890-äöü #oncall", "must be a bot's"),
        ("xoxb-1234567890-abc <!channel>", "must be a name like"),
        ("xoxb-1234567890-abc oncall", "must be a name like"),
    ],
)
def test_a_target_that_is_none_is_refused_when_it_is_saved(typed: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        slack.validate(typed)


def test_only_the_channel_and_the_last_four_characters_are_shown() -> None:
    assert slack.hint(TARGET) == "#oncall by bot …cret"
