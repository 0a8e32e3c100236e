"""The alarm about the monitor itself: written once for each silence, and told when the usual way is dead."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from responses.alerting import own_death, pulse, setup
from responses.audit import Doer
from responses.models import Alert, AlertRule, Channel, Delivery, Heartbeat, Transition, ids
from tests.factories import NOW
from tests.fakes import FakeMail, FakeSlack, Reply

pytestmark = pytest.mark.django_db
LONG_AGO = NOW - timedelta(days=1)
SILENT = timedelta(minutes=3)


@pytest.fixture(autouse=True)
def rule() -> AlertRule:
    return AlertRule.objects.get_or_create(
        shipped="monitor", defaults={"trigger": AlertRule.Trigger.MONITOR, "window_minutes": 2}
    )[0]


def see(*names: str, at: datetime = NOW) -> None:
    for name in names:
        Heartbeat.objects.note(name, "", now=at)


def look(*parts: str, now: datetime = NOW, since: datetime = LONG_AGO) -> list[str]:
    return own_death.look(parts or pulse.PARTS, since=since, now=now)


def make_channel(slack: FakeSlack, name: str = "On call") -> Channel:
    return setup.add(Channel.Kind.SLACK, slack.url, name=name, integration=None, doer=Doer(), now=NOW)


def test_nothing_is_said_while_all_is_well() -> None:
    see(*pulse.PARTS)

    assert look() == []
    assert not Transition.objects.exists()


@pytest.mark.parametrize("part", pulse.PARTS)
def test_a_silent_part_is_written_down_once(part: str, rule: AlertRule) -> None:
    see(*pulse.PARTS)
    see(part, at=NOW - SILENT)

    assert look() == [part]
    assert look(now=NOW + timedelta(seconds=15)) == [part]

    found = Transition.objects.get()
    assert (found.kind, found.subject, found.rule, found.integration) == (
        "monitor_lags",
        f"monitor:{part}",
        rule,
        None,
    )
    assert (found.number, found.window) == (180, "2026-11-22T11:57:00")


def test_a_second_silence_is_a_second_alarm() -> None:
    see(pulse.WEB, at=NOW - SILENT)
    look(pulse.WEB)
    see(pulse.WEB, at=NOW + timedelta(minutes=10))

    look(pulse.WEB, now=NOW + timedelta(minutes=13))

    assert Transition.objects.count() == 2


def test_while_the_alarm_is_open_no_other_is_written() -> None:
    see(pulse.WEB, at=NOW - SILENT)
    Alert.objects.create(id=ids.new(NOW), subject="monitor:web", kind="monitor_lags", opened_at=NOW, last_at=NOW)

    assert look(pulse.WEB) == ["web"]
    assert not Transition.objects.exists()


def test_nobody_is_blamed_for_the_time_when_the_database_was_away() -> None:
    see(*pulse.PARTS, at=NOW - SILENT)
    pulse.alive(pulse.WORKER, now=NOW, clock=lambda: 0.0)

    assert look() == []

    for seconds in range(10, 140, 10):
        pulse.alive(pulse.WORKER, now=NOW + timedelta(seconds=seconds), clock=lambda: 0.0)
    assert look(pulse.WEB, now=NOW + timedelta(seconds=130)) == ["web"]


def test_a_dead_worker_says_nothing_about_the_scheduler() -> None:
    see(pulse.DATABASE, pulse.WEB)
    see(pulse.WORKER, at=NOW - SILENT)
    see(pulse.BEAT, at=NOW - SILENT - timedelta(seconds=10))

    assert look() == ["worker"]


def test_a_part_that_was_never_seen_is_written_down_once_whoever_looks() -> None:
    look(pulse.WORKER, since=NOW - SILENT)
    look(pulse.WORKER, since=NOW - SILENT - timedelta(seconds=2))

    assert Transition.objects.get().window == "never"


def test_after_a_start_the_others_get_time_to_start_too() -> None:
    see(*pulse.PARTS, at=NOW - timedelta(hours=8))

    assert look(since=NOW - timedelta(minutes=1)) == []


def test_the_rule_says_how_long_a_silence_may_be(rule: AlertRule) -> None:
    AlertRule.objects.filter(pk=rule.pk).update(window_minutes=10)
    see(*pulse.PARTS, at=NOW - timedelta(minutes=9))

    assert look() == []


def test_without_a_rule_nothing_is_written(rule: AlertRule) -> None:
    AlertRule.objects.filter(pk=rule.pk).update(is_on=False)

    assert look() == []
    assert not Transition.objects.exists()


def test_a_stand_in_tells_what_a_dead_worker_cannot(slack_server: FakeSlack) -> None:
    make_channel(slack_server)
    see(*pulse.PARTS)
    see(pulse.WORKER, at=NOW - SILENT)
    look()

    own_death.stand_in(clock=lambda: NOW)

    assert Delivery.objects.get().state == Delivery.State.SENT
    [payload] = slack_server.accepted
    assert "worker" in payload["text"]


def test_a_stand_in_leaves_a_channel_that_waits(slack_server: FakeSlack) -> None:
    make_channel(slack_server)
    slack_server.always = Reply(503)
    see(pulse.WORKER, at=NOW - SILENT)
    look(pulse.WORKER)

    own_death.stand_in(clock=lambda: NOW)
    own_death.stand_in(clock=lambda: NOW)

    assert len(slack_server.asked) == 1
    assert Delivery.objects.get().state == Delivery.State.PENDING


def test_without_the_database_the_remembered_channels_are_told(
    slack_server: FakeSlack, mail_server: FakeMail, django_assert_num_queries: object
) -> None:
    make_channel(slack_server)
    setup.add(Channel.Kind.EMAIL, "ada@example.com", integration=None, doer=Doer(), now=NOW)
    off = make_channel(slack_server, "Off")
    setup.switch(off, is_on=False, doer=Doer(), now=NOW)
    remembered = own_death.remember()
    Channel.objects.all().delete()

    message = own_death.no_database(since=NOW - SILENT, now=NOW)
    taken = own_death.tell_directly(remembered, message, message_id="database-1", now=NOW)

    assert taken == 2
    assert "database does not answer" in slack_server.accepted[0]["text"]
    [mail] = mail_server.accepted
    assert "database does not answer" in mail["Subject"]


def test_a_channel_that_does_not_take_it_keeps_no_other_from_it(slack_server: FakeSlack) -> None:
    make_channel(slack_server)
    make_channel(slack_server, "Second")
    slack_server.script.append(Reply(500))

    message = own_death.no_database(since=NOW - SILENT, now=NOW)
    taken = own_death.tell_directly(own_death.remember(), message, message_id="database-1", now=NOW)

    assert (taken, len(slack_server.asked)) == (1, 2)


def test_remembered_targets_stay_sealed(slack_server: FakeSlack) -> None:
    make_channel(slack_server)

    assert "verysecret" not in repr(own_death.remember())
