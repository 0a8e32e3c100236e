"""How much of its callers' data a process holds at a time. More is overload: refused before it fills the memory, or
makes everybody wait. It knows nothing of what the bytes are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_BYTES = 16 * 1024 * 1024
"""A few seconds of work for one process, and with everything that is made of it a fraction of 300 MiB."""


class Stay:
    """What one call holds."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0

    def take(self, size: int) -> bool:
        """Hold ``size`` bytes more; ``False`` when there is no room. A call that is alone always has room."""
        room = self._room
        with room.lock:
            if room.taken + size > room.most and room.taken > self.size:
                return False
            room.taken += size
            self.size += size
        return True

    def leave(self) -> None:
        """Hold nothing any more."""
        with self._room.lock:
            self._room.taken -= self.size
        self.size = 0


class Room:
    """The calls of one process share it: its event loop, and the thread that inflates."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.taken = 0
        self.lock = threading.Lock()

    @contextmanager
    def stay(self) -> Iterator[Stay]:
        """Room for one call, given back when it has been answered."""
        stay = Stay(self)
        try:
            yield stay
        finally:
            stay.leave()
