"""The group-commit writer: one transaction for all that waits, an answer only after the commit.

It is the only writer of recorded calls in the web process. It keeps no queue on disk: what it has not written, nobody
has been told is stored.

The database is written in a thread, and while it writes the event loop stands still: two threads that both want the
interpreter hand it over at each statement, and wait for milliseconds each time. Only when the database is slow does
the loop go on, to serve others and to refuse what there is no room for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from responses.recording import record
from responses.recording.prepare import Prepared
from responses.recording.record import Result

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""Records that may wait; more is overload, and refused."""
_GAP_SECONDS = 0.001
"""SQLite: between two commits, so that the writers of other processes get their turn (reliability.md, 1)."""
_GATHERING_SECONDS = 0.005
"""So long a transaction waits at most for calls that arrive while others are being prepared: it costs the same."""
_PATIENCE_SECONDS = 0.05
"""So long the event loop stands still for one transaction."""
_LOOK_SECONDS = 0.01
"""How often it then looks whether the transaction has ended."""
_STOP_SECONDS = 20.0


class Overloaded(Exception):
    """Too much waits to be written."""


class Unavailable(Exception):
    """The database cannot store anything now; nothing of the job was stored."""


class Job:
    """Prepared exchanges of one call, and the future that waits for their results."""

    __slots__ = ("future", "prepared")

    def __init__(self, prepared: Sequence[Prepared], future: asyncio.Future[list[Result]]) -> None:
        self.prepared = prepared
        self.future = future


class Writer:
    """Everything happens in the event loop, but ``_run`` and what it calls: that is the writer's own thread."""

    def __init__(self, *, clock: Callable[[], datetime], nudge: Callable[[frozenset[str]], None]) -> None:
        self._clock = clock
        self._nudge = nudge
        self._jobs: deque[Job] = deque()
        self._waiting = 0
        self._is_flush_due = False
        self._next_flush_at = 0.0
        self._gathered, self._gather_until = 0, 0.0
        self._stopping = False
        self._in_work: list[Job] = []
        self._written: list[Result] | None = None
        # Handed over once each a transaction: work for the thread, and its result.
        self._begun, self._ended = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._stopping = True
        while self._in_work or self._jobs:
            if not self._in_work:
                self._hand_over()
            if not self._ended.acquire(timeout=_STOP_SECONDS):
                return
            self._answer()
        self._begun.release()
        self._thread.join(_STOP_SECONDS)

    async def submit(self, prepared: Sequence[Prepared]) -> list[Result]:
        """Return the results once they are on disk. Raises ``Overloaded`` or ``Unavailable``."""
        if self._waiting + len(prepared) > MOST_WAITING or self._stopping:
            raise Overloaded
        loop = asyncio.get_running_loop()
        job = Job(prepared, loop.create_future())
        self._waiting += len(prepared)
        self._jobs.append(job)
        self._flush_soon(loop)
        try:
            return await job.future
        finally:
            self._waiting -= len(prepared)

    def _flush_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Flush when all that has arrived by now has been prepared, and the gap since the last commit is over."""
        if self._is_flush_due or self._in_work:
            return
        self._is_flush_due = True
        now = loop.time()
        self._gathered, self._gather_until = 0, now + _GATHERING_SECONDS
        gap = self._next_flush_at - now
        if gap > 0:
            loop.call_later(gap, self._flush, loop)
        else:
            loop.call_soon(self._flush, loop)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_flush_due = False
        if self._in_work or not self._jobs:
            return
        if self._gathered < len(self._jobs) and loop.time() < self._gather_until:
            # Since the last look somebody came: others may stand at the door, and are let in first.
            self._gathered = len(self._jobs)
            self._is_flush_due = True
            loop.call_soon(self._flush, loop)
            return
        self._hand_over()
        if self._ended.acquire(timeout=_PATIENCE_SECONDS):
            self._go_on(loop)
        else:
            loop.call_later(_LOOK_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """See whether a slow transaction has ended meanwhile."""
        if not self._in_work:
            return
        if self._ended.acquire(blocking=False):
            self._go_on(loop)
        else:
            loop.call_later(_LOOK_SECONDS, self._look, loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answer()
        if connection.vendor == "sqlite":
            self._next_flush_at = loop.time() + _GAP_SECONDS
        if self._jobs:
            self._flush_soon(loop)

    def _hand_over(self) -> None:
        """Give the thread work for one transaction: at least one job, and no more than fit into it."""
        records = 0
        while self._jobs and (not self._in_work or records + len(self._jobs[0].prepared) <= record.CHUNK):
            job = self._jobs.popleft()
            self._in_work.append(job)
            records += len(job.prepared)
        self._begun.release()

    def _answer(self) -> None:
        """Wake the calls whose records were written. One that has gone is not an error."""
        results, start = self._written, 0
        for job in self._in_work:
            end = start + len(job.prepared)
            if not job.future.done():
                if results is None:
                    job.future.set_exception(Unavailable())
                else:
                    job.future.set_result(results[start:end])
            start = end
        self._in_work, self._written = [], None

    def _run(self) -> None:
        """Write what is handed over, until nothing is."""
        try:
            while True:
                self._begun.acquire()
                if not self._in_work:
                    return
                self._written, nudges = self._store([one for job in self._in_work for one in job.prepared])
                if nudges:
                    self._nudge(nudges)
                self._ended.release()
        finally:
            connection.close()

    def _store(self, batch: Sequence[Prepared]) -> tuple[list[Result] | None, frozenset[str]]:
        """Write a batch chunk by chunk. ``None`` when nothing could be stored; else a result for each record."""
        results: list[Result] = []
        nudges: frozenset[str] = frozenset()
        for start in range(0, len(batch), record.CHUNK):
            chunk = batch[start : start + record.CHUNK]
            try:
                written = record.write(chunk, now=self._clock())
            except Exception:
                # Whatever it was, nothing of the chunk was stored, and whoever waits must hear it.
                logger.exception("responses could not be stored")
                connection.close()
                if not results:
                    return None, nudges
                text = "The database stopped answering; this record was not stored. Send it again."
                return results + [Result(0, "rejected", errors={"": [text]})] * (len(batch) - start), nudges
            results += written.results
            nudges |= written.nudges
        return results, nudges
