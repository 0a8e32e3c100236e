from __future__ import annotations

from io import StringIO
from zoneinfo import ZoneInfo

from responses.management.printing import Printer
from tests.factories import NOW
from tests.management.running import Terminal

HOSTILE = "a\x1b[2J\x9b31mb\u202ec\r\nd\te\ud800[bold]f[/bold]"
SAFE = "a�[2J�31mb�c d�e�[bold]f[/bold]"


def printer(*, is_terminal: bool = False) -> tuple[Printer, StringIO]:
    stream = Terminal() if is_terminal else StringIO()
    return Printer(stream, is_terminal=is_terminal, zone=ZoneInfo("Europe/Berlin"), width=100), stream


def test_a_pipe_gets_tabs_and_no_frame() -> None:
    to, stream = printer()
    to.table(("id", "at", "text"), [(1, NOW, "one two"), (2, None, "")])
    assert stream.getvalue() == "id\tat\ttext\n1\t2026-11-22 13:00:00+01:00\tone two\n2\t\t\n"


def test_nothing_that_a_terminal_would_obey_gets_through() -> None:
    to, stream = printer()
    to.table(("text",), [(HOSTILE,)])
    to.facts("Title\x1b[0m", [("name", HOSTILE), ("empty", ""), ("none", None)])
    to.block("Body", "one\ntwo\x1b]0;title\x07\tthree\n")
    assert stream.getvalue() == (f"text\n{SAFE}\n# Title�[0m\nname\t{SAFE}\n# Body\none\ntwo�]0;title�\tthree\n")


def test_a_terminal_gets_a_table_without_markup_of_the_content() -> None:
    to, stream = printer(is_terminal=True)
    to.table(("state", "text"), [("partial", HOSTILE)])
    to.lines([("ok", HOSTILE)])
    to.facts("Title", [("name", HOSTILE)])
    shown = stream.getvalue()
    assert shown.count(SAFE) == 3
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown
    assert "\x1b[33mpartial" in shown


def test_an_empty_table_has_its_heading() -> None:
    to, stream = printer()
    to.table(("id", "text"), [])
    assert stream.getvalue() == "id\ttext\n"
