"""Publishes hints to the tasks from a thread of its own: a broker that hangs never delays an answer.

A hint that is lost is found by the next sweep. Hints of one kind that wait together become one. Now and then every kind
is hinted at anyway: so the work goes on, if slower, where no beat runs the sweeps.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)


ANYWAY_SECONDS = 30.0
"""Due work starts within a minute also without a beat (reliability.md, 2)."""


class Nudger:
    """``nudge`` from any thread; the publishing happens elsewhere."""

    def __init__(self, publishers: Mapping[str, Callable[[], object]], *, anyway: float = ANYWAY_SECONDS) -> None:
        self._publishers = publishers
        self._anyway = anyway
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._wakeup = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="nudges", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread. What has not been published is left to the sweeps."""
        self._stopping = True
        self._wakeup.set()
        self._thread.join(3.0)

    def nudge(self, kinds: frozenset[str]) -> None:
        """Ask for the tasks of these kinds to be run soon."""
        with self._lock:
            self._waiting |= kinds
        self._wakeup.set()

    def _run(self) -> None:
        while not self._stopping:
            is_asked = self._wakeup.wait(self._anyway)
            self._wakeup.clear()
            with self._lock:
                kinds, self._waiting = self._waiting if is_asked else set(self._publishers), set()
            for kind in sorted(kinds):
                try:
                    self._publishers[kind]()
                except Exception:
                    logger.warning("a hint could not be published; the next sweep does its work", exc_info=True)
