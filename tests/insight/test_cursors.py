"""Cursors."""

from __future__ import annotations

import pytest

from responses.insight import cursors
from tests.factories import NOW


def test_a_cursor_is_read_as_it_was_written() -> None:
    key = (cursors.number_of(NOW), -5, 912311451649802256)

    assert cursors.read(cursors.write(*key), 3) == key


def test_an_instant_survives_as_a_number() -> None:
    assert cursors.time_of(cursors.number_of(NOW)) == NOW


@pytest.mark.parametrize(
    "text",
    ["", "x", "1", "1_2_3", "1.5_2", "1e9_2", "٣_2", "1_", "-_1", "9" * 19 + "_1", "1_2\n", "null", "1__2", "inf_1"],
)
def test_anything_else_begins_at_the_first_page(text: str) -> None:
    assert cursors.read(text, 2) is None


def test_a_number_outside_the_calendar_is_no_instant() -> None:
    assert cursors.time_of(10**18 - 1) is None
    assert cursors.time_of(-(10**18) + 1) is None
