"""Text from outside fits a text column, whatever it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from responses.ordergroove import storable

ANY_TEXT = st.text(st.characters(), max_size=300)


@given(ANY_TEXT, st.integers(2, 60))
def test_any_text_becomes_one_line_that_a_database_takes(value: str, limit: int) -> None:
    kept = storable.text(value, limit)
    assert len(kept) <= limit
    assert "\x00" not in kept
    assert "\n" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert kept == kept.strip()


@given(st.one_of(ANY_TEXT, st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.integers())))
def test_any_id_becomes_text_that_a_database_takes(value: object) -> None:
    kept = storable.identifier(value)
    assert len(kept) <= storable.ID_LENGTH
    assert "\x00" not in kept
    kept.encode("utf-8")


def test_words_around_a_control_character_stay_apart() -> None:
    assert storable.text("one\x00two\nthree\u2028four", 100) == "one two three four"


def test_a_long_text_shows_that_it_was_cut() -> None:
    assert storable.text("a" * 600, 500) == "a" * 499 + "…"


def test_a_mark_that_reverses_the_direction_of_what_follows_is_taken_out() -> None:
    assert storable.text("safe\u202egnp.exe", 100) == "safe gnp.exe"


def test_ids_keep_their_leading_zeros_and_numbers_are_written_out() -> None:
    assert storable.identifier("00026001") == "00026001"
    assert storable.identifier(100045) == "100045"


def test_what_is_no_id_is_none() -> None:
    values: tuple[object, ...] = (None, True, 1.5, [], {}, 10**41)
    assert [storable.identifier(value) for value in values] == [""] * 6


def test_two_long_ids_with_one_beginning_stay_two() -> None:
    assert storable.identifier("a" * 300) != storable.identifier("a" * 301)
