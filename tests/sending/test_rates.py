"""How fast we may send: never more in any minute than the rate of that minute."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.models import Gate
from responses.sending import rates
from responses.sending.rates import Limits
from tests.factories import NOW


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sent(gate: Gate, limits: Limits, moments: list[float]) -> list[float]:
    """Ask for a token at each of the ``moments``; return those at which there was one."""
    taken = []
    for moment in moments:
        rates.refill(gate, limits, now=after(moment))
        if rates.take(gate):
            taken.append(moment)
    return taken


def most_in_a_minute(moments: list[float]) -> int:
    """How many of the sorted ``moments`` the fullest sixty seconds hold."""
    return max((bisect_left(moments, start + 60) - place for place, start in enumerate(moments)), default=0)


@pytest.mark.parametrize("budget", [12, 60, 600])
def test_a_hungry_sender_gets_nearly_the_budget_and_never_more(budget: int) -> None:
    step = 60 / budget / 7
    taken = sent(Gate(scope="host:h"), Limits(float(budget)), [step * number for number in range(budget * 28)])

    assert most_in_a_minute(taken) <= budget
    assert len(taken) >= budget * 4 * 0.85


@given(
    budget=st.integers(12, 900),
    moments=st.lists(st.floats(0, 400, allow_nan=False), max_size=400),
    recovering=st.one_of(st.none(), st.floats(-300, 300)),
    live=st.floats(0, 9_000),
)
def test_no_minute_sees_more_than_its_rate(
    budget: int, moments: list[float], recovering: float | None, live: float
) -> None:
    gate = Gate(scope="host:h", live_calls=live)
    gate.recovering_since = None if recovering is None else after(recovering)
    limits = Limits(float(budget), 6_000.0)
    ceiling = rates.per_minute(gate, limits, now=after(460))

    assert most_in_a_minute(sent(gate, limits, sorted(moments))) <= ceiling


def test_no_minute_sees_more_than_sixty_from_the_first_failure_on() -> None:
    gate, limits = Gate(scope="host:h"), Limits(600.0)
    before = sent(gate, limits, [0.0] * 30)
    rates.slow_down(gate, limits, sent=30, now=after(0.2))
    # It goes on failing: each answer slows it down anew.
    later = []
    for second in range(1, 600):
        later += sent(gate, limits, [float(second)] * 40)
        rates.slow_down(gate, limits, sent=40, now=after(second + 0.5))

    assert len(before) == 30
    assert most_in_a_minute([*before, *later]) <= 60
    assert len(later) > 500


@pytest.mark.parametrize(
    ("live", "allowed"), [(0, 600), (4_200, 600), (4_300, 500), (4_788, 12), (6_000, 12), (20_000, 12)]
)
def test_live_traffic_goes_first(live: float, allowed: float) -> None:
    gate = Gate(scope="host:restapi", live_calls=live)

    assert rates.per_minute(gate, Limits(600.0, 6_000.0), now=NOW) == pytest.approx(allowed)
    assert rates.per_minute(gate, Limits(600.0), now=NOW) == 600


def test_when_the_next_token_comes_is_known() -> None:
    gate, limits = Gate(scope="host:h"), Limits(60.0)
    assert len(sent(gate, limits, [0.0] * 9)) == 5

    at = rates.next_token_at(gate, limits, now=NOW)
    assert sent(gate, limits, [(at - NOW).total_seconds() - 0.01]) == []
    assert len(sent(gate, limits, [(at - NOW).total_seconds() + 0.01])) == 1


def test_a_clock_that_was_ahead_does_not_stop_the_bucket() -> None:
    gate, limits = Gate(scope="host:h"), Limits(60.0)
    sent(gate, limits, [86_400.0] * 9)

    assert sent(gate, limits, [0.0]) == [0.0]


def test_recovery_ends_when_the_budget_is_reached() -> None:
    gate, limits = Gate(scope="host:h", recovering_since=NOW), Limits(600.0)

    assert [rates.is_recovering(gate, limits, now=after(at)) for at in (-5, 0, 239, 240)] == [True, True, True, False]
    rates.refill(gate, limits, now=after(240))
    assert gate.recovering_since is None
