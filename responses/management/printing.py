"""Prints rows and facts: tables for a terminal, tab-separated lines for whatever reads a pipe.

What was recorded came from outside: nothing that a terminal would obey gets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_BUT_LINES = re.compile(r"(?![\n\t])" + _UNSAFE.pattern)

_STYLES = {
    "success": "green", "created": "green", "resolved": "green", "accepted": "cyan", "partial": "yellow",
    "needs_fix": "red", "failed": "red", "transient": "magenta", "no_answer": "magenta", "unknown": "yellow",
    "ok": "green", "BAD": "bold red",
}  # fmt: skip


class Printer:
    """Writes to ``stream``; ``is_terminal`` decides how."""

    def __init__(self, stream: TextIO, *, is_terminal: bool, zone: ZoneInfo, width: int | None = None) -> None:
        self.stream = stream
        self.is_terminal = is_terminal
        self.zone = zone
        self._console = Console(file=stream, force_terminal=is_terminal, width=width, markup=False, highlight=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print ``rows`` under ``columns``. A pipe gets no heading but the first line, and a tab between cells."""
        if not self.is_terminal:
            self.lines([columns, *rows])
            return
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(self._cell(value) for value in row))
        self._console.print(table)

    def lines(self, rows: Iterable[Sequence[Any]]) -> None:
        """Print rows one by one, as they come."""
        for row in rows:
            if self.is_terminal:
                self._console.print(Text("  ").join(self._cell(value) for value in row), soft_wrap=True)
            else:
                self.stream.write("\t".join(self.text(value) for value in row) + "\n")
        self.stream.flush()

    def facts(self, title: str, pairs: Iterable[tuple[str, Any]]) -> None:
        """Print names and values, without those that are empty."""
        self.heading(title)
        known = [(name, value) for name, value in pairs if value not in ("", None, [], {})]
        width = max((len(name) for name, _ in known), default=0)
        for name, value in known:
            if self.is_terminal:
                label = Text(f"  {name.ljust(width)}  ", style="dim")
                self._console.print(label + self._cell(value), soft_wrap=True)
            else:
                self.stream.write(f"{name}\t{self.text(value)}\n")

    def heading(self, title: str) -> None:
        """Print a title."""
        if self.is_terminal:
            self._console.print(Text(self.text(title), style="bold"))
        else:
            self.stream.write(f"# {self.text(title)}\n")

    def block(self, title: str, content: str) -> None:
        """Print a text of several lines."""
        if content:
            self.heading(title)
            self.stream.write(_UNSAFE_BUT_LINES.sub("�", content).rstrip("\n") + "\n")

    def text(self, value: Any) -> str:
        """Return a value as one safe line."""
        if isinstance(value, datetime):
            return value.astimezone(self.zone).isoformat(sep=" ", timespec="seconds")
        return "" if value is None else _UNSAFE.sub("�", str(value).replace("\r\n", " ").replace("\n", " "))

    def _cell(self, value: Any) -> Text:
        line = self.text(value)
        return Text(line, style=_STYLES.get(line, ""))
