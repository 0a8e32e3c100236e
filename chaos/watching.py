"""Watches how much memory and how many files the monitor's processes hold during a run."""

from __future__ import annotations

import threading
from pathlib import Path

from chaos.evidence import Peaks
from chaos.stack import Stack

EVERY_SECONDS = 1.0
WATCHED = ("web", "web-2", "worker", "worker-2", "beat")


class Watcher:
    """Looks every second, until it is stopped."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._mebibytes: dict[str, float] = {}
        self._open_files: dict[str, int] = {}
        self._wal = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> Peaks:
        """Stop looking, and return the peaks."""
        self._is_over.set()
        self._thread.join()
        return Peaks(mebibytes=self._mebibytes, open_files=self._open_files, wal_mebibytes=self._wal)

    def _run(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            for name in WATCHED:
                part = self._stack.parts.get(name)
                process = part.process if part else None
                if process is not None:
                    for pid in (process.pid, *children_of(process.pid)):
                        self._look(name, pid)
            wal = self._stack.data / "monitor.sqlite3-wal"
            if wal.exists():
                self._wal = max(self._wal, wal.stat().st_size / 2**20)

    def _look(self, name: str, pid: int) -> None:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
            count = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            return
        size = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
        self._mebibytes[name] = max(self._mebibytes.get(name, 0.0), size)
        self._open_files[name] = max(self._open_files.get(name, 0), count)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]
