"""When a host or a credential is left alone. No database: a gate is only a row in memory here."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from responses.models import Gate
from responses.sending import breaker, rates
from responses.sending.breaker import Heard
from responses.sending.rates import Limits
from tests.factories import NOW

LIMITS = Limits(600.0)
Breaker = Gate.Breaker


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def make_gate(**values: object) -> Gate:
    return Gate(scope="host:sc.ordergroove.com", **values)


def hear(
    gate: Gate, *codes: int | None, at: float = 0.0, retry_after: float | None = None, outstanding: int = 0
) -> Gate:
    """Let a host answer with ``codes``, all at one time."""
    for code in codes:
        heard = Heard(status_code=code, retry_after=retry_after)
        breaker.hear_host(gate, heard, LIMITS, outstanding=outstanding, now=after(at))
    return gate


def opened(at: float = 0.0) -> Gate:
    gate = hear(make_gate(), *[503] * 10, at=at)
    assert gate.breaker == Breaker.OPEN
    return gate


@pytest.mark.parametrize(
    ("codes", "is_open"),
    [
        ([503] * 9, False),
        ([503] * 10, True),
        ([None] * 10, True),
        ([200, 500] * 5, True),
        ([503] * 4 + [200] * 5 + [None], True),
        ([503, 200, 503, 200, 503, 200, 503, 200, 200, 200], False),
        ([403] * 50, False),
        ([401] * 50, False),
        ([423] * 50, False),
        ([404, 400, 409] * 20, False),
    ],
)
def test_a_host_that_mostly_fails_is_left_alone(codes: list[int | None], is_open: bool) -> None:
    assert (hear(make_gate(), *codes).breaker == Breaker.OPEN) is is_open


def test_what_was_bad_more_than_a_minute_ago_no_longer_counts() -> None:
    gate = hear(make_gate(), *[503] * 9)

    assert hear(gate, 503, at=61).breaker == Breaker.CLOSED
    assert gate.bad_in_a_row == 1


def test_ten_bad_ones_in_a_row_open_it_however_good_the_minute_was() -> None:
    gate = hear(make_gate(), *[200] * 500)

    assert hear(gate, *[503] * 9, at=1).breaker == Breaker.CLOSED
    assert hear(gate, 503, at=1).breaker == Breaker.OPEN
    assert gate.breaker_reason == "the last 10 answers were all 5xx or did not come"


def test_live_traffic_that_is_well_says_that_our_requests_are_bad_not_the_host() -> None:
    gate = hear(make_gate(live_calls=900, live_answers=900, live_bad=3), *[503] * 12)

    assert gate.breaker == Breaker.CLOSED
    assert rates.per_minute(gate, LIMITS, now=NOW) == rates.SLOWEST


def test_live_traffic_that_fails_opens_it_before_we_have_sent_anything() -> None:
    gate = make_gate(live_answers=16, live_bad=14)
    breaker.judge_live(gate, NOW)

    assert gate.breaker == Breaker.OPEN
    assert gate.breaker_reason == "14 of 16 answers in the last minute were 5xx or did not come"


def test_a_probe_has_its_turn_every_half_minute() -> None:
    gate = opened()
    turns = []
    for second in range(1, 121):
        if breaker.has_turn_for_probe(gate, after(second)):
            breaker.begin_probe(gate, after(second))
            turns.append(second)

    assert turns == [30, 60, 90, 120]


def test_a_clock_that_was_ahead_does_not_keep_probes_away() -> None:
    gate = opened()
    gate.probe_at = after(24 * 3600)

    assert breaker.has_turn_for_probe(gate, after(1))


def test_a_bad_probe_leaves_it_open() -> None:
    gate = opened()
    breaker.begin_probe(gate, after(30))
    hear(gate, 503, at=31)

    assert gate.breaker == Breaker.OPEN
    assert not breaker.has_turn_for_probe(gate, after(59.9))
    assert breaker.has_turn_for_probe(gate, after(60))


def test_a_good_probe_closes_it_and_the_rate_doubles_each_minute() -> None:
    gate = opened()
    breaker.begin_probe(gate, after(30))
    hear(gate, 200, at=31)

    assert (gate.breaker, gate.closed_at, gate.breaker_reason) == (Breaker.CLOSED, after(31), "")
    allowed = [rates.per_minute(gate, LIMITS, now=after(31 + 60 * minute)) for minute in range(6)]
    assert allowed == [60, 120, 240, 480, 600, 600]


def test_a_good_answer_that_comes_late_closes_nothing() -> None:
    assert hear(opened(), 200, at=5).breaker == Breaker.OPEN


def test_after_closing_the_old_failures_do_not_open_it_again() -> None:
    gate = opened(at=0)
    breaker.begin_probe(gate, after(30))
    hear(gate, 200, at=31)

    assert hear(gate, 503, 503, at=32).breaker == Breaker.CLOSED
    assert hear(gate, *[503] * 8, at=33).breaker == Breaker.OPEN


def test_three_bad_ones_in_a_row_slow_everything_down() -> None:
    gate = hear(make_gate(), 200, 503, 503)
    assert rates.per_minute(gate, LIMITS, now=NOW) == 600

    hear(gate, 503)
    assert rates.per_minute(gate, LIMITS, now=NOW) == 60


def test_what_is_on_its_way_when_a_host_begins_to_fail_counts_as_sent() -> None:
    gate = make_gate()
    rates.refill(gate, LIMITS, now=NOW)
    hear(gate, 503, 503, 503, outstanding=30)

    # A bucket of 5 less the 33 that went out: in the minute after, 55 are added, and 60 is the sum of all.
    assert gate.tokens == 5 - 33


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 5), (0.0, 1), (1.0, 1), (90.0, 90), (3600.0, 3600), (999_999.0, 3600)]
)
def test_a_429_pauses_the_host_as_long_as_it_asks(asked: float | None, seconds: float) -> None:
    gate = hear(make_gate(), 429, retry_after=asked)

    assert gate.paused_until == after(seconds)
    assert breaker.pause_ends_at(gate, after(seconds - 0.1)) == after(seconds)
    assert breaker.pause_ends_at(gate, after(seconds)) is None


def test_repeated_429_pause_longer_each_time_up_to_five_minutes() -> None:
    gate, at, waits = make_gate(), 0.0, []
    for _ in range(8):
        hear(gate, 429, at=at)
        assert gate.paused_until is not None
        waits.append((gate.paused_until - after(at)).total_seconds())
        at += waits[-1]

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    hear(gate, 200, 429, at=at)
    assert gate.paused_until == after(at + 5)


def test_those_that_were_under_way_when_the_pause_began_do_not_make_it_longer() -> None:
    gate = hear(make_gate(), 429, 429, 429, 429)

    assert gate.paused_until == after(5)
    assert gate.pauses == 1


def test_a_shorter_wish_does_not_end_a_longer_pause() -> None:
    gate = hear(make_gate(), 429, retry_after=600.0)

    assert hear(gate, 429, at=1, retry_after=2.0).paused_until == after(600)


def test_after_a_pause_it_begins_slowly() -> None:
    gate = hear(make_gate(), 429, retry_after=90.0)

    assert [rates.per_minute(gate, LIMITS, now=after(at)) for at in (90, 149, 150)] == [60, 60, 120]


def test_a_429_for_a_probe_closes_the_breaker_and_pauses() -> None:
    gate = opened()
    breaker.begin_probe(gate, after(30))
    hear(gate, 429, at=31, retry_after=10.0)

    assert gate.breaker == Breaker.CLOSED
    assert breaker.pause_ends_at(gate, after(31)) == after(41)


def hear_account(gate: Gate, *codes: int | None, at: float = 0.0) -> Gate:
    for code in codes:
        breaker.hear_account(gate, Heard(status_code=code), now=after(at))
    return gate


@pytest.mark.parametrize(
    ("codes", "is_open"),
    [
        ([401] * 4, False),
        ([401] * 5, True),
        ([200] + [401] * 30, False),
        ([404] + [401] * 30, False),
        ([403] * 50, False),
        ([403, 500, None, 429] + [401] * 5, True),
        ([500] * 50, False),
    ],
)
def test_a_credential_that_is_refused_is_left_alone(codes: list[int | None], is_open: bool) -> None:
    gate = Gate(scope="account:1")

    assert (hear_account(gate, *codes).breaker == Breaker.OPEN) is is_open


def test_refusals_of_another_minute_do_not_add_up() -> None:
    gate = hear_account(Gate(scope="account:1"), *[401] * 4)

    assert hear_account(gate, 401, at=61).breaker == Breaker.CLOSED


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (200, Breaker.CLOSED),
        (404, Breaker.CLOSED),
        (401, Breaker.OPEN),
        (403, Breaker.HALF_OPEN),
        (503, Breaker.HALF_OPEN),
        (None, Breaker.HALF_OPEN),
    ],
)
def test_a_credentials_probe_decides_only_where_its_answer_speaks_of_it(code: int | None, state: Breaker) -> None:
    gate = hear_account(Gate(scope="account:1"), *[401] * 5)
    breaker.begin_probe(gate, after(30))

    assert hear_account(gate, code, at=31).breaker == state


def test_a_key_that_stays_refused_is_probed_ever_more_seldom() -> None:
    gate = hear_account(Gate(scope="account:1"), *[401] * 5)
    probes, second = [], 0.0
    while second < 4 * 3600:
        if breaker.has_turn_for_probe(gate, after(second)):
            breaker.begin_probe(gate, after(second))
            hear_account(gate, 401, at=second)
            probes.append(second)
        second += 1

    gaps = [late - early for early, late in pairwise(probes)]
    assert gaps[:5] == [60, 120, 240, 480, 960]
    assert set(gaps[5:]) == {1800}
