"""Storms are calm and honest: few messages, whose numbers add up, and nothing worse is kept behind them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from responses.alerting import caps
from responses.alerting.sweeps import rounds
from responses.models import Alert, Delivery, Integration, Issue, Role, Transition
from responses.triage import issues as triage
from tests.alerting.speaking import Listener, drain, listener, make_listening
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_refusal, make_user, record

__all__ = ["listener"]

pytestmark = pytest.mark.django_db

State = Delivery.State
SECOND = timedelta(seconds=1)
CAUSES = ("red", "green", "blue")
FAILURES = 10_000


def told(channel_id: int) -> dict[int, int]:
    """How many failures the messages of a channel have told, by issue."""
    sent = Delivery.objects.filter(channel_id=channel_id, state=State.SENT, transition__issue__isnull=False)
    return dict(sent.values_list("transition__issue_id").annotate(Sum("told", default=0)))


def watch(start: datetime, *, minutes: int) -> None:
    """What beat does, every minute."""
    for minute in range(minutes):
        now = start + timedelta(minutes=minute)
        rounds.sweep(now)
        drain(now)


@pytest.mark.slow
def test_ten_thousand_failures_of_three_causes_in_a_minute(listener: Listener) -> None:
    shop = make_integration(name="Shop EU")
    channels = [make_listening(target, shop) for target in ("slack", "mail")]
    for second in range(60):
        now = NOW + second * SECOND
        each = range(second * FAILURES // 60, (second + 1) * FAILURES // 60)
        record(shop, *(make_refusal(message=f"Something {CAUSES[one % 3]}", sent_at=now) for one in each), now=now)
        if second == 30:
            record(shop, make_exchange(make_purchase(), 401, {"detail": "Invalid key"}, sent_at=now), now=now)
        drain(now)
        if second == 30:
            newest = [listener.taken[target][-1].message.about for target in ("slack", "mail")]
            assert [about and about.status_code for about in newest] == [401, 401]
        if second % 15 == 0:
            rounds.sweep(now)
            drain(now)

    watch(NOW + timedelta(minutes=1), minutes=30)
    person = make_user(role=Role.SUPPORT, integration=shop)
    storm = list(Issue.objects.filter(status_code=400))
    for issue in storm:
        assert triage.resolve(issue, person, now=NOW + timedelta(minutes=31))
    watch(NOW + timedelta(minutes=31), minutes=3)

    assert (len(storm), sum(issue.failures for issue in storm)) == (3, FAILURES)
    for channel in channels:
        numbers = told(channel.pk)
        assert {issue.pk: numbers[issue.pk] for issue in storm} == {issue.pk: issue.failures for issue in storm}
        assert len(listener.taken[channel.target_hint]) <= 20
        assert listener.kinds(channel.target_hint).count("recovered") == 3
    assert not Alert.objects.open().filter(issue__in=storm).exists()


def make_causes(shop: Integration, number: int, *, first: int = 0, now: datetime = NOW, status_code: int = 400) -> None:
    words = [f"{chr(97 + one // 26)}{chr(97 + one % 26)}" for one in range(first, first + number)]
    for word in words:
        answer = {"error_message": f"Something {word} is wrong"}
        record(shop, make_exchange(make_purchase(), status_code, answer, sent_at=now), now=now)


def test_beyond_its_cap_a_channel_counts_and_tells_how_many_more(listener: Listener) -> None:
    shop = make_integration()
    channel = make_listening("slack", shop, hourly_cap=5)
    make_causes(shop, 12)
    drain(NOW)
    assert len(listener.taken["slack"]) == 5
    held = Delivery.objects.filter(state=State.HELD_BACK)
    assert (held.count(), {one.attempts for one in held}) == (7, {1})

    make_causes(shop, 2, first=12, now=NOW + timedelta(minutes=59))
    drain(NOW + timedelta(minutes=59))
    assert len(listener.taken["slack"]) == 5
    drain(NOW + timedelta(minutes=60))

    more = listener.taken["slack"][-1]
    assert (more.kind, len(listener.taken["slack"])) == ("more", 6)
    assert "9 more" in more.message.title
    counts = Delivery.objects.get(transition__kind=Transition.Kind.MORE)
    assert (counts.told, counts.counts.count(), counts.state) == (9, 9, State.SENT)
    assert Delivery.objects.filter(channel=channel, state=State.SENT).aggregate(all=Sum("told"))["all"] == 14


def test_what_was_counted_is_not_told_twice(listener: Listener) -> None:
    shop = make_integration()
    make_listening("slack", shop, hourly_cap=1)
    make_causes(shop, 3)
    drain(NOW)
    later = NOW + timedelta(hours=1)
    drain(later)
    issue = Issue.objects.order_by("-id")[0]
    make_causes(shop, 1, first=2, now=later)
    change = Transition.Kind.REQUEST_EXHAUSTED
    Transition.objects.create(
        id=Transition.objects.order_by("-id")[0].pk + 1, kind=change, issue=issue, integration=shop, at=later
    )

    drain(later + timedelta(hours=1))

    assert listener.kinds("slack") == ["issue_opened", "more", "request_exhausted"]
    assert list(Delivery.objects.filter(state=State.SENT).order_by("id").values_list("told", flat=True)) == [1, 2, 1]


def test_a_worse_one_is_never_held_back_but_its_equals_are(listener: Listener) -> None:
    shop = make_integration(environment="staging")
    make_listening("slack", shop, hourly_cap=2)
    make_causes(shop, 4)
    drain(NOW)
    make_causes(shop, 2, status_code=401, now=NOW + SECOND)
    drain(NOW + SECOND)

    codes = [taken.message.about.status_code for taken in listener.taken["slack"] if taken.message.about]
    assert codes == [400, 400, 401]
    assert Delivery.objects.filter(state=State.HELD_BACK).count() == 3


def test_reminders_leave_the_last_fourth_of_a_cap_to_news(listener: Listener) -> None:
    shop = make_integration()
    make_listening("slack", shop, hourly_cap=4)
    make_causes(shop, 3)
    drain(NOW)
    Alert.objects.update(remind_at=NOW + SECOND)
    rounds.sweep(NOW + SECOND)
    drain(NOW + SECOND)
    assert Delivery.objects.filter(transition__kind=Transition.Kind.REMINDER, state=State.HELD_BACK).count() == 3

    make_causes(shop, 1, first=3, now=NOW + 2 * SECOND)
    drain(NOW + 2 * SECOND)

    assert listener.kinds("slack") == ["issue_opened"] * 4


def test_a_digest_waits_for_room(listener: Listener) -> None:
    shop = make_integration()
    make_listening("slack", shop, hourly_cap=1)
    make_causes(shop, 1)
    drain(NOW)
    rule = Alert.objects.get().rule
    Transition.objects.create(id=1, kind=Transition.Kind.DIGEST, integration=shop, at=NOW, rule=rule, window="today")
    drain(NOW + SECOND)
    digest = Delivery.objects.get(transition__kind=Transition.Kind.DIGEST)
    assert (digest.state, digest.attempts, digest.next_attempt_at) == (State.PENDING, 0, NOW + caps.HOUR)

    drain(NOW + caps.HOUR)

    assert listener.kinds("slack") == ["issue_opened", "digest"]


def test_a_test_message_counts_for_no_cap(listener: Listener) -> None:
    shop = make_integration()
    channel = make_listening("slack", shop, hourly_cap=1)
    for second in range(2):
        Delivery.objects.create(id=second + 1, channel=channel, next_attempt_at=NOW)
    drain(NOW)
    make_causes(shop, 1)

    drain(NOW)

    assert len(listener.taken["slack"]) == 3
