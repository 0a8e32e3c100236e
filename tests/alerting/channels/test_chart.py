"""The small chart of a mail."""

from __future__ import annotations

import struct
import zlib

import pytest

from responses.alerting.channels import chart


def read(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the rows of pixels; checks the sum of each part on the way."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        content = picture[at + 8 : at + 8 + length]
        assert struct.unpack(">I", picture[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + content)
        parts[kind], at = content, at + 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    lines = zlib.decompress(parts[b"IDAT"])
    rows = [lines[row * (width + 1) + 1 : (row + 1) * (width + 1)] for row in range(height)]
    return width, height, rows


def bars(rows: list[bytes]) -> list[int]:
    """How high each bar is."""
    count = len(rows[0]) // chart.SLOT
    return [sum(row[slot * chart.SLOT + chart.GAP] == 1 for row in rows) for slot in range(count)]


def test_the_highest_bar_fills_the_height_and_the_others_are_in_proportion() -> None:
    width, height, rows = read(chart.png([0, 50, 100]))

    assert (width, height) == (3 * chart.SLOT, chart.HEIGHT)
    assert bars(rows) == [0, (chart.HEIGHT - chart.BASE) // 2, chart.HEIGHT - chart.BASE]


def test_one_failure_beside_ten_thousand_can_be_seen() -> None:
    _, _, rows = read(chart.png([1, 10_000]))

    assert bars(rows)[0] > 2


@pytest.mark.parametrize("values", [[0] * 24, [1], [2**63] * 24])
def test_any_numbers_make_a_picture(values: list[int]) -> None:
    assert read(chart.png(values))[0] == chart.SLOT * len(values)


def test_a_day_is_a_small_picture() -> None:
    assert len(chart.png(list(range(24)))) < 2_000
