"""Other services through the optional library: which addresses are taken, and what is said where it is not there.

The library is stood in for: it is optional, and speaks to the internet only.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from responses.alerting.channels import kinds, other
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Sent
from responses.models import Channel
from tests.alerting.channels.receiving import ABOUT, STAMP, make_message
from tests.fakes import ANSWERS_WITHIN

TARGET = "discord://4711/verysecret1234"


class FakeService:
    """One service of the library: keeps what it is told."""

    def __init__(self, library: FakeLibrary) -> None:
        self._library = library

    def notify(self, **said: Any) -> bool:
        self._library.told.append(said)
        answer = self._library.answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, threading.Event):
            return answer.wait(ANSWERS_WITHIN)
        return answer


class FakeLibrary:
    """As much of Apprise as is used: ``instantiate`` understands addresses with something after the schema."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.assets: list[dict[str, Any]] = []
        self.answer: bool | Exception | threading.Event = True
        self.Apprise = self

    def AppriseAsset(self, **given: Any) -> dict[str, Any]:  # noqa: N802  # the library's name
        self.assets.append(given)
        return given

    def instantiate(self, url: str, **_settings: Any) -> FakeService | None:
        return FakeService(self) if url.partition("://")[2] else None


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    monkeypatch.setattr(other, "apprise", fake)
    return fake


def test_where_the_library_is_missing_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other, "apprise", None)

    with pytest.raises(TargetError, match="not installed here"):
        other.validate(TARGET)
    with pytest.raises(ChannelError, match="not installed here") as raised:
        other.send(TARGET, make_message(), STAMP)
    assert raised.value.permanent is False
    assert Channel.Kind.OTHER not in kinds.available()


def test_where_the_library_is_there_the_kind_is_offered(library: FakeLibrary) -> None:
    assert Channel.Kind.OTHER in kinds.available()


def test_a_message_is_handed_over_in_words(library: FakeLibrary) -> None:
    assert other.send(other.validate(TARGET), make_message(), STAMP) == Sent()

    [said] = library.told
    assert said["title"] == "Session id cannot be null"
    assert "https://monitor.example.com/issues/1/" in said["body"]
    assert said["notify_type"] == "failure"
    assert all(asset["http_redirects"] is False for asset in library.assets)


@pytest.mark.parametrize(
    ("severity", "kind"), [("critical", "failure"), ("high", "failure"), ("normal", "warning"), ("info", "info")]
)
def test_how_bad_it_is_arrives_too(library: FakeLibrary, severity: str, kind: str) -> None:
    other.send(TARGET, make_message(about=msgspec.structs.replace(ABOUT, severity=severity)), STAMP)

    assert library.told[0]["notify_type"] == kind


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("json://127.0.0.1/", "must begin with one of"),
        ("jsons://10.0.0.1/hook", "must begin with one of"),
        ("gotify://monitor.internal/token", "must begin with one of"),
        ("file:///etc/passwd", "must begin with one of"),
        ("https://discord.com/api/webhooks/1/2", "must begin with one of"),
        ("syslog://", "must begin with one of"),
        ("", "must begin with one of"),
        ("discord://", "something in it is missing"),
        ("discord://1/2?rto=9999", "only these may stand"),
        ("discord://1/2?verify=no", "only these may stand"),
        ("discord://1/2?redirect=yes", "only these may stand"),
        ("discord://1/2 json://127.0.0.1/", "one line without spaces"),
        ("discord://1/2\njson://127.0.0.1/", "one line without spaces"),
        ("discord://" + "x" * 2_000, "one line without spaces"),
    ],
)
def test_only_services_with_a_fixed_address_are_taken(library: FakeLibrary, target: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        other.validate(target)


def test_an_address_that_is_not_allowed_any_more_is_refused_when_sending(library: FakeLibrary) -> None:
    with pytest.raises(ChannelError, match="not one that messages may go to") as raised:
        other.send("json://127.0.0.1/", make_message(), STAMP)

    assert raised.value.permanent is True
    assert library.told == []


@pytest.mark.parametrize(
    ("answer", "words"), [(False, "did not take the message"), (ValueError("verysecret"), "spoken to: ValueError")]
)
def test_a_message_that_was_not_taken_is_tried_again(
    library: FakeLibrary, answer: bool | Exception, words: str
) -> None:
    library.answer = answer

    with pytest.raises(ChannelError, match=words) as raised:
        other.send(TARGET, make_message(), STAMP)

    assert raised.value.permanent is False
    assert "verysecret" not in str(raised.value)


@pytest.mark.slow
def test_a_service_that_hangs_is_left(library: FakeLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other, "TOTAL_SECONDS", 0.2)
    library.answer = released = threading.Event()

    with pytest.raises(ChannelError, match="in time"):
        other.send(TARGET, make_message(), STAMP)
    released.set()


def test_only_the_service_and_the_last_four_characters_are_shown() -> None:
    assert other.hint(TARGET) == "Discord …1234"
