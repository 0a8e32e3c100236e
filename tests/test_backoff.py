"""Delays between attempts, and what Retry-After asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import backoff

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    assert [backoff.ceiling(attempt, initial=2, cap=60) for attempt in range(1, 9)] == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_huge_attempt_number_still_has_a_ceiling() -> None:
    assert backoff.ceiling(10**9, initial=5, cap=300) == 300


def test_attempts_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        backoff.ceiling(0, initial=5, cap=300)


def test_full_jitter_spreads_over_the_whole_range() -> None:
    assert backoff.full_jitter(3, initial=5, cap=300, random=0.0) == 0
    assert backoff.full_jitter(3, initial=5, cap=300, random=0.5) == 10
    assert backoff.full_jitter(3, initial=5, cap=300, random=1.0) == 20


def test_a_random_number_beyond_its_range_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        backoff.full_jitter(1, initial=5, cap=300, random=1.5)


@given(st.integers(1, 200), st.floats(0.1, 100), st.floats(0.1, 10_000), st.floats(0, 1), st.floats(0, 100))
def test_a_wait_lies_between_the_least_and_the_cap(
    attempt: int, initial: float, cap: float, random: float, least: float
) -> None:
    wait = backoff.full_jitter(attempt, initial=initial, cap=cap, random=random, least=least)
    most = backoff.ceiling(attempt, initial=initial, cap=cap)
    assert min(least, most) <= wait <= most * 1.000001


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), (" 30 ", 30), ("0", 1), ("7200", 3600), ("999999999999", 3600), ("3600", 3600)],
)
def test_a_number_of_seconds_is_honoured_between_a_second_and_an_hour(value: str, seconds: float) -> None:
    assert backoff.retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sunday, 22-Nov-26 12:02:00 GMT", 120),
        ("Sun Nov 22 12:02:00 2026", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 1),
        ("Mon, 01 Jan 9999 00:00:00 GMT", 3600),
        ("Sun, 22 Nov 2026 13:02:00 +0100", 120),
    ],
)
def test_a_date_is_honoured_between_a_second_and_an_hour(value: str, seconds: float) -> None:
    assert backoff.retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "-5",
        "1.5",
        "1e3",
        "٣٠",
        "30s",
        "nan",
        "inf",
        "99:99",
        "Sun, 99 Nov 2026 12:02:00 GMT",
        "9" * 5000,
    ],
)
def test_nonsense_is_ignored(value: str | None) -> None:
    assert backoff.retry_after(value, now=NOW) is None


@given(st.text(max_size=80))
def test_whatever_is_asked_the_wait_is_sane(value: str) -> None:
    wait = backoff.retry_after(value, now=NOW)
    assert wait is None or 1 <= wait <= 3600


@given(st.integers(-100_000, 100_000))
def test_any_date_gives_a_sane_wait(seconds: int) -> None:
    value = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert backoff.retry_after(value, now=NOW) == min(max(seconds, 1), 3600)
