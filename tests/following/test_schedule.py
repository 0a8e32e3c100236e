from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.following import schedule
from tests.factories import NOW

HOUR = NOW + timedelta(hours=1)
DEFAULT = [2, 5, 15, 60, 360]


def seconds_until(offsets: list[object], elapsed: float, wait: float = 0.0, accepted: float = 0.0) -> float:
    accepted_at = NOW + timedelta(seconds=accepted)
    now = accepted_at + timedelta(seconds=elapsed)
    at = schedule.next_poll(
        offsets, accepted_at=accepted_at, give_up_at=accepted_at + timedelta(hours=1), now=now, wait=wait
    )
    return (at - accepted_at).total_seconds()


@pytest.mark.parametrize(
    ("elapsed", "offset"),
    [(0, 2), (2, 5), (4.5, 15), (5, 15), (15, 60), (60, 360), (360, 660), (661, 960), (3300, 3360), (3400, 3600)],
)
def test_the_default_is_2_5_15_60_seconds_and_then_every_5_minutes(elapsed: float, offset: float) -> None:
    assert seconds_until(list(DEFAULT), elapsed) == offset


def test_moments_that_passed_unused_are_not_made_up_for() -> None:
    assert seconds_until(list(DEFAULT), 200) == 360


def test_the_last_question_is_asked_when_the_time_is_over() -> None:
    assert seconds_until([10, 1000], 3000) == 3600
    assert seconds_until(list(DEFAULT), 100, wait=100_000) == 3600


def test_a_wait_moves_the_question_to_a_later_moment() -> None:
    assert seconds_until(list(DEFAULT), 2, wait=20) == 60


def test_after_the_time_is_over_the_schedule_goes_on() -> None:
    assert seconds_until(list(DEFAULT), 3601) == 3660


@pytest.mark.parametrize("offsets", [[], ["x"], [-1, 0], [None], [float("nan")], [10**12], ["5"]])
def test_a_schedule_without_a_sane_number_is_the_default(offsets: list[object]) -> None:
    assert seconds_until(offsets, 0) == 2


def test_a_schedule_of_one_number_repeats_it() -> None:
    assert [seconds_until([30], elapsed) for elapsed in (0, 30, 60)] == [30, 60, 90]


@given(
    st.lists(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()), max_size=8),
    st.floats(min_value=-600, max_value=10**9),
    st.floats(min_value=0, max_value=10**6),
)
def test_the_next_question_always_lies_ahead(offsets: list[object], elapsed: float, wait: float) -> None:
    now = NOW + timedelta(seconds=elapsed)
    at = schedule.next_poll(offsets, accepted_at=NOW, give_up_at=HOUR, now=now, wait=wait)
    assert at > now
    if now < HOUR:
        assert at <= HOUR


def test_the_wait_after_a_problem_grows_to_five_minutes() -> None:
    assert [schedule.wait_after_problem(polls, random=1.0) for polls in (0, 1, 2, 3, 7, 500)] == [
        5,
        5,
        10,
        20,
        300,
        300,
    ]
    assert schedule.wait_after_problem(7, random=0.0) == 150
