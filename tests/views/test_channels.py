"""The page of channels: who sees what, who may change what, and a test that is sent by a task."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from responses import sealing
from responses.alerting import deliver, pulse, setup
from responses.audit import Doer
from responses.models import AuditEntry, Channel, Delivery, Heartbeat, Integration, Role, Transition, User, ids
from tests.factories import NOW, make_integration, make_user
from tests.fakes import FakeSlack, Reply

pytestmark = pytest.mark.django_db
URL = "/settings/channels/"


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop", name="Shop EU")


@pytest.fixture
def slack_server() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def engineer(shop: Integration) -> Client:
    return signed_in(make_user("ada", role=Role.ENGINEER, integration=shop))


def make_channel(shop: Integration | None, target: str = "team@example.com", name: str = "Team") -> Channel:
    return setup.add(Channel.Kind.EMAIL, target, name=name, integration=shop, doer=Doer(), now=NOW)


def words(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def sent(**overrides: str) -> dict[str, str]:
    return {"kind": "email", "target": "team@example.com", "name": "Team", "scope": "this"} | overrides


def test_an_empty_page_says_that_nobody_is_told(shop: Integration) -> None:
    page = words(engineer(shop).get(URL))

    assert "Nobody is told yet" in page
    assert "Add a channel" in page


def test_a_channel_is_added_with_its_target_sealed_and_audited(shop: Integration) -> None:
    client = engineer(shop)

    answer = client.post(URL, sent(target="ada@example.com, bob@example.org", name=""), REMOTE_ADDR="192.0.2.7")

    channel = Channel.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{URL}#channel-{channel.pk}")
    assert (channel.kind, channel.integration, channel.is_on) == ("email", shop, True)
    assert sealing.unseal(bytes(channel.target_sealed)) == b"ada@example.com, bob@example.org"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.address) == ("channel.added", "ada", "192.0.2.7")
    assert "ada@example.com, bob@example.org" in words(client.get(URL))


def test_a_webhook_is_not_shown_again(shop: Integration) -> None:
    client = engineer(shop)
    client.post(URL, sent(kind="slack", target="https://127.0.0.1/services/T/B/verysecret1234", name="On call"))

    page = words(client.get(URL))

    assert "verysecret" not in page
    assert "127.0.0.1 …1234" in page


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"target": "nobody"}, "“nobody” is not an e-mail address."),
        ({"target": "a@example.com\nb@example.com"}, "must stand on one line"),
        ({"target": ""}, "This field is required."),
        ({"target": "\ud800@example.com"}, "is not an e-mail address"),
        ({"kind": "slack", "target": "http://example.com:99999/"}, "not a URL"),
        ({"kind": "slack", "target": "https://u:p@example.com/"}, "must not hold a user name"),
        ({"kind": "pager"}, "Select a valid choice"),
        ({"scope": "every"}, "Select a valid choice"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"hourly_cap": "0"}, "greater than or equal to 1"),
        ({"hourly_cap": "9" * 40}, "less than or equal to 1000"),
        ({"hourly_cap": "many"}, "Enter a whole number"),
        ({"fallback": "999"}, "Select a valid choice"),
        ({"kind": "webhook", "target": "https://127.0.0.1/\nhttps://evil.example/"}, "spaces or characters"),
        ({"kind": "webhook", "target": "https://127.0.0.1/ secret"}, "24 to 64 bytes"),
        ({"kind": "sentry", "target": "https://sentry.example/1"}, "That is not a DSN"),
    ],
)
def test_what_cannot_be_added_is_said_in_words(shop: Integration, given: dict[str, str], complaint: str) -> None:
    data = urlencode(sent(**given), errors="surrogatepass")

    answer = engineer(shop).post(URL, data, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 422
    assert complaint in words(answer).replace("&quot;", '"')
    assert not Channel.objects.exists()


def test_only_a_superuser_adds_and_changes_channels_of_every_integration(shop: Integration) -> None:
    signed_in(make_user("root", is_superuser=True)).post(URL, sent(scope="every"))
    channel = Channel.objects.get()
    assert channel.integration is None

    client = engineer(shop)
    page = words(client.get(URL))

    assert "only an administrator of the whole monitor changes it" in page
    for deed in ("test", "switch", "remove"):
        assert client.post(f"{URL}{channel.pk}/{deed}/").status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_who_may_not_change_sees_why_and_is_refused(shop: Integration, role: Role) -> None:
    channel = make_channel(shop)
    client = signed_in(make_user(role=role, integration=shop))

    page = words(client.get(URL))

    assert "needs the role Engineer" in page
    assert '<form method="post">' not in page
    assert client.post(URL, sent()).status_code == 403
    for deed in ("test", "switch", "remove"):
        assert client.post(f"{URL}{channel.pk}/{deed}/").status_code == 403
    assert not AuditEntry.objects.exclude(action="channel.added").exists()


def test_a_channel_of_another_integration_does_not_exist(shop: Integration) -> None:
    foreign = make_channel(make_integration(), name="Foreign team")
    delivery = setup.ask_for_test(foreign, doer=Doer(), now=NOW)
    client = engineer(shop)

    assert "Foreign team" not in words(client.get(URL))
    assert client.get(f"{URL}tests/{delivery.pk}/").status_code == 404
    for deed in ("test", "switch", "remove"):
        assert client.post(f"{URL}{foreign.pk}/{deed}/").status_code == 404


@pytest.mark.parametrize("path", ["", "1/", "1/test/", "1/switch/", "1/remove/", "tests/1/"])
def test_nobody_gets_in_without_signing_in(path: str) -> None:
    answer = Client().get(URL + path)

    assert answer.status_code in (302, 405)


@pytest.mark.parametrize("deed", ["test", "switch", "remove"])
def test_looking_changes_nothing(shop: Integration, deed: str) -> None:
    channel = make_channel(shop)

    assert engineer(shop).get(f"{URL}{channel.pk}/{deed}/").status_code == 405


def test_a_channel_is_switched_off_and_on(shop: Integration) -> None:
    channel = make_channel(shop)
    client = engineer(shop)

    client.post(f"{URL}{channel.pk}/switch/", {"is_on": "no"})
    page = words(client.get(URL))
    assert "“Team” is off." in page
    assert "Switch on" in page
    client.post(f"{URL}{channel.pk}/switch/", {"is_on": "yes"})

    channel.refresh_from_db()
    assert channel.is_on is True


def test_a_removed_channel_is_not_listed(shop: Integration) -> None:
    channel = make_channel(shop, name="Gone team")
    client = engineer(shop)

    client.post(f"{URL}{channel.pk}/remove/")

    assert "“Gone team” is removed." in words(client.get(URL))
    assert "Gone team" not in words(client.get(URL))
    assert client.post(f"{URL}{channel.pk}/test/").status_code == 404


def test_a_test_is_hinted_at_after_the_commit_and_sent_by_nobody_here(
    shop: Integration, slack_server: FakeSlack, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    channel = setup.add(Channel.Kind.SLACK, slack_server.url, name="On call", integration=shop, doer=Doer(), now=NOW)
    client = engineer(shop)

    with django_capture_on_commit_callbacks() as hints:
        answer = client.post(f"{URL}{channel.pk}/test/")

    delivery = Delivery.objects.get()
    assert len(hints) == 1
    assert slack_server.asked == []
    assert answer.headers["Location"] == f"{URL}?tested={delivery.pk}#channel-{channel.pk}"
    page = words(client.get(f"{URL}?tested={delivery.pk}"))
    assert "The test is on its way" in page
    assert f'hx-get="{URL}tests/{delivery.pk}/"' in page


@pytest.mark.parametrize(
    ("reply", "expected"), [(Reply(), "The test was accepted"), (Reply(404, "no_service"), "the webhook was removed")]
)
def test_the_result_of_a_test_is_shown_until_it_is_over(
    shop: Integration, slack_server: FakeSlack, reply: Reply, expected: str
) -> None:
    channel = setup.add(Channel.Kind.SLACK, slack_server.url, name="On call", integration=shop, doer=Doer(), now=NOW)
    delivery = setup.ask_for_test(channel, doer=Doer(), now=NOW)
    client = engineer(shop)
    assert "data-live" in words(client.get(f"{URL}tests/{delivery.pk}/"))
    slack_server.always = reply

    deliver.send(delivery.pk, NOW)

    part = words(client.get(f"{URL}tests/{delivery.pk}/"))
    assert expected in part
    assert "data-live" not in part


@pytest.mark.parametrize("tested", ["x", "-1", "9" * 30, "²", "1"])
def test_nonsense_in_the_address_is_no_error(shop: Integration, tested: str) -> None:
    make_channel(shop)

    assert engineer(shop).get(URL, {"tested": tested}).status_code == 200


def test_a_failing_channel_says_what_was_the_matter(shop: Integration) -> None:
    make_channel(shop)
    Channel.objects.update(last_error_at=NOW, last_error="The mail server did not answer in time. <b>")

    page = words(engineer(shop).get(URL))

    assert "Failing" in page
    assert "The mail server did not answer in time. &lt;b&gt;" in page


def test_many_channels_cost_no_more_queries(shop: Integration) -> None:
    client = engineer(shop)
    make_channel(shop)
    before = queries_of(client)
    for number in range(20):
        make_channel(shop, f"p{number}@example.com")

    assert queries_of(client) == before


def queries_of(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(URL)
    return len(captured)


def test_the_secret_of_a_webhook_is_shown_once(shop: Integration) -> None:
    client = engineer(shop)

    answer = client.post(URL, sent(kind="webhook", target="https://127.0.0.1/hooks/monitor", name="Pager"))

    target = sealing.unseal(bytes(Channel.objects.get().target_sealed)).decode()
    secret = target.partition(" ")[2]
    assert secret.startswith("whsec_")
    assert answer.status_code == 200
    assert secret in words(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in words(client.get(URL))


def test_what_was_typed_stays_when_it_is_refused(shop: Integration) -> None:
    page = words(engineer(shop).post(URL, sent(target="nobody", name="On call", hourly_cap="7")))

    for typed in ('value="nobody"', 'value="On call"', 'value="7"'):
        assert typed in page
    assert page.count("autofocus") == 1


def test_a_refusal_that_is_folded_away_is_unfolded(shop: Integration) -> None:
    page = words(engineer(shop).post(URL, sent(hourly_cap="0")))

    assert '<details class="more-fields" id="channel-habits" open>' in page


def test_a_channel_is_changed(shop: Integration) -> None:
    channel, spare = make_channel(shop), make_channel(None, "spare@example.com", "Spare")
    client = engineer(shop)
    assert 'value="20"' in words(client.get(f"{URL}{channel.pk}/"))

    answer = client.post(f"{URL}{channel.pk}/", {"name": "Night", "hourly_cap": "5", "fallback": spare.pk})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{URL}#channel-{channel.pk}")
    channel.refresh_from_db()
    assert (channel.name, channel.hourly_cap, channel.fallback) == ("Night", 5, spare)
    page = words(client.get(URL))
    assert "5 messages an hour; while it does not work, also to “Spare”" in page
    assert AuditEntry.objects.filter(action="channel.changed", actor="ada").count() == 1


@pytest.mark.parametrize("given", [{"hourly_cap": "-3"}, {"fallback": "own"}, {"fallback": "foreign"}])
def test_a_change_that_cannot_be_is_refused_and_kept_in_the_form(shop: Integration, given: dict[str, str]) -> None:
    channel, foreign = make_channel(shop), make_channel(make_integration(), name="Foreign team")
    known = {"own": str(channel.pk), "foreign": str(foreign.pk)}
    data = {"name": "Night", "hourly_cap": "5", "fallback": ""} | {
        key: known.get(one, one) for key, one in given.items()
    }

    answer = engineer(shop).post(f"{URL}{channel.pk}/", data)

    assert answer.status_code == 422
    assert 'value="Night"' in words(answer)
    assert "Foreign team" not in words(answer)
    channel.refresh_from_db()
    assert (channel.name, channel.hourly_cap, channel.fallback) == ("Team", 20, None)


def test_a_channel_of_one_integration_stands_in_for_none_of_all(shop: Integration) -> None:
    own = make_channel(shop)

    answer = signed_in(make_user("root", is_superuser=True)).post(URL, sent(scope="every", fallback=str(own.pk)))

    assert answer.status_code == 422
    assert "may hear about one integration only" in words(answer)


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.SUPPORT, 403), (Role.ENGINEER, 200)])
def test_only_engineers_open_what_changes_a_channel(shop: Integration, role: Role, status: int) -> None:
    channel = make_channel(shop)
    client = signed_in(make_user(role=role, integration=shop))

    assert client.get(f"{URL}{channel.pk}/").status_code == status
    refused = 403 if status == 403 else 302
    assert client.post(f"{URL}{channel.pk}/", {"name": "x", "hourly_cap": "5"}).status_code == refused


def test_channels_elsewhere_cannot_be_changed_or_found(shop: Integration) -> None:
    foreign, every = make_channel(make_integration()), make_channel(None)
    client = engineer(shop)

    assert client.post(f"{URL}{foreign.pk}/", {"name": "x"}).status_code == 404
    assert client.post(f"{URL}{every.pk}/", {"name": "x"}).status_code == 403


def test_messages_that_wait_for_a_channel_are_counted(shop: Integration) -> None:
    channel = make_channel(shop)
    for kind in (Transition.Kind.ISSUE_OPENED, Transition.Kind.ISSUE_REGRESSED):
        transition = Transition.objects.create(id=ids.new(NOW), kind=kind, integration=shop, at=NOW, handled_at=NOW)
        Delivery.objects.create(id=ids.new(NOW), channel=channel, transition=transition, next_attempt_at=NOW)

    assert "2 messages" in words(engineer(shop).get(URL))


def test_while_a_test_is_on_its_way_the_whole_channel_is_renewed(shop: Integration, slack_server: FakeSlack) -> None:
    channel = setup.add(Channel.Kind.SLACK, slack_server.url, name="On call", integration=shop, doer=Doer(), now=NOW)
    delivery = setup.ask_for_test(channel, doer=Doer(), now=NOW)
    client = engineer(shop)
    assert "none yet" in words(client.get(f"{URL}tests/{delivery.pk}/"))

    deliver.send(delivery.pk, NOW)

    part = words(client.get(f"{URL}tests/{delivery.pk}/"))
    assert f'id="channel-{channel.pk}"' in part
    assert "none yet" not in part


def test_without_a_dead_mans_switch_the_page_says_how_to_get_one(shop: Integration) -> None:
    assert "HEARTBEAT_URL" in words(engineer(shop).get(URL))


def test_how_the_heartbeat_fares_is_shown_without_its_address(shop: Integration, settings: Settings) -> None:
    settings.HEARTBEAT_URL = "https://hc-ping.example/very-secret-id"
    client = engineer(shop)
    assert "Not yet sent" in words(client.get(URL))
    Heartbeat.objects.note(pulse.ARRIVED, "", now=NOW)
    assert "Arrives" in words(client.get(URL))

    Heartbeat.objects.note(pulse.FAILED, "The heartbeat's address answered 500.", now=NOW + timedelta(minutes=1))

    page = words(client.get(URL))
    assert "hc-ping.example" in page
    assert "very-secret-id" not in page
    assert "answered 500" in page
