"""Words for messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.alerting import wording

NOW = datetime(2026, 11, 22, 14, 3, 22, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("line\r\nBcc: eve@example.com", "line Bcc: eve@example.com"),
        ("a\x00b\x07c", "a b c"),
        ("safe\u202etxt.exe\u2066", "safe txt.exe"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("line\u2028separator", "line separator"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("  spaces \t and\n\nlines ", "spaces and lines"),
        ("Größe 漢字 עברית", "Größe 漢字 עברית"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * 3),
    ],
)
def test_text_becomes_one_harmless_line(given_text: str, expected: str) -> None:
    assert wording.clean(given_text, 200) == expected


def test_a_megabyte_becomes_a_short_line_that_says_it_was_cut() -> None:
    assert wording.clean("x" * 1_000_000, 50) == "x" * 49 + "…"


@given(st.text(), st.integers(1, 300))
def test_cleaned_text_fits_everywhere_and_stays_as_it_is(text: str, limit: int) -> None:
    cleaned = wording.clean(text, limit)

    assert len(cleaned) <= limit
    assert cleaned.encode("utf-8").decode() == cleaned
    assert not any(ord(character) < 32 or character in "\x7f\u2028\u2029\u202e" for character in cleaned)
    assert wording.clean(cleaned, limit) == cleaned


def test_numbers_have_their_word() -> None:
    assert [wording.count(number, "order") for number in (0, 1, 2417)] == ["0 orders", "1 order", "2,417 orders"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s"),
        (42, "42 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (18720, "5 h 12 min"),
        (86_400, "24 h"),
        (3 * 86_400, "3 days"),
    ],
)
def test_lengths_of_time_have_two_units_at_most(seconds: float, expected: str) -> None:
    assert wording.span(seconds) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW + timedelta(hours=2), "17:03 CET"),
        (NOW + timedelta(hours=20), "23 Nov, 11:03 CET"),
        (NOW + timedelta(days=60), "21 Jan 2027, 15:03 CET"),
    ],
)
def test_a_time_has_its_date_unless_it_is_today(at: datetime, expected: str) -> None:
    assert wording.clock(at, BERLIN, now=NOW) == expected


def test_a_time_gets_the_word_that_goes_before_it() -> None:
    assert wording.when(NOW, BERLIN, now=NOW) == "at 15:03 CET"
    assert wording.when(NOW - timedelta(days=1), BERLIN, now=NOW) == "on 21 Nov, 15:03 CET"


def test_an_exact_time_names_its_zone() -> None:
    assert wording.exact(NOW, BERLIN) == "22 Nov 2026, 15:03:22 CET"
