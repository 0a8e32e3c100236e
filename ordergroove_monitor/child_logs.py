"""The log file of one supervised process. The process writes to the file itself, so that neither a blocked terminal nor
a stopped supervisor can ever make it wait; the supervisor only reads along, passes warnings on, and cuts the file
off."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

LARGEST = 5 * 1024 * 1024
GENERATIONS = 5
READ_AT_ONCE = 256 * 1024
LOUD = frozenset({"warning", "error", "critical"})


class ChildLog:
    """Follows ``path`` from its present end. ``tell`` gets the warnings."""

    def __init__(self, name: str, path: Path, tell: Callable[[str], None], *, largest: int = LARGEST) -> None:
        self.name = name
        self.path = path
        self.tell = tell
        self.largest = largest
        self._position = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def open(self) -> IO[bytes]:
        """The file, for the process to write to."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "wb")

    def follow(self) -> None:
        """Read what is new."""
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._position:
                    self._position = 0
                file.seek(self._position)
                new = file.read(READ_AT_ONCE)
        except FileNotFoundError:
            return
        self._position += len(new)
        *lines, rest = (self._rest + new).split(b"\n")
        self._rest = rest[-READ_AT_ONCE:]
        for line in lines:
            if (sentence := for_people(self.name, line.decode("utf-8", "replace"))) is not None:
                self.tell(sentence)
        if size > self.largest and self._position >= size:
            self._cut_off()

    def last_lines(self, count: int) -> list[str]:
        """The last lines of the file, as they are."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 64 * 1024))
                return file.read().decode("utf-8", "replace").splitlines()[-count:]
        except FileNotFoundError:
            return []

    def _cut_off(self) -> None:
        """Keep a copy and empty the file: the process goes on appending to it. A line written in between is lost."""
        for generation in range(GENERATIONS - 1, 0, -1):
            older = self._generation(generation)
            if older.exists():
                older.replace(self._generation(generation + 1))
        copy = self._generation(1)
        with copy.open("wb") as target, self.path.open("rb") as source:
            os.fchmod(target.fileno(), 0o600)
            shutil.copyfileobj(source, target)
        os.truncate(self.path, 0)
        self._position = 0

    def _generation(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def for_people(name: str, line: str) -> str | None:
    """A structured line as one for the terminal; ``None`` when it is not worth a person's attention."""
    try:
        event = json.loads(line)
        if not isinstance(event, dict) or str(event.get("level")) not in LOUD:
            return None
    except ValueError:
        return None
    reason = str(event.get("exception", "")).strip().rpartition("\n")[2]
    sentence = f"{name}: {event['level']}: {event.get('event', '')}" + (f" ({reason})" if reason else "")
    # What a client sent may stand in it, and must not steer the terminal.
    return "".join(character if character.isprintable() else " " for character in sentence)[:500]
