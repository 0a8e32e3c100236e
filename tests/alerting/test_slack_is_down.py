"""Slack answers 503 for ten minutes: mail goes on, every page says so within a minute, and Slack gets all of it after."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from responses.alerting import announce, deliver, setup
from responses.audit import Doer
from responses.models import Channel, Delivery, Heartbeat, Integration, Role
from tests.factories import NOW, make_integration, make_refusal, make_user, record
from tests.fakes import OK, FakeMail, FakeSlack, Reply

pytestmark = pytest.mark.django_db

SWEEP = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
CAUSES = tuple("abcdefghij")
BANNER = "does not take messages"


@pytest.fixture
def shop() -> Integration:
    return make_integration(name="Shop EU")


@pytest.fixture
def reader(shop: Integration, settings: Settings) -> Client:
    """A signed-in person's browser, on the real pages."""
    settings.ROOT_URLCONF = "ordergroove_monitor.urls"
    client = Client()
    client.force_login(make_user(role=Role.VIEWER, integration=shop))
    return client


def fail(shop: Integration, cause: str, now: datetime) -> None:
    record(shop, make_refusal(message=f"Something {cause}{cause} is wrong", sent_at=now), now=now)


def work(now: datetime) -> None:
    """What the tasks do at each sweep."""
    announce.announce(now)
    waiting = deliver.due(now)
    while waiting:
        waiting += deliver.send(waiting.pop(0), now, clock=lambda: 0.0)


def shown(reader: Client, now: datetime) -> str:
    for part in ("worker", "beat", "database"):
        Heartbeat.objects.beat(part, now=now)
    with time_machine.travel(now, tick=False):
        answer = reader.get("/issues/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def causes_in(texts: list[str]) -> list[str]:
    """Which cause each text is about."""
    return [next(cause for cause in CAUSES if f"Something {cause}{cause} is wrong" in text) for text in texts]


def test_ten_minutes_without_slack(
    shop: Integration, reader: Client, slack_server: FakeSlack, mail_server: FakeMail
) -> None:
    slack = setup.add(Channel.Kind.SLACK, slack_server.url, integration=shop, doer=Doer(), now=NOW)
    setup.add(Channel.Kind.EMAIL, "team@example.com", integration=shop, doer=Doer(), now=NOW)
    assert BANNER not in shown(reader, NOW)

    slack_server.always = Reply(503, "service_unavailable")
    for minute, cause in enumerate(CAUSES):
        fail(shop, cause, NOW + minute * MINUTE)
        for sweep in range(4):
            work(NOW + minute * MINUTE + sweep * SWEEP)
        assert len(mail_server.accepted) == minute + 1
        assert BANNER in shown(reader, NOW + (minute + 1) * MINUTE - SWEEP)
    assert slack_server.accepted == []
    assert len(slack_server.asked) < 20

    slack_server.always = OK
    back = NOW + 10 * MINUTE
    for sweep in range(4 * 12):
        work(back + sweep * SWEEP)

    assert causes_in([message["text"] for message in slack_server.accepted]) == list(CAUSES)
    assert causes_in([str(mail["subject"]) for mail in mail_server.accepted]) == list(CAUSES)
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SENT}
    slack.refresh_from_db()
    assert not slack.is_failing
    assert BANNER not in shown(reader, back + 12 * MINUTE)
