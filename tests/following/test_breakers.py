"""Polls feed the breakers that all who send share, and heed them."""

from __future__ import annotations

import pytest

from responses.exchanges import Origin
from responses.models import FollowUp, Gate, Response
from responses.sandbox.server import Running
from responses.sending import budget, hosts
from tests.factories import make_user
from tests.following.buying import after, asked, buy, make_shop, poll_at

pytestmark = pytest.mark.django_db


def test_polls_that_mostly_fail_open_the_breaker_and_then_one_is_the_probe(box: Running) -> None:
    shop = make_shop(box)
    for number in range(12):
        buy(shop, box, f"2010{number}")
    box.control(next=[{"answer": "503-empty", "method": "GET"}] * 12)
    poll_at(after(2))
    gate = Gate.objects.get(pk=f"host:{hosts.of(shop, 'sc')}")
    assert gate.breaker == Gate.Breaker.OPEN
    assert not budget.admit(hosts.of(shop, "sc"), shop.pk, now=after(3)).is_allowed

    # Due again, and left alone until the probe has its turn.
    FollowUp.objects.update(next_poll_at=after(10))
    poll_at(after(12))
    assert asked(box) == 12
    poll_at(after(32))
    assert asked(box) == 13
    gate.refresh_from_db()
    assert gate.breaker == Gate.Breaker.CLOSED
    poll_at(after(34))
    assert asked(box) == 24
    assert Response.objects.filter(origin=Origin.POLL).count() == 24


def test_a_429_on_a_poll_pauses_what_is_sent_to_the_host(box: Running) -> None:
    shop = make_shop(box)
    buy(shop, box, "20200")
    box.control(next=[{"answer": "429", "method": "GET"}])
    poll_at(after(2))

    assert not budget.admit(hosts.of(shop, "sc"), make_shop(box).pk, now=after(3)).is_allowed


def test_a_paused_host_is_asked_nothing(box: Running) -> None:
    shop = make_shop(box)
    buy(shop, box, "20300")
    Gate.objects.create(scope=f"host:{hosts.of(shop, 'sc')}", is_paused=True, paused_by=make_user())
    poll_at(after(2))

    assert asked(box) == 0
