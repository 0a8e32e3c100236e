"""Runs a command as a person does, and returns what it printed."""

from __future__ import annotations

from io import StringIO
from typing import NamedTuple

from django.core.management import call_command


class Printed(NamedTuple):
    """Standard output and standard error."""

    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a table as a pipe gets them."""
        return [line.split("\t") for line in self.out.splitlines()]


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(*arguments: str, is_terminal: bool = False) -> Printed:
    """Run a command. Raises ``CommandError``, as ``call_command`` does."""
    out = Terminal() if is_terminal else StringIO()
    err = StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return Printed(out.getvalue(), err.getvalue())
