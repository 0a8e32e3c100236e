"""While a channel does not work its messages go to its fallback too: each once, and not on from there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from responses.alerting import announce, setup
from responses.audit import Doer
from responses.models import AlertRule, Channel, Delivery, Integration
from tests.alerting.speaking import DOWN, GONE, Listener, drain, listener, make_listening
from tests.factories import NOW, make_integration, make_refusal, record

__all__ = ["listener"]

pytestmark = pytest.mark.django_db

State = Delivery.State
THIRD_FAILURE = NOW + timedelta(seconds=40)


@pytest.fixture
def shop() -> Integration:
    return make_integration()


def fail(shop: Integration, *causes: str) -> None:
    record(shop, *(make_refusal(message=f"Something {cause}") for cause in causes))


def make_pair(shop: Integration, **values: object) -> tuple[Channel, Channel]:
    """A channel, and its fallback that would hear nothing by itself."""
    fallback = make_listening("fallback", shop, **values)
    channel = make_listening("slack", shop, fallback=fallback)
    return channel, fallback


def only_slack_hears(channel: Channel) -> None:
    AlertRule.objects.update(every_channel=False)
    for rule in AlertRule.objects.all():
        rule.channels.set([channel])


def drain_until_third_failure() -> None:
    for second in (0, 10, 40):
        drain(NOW + timedelta(seconds=second))


def test_after_three_failures_in_a_row_the_fallback_gets_what_waits_once(shop: Integration, listener: Listener) -> None:
    channel, fallback = make_pair(shop)
    only_slack_hears(channel)
    listener.refusing["slack"] = DOWN
    fail(shop, "blue", "green")
    drain(NOW)
    drain(NOW + timedelta(seconds=10))
    assert "fallback" not in listener.taken

    drain(THIRD_FAILURE)
    drain(THIRD_FAILURE + timedelta(minutes=1))

    assert listener.kinds("fallback") == ["issue_opened", "issue_opened"]
    stand_ins = Delivery.objects.filter(channel=fallback).order_by("id")
    originals = Delivery.objects.filter(channel=channel).order_by("id")
    assert [one.stands_in_for for one in stand_ins] == list(originals)
    listener.refusing.clear()
    drain(THIRD_FAILURE + timedelta(minutes=20))
    assert listener.kinds("slack") == ["issue_opened", "issue_opened"]


def test_what_comes_while_a_channel_does_not_work_goes_to_both(shop: Integration, listener: Listener) -> None:
    channel, _ = make_pair(shop)
    only_slack_hears(channel)
    listener.refusing["slack"] = DOWN
    fail(shop, "blue")
    drain_until_third_failure()
    fail(shop, "green")

    first = announce.announce(THIRD_FAILURE + timedelta(seconds=1))

    assert len(first) == 2
    drain(THIRD_FAILURE + timedelta(seconds=1))
    assert len(listener.taken["fallback"]) == 2


def test_what_a_channel_will_never_take_goes_to_the_fallback_at_once(shop: Integration, listener: Listener) -> None:
    channel, _ = make_pair(shop)
    only_slack_hears(channel)
    listener.refusing["slack"] = GONE
    fail(shop, "blue", "green")

    drain(NOW)

    assert listener.kinds("fallback") == ["issue_opened", "issue_opened"]
    assert set(Delivery.objects.filter(channel=channel).values_list("state", flat=True)) == {State.FAILED}


def test_a_fallback_that_hears_of_it_anyway_is_told_once(shop: Integration, listener: Listener) -> None:
    make_pair(shop)
    listener.refusing["slack"] = DOWN
    fail(shop, "blue")

    drain_until_third_failure()

    assert listener.kinds("fallback") == ["issue_opened"]


def test_two_that_are_each_others_fallback_make_no_loop(shop: Integration, listener: Listener) -> None:
    channel, fallback = make_pair(shop)
    only_slack_hears(channel)
    Channel.objects.filter(pk=fallback.pk).update(fallback=channel)
    third = make_listening("third", shop)
    Channel.objects.filter(pk=third.pk).update(fallback=third)
    listener.refusing |= {"slack": DOWN, "fallback": DOWN}
    fail(shop, "blue")

    for second in (*range(0, 120, 5), 900, 1800):
        drain(NOW + timedelta(seconds=second))

    assert Delivery.objects.count() == 2


@pytest.mark.parametrize("why", ["off", "removed", "of another integration", "none"])
def test_a_fallback_that_may_not_be_told_is_not(shop: Integration, listener: Listener, why: str) -> None:
    channel, fallback = make_pair(shop)
    only_slack_hears(channel)
    if why == "off":
        setup.switch(fallback, is_on=False, doer=Doer(), now=NOW)
    elif why == "removed":
        setup.remove(fallback, doer=Doer(), now=NOW)
    elif why == "none":
        Channel.objects.filter(pk=channel.pk).update(fallback=None)
    else:
        Channel.objects.filter(pk=fallback.pk).update(integration=make_integration())
    listener.refusing["slack"] = DOWN
    fail(shop, "blue")

    drain_until_third_failure()

    assert "fallback" not in listener.taken
    assert Delivery.objects.count() == 1


def test_a_test_has_no_stand_in(shop: Integration, listener: Listener) -> None:
    channel, _ = make_pair(shop)
    listener.refusing["slack"] = GONE
    setup.ask_for_test(channel, doer=Doer(), now=NOW)

    drain(NOW)

    assert Delivery.objects.count() == 1
