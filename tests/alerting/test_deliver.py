"""Deliveries reach their channels: once where all goes well, at least once where it does not."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from responses.alerting import announce, deliver, setup
from responses.alerting.channels import kinds, slack
from responses.alerting.message import Message, Sent, Stamp
from responses.audit import Doer
from responses.models import Alert, Channel, Delivery, Integration, Issue, ids
from responses.ordergroove import codes
from tests.factories import NOW, make_integration, make_refusal, record
from tests.fakes import FakeMail, FakeSlack, Reply

pytestmark = pytest.mark.django_db
WORDS = ("blue", "green", "red", "white", "black", "pink")


def make_mail(integration: Integration | None = None, target: str = "team@example.com") -> Channel:
    return setup.add(Channel.Kind.EMAIL, target, integration=integration, doer=Doer(), now=NOW)


def make_slack(server: FakeSlack, integration: Integration | None = None) -> Channel:
    return setup.add(Channel.Kind.SLACK, server.url, integration=integration, doer=Doer(), now=NOW)


def make_issues(integration: Integration, number: int = 1, *, now: datetime = NOW) -> None:
    exchanges = [make_refusal(message=f"Something {word} is wrong", sent_at=now) for word in WORDS[:number]]
    for exchange in exchanges:
        record(integration, exchange, now=now)
    announce.announce(now)


def send(delivery_id: int, now: datetime = NOW) -> list[int]:
    return deliver.send(delivery_id, now, clock=lambda: 0.0)


def drain(now: datetime = NOW) -> int:
    """What the tasks do: send what is due, and what that returns. Returns how many sends this took."""
    waiting, sends = deliver.due(now), 0
    while waiting:
        sends += 1
        waiting += send(waiting.pop(0), now)
    return sends


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


@pytest.fixture
def shop() -> Integration:
    return make_integration(name="Shop EU")


def test_a_delivery_is_marked_after_the_channel_accepted_it(shop: Integration, slack_server: FakeSlack) -> None:
    channel = make_slack(slack_server, shop)
    make_issues(shop)

    drain()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.sent_at, delivery.attempts) == (Delivery.State.SENT, NOW, 1)
    assert "Something blue is wrong" in slack_server.accepted[0]["text"]
    assert f"https://monitor.example.com/issues/{Issue.objects.get().pk}/" in slack_server.accepted[0]["text"]
    channel.refresh_from_db()
    assert (channel.last_success_at, channel.is_failing) == (NOW, False)


def test_mail_and_slack_both_get_it(shop: Integration, slack_server: FakeSlack, mail_server: FakeMail) -> None:
    make_slack(slack_server, shop)
    make_mail(shop)
    make_issues(shop)

    drain()

    assert states() == ["sent", "sent"]
    [mail] = mail_server.accepted
    alert, channel = Alert.objects.get(), Channel.objects.get(kind="email")
    assert mail["References"] == f"<alert-{alert.pk}.channel-{channel.pk}@monitor.example.com>"
    assert len(slack_server.accepted) == 1


def test_a_burst_before_sending_arrives_as_its_number(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    record(shop, *(make_refusal(message="Something blue is wrong") for _ in range(499)))

    drain()

    assert "500 failures" in json.dumps(slack_server.accepted[0])
    assert Delivery.objects.get().told == 500


def test_sending_twice_sends_once(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    delivery = Delivery.objects.get()

    assert send(delivery.pk) == []
    assert send(delivery.pk) == []

    assert len(slack_server.accepted) == 1


def test_a_delivery_that_has_gone_is_no_error() -> None:
    assert send(12345) == []


def test_messages_of_a_channel_follow_each_other_in_order(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop, 4)
    first, *others = Delivery.objects.order_by("id").values_list("pk", flat=True)

    assert send(others[-1]) == [first]
    assert send(first) == [others[0]]
    drain()

    assert [payload["text"].split("Something ")[1].split()[0] for payload in slack_server.accepted] == list(WORDS[:4])


def test_a_channel_that_asks_for_time_gets_it(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    slack_server.script.append(Reply(429, "", {"Retry-After": "45"}))

    drain()

    delivery, channel = Delivery.objects.get(), Channel.objects.get()
    assert (delivery.state, delivery.next_attempt_at) == (Delivery.State.PENDING, NOW + timedelta(seconds=45))
    assert channel.paused_until == NOW + timedelta(seconds=45)
    assert (channel.is_failing, channel.last_error) == (True, "Slack asked to slow down (429).")
    assert deliver.due(NOW + timedelta(seconds=44)) == []
    drain(NOW + timedelta(seconds=45))
    assert states() == ["sent"]
    recovered = Channel.objects.get()
    assert (recovered.is_failing, recovered.paused_until, recovered.failures_in_a_row) == (False, None, 0)


def test_how_long_it_took_counts_before_the_next_attempt(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    slack_server.always = Reply(500, "")
    ticks = iter([100.0, 112.0, 112.0])

    deliver.send(Delivery.objects.get().pk, NOW, clock=lambda: next(ticks))

    assert Delivery.objects.get().next_attempt_at == NOW + timedelta(seconds=12 + 10)


def test_attempts_back_off_and_end_after_a_day(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    slack_server.always = Reply(500, "")
    waits, now = [], NOW
    while (delivery := Delivery.objects.get()).state == Delivery.State.PENDING:
        now = max(now, delivery.next_attempt_at)
        send(delivery.pk, now)
        waits.append((Delivery.objects.get().next_attempt_at - now).total_seconds())

    assert waits[:6] == [10, 30, 120, 600, 1860, 3660]
    assert len(waits) == 29
    assert timedelta(hours=24) <= now - NOW < timedelta(hours=25)
    assert Delivery.objects.get().last_error == "Given up after 24 hours. Slack answered 500: Internal Server Error."


def test_with_one_message_everything_as_old_is_given_up(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop, 3)
    young = NOW + timedelta(hours=20)
    record(shop, make_refusal(message="Something young is wrong", sent_at=young), now=young)
    announce.announce(young)
    slack_server.always = Reply(500, "")

    drain(NOW + timedelta(hours=24))

    assert states() == ["failed", "failed", "failed", "pending"]
    assert len(slack_server.asked) == 1


def test_what_cannot_help_is_given_up_at_once_and_said(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    slack_server.always = Reply(404, "no_service")

    drain()

    delivery, channel = Delivery.objects.get(), Channel.objects.get()
    assert (delivery.state, delivery.attempts) == (Delivery.State.FAILED, 1)
    assert delivery.last_error == "Slack answered 404: the webhook was removed or switched off."
    assert (channel.last_error, channel.paused_until) == (delivery.last_error, None)


def test_a_dead_channel_does_not_hold_up_another(
    shop: Integration, slack_server: FakeSlack, mail_server: FakeMail
) -> None:
    make_slack(slack_server, shop)
    make_mail(shop)
    slack_server.always = Reply(drops=True)
    make_issues(shop, 5)

    drain()

    assert len(mail_server.accepted) == 5
    assert len(slack_server.asked) == 1
    slack_server.always = Reply()
    drain(NOW + timedelta(seconds=10))
    assert [payload["text"].split("Something ")[1].split()[0] for payload in slack_server.accepted] == list(WORDS[:5])
    assert set(states()) == {"sent"}


def test_an_outage_of_ten_minutes_ends_in_order(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop, 4)
    slack_server.always = Reply(503)
    for second in range(0, 600, 5):
        drain(NOW + timedelta(seconds=second))
    slack_server.always = Reply()
    for second in range(600, 1200, 5):
        drain(NOW + timedelta(seconds=second))

    assert [payload["text"].split("Something ")[1].split()[0] for payload in slack_server.accepted] == list(WORDS[:4])
    assert len(slack_server.asked) == 4 + 4


def test_a_message_that_alone_is_refused_lets_the_others_pass(shop: Integration, mail_server: FakeMail) -> None:
    make_mail(shop)
    make_issues(shop, 3)
    poison = Delivery.objects.order_by("id")[0]
    Delivery.objects.filter(pk=poison.pk).update(attempts=deliver.YIELDS_AFTER - 1)
    mail_server.script.append("451 not this one")
    drain()
    later = NOW + timedelta(seconds=10)
    drain(later)

    assert states() == ["pending", "sent", "sent"]
    assert Delivery.objects.get(pk=poison.pk).next_attempt_at == later + deliver.YIELDS_BY


def test_a_note_of_the_channel_is_kept_without_calling_it_failing(shop: Integration, mail_server: FakeMail) -> None:
    mail_server.refused["bob@example.org"] = "550 no"
    channel = make_mail(shop, "ada@example.com, bob@example.org")
    make_issues(shop)

    drain()

    channel.refresh_from_db()
    assert states() == ["sent"]
    assert (channel.is_failing, "bob@example.org" in channel.last_error) == (False, True)


def test_a_muted_issue_is_not_sent_any_more(shop: Integration, slack_server: FakeSlack) -> None:
    channel = make_slack(slack_server, shop)
    make_issues(shop)
    Issue.objects.update(state=Issue.State.MUTED)

    drain()

    assert states() == ["failed"]
    assert "muted" in Delivery.objects.get().last_error
    channel.refresh_from_db()
    assert (slack_server.asked, channel.is_failing) == ([], False)


def test_what_waits_for_a_channel_that_is_switched_off_or_removed_is_not_sent(
    shop: Integration, slack_server: FakeSlack
) -> None:
    off, removed = make_slack(slack_server, shop), make_slack(slack_server, shop)
    make_issues(shop, 2)
    setup.switch(off, is_on=False, doer=Doer(), now=NOW)
    setup.remove(removed, doer=Doer(), now=NOW)

    drain()

    assert states() == ["failed"] * 4
    assert slack_server.asked == []
    assert not Channel.objects.filter(last_error_at__isnull=False).exists()


def test_a_channel_whose_key_has_gone_says_so(shop: Integration, slack_server: FakeSlack) -> None:
    channel = make_slack(slack_server, shop)
    Channel.objects.update(target_sealed=b"of another key")
    make_issues(shop)

    drain()

    channel.refresh_from_db()
    assert states() == ["pending"]
    assert "SEAL_KEYS" in channel.last_error


def test_an_error_of_our_own_is_tried_again(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    Channel.objects.update(kind="pigeon")

    drain()

    assert states() == ["pending"]
    assert Channel.objects.get().last_error == "An error of the monitor itself: KeyError."


def test_a_message_that_cannot_be_worded_still_goes_out(
    shop: Integration, slack_server: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    monkeypatch.setattr(codes, "advice", None)

    drain()

    assert states() == ["sent"]
    assert "Something blue is wrong" in slack_server.accepted[0]["text"]


def test_a_test_is_sent_even_to_a_channel_that_is_off_or_paused(shop: Integration, slack_server: FakeSlack) -> None:
    channel = make_slack(slack_server, shop)
    setup.switch(channel, is_on=False, doer=Doer(), now=NOW)
    Channel.objects.update(paused_until=NOW + timedelta(hours=1), failures_in_a_row=6)
    delivery = setup.ask_for_test(channel, doer=Doer(), now=NOW)

    send(delivery.pk)

    delivery.refresh_from_db()
    channel.refresh_from_db()
    assert (delivery.state, delivery.is_test) == (Delivery.State.SENT, True)
    assert (channel.paused_until, channel.failures_in_a_row) == (None, 0)


def test_a_test_that_fails_is_over_at_once(shop: Integration, slack_server: FakeSlack) -> None:
    channel = make_slack(slack_server, shop)
    slack_server.always = Reply(503)
    delivery = setup.ask_for_test(channel, doer=Doer(), now=NOW)

    send(delivery.pk)

    delivery.refresh_from_db()
    channel.refresh_from_db()
    assert (delivery.state, delivery.is_over) == (Delivery.State.FAILED, True)
    assert (channel.is_failing, channel.paused_until) == (True, None)


def test_after_a_crash_between_acceptance_and_mark_it_is_sent_again_with_the_same_id(
    shop: Integration, mail_server: FakeMail
) -> None:
    make_mail(shop)
    make_issues(shop)
    delivery = Delivery.objects.get()
    taken = Delivery.objects.claim(delivery.pk, now=NOW, until=NOW + deliver.LEASE)
    assert taken is not None
    deliver._say(taken, NOW)  # accepted; then the worker dies

    assert deliver.due(NOW + deliver.LEASE - timedelta(seconds=1)) == []
    drain(NOW + deliver.LEASE)

    first, second = mail_server.accepted
    assert first["Message-ID"] == second["Message-ID"] == f"<delivery-{delivery.pk}@monitor.example.com>"
    assert states() == ["sent"]


def test_a_worker_that_comes_back_late_changes_nothing(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    delivery = Delivery.objects.get()
    late = Delivery.objects.claim(delivery.pk, now=NOW, until=NOW + deliver.LEASE)
    assert late is not None
    drain(NOW + deliver.LEASE)
    sent_at = Delivery.objects.get().sent_at

    late_words = deliver.Accepted(Sent(), deliver._said(late, NOW))
    deliver._accepted(late, late_words, NOW + timedelta(hours=1))

    assert Delivery.objects.get().sent_at == sent_at


def test_a_channel_takes_one_message_at_a_time(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop, 2)
    first, second = Delivery.objects.order_by("id").values_list("pk", flat=True)

    assert Delivery.objects.claim(first, now=NOW, until=NOW + deliver.LEASE) is not None
    assert Delivery.objects.claim(second, now=NOW, until=NOW + deliver.LEASE) is None
    assert Delivery.objects.claim(first, now=NOW, until=NOW + deliver.LEASE) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 6])
def test_many_workers_at_once_send_each_message_once(
    shop: Integration, slack_server: FakeSlack, mail_server: FakeMail, number: int
) -> None:
    make_slack(slack_server, shop)
    make_mail(shop)
    make_issues(shop, number)
    every = list(Delivery.objects.values_list("pk", flat=True))
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        for delivery_id in every:
            send(delivery_id)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain()

    assert len(slack_server.accepted) == len(mail_server.accepted) == number
    assert set(states()) == {"sent"}
    assert len({mail["Message-ID"] for mail in mail_server.accepted}) == number


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_channel_is_spoken_to(
    shop: Integration, slack_server: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)
    seen: list[bool] = []

    class Watching:
        validate, hint = staticmethod(slack.validate), staticmethod(slack.hint)

        def send(self, target: str, message: Message, stamp: Stamp) -> Sent:
            seen.append(transaction.get_connection().in_atomic_block)
            return slack.send(target, message, stamp)

    monkeypatch.setitem(kinds.SPEAKERS, "slack", Watching())
    drain()

    assert seen == [False]


def test_finding_what_is_due_costs_one_query(
    shop: Integration, slack_server: FakeSlack, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_slack(slack_server, shop)
    make_issues(shop, 6)

    with django_assert_num_queries(1):
        deliver.due(NOW)


@pytest.mark.parametrize(
    ("failures", "asked", "seconds"),
    [
        (1, None, 10),
        (2, None, 30),
        (6, None, 3600),
        (60, None, 3600),
        (1, 1.0, 1),
        (3, 90.0, 90),
        (4, 1.0, 600),
        (4, 900.0, 900),
    ],
)
def test_waits_grow_and_heed_the_channel(failures: int, asked: float | None, seconds: int) -> None:
    assert deliver.wait_after(failures, asked) == timedelta(seconds=seconds)


def test_the_id_of_a_delivery_tells_its_age(shop: Integration, slack_server: FakeSlack) -> None:
    make_slack(slack_server, shop)
    make_issues(shop)

    assert Delivery.objects.get().created_at == ids.time_of(ids.floor(NOW))
