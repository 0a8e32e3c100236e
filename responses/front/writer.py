"""The group-commit writer: one thread, one transaction for all that waits, an answer only after the commit.

It is the only writer of recorded calls in the web process. It keeps no queue on disk: what it has not written, nobody
has been told is stored.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import Error as DatabaseError
from django.db import connection

from responses.recording import record
from responses.recording.prepare import Prepared
from responses.recording.record import Result

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""Records that may wait; more is overload, and refused."""
_GAP_SECONDS = 0.001
"""SQLite: between two commits, so that the writers of other processes get their turn (reliability.md, 1)."""
_STOP_SECONDS = 20.0


class Overloaded(Exception):
    """Too much waits to be written."""


class Unavailable(Exception):
    """The database cannot store anything now; nothing of the job was stored."""


class Job:
    """Prepared exchanges of one call, and the future that waits for their results."""

    __slots__ = ("future", "loop", "prepared")

    def __init__(self, prepared: Sequence[Prepared], loop: asyncio.AbstractEventLoop) -> None:
        self.prepared = prepared
        self.loop = loop
        self.future: asyncio.Future[list[Result]] = loop.create_future()


Ending = tuple[Job, list[Result] | None]


class Writer:
    """``submit`` from the event loop; everything else happens in the writer's own thread."""

    def __init__(self, *, clock: Callable[[], datetime], nudge: Callable[[frozenset[str]], None]) -> None:
        self._clock = clock
        self._nudge = nudge
        self._jobs: deque[Job] = deque()
        self._waiting = 0
        self._wakeup = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._stopping = True
        self._wakeup.set()
        self._thread.join(_STOP_SECONDS)

    async def submit(self, prepared: Sequence[Prepared]) -> list[Result]:
        """Return the results once they are on disk. Raises ``Overloaded`` or ``Unavailable``."""
        if self._waiting + len(prepared) > MOST_WAITING or self._stopping:
            raise Overloaded
        job = Job(prepared, asyncio.get_running_loop())
        self._waiting += len(prepared)
        self._jobs.append(job)
        self._wakeup.set()
        try:
            return await asyncio.shield(job.future)
        finally:
            self._waiting -= len(prepared)

    def _run(self) -> None:
        try:
            while True:
                if not self._jobs:
                    if self._stopping:
                        return
                    self._wakeup.wait(1.0)
                    self._wakeup.clear()
                    continue
                self._write(self._take())
                if connection.vendor == "sqlite":
                    time.sleep(_GAP_SECONDS)
        finally:
            connection.close()

    def _take(self) -> list[Job]:
        """Take jobs for one transaction: at least one, and no more than fit into it."""
        jobs = [self._jobs.popleft()]
        records = len(jobs[0].prepared)
        while self._jobs and records + len(self._jobs[0].prepared) <= record.CHUNK:
            jobs.append(self._jobs.popleft())
            records += len(jobs[-1].prepared)
        return jobs

    def _write(self, jobs: Sequence[Job]) -> None:
        results, nudges = self._store([one for job in jobs for one in job.prepared])
        endings: list[Ending] = []
        start = 0
        for job in jobs:
            end = start + len(job.prepared)
            endings.append((job, results[start:end] if results is not None else None))
            start = end
        if nudges:
            self._nudge(nudges)
        jobs[0].loop.call_soon_threadsafe(_finish, endings)

    def _store(self, batch: Sequence[Prepared]) -> tuple[list[Result] | None, frozenset[str]]:
        """Write a batch chunk by chunk. ``None`` when nothing could be stored; else a result for each record."""
        results: list[Result] = []
        nudges: frozenset[str] = frozenset()
        for start in range(0, len(batch), record.CHUNK):
            chunk = batch[start : start + record.CHUNK]
            try:
                written = record.write(chunk, now=self._clock())
            except DatabaseError:
                logger.exception("responses could not be stored")
                connection.close()
                if not results:
                    return None, nudges
                text = "The database stopped answering; this record was not stored. Send it again."
                return results + [Result(0, "rejected", errors={"": [text]})] * (len(batch) - start), nudges
            results += written.results
            nudges |= written.nudges
        return results, nudges


def _finish(endings: Sequence[Ending]) -> None:
    """Wake the calls that wait, in the event loop. One that has gone is not an error."""
    for job, results in endings:
        if job.future.done():
            continue
        if results is None:
            job.future.set_exception(Unavailable())
        else:
            job.future.set_result(results)
