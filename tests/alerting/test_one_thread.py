"""One alert from its first message to its end, by mail and by a Slack bot: one thread each, whose numbers add up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db.models import Sum
from pytest_django import Settings

from responses.alerting import announce, deliver, rules, setup, transitions
from responses.audit import Doer
from responses.models import AlertRule, AlertThread, Channel, Delivery, Issue, Transition
from tests.factories import NOW, make_integration, make_refusal, record
from tests.fake_slack_api import TOKEN, FakeSlackApi
from tests.fakes import FakeMail

pytestmark = pytest.mark.django_db
Kind = Transition.Kind


@pytest.fixture
def slack_api(settings: Settings) -> Iterator[FakeSlackApi]:
    with FakeSlackApi() as server:
        settings.SLACK_API_URL = server.url
        yield server


def find(kind: Kind, issue: Issue, *, now: datetime) -> None:
    """What a sweep would find."""
    rule = AlertRule.objects.get(shipped="new_issue")
    subject = f"issue:{issue.pk}"
    assert transitions.once(
        kind, rule=rule, subject=subject, window=f"{now:%H:%M}", integration=issue.integration, issue=issue, now=now
    )


def tell(now: datetime) -> None:
    """Send all that is to be sent."""
    waiting = announce.announce(now)
    while waiting:
        waiting = [following for delivery_id in waiting for following in deliver.send(delivery_id, now)]


def test_an_alert_is_one_thread_on_each_channel_and_its_numbers_add_up(
    mail_server: FakeMail, slack_api: FakeSlackApi
) -> None:
    rules.ensure_shipped()
    shop = make_integration(name="Shop EU")
    setup.add(Channel.Kind.EMAIL, "team@example.com", integration=None, doer=Doer(), now=NOW)
    setup.add(Channel.Kind.SLACK, f"{TOKEN} #oncall", integration=None, doer=Doer(), now=NOW)

    record(shop, *(make_refusal() for _ in range(14)))
    tell(NOW)
    issue = Issue.objects.select_related("integration").get()
    for hours, kind, failures in ((1, Kind.ISSUE_GREW, 40), (5, Kind.REMINDER, 3), (6, Kind.RECOVERED, 0)):
        now = NOW + timedelta(hours=hours)
        if failures:
            record(shop, *(make_refusal(sent_at=now) for _ in range(failures)), now=now)
        find(kind, issue, now=now)
        tell(now)

    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SENT}
    for thread in AlertThread.objects.all():
        told = Delivery.objects.filter(channel_id=thread.channel_id).aggregate(told=Sum("told"))["told"]
        assert told == thread.told == 57

    first, *others = mail_server.accepted
    assert len({mail["Subject"] for mail in mail_server.accepted}) == 1
    assert len(others) == 3
    assert {mail["In-Reply-To"] for mail in others} == {first["Message-ID"]}

    [(at, shown)] = slack_api.messages.items()
    steps = [json.dumps(reply["blocks"], ensure_ascii=False) for reply in slack_api.replies[at]]
    assert slack_api.edits == [at, at, at]
    assert "40 more failures since 12:00 UTC." in steps[0]
    assert "3 more failures since 13:00 UTC." in steps[1]
    assert "Over after 6 h." in steps[2]
    assert "🟢 *PRODUCTION · Shop EU* · Over" in json.dumps(shown["blocks"], ensure_ascii=False)
