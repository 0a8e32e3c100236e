"""Times and figures in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context
from django.utils import timezone

from responses.templatetags import times

NOW = datetime(2026, 11, 22, 15, 20, tzinfo=UTC)
CONTEXT = Context({"now": NOW})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (1, "just now"), (12, "12 s ago"), (59, "59 s ago"), (60, "1 m ago"), (3599, "59 m ago"),
     (7200, "2 h ago"), (86_400, "1 d ago"), (-90, "in 1 m"), (-1, "just now")],
)  # fmt: skip
def test_how_long_ago_is_said_in_one_unit(seconds: int, words: str) -> None:
    assert times.relative(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (42, "42 s"), (60, "1 m"), (3600, "1 h"), (18_720, "5 h 12 m"), (90_000, "1 d 1 h"), (-5, "0 s")],
)
def test_a_length_of_time_has_at_most_two_units(seconds: int, words: str) -> None:
    assert times.span(seconds) == words
    assert times.spanned(timedelta(seconds=seconds)) == words


def test_the_exact_time_is_in_the_viewers_zone() -> None:
    with timezone.override(ZoneInfo("America/New_York")):
        shown = times.ago(CONTEXT, NOW - timedelta(minutes=3))

    assert 'title="22 Nov 2026, 10:17:00 EST"' in shown
    assert ">3 m ago<" in shown


@pytest.mark.parametrize(
    ("left", "level", "words"),
    [(-1, "over", "expired 1 h ago"), (0.5, "critical", "30 m left"), (2, "soon", "2 h left"),
     (5.2, "fair", "5 h 12 m left"), (20, "calm", "20 h left")],
)  # fmt: skip
def test_a_deadline_says_how_pressing_it_is(left: float, level: str, words: str) -> None:
    shown = times.left(CONTEXT, NOW + timedelta(hours=left))

    assert f"left-{level}" in shown
    assert words in shown


def test_no_time_has_words_of_its_own() -> None:
    assert "never" in times.ago(CONTEXT, None)
    assert "no deadline" in times.left(CONTEXT, None)
    assert "—" in times.at(None)


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0, "0 ms"), (231, "231 ms"), (999, "999 ms"), (1000, "1 s"), (1240, "1.24 s"), (1200, "1.2 s"), (10_000, "10 s"),
     (59_999, "60 s"), (60_000, "1 m"), (125_000, "2 m 5 s"), (None, "—")],
)  # fmt: skip
def test_a_latency_is_short(milliseconds: int | None, words: str) -> None:
    assert times.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (950, "950"), (9_999, "9,999"), (12_400, "12.4k"), (100_000, "100k"), (999_999, "999k"),
     (3_100_000, "3.1M"), (None, "—")],
)  # fmt: skip
def test_a_number_fits_a_badge(number: int | None, words: str) -> None:
    assert times.compact(number) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100 %"), (0, "0 %"), (0.972, "97.2 %"), (0.9996, "99.9 %"), (0.99996, "99.99 %"),
     (0.0001, "0.01 %"), (0.00001, "< 0.01 %"), (None, "—")],
)  # fmt: skip
def test_a_share_never_rounds_trouble_away(share: float | None, words: str) -> None:
    assert times.percent(share) == words


def test_thousands_are_set_apart() -> None:
    assert times.grouped(31_204) == "31,204"


@pytest.mark.parametrize(
    ("seconds", "words", "clock"),
    [(-5, "due", "15:19:55"), (0.2, "in 1 s", "15:20:00"), (42, "in 42 s", "15:20:42"), (185, "in 3 m 5 s", "15:23:05"),
     (600, "in 10 m", "15:30:00"), (86_400, "in 1 d", "Mon 15:20")],
)  # fmt: skip
def test_a_countdown_says_how_long_and_when(seconds: float, words: str, clock: str) -> None:
    shown = times.countdown(CONTEXT, NOW + timedelta(seconds=seconds))

    assert f"<b data-due>{words}</b>" in shown
    assert f">{clock}</span>" in shown
