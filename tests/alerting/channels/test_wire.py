"""What an address that a person gave may do to us: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from responses.alerting.channels import wire
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.channels.wire import Answer
from tests.alerting.channels.receiving import Receiver
from tests.alerting.conftest import Certified
from tests.factories import NOW
from tests.fakes import Reply, silent_port


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def post(url: str) -> Answer:
    return wire.exchange("POST", url, headers={"X-Own": "1"}, body=b"hello", name="The webhook")


def deliver(url: str) -> None:
    wire.judge(post(url), name="The webhook", now=NOW)


def test_an_exchange_goes_to_the_address_as_it_is(receiver: Receiver) -> None:
    receiver.always = Reply(201, "taken", {"X-Request-ID": "7"})

    answer = post(receiver.url("/a/b?c=d"))

    assert (answer.status_code, answer.body, answer.headers["X-Request-Id"]) == (201, "taken", "7")
    call = receiver.calls[0]
    assert (call.method, call.path, call.body, call.headers["host"]) == ("POST", "/a/b?c=d", b"hello", receiver.place)
    assert (call.headers["x-own"], call.headers["user-agent"]) == ("1", "ordergroove-monitor")


@pytest.mark.parametrize(
    ("reply", "permanent", "retry_after", "words"),
    [
        (Reply(429, "", {"Retry-After": "30"}), False, 30.0, "slow down"),
        (Reply(429, "", {"Retry-After": "Sun, 22 Nov 2026 12:02:00 GMT"}), False, 120.0, "slow down"),
        (Reply(429), False, None, "slow down"),
        (Reply(500), False, None, "500: Internal Server Error"),
        (Reply(503, "", {"Retry-After": "60"}), False, 60.0, "503"),
        (Reply(408), False, None, "408"),
        (Reply(400), True, None, "400: Bad Request"),
        (Reply(401), True, None, "401"),
        (Reply(404), True, None, "404"),
        (Reply(410), True, None, "410"),
        (Reply(413, "", {"Retry-After": "60"}), True, None, "413"),
        (Reply(301, "", {"Location": "http://169.254.169.254/"}), True, None, "never followed"),
        (Reply(307, "", {"Location": "/elsewhere"}), True, None, "never followed"),
        (Reply(drops=True), False, None, "could not be reached"),
    ],
)
def test_the_answer_decides_whether_it_is_tried_again(
    receiver: Receiver, reply: Reply, permanent: bool, retry_after: float | None, words: str
) -> None:
    receiver.always = reply

    with pytest.raises(ChannelError, match=words) as raised:
        deliver(receiver.url())

    assert (raised.value.permanent, raised.value.retry_after) == (permanent, retry_after)
    assert len(receiver.calls) == 1


@pytest.mark.slow
@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(drips=True)])
def test_a_server_that_hangs_or_drips_is_left(
    receiver: Receiver, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TOTAL_SECONDS", 0.3)
    receiver.always = reply

    with pytest.raises(ChannelError, match="in time") as raised:
        deliver(receiver.url())

    assert raised.value.permanent is False


def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.always = Reply(200, "x" * 5_000_000)

    assert len(post(receiver.url()).body) == wire.LONGEST_ANSWER


def test_nobody_listening_is_tried_again() -> None:
    with silent_port() as port, pytest.raises(ChannelError, match="refused") as raised:
        deliver(f"http://127.0.0.1:{port}/x")

    assert raised.value.permanent is False


def test_a_name_that_cannot_be_resolved_is_tried_again() -> None:
    with pytest.raises(ChannelError, match="resolved") as raised:
        deliver("https://no-such-host.invalid/x")

    assert raised.value.permanent is False


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/x", "https://localhost:1/x", "https://[::ffff:10.0.0.1]/x"])
def test_a_private_address_is_refused_at_save_and_again_when_sending(url: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False

    with pytest.raises(TargetError, match="private network"):
        wire.validate(url)
    with pytest.raises(ChannelError, match="private network") as raised:
        deliver(url)

    assert raised.value.permanent is True


@pytest.mark.parametrize(
    "url", ["https://user:word@example.com/", "https://a@example.com/", "ftp://example.com/", "https://x.com/\r\nA: b"]
)
def test_what_is_no_address_for_messages_is_refused_at_save_and_again_when_sending(url: str) -> None:
    with pytest.raises(TargetError):
        wire.validate(url)
    with pytest.raises(ChannelError) as raised:
        deliver(url)

    assert raised.value.permanent is True


def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_port() as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        deliver(receiver.url())

    assert len(receiver.calls) == 1


def test_a_certificate_must_be_trusted(localhost_certificate: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(localhost_certificate.server) as receiver:
        with pytest.raises(ChannelError, match="certificate that is not trusted"):
            deliver(receiver.url())
        monkeypatch.setenv("SSL_CERT_FILE", str(localhost_certificate.authority))
        deliver(receiver.url())

        assert len(receiver.calls) == 1


def test_what_a_server_says_of_an_error_is_made_harmless() -> None:
    answer = Answer(400, {}, "")

    with pytest.raises(ChannelError) as raised:
        wire.judge(answer, name="Sentry", now=NOW, detail="line\r\nforged \u202e\ud800 " + "x" * 100_000)

    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
