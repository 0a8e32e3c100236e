"""Transitions become deliveries, each once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from responses.alerting import announce, setup
from responses.audit import Doer
from responses.models import Channel, Delivery, Integration, Issue, Transition
from tests.factories import NOW, make_integration, make_refusal, record

pytestmark = pytest.mark.django_db


def make_channel(integration: Integration | None = None, target: str = "team@example.com", name: str = "") -> Channel:
    return setup.add(Channel.Kind.EMAIL, target, name=name, integration=integration, doer=Doer(), now=NOW)


def test_a_new_issue_is_told_to_each_channel_that_hears_about_its_integration() -> None:
    shop, other = make_integration(), make_integration()
    own, everywhere = make_channel(shop), make_channel()
    make_channel(other)
    record(shop, make_refusal())

    first = announce.announce(NOW)

    deliveries = Delivery.objects.order_by("channel_id")
    assert [delivery.channel for delivery in deliveries] == [own, everywhere]
    assert {delivery.state for delivery in deliveries} == {Delivery.State.PENDING}
    assert first == sorted(delivery.pk for delivery in deliveries)
    assert Transition.objects.get().handled_at == NOW


def test_a_burst_of_one_cause_is_one_message() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, *(make_refusal() for _ in range(50)))
    record(shop, *(make_refusal() for _ in range(50)))

    announce.announce(NOW)

    assert Delivery.objects.count() == 1


def test_each_cause_has_its_message_and_each_channel_is_nudged_once() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, *(make_refusal(message=f"Something {word} is wrong") for word in ("blue", "green", "red")))

    first = announce.announce(NOW)

    assert Delivery.objects.count() == 3
    assert first == [Delivery.objects.order_by("id")[0].pk]


def test_announcing_again_makes_nothing() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, make_refusal())
    announce.announce(NOW)

    assert announce.announce(NOW) == []

    assert Delivery.objects.count() == 1


def test_an_issue_that_comes_back_is_told_again() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, make_refusal())
    announce.announce(NOW)
    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    later = NOW + timedelta(hours=1)
    record(shop, make_refusal(sent_at=later), now=later)

    announce.announce(later)

    kinds = Delivery.objects.order_by("id").values_list("transition__kind", flat=True)
    assert list(kinds) == [Transition.Kind.ISSUE_OPENED, Transition.Kind.ISSUE_REGRESSED]


@pytest.mark.parametrize(("hours", "expected"), [(None, 0), (1, 0), (-1, 1)])
def test_a_muted_issue_is_told_to_nobody_until_its_time_has_passed(hours: int | None, expected: int) -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, make_refusal())
    until = NOW + timedelta(hours=hours) if hours else None
    Issue.objects.update(state=Issue.State.MUTED, muted_until=until)

    announce.announce(NOW)

    assert Delivery.objects.count() == expected
    assert not Transition.objects.unhandled().exists()


def test_a_channel_that_is_off_or_removed_gets_nothing() -> None:
    shop = make_integration()
    setup.switch(make_channel(shop), is_on=False, doer=Doer(), now=NOW)
    setup.remove(make_channel(shop), doer=Doer(), now=NOW)
    record(shop, make_refusal())

    assert announce.announce(NOW) == []

    assert not Delivery.objects.exists()


def test_a_channel_made_later_is_not_told_of_what_was_before() -> None:
    shop = make_integration()
    record(shop, make_refusal())
    announce.announce(NOW)
    make_channel(shop)

    assert announce.announce(NOW) == []


def test_more_than_a_page_of_transitions_is_handled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "AT_A_TIME", 2)
    shop = make_integration()
    make_channel(shop)
    record(shop, *(make_refusal(message=f"Something {word} is wrong") for word in ("a", "be", "see", "dee", "eff")))

    announce.announce(NOW)

    assert Delivery.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_announcers_at_once_make_each_delivery_once() -> None:
    shop = make_integration()
    make_channel(shop)
    record(shop, *(make_refusal(message=f"Something {word} is wrong") for word in ("blue", "green", "red")))
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        announce.announce(NOW)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Delivery.objects.count() == 3
