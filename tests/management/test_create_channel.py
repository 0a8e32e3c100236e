"""``manage.py create_channel``."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from responses import sealing
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


def test_the_secret_of_a_webhook_is_printed_once_alone_at_the_end() -> None:
    printed = run("webhook", "https://127.0.0.1/hooks/monitor", "--name", "Pager")

    first, last = printed.splitlines()
    assert first == "Webhook channel “Pager” (127.0.0.1 …itor) hears about issues of every integration."
    secret = last.rpartition(" ")[2]
    assert secret.startswith("whsec_")
    kept = sealing.unseal(bytes(Channel.objects.get().target_sealed)).decode()
    assert kept == f"https://127.0.0.1/hooks/monitor {secret}"


def test_a_sentry_project_is_added_and_its_key_is_not_printed() -> None:
    printed = run("sentry", "https://verysecretkey@127.0.0.1/42")

    assert printed == "Sentry channel “127.0.0.1, project 42” hears about issues of every integration.\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("email", "nobody"), "“nobody” is not an e-mail address."),
        (("slack", "https://user@hooks.slack.com/x"), "must not hold a user name"),
        (("sentry", "https://sentry.example/1"), "That is not a DSN."),
        (("webhook", "https://user@example.com/"), "must not hold a user name"),
        (("webhook", "https://127.0.0.1/ short"), "24 to 64 bytes"),
        (("pager", "1"), "invalid choice"),
        (("email", "a@example.com", "--integration", "nowhere"), "no integration nowhere. There are: shop-eu."),
    ],
)
def test_what_cannot_be_is_said_in_words(words: tuple[str, ...], complaint: str) -> None:
    make_integration("shop-eu")

    with pytest.raises(CommandError, match=complaint):
        run(*words)

    assert not Channel.objects.exists()
