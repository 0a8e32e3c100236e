"""Rows as a CSV file that a spreadsheet may open: a cell that it would take for a formula is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return the file. ``name`` is ours, never a stranger's."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([safe(value) for value in row] for row in rows)
    # The mark tells a spreadsheet that this is UTF-8.
    response = HttpResponse(
        ("\ufeff" + written.getvalue()).encode("utf-8", "replace"), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def safe(value: object) -> str:
    """Return a cell. Numbers stay numbers; a text that begins like a formula gets an apostrophe before it."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    text = "".join(character if character.isprintable() or character in "\t\n" else " " for character in text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS) else text
