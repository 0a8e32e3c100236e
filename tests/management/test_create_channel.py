"""``manage.py create_channel``."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from responses.models import AuditEntry, Channel
from tests.factories import make_integration

pytestmark = pytest.mark.django_db
HOOK = "https://127.0.0.1/services/T000/B000/verysecret1234"


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("create_channel", *words, stdout=out)
    return out.getvalue()


def test_a_mail_channel_is_added_for_every_integration() -> None:
    assert run("email", "a@example.com,b@example.com") == (
        "Email channel “a@example.com, b@example.com” hears about issues of every integration.\n"
    )

    channel = Channel.objects.get()
    assert (channel.kind, channel.integration_id, channel.is_on) == ("email", None, True)
    assert AuditEntry.objects.get().actor == "command"


def test_a_slack_channel_is_added_for_one_integration_and_its_secret_is_not_printed() -> None:
    shop = make_integration("shop-eu", name="Shop EU")

    printed = run("slack", HOOK, "--integration", "shop-eu", "--name", "On call")

    assert printed == "Slack channel “On call” (127.0.0.1 …1234) hears about issues of Shop EU.\n"
    assert Channel.objects.get().integration == shop


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("email", "nobody"), "“nobody” is not an e-mail address."),
        (("slack", "https://user@hooks.slack.com/x"), "must not hold a user name"),
        (("sentry", "https://key@sentry.example/1"), "come with a later version"),
        (("webhook", "https://example.com/"), "come with a later version"),
        (("pager", "1"), "invalid choice"),
        (("email", "a@example.com", "--integration", "nowhere"), "no integration nowhere. There are: shop-eu."),
    ],
)
def test_what_cannot_be_is_said_in_words(words: tuple[str, ...], complaint: str) -> None:
    make_integration("shop-eu")

    with pytest.raises(CommandError, match=complaint):
        run(*words)

    assert not Channel.objects.exists()
