"""An outage with 2,000 waiting, as the upstream sees it: over the real claims, gates and answers, on a clock of our own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import count, pairwise

import pytest
from django.db.models import F

from responses.models import Gate, Integration, Resend, Transition
from responses.sending import budget, machine
from tests.factories import NOW, make_integration
from tests.sending.resending import HOST, after, make_waiting

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
State = Resend.State
TICK = 2.0
AT_ONCE = 30
"""So many are claimed in one go."""


class Upstream:
    """An Ordergroove that answers ``latency`` seconds after a call, and knows when it was called."""

    def __init__(self, answer: Callable[[float], int | None], *, latency: float) -> None:
        self.answer, self.latency = answer, latency
        self.calls: list[float] = []
        self.on_the_wire: list[tuple[float, int, int | None]] = []

    def call(self, resend_id: int, at: float) -> None:
        self.calls.append(at)
        self.on_the_wire.append((at + self.latency, resend_id, self.answer(at)))

    def answered(self, at: float) -> list[tuple[float, int, int | None]]:
        """Take off what has been answered by now."""
        done = [one for one in self.on_the_wire if one[0] <= at]
        self.on_the_wire = [one for one in self.on_the_wire if one[0] > at]
        return done

    def most_in_a_minute(self, since: float, until: float) -> int:
        """How many calls the fullest sixty seconds of the time between hold."""
        calls = [at for at in self.calls if since <= at < until]
        return max((bisect_left(calls, at + 60) - place for place, at in enumerate(calls)), default=0)

    def between(self, since: float, until: float) -> list[float]:
        return [at for at in self.calls if since <= at < until]


def run(shop: Integration, upstream: Upstream, *, since: float, until: float, tick: float = TICK) -> float:
    """Claim, send and hear at each tick, until all is done; return when that was.

    What failed is due again a minute later. The steps between claim and answer are done for all at once.
    """
    at = since
    while at < until:
        _hear(shop, upstream, at)
        mine = [one.resend_id for one in machine.claim(after(at), "worker", AT_ONCE).claimed]
        _move(mine, State.CLAIMED, State.SENDING)
        for resend_id in mine:
            upstream.call(resend_id, at)
        if not upstream.on_the_wire and not Resend.objects.live().exists():
            return at
        at += tick
    return at


def _hear(shop: Integration, upstream: Upstream, at: float) -> None:
    done = upstream.answered(at)
    good = [resend_id for _, resend_id, code in done if code == 200]
    bad = [resend_id for _, resend_id, code in done if code != 200]
    _move(good, State.SENDING, State.SUCCEEDED, lease_until=None, ended_at=after(at))
    _move(bad, State.SENDING, State.SCHEDULED, lease_until=None, due_at=after(at + 60))
    for answered_at, _, code in done:
        budget.heard(HOST, shop.pk, status_code=code, now=after(answered_at))


def _move(resend_ids: list[int], was: Resend.State, state: Resend.State, **values: object) -> None:
    if resend_ids:
        rows = Resend.objects.filter(pk__in=resend_ids, state=was)
        assert rows.update(state=state, epoch=F("epoch") + 1, **values) == len(resend_ids)


@pytest.mark.parametrize(("code", "latency", "waiting"), [(503, 0.2, 2_000), (None, 30.0, 500)], ids=["503", "silence"])
def test_an_outage_is_met_politely_and_all_that_waited_end_well(code: int | None, latency: float, waiting: int) -> None:
    shop = make_integration(api_key_sealed=b"x")
    make_waiting(shop, waiting)
    over = 300.0
    upstream = Upstream(lambda at: code if at < over else 200, latency=latency)
    run(shop, upstream, since=0, until=over)

    # While it lasts.
    assert upstream.most_in_a_minute(0, over) <= 60
    opened = Transition.objects.get(kind=Transition.Kind.BREAKER_OPENED).at
    opened_at = (opened - NOW).total_seconds()
    probes = upstream.between(opened_at + 1, over)
    assert {round(second - first) for first, second in pairwise(probes)} == {30}
    assert len(probes) == pytest.approx((over - opened_at) / 30, abs=1)

    # After it.
    upstream.latency = 0.2
    ended_at = run(shop, upstream, since=over, until=over + 1_800)
    gate = Gate.objects.get(pk=f"host:{HOST}")
    assert gate.closed_at is not None
    closed_at = (gate.closed_at - NOW).total_seconds()
    assert closed_at - over <= 30 + latency + 2 * TICK
    in_minute = [len(upstream.between(closed_at + 60 * n, closed_at + 60 * (n + 1))) for n in range(6)]
    for sent, allowed in zip(in_minute, [60, 120, 240, 480, 600, 600], strict=True):
        assert sent <= allowed
        assert sent >= allowed * 0.85 or ended_at < closed_at + 360
    assert upstream.most_in_a_minute(closed_at, ended_at + 1) <= 600
    assert Resend.objects.filter(state=State.SUCCEEDED).count() == waiting
    assert Transition.objects.filter(kind=Transition.Kind.BREAKER_CLOSED).count() == 1


def test_an_outage_in_the_middle_of_it_is_met_politely_from_its_first_second_on() -> None:
    shop = make_integration()
    make_waiting(shop, 600)
    begins = 45.0
    upstream = Upstream(lambda at: 200 if at < begins else 503, latency=0.4)
    run(shop, upstream, since=0, until=begins + 120, tick=1.0)

    assert len(upstream.between(0, begins)) > 400
    assert 5 < upstream.most_in_a_minute(begins, begins + 120) <= 60
    assert Gate.objects.get(pk=f"host:{HOST}").breaker != Gate.Breaker.CLOSED


def test_a_host_that_fails_again_after_each_good_probe_is_never_hurried() -> None:
    shop = make_integration()
    make_waiting(shop, 300, max_sends=40)
    number = count(1)
    upstream = Upstream(lambda _: 200 if next(number) % 11 == 0 else 503, latency=0.2)
    run(shop, upstream, since=0, until=300)

    assert 10 < upstream.most_in_a_minute(0, 300) <= 60
    assert Transition.objects.filter(kind=Transition.Kind.BREAKER_CLOSED).exists()
