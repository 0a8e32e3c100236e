"""A small bar chart as a PNG, for mail: most programs show no SVG. Pure, and needs no library but zlib."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

SLOT, GAP, HEIGHT, BASE = 45, 9, 96, 2
"""Pixels: the width of a slot and of the gap in it, the height of the whole and of the line that the bars stand on.

It is shown at half this size, so that it is sharp on a fine screen.
"""
FAILURES = (0xD9, 0x48, 0x3B)
ARRIVALS = (0x3B, 0x7D, 0xDD)
"""Both can be told from white and from a dark background."""
_LINE = (0x9A, 0xA3, 0xB2)
_LEAST = 6
"""So high is the bar of the smallest number that is not zero: it must be seen."""


def png(values: Sequence[int], *, colour: tuple[int, int, int] = FAILURES) -> bytes:
    """Return the picture of ``values``, one bar each, the highest as high as there is room; transparent behind."""
    heights = [_height(value, max(values, default=0)) for value in values]
    rows = [b"".join(_slot(height, row) for height in heights) for row in range(HEIGHT - BASE)]
    rows += [b"\x02" * (SLOT * len(values))] * BASE
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", SLOT * len(values), HEIGHT, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes((0, 0, 0, *colour, *_LINE))),
            _chunk(b"tRNS", b"\x00"),
            _chunk(b"IDAT", zlib.compress(b"".join(b"\x00" + row for row in rows), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _height(value: int, most: int) -> int:
    return max(_LEAST, round(value / most * (HEIGHT - BASE))) if value > 0 else 0


def _slot(height: int, row: int) -> bytes:
    """One slot's pixels in one row, counted from the top."""
    is_bar = row >= HEIGHT - BASE - height
    return bytes(GAP) + (b"\x01" if is_bar else b"\x00") * (SLOT - GAP)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
