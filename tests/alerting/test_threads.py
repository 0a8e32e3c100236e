"""One thread of an alert in each channel: in order, with its numbers, its first message, and its place."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from responses.alerting import announce, deliver, threads, transitions
from responses.models import Alert, AlertRule, AlertThread, Delivery, Integration, Issue, Transition, ids
from tests.alerting.speaking import DOWN, Listener, drain, listener, make_listening
from tests.factories import NOW, make_integration, make_refusal, record

__all__ = ["listener"]

pytestmark = pytest.mark.django_db

Kind = Transition.Kind
State = Delivery.State
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Integration:
    return make_integration()


def fail(shop: Integration, number: int, *, cause: str = "blue", now: datetime = NOW) -> None:
    record(shop, *(make_refusal(message=f"Something {cause}", sent_at=now) for _ in range(number)), now=now)


def find(kind: Kind, issue: Issue, *, now: datetime) -> None:
    """What a sweep finds; handled with the next ``drain``."""
    rule = AlertRule.objects.get(shipped="new_issue")
    assert transitions.once(
        kind,
        rule=rule,
        subject=f"issue:{issue.pk}",
        window=now.isoformat(),
        integration=issue.integration,
        issue=issue,
        now=now,
    )


def test_each_message_says_how_many_came_since_the_last_and_where_the_thread_is(
    shop: Integration, listener: Listener
) -> None:
    channel = make_listening("slack", shop)
    fail(shop, 3)
    drain(NOW)
    issue = Issue.objects.select_related("integration").get()
    fail(shop, 5, now=NOW + MINUTE)
    find(Kind.ISSUE_GREW, issue, now=NOW + MINUTE)
    drain(NOW + MINUTE)
    fail(shop, 1, now=NOW + 2 * MINUTE)
    find(Kind.RECOVERED, issue, now=NOW + 2 * MINUTE)
    drain(NOW + 2 * MINUTE)

    alert, thread = Alert.objects.get(), AlertThread.objects.get()
    first, *others = [taken.stamp for taken in listener.taken["slack"]]
    assert listener.kinds("slack") == ["issue_opened", "issue_grew", "recovered"]
    assert list(Delivery.objects.order_by("id").values_list("told", flat=True)) == [3, 5, 1]
    assert (thread.told, thread.last_sent_at) == (9, NOW + 2 * MINUTE)
    assert (first.is_first, first.first_message_id, first.place) == (True, "", "")
    assert [(one.is_first, one.first_message_id) for one in others] == [(False, first.message_id)] * 2
    assert [one.place for one in others] == ["place 1", "place 2"]
    assert {one.thread_id for one in (first, *others)} == {f"alert-{alert.pk}.channel-{channel.pk}"}


def test_threads_of_two_channels_know_nothing_of_each_other(shop: Integration, listener: Listener) -> None:
    make_listening("slack", shop)
    listener.refusing["mail"] = DOWN
    make_listening("mail", shop)
    fail(shop, 3)
    drain(NOW)
    fail(shop, 4, now=NOW + MINUTE)
    listener.refusing.clear()

    drain(NOW + MINUTE)

    assert dict(Delivery.objects.values_list("channel__target_hint", "told")) == {"slack": 3, "mail": 7}


def test_an_issue_that_is_back_begins_a_thread_and_counts_anew(shop: Integration, listener: Listener) -> None:
    make_listening("slack", shop)
    fail(shop, 3)
    drain(NOW)
    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    later = NOW + timedelta(hours=2)
    fail(shop, 2, now=later)

    drain(later)

    assert list(Delivery.objects.order_by("id").values_list("told", flat=True)) == [3, 2]
    assert listener.taken["slack"][1].stamp.is_first


def test_what_is_about_no_issue_tells_no_failures(shop: Integration, listener: Listener) -> None:
    make_listening("slack", shop)
    Transition.objects.create(id=ids.new(NOW), kind=Kind.BREAKER_OPENED, integration=shop, at=NOW)

    drain(NOW)

    assert listener.kinds("slack") == ["breaker_opened"]
    assert AlertThread.objects.get().told == 0


def test_a_delivery_that_is_older_than_alerts_is_still_sent(shop: Integration, listener: Listener) -> None:
    make_listening("slack", shop)
    fail(shop, 2)
    Transition.objects.update(handled_at=NOW)
    change, channel = Transition.objects.get(), shop.channels.get()
    Delivery.objects.create(id=ids.new(NOW), transition=change, channel=channel, next_attempt_at=NOW)

    drain(NOW + MINUTE)

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.told, listener.kinds("slack")) == (State.SENT, None, ["issue_opened"])


def test_a_thread_stays_in_order_when_its_message_lets_others_pass(shop: Integration, listener: Listener) -> None:
    make_listening("slack", shop)
    fail(shop, 1)
    fail(shop, 1, cause="green")
    announce.announce(NOW)
    blue = Issue.objects.select_related("integration").order_by("id")[0]
    find(Kind.ISSUE_GREW, blue, now=NOW + MINUTE)
    announce.announce(NOW + MINUTE)
    Delivery.objects.filter(transition__issue=blue).update(attempts=deliver.YIELDS_AFTER - 1)
    later = NOW + 2 * MINUTE
    listener.refusing["slack"] = DOWN
    drain(later)  # the first one of blue is refused once more, and lets others pass
    listener.refusing.clear()
    find(Kind.ISSUE_MANY, blue, now=later)
    drain(later + timedelta(seconds=10))
    assert [taken.message.about.issue_id for taken in listener.taken["slack"] if taken.message.about] != [blue.pk]
    assert len(listener.taken["slack"]) == 1

    drain(later + timedelta(seconds=10) + deliver.YIELDS_BY)

    assert listener.kinds("slack") == ["issue_opened", "issue_opened", "issue_grew", "issue_many"]


def test_what_a_channel_was_told_never_goes_down(shop: Integration, listener: Listener) -> None:
    channel = make_listening("slack", shop)
    fail(shop, 3)
    drain(NOW)
    alert = Alert.objects.get()

    threads.note(alert.pk, channel.pk, total=2, now=NOW + MINUTE)

    thread = AlertThread.objects.get()
    assert (thread.told, thread.place) == (3, "place 1")


@pytest.mark.parametrize(
    ("kind", "values", "subject"),
    [
        (Kind.ISSUE_OPENED, {"issue_id": 7}, "issue:7"),
        (Kind.REQUEST_EXHAUSTED, {"issue_id": 7}, "issue:7"),
        (Kind.REQUEST_EXHAUSTED, {}, "integration:4:exhausted"),
        (Kind.REQUEST_EXPIRED, {}, "integration:4:expired"),
        (Kind.BREAKER_CLOSED, {}, "breaker:4"),
        (Kind.AUTH_BURST, {}, "integration:4:auth"),
        (Kind.UNKNOWN_OLD, {}, "integration:4:unknown"),
        (Kind.EXPIRING, {}, "integration:4:expiring"),
        (Kind.SILENCE, {}, "integration:4:silence"),
        (Kind.MONITOR_LAGS, {"integration_id": None}, "monitor:monitor_lags"),
        (Kind.SILENCE, {"subject": "as the sweep says"}, "as the sweep says"),
    ],
)
def test_every_transition_is_about_something(kind: Kind, values: dict[str, object], subject: str) -> None:
    assert threads.subject_of(Transition(kind=kind, **{"integration_id": 4, "subject": ""} | values)) == subject


def test_a_slack_that_is_down_for_ten_minutes_gets_everything_after_in_order(
    shop: Integration, listener: Listener
) -> None:
    make_listening("slack", shop)
    make_listening("mail", shop)
    listener.refusing["slack"] = DOWN
    for minute in range(10):
        now = NOW + minute * MINUTE
        if minute % 2 == 0:
            fail(shop, 2, cause=f"cause {chr(97 + minute)}", now=now)
        else:
            issue = Issue.objects.select_related("integration").order_by("-id")[0]
            find(Kind.ISSUE_GREW if minute < 9 else Kind.RECOVERED, issue, now=now)
        drain(now)
        assert len(listener.taken["mail"]) == minute + 1
    listener.refusing.clear()

    for minute in range(10, 25):
        drain(NOW + minute * MINUTE)

    def said(target: str) -> list[tuple[str, int | None]]:
        heard = [taken.message.about for taken in listener.taken[target]]
        return [(about.kind, about.issue_id) for about in heard if about is not None]

    assert len(said("slack")) == 10
    assert said("slack") == said("mail")
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    assert listener.asked.count("slack") < 20
