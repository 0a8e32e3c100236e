"""A ledger: one line of JSON for each thing that happened, on disk before anything else goes on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Ledger:
    """Appends to ``path``. Each line is one write of its own, so that a killed process leaves whole lines behind."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, event: str, **fields: object) -> None:
        """Note ``event`` at this moment (``at``: seconds since 1970)."""
        line = {"at": round(time.time(), 6), "event": event, **fields}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


def read(path: Path) -> list[Line]:
    """Return the lines of a ledger in their order; none where nothing was ever written."""
    return list(_lines(path)) if path.exists() else []


def _lines(path: Path) -> Iterator[Line]:
    for text in path.read_text(encoding="utf-8").splitlines():
        line: Line = json.loads(text)
        yield line
