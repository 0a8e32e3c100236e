"""Celery's pool of processes for brokers without an event loop, which here survives the death of an idle process.

Such a process waits for work with a lock in its hand. When it is killed from outside, by a kernel short of memory say,
nobody ever gets that lock again: the worker looks alive and works no more. So it ends as a whole, to be started anew.
"""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

from billiard import pool

EXIT_CODE = 70
_Untyped: Any = pool.Pool

logger = logging.getLogger(__name__)


class Pool(_Untyped):  # type: ignore[misc]
    """The same, but it ends its worker when a process was killed that had no task."""

    def _join_exited_workers(self, shutdown: bool = False) -> Any:  # noqa: FBT001, FBT002  # billiard's signature
        if not shutdown and any(self._was_killed_idle(process) for process in self._pool):
            self._end_worker()
        return super()._join_exited_workers(shutdown)

    def _trywaitkill(self, worker: Any) -> None:
        """Kill one whose task took too long: it had no lock, and its neighbours go on."""
        worker._controlled_termination = True
        super()._trywaitkill(worker)

    def _was_killed_idle(self, process: Any) -> bool:
        """Whether it was ended by a signal that nobody here has sent, while it waited for work.

        One that had just taken a task, of which we have not heard yet, counts too: then too much is started anew.
        """
        if process.exitcode is None or process.exitcode >= 0 or process._controlled_termination:
            return False
        return not any(process.pid in job.worker_pids() for job in list(self._cache.values()))

    def _end_worker(self) -> None:
        logger.error("a process of the pool was killed while it waited for work: the worker starts anew")
        for process in self._pool:
            if process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)
        os._exit(EXIT_CODE)
