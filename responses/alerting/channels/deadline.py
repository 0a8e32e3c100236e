"""A total deadline for one conversation over a socket: timeouts of single reads do not end one that drips."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """Shuts the watched socket when ``seconds`` have passed; whoever reads from it then meets its end."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._ends_at = time.monotonic() + seconds
        self._find: Callable[[], socket.socket | None] = lambda: None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def watch(self, find: Callable[[], socket.socket | None]) -> None:
        """From now on it is the socket that ``find`` returns which is shut."""
        self._find = find

    def left(self, most: float) -> float:
        """Seconds until the end, at most ``most``; raises ``TimeoutError`` when there are none."""
        left = self._ends_at - time.monotonic()
        if self.is_over or left <= 0:
            raise TimeoutError("the deadline is over")
        return min(left, most)

    def _end(self) -> None:
        self.is_over = True
        found = self._find()
        if found is None:
            return
        try:
            # The plain method: a TLS socket's own one takes its state away under the reader's feet.
            socket.socket.shutdown(found, socket.SHUT_RDWR)
        except OSError:
            pass  # it has been closed in the meantime
