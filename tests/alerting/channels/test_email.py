"""Mail, through a real SMTP server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pytest_django import Settings

from responses.alerting import message
from responses.alerting.channels import email
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Kind, Link, Sent
from tests.alerting.conftest import Certified
from tests.alerting.examples import HOSTILE, NOW, STAMP, URL, make_message
from tests.fakes import FakeMail, silent_port

TEAM = "ada@example.com, bob@example.org"


@pytest.fixture
def fake(settings: Settings) -> Iterator[FakeMail]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.MONITOR_URL = "https://monitor.example.com"
    with FakeMail() as server:
        settings.EMAIL_PORT = server.port
        yield server


def test_a_mail_has_both_forms_and_says_it_all(fake: FakeMail) -> None:
    assert email.send(TEAM, make_message(), STAMP) == Sent()

    [mail] = fake.accepted
    assert mail["Subject"] == "[PRODUCTION] Session id cannot be null - 400 on POST /subscription/create (Shop EU)"
    assert mail["To"] == TEAM
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in (
        "New issue",
        "PRODUCTION",
        "Shop EU",
        "14",
        "12 orders",
        "until 17:12 UTC, 5 h 12 min left",
        "session_id",
        URL,
    ):
        assert part in text.get_content()
    for part in (
        "New issue",
        "PRODUCTION",
        "Shop EU",
        "until 17:12 UTC, 5 h 12 min left",
        "session_id",
        f'href="{URL}"',
    ):
        assert part in html.get_content()


def test_a_mail_has_stable_ids_and_wants_no_automatic_reply(fake: FakeMail) -> None:
    email.send(TEAM, make_message(), STAMP)
    email.send(TEAM, make_message(failures=90), STAMP)

    first, second = fake.accepted
    assert first["Message-ID"] == second["Message-ID"] == "<delivery-99@monitor.example.com>"
    assert first["References"] == first["In-Reply-To"] == "<alert-7.channel-3@monitor.example.com>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["X-Auto-Response-Suppress"] == "All"
    assert first["List-Id"] == "Ordergroove Monitor <alerts.monitor.example.com>"
    assert first["Date"]


def test_a_later_mail_hangs_below_the_first(fake: FakeMail) -> None:
    first = "<delivery-99@monitor.example.com>"
    later = msgspec.structs.replace(
        STAMP, message_id="delivery-120", is_first=False, first_message_id="delivery-99", place="anything"
    )
    email.send(TEAM, make_message(), STAMP)
    email.send(TEAM, make_message(kind=Kind.REMINDER, failures=90), later)

    opened, reminder = fake.accepted
    assert opened["Message-ID"] == first
    assert reminder["Message-ID"] == "<delivery-120@monitor.example.com>"
    assert reminder["In-Reply-To"] == first
    assert reminder["References"] == f"<alert-7.channel-3@monitor.example.com> {first}"
    assert opened["Subject"] == reminder["Subject"]


def test_the_trend_comes_as_a_picture_in_the_mail(fake: FakeMail) -> None:
    words = "Failures by hour, last 24 hours: 9 at most"
    said = msgspec.structs.replace(make_message(), trend=(0,) * 23 + (9,), trend_words=words)
    email.send(TEAM, said, STAMP)

    [mail] = fake.accepted
    assert mail.get_content_type() == "multipart/related"
    [image] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert image["Content-ID"] == "<trend.delivery-99@monitor.example.com>"
    assert image.get_content_disposition() == "inline"
    assert image.get_content().startswith(b"\x89PNG")
    assert f'<img src="cid:trend.delivery-99@monitor.example.com" alt="{words}"' in html.get_content()
    assert words in text.get_content()


def test_a_mail_leads_to_what_can_be_done(fake: FakeMail) -> None:
    links = (Link("Acknowledge", "https://monitor.example.com/alerts/1/decide/?deed=acknowledge"),)
    email.send(TEAM, msgspec.structs.replace(make_message(), actions=links), STAMP)

    [mail] = fake.accepted
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert f'href="{links[0].url}"' in html.get_content()
    assert links[0].url in text.get_content()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000", "http://monitor"]
)
def test_ids_have_a_domain_also_without_a_real_one(fake: FakeMail, settings: Settings, url: str) -> None:
    settings.MONITOR_URL = url
    email.send(TEAM, make_message(), STAMP)

    assert fake.accepted[0]["Message-ID"] == "<delivery-99@monitor.invalid>"


def test_the_html_needs_nothing_from_elsewhere() -> None:
    html = email.html(make_message())

    for word in ("<img", "<script", "<link", "url(", "src=", "@import", "@font-face"):
        assert word not in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_harmless_and_still_goes_out(fake: FakeMail, text: str) -> None:
    said = make_message(title=text, integration=text, field=text[:200], endpoint=text, message=text)

    assert email.send(TEAM, said, STAMP) == Sent()

    [mail] = fake.accepted
    assert fake.recipients == [["ada@example.com", "bob@example.org"]]
    assert mail["Bcc"] is None
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "\u202e" not in html.get_content() + mail["Subject"]


def test_a_test_message_goes_out_too(fake: FakeMail) -> None:
    zone = ZoneInfo("UTC")
    email.send(TEAM, message.test(channel="Team", url=URL, now=NOW, zone=zone), STAMP)

    assert [mail["Subject"] for mail in fake.accepted] == ["Test message: Messages reach “Team”"]


def test_a_refused_recipient_is_told_while_the_others_get_the_mail(fake: FakeMail) -> None:
    fake.refused["bob@example.org"] = "550 5.1.1 no such person"

    note = email.send(TEAM, make_message(), STAMP).note

    assert note == "Sent, but the mail server refused: bob@example.org (550 5.1.1 no such person)."
    assert fake.recipients == [["ada@example.com"]]


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [(("550 no", "550 no"), True), (("450 grey", "550 no"), False), (("450 grey", "450 grey"), False)],
)
def test_when_everybody_is_refused_it_depends_on_whether_one_may_pass(
    fake: FakeMail, answers: tuple[str, str], permanent: bool
) -> None:
    fake.refused = dict(zip(["ada@example.com", "bob@example.org"], answers, strict=True))

    with pytest.raises(ChannelError, match="refused: ada@example") as raised:
        email.send(TEAM, make_message(), STAMP)

    assert raised.value.permanent is permanent


@pytest.mark.parametrize(("answer", "permanent"), [("554 5.7.1 spam", True), ("451 try later", False)])
def test_a_refused_message_may_pass_or_not(fake: FakeMail, answer: str, permanent: bool) -> None:
    fake.script.append(answer)

    with pytest.raises(ChannelError, match=answer) as raised:
        email.send(TEAM, make_message(), STAMP)

    assert raised.value.permanent is permanent


def test_a_server_that_hangs_is_left(fake: FakeMail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email, "TOTAL_SECONDS", 0.3)
    fake.script.append("hang")

    with pytest.raises(ChannelError, match="in time") as raised:
        email.send(TEAM, make_message(), STAMP)

    assert raised.value.permanent is False


def test_nobody_listening_is_tried_again(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with silent_port() as port:
        settings.EMAIL_PORT = port
        with pytest.raises(ChannelError, match="EMAIL_URL: Connection refused") as raised:
            email.send(TEAM, make_message(), STAMP)

    assert raised.value.permanent is False


def test_a_log_in_that_the_server_does_not_offer_is_said(fake: FakeMail, settings: Settings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "someone", "verysecret"

    with pytest.raises(ChannelError, match="STARTTLS or log-in") as raised:
        email.send(TEAM, make_message(), STAMP)

    assert "verysecret" not in str(raised.value)


def test_other_backends_of_email_url_work(settings: Settings, mailoutbox: list[object]) -> None:
    assert settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")

    assert email.send(TEAM, make_message(), STAMP) == Sent()

    assert len(mailoutbox) == 1


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        (" ada@example.com ,bob@example.org,, ada@example.com ", "ada@example.com, bob@example.org"),
    ],
)
def test_addresses_are_kept_tidy(target: str, kept: str) -> None:
    assert email.validate(target) == kept


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("", "at least one"),
        (" , ", "at least one"),
        ("ada", "“ada” is not"),
        ("ada@example.com; bob@example.org", "is not an e-mail"),
        ("Ada <ada@example.com>", "is not an e-mail"),
        ("ada@example.com\nbcc: eve@example.com", "one line"),
        ("ada@example.com\r\n", "one line"),
        ("ada@example.com,\u2028bob@example.org", "one line"),
        ("ada@exam\u202eple.com", "one line"),
        ("\ud800@example.com", "one line"),
        (",".join(f"p{number}@example.com" for number in range(21)), "at most 20"),
        ("x" * 100_000 + "@example.com", "is not an e-mail"),
    ],
)
def test_a_target_that_is_no_list_of_addresses_is_refused_in_words(target: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        email.validate(target)
    with pytest.raises(ChannelError) as raised:
        email.send(target, make_message(), STAMP)
    assert raised.value.permanent is True


def test_the_hint_shows_two_addresses() -> None:
    assert email.hint("a@example.com") == "a@example.com"
    assert email.hint("a@example.com, b@example.com") == "a@example.com, b@example.com"
    assert email.hint("a@example.com, b@example.com, c@example.com") == "a@example.com, b@example.com and 1 more"


@pytest.mark.parametrize(("variable", "context"), [("EMAIL_USE_SSL", "ssl_context"), ("EMAIL_USE_TLS", "tls_context")])
def test_both_ways_to_tls_work_and_check_the_certificate(
    settings: Settings,
    localhost_certificate: Certified,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    context: str,
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "localhost"
    setattr(settings, variable, True)
    with FakeMail(**{context: localhost_certificate.server}) as server:
        settings.EMAIL_PORT = server.port
        with pytest.raises(ChannelError, match="No trusted connection") as raised:
            email.send(TEAM, make_message(), STAMP)
        assert raised.value.permanent is False
        monkeypatch.setenv("SSL_CERT_FILE", str(localhost_certificate.authority))

        assert email.send(TEAM, make_message(), STAMP) == Sent()

        assert len(server.accepted) == 1
