"""Watches over the other parts from a thread of each web process, and speaks for them when they are silent.

A worker that is dead cannot tell so, and where the database is away no table can hold the alarm.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from responses.alerting import own_death, pulse
from responses.alerting.own_death import Speaking

EVERY_SECONDS = 15.0
LOOKED_AT = (pulse.WORKER, pulse.BEAT, pulse.DATABASE)

logger = logging.getLogger(__name__)


class Watch:
    """``turn`` is one look; the thread takes one every quarter of a minute.

    ``nudge`` asks a worker to announce what was written down. ``lock`` is a file: of several processes on a machine one
    speaks while the database is away.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        nudge: Callable[[], object],
        lock: Path,
        monotonic: Callable[[], float] = time.monotonic,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._clock, self._monotonic, self._nudge, self._lock_path, self._every = clock, monotonic, nudge, lock, every
        self._since = clock()
        self._looked_at = monotonic()
        self._database_well_at = clock()
        self._channels: tuple[Speaking, ...] = ()
        self._lock: IO[str] | None = None
        self._has_told = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, or leave it to end by itself when a channel keeps it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(3.0)
        self._release()

    def turn(self) -> None:
        """Look once, and say what has to be said."""
        if self._monotonic() - self._looked_at > 4 * self._every:
            # This process was asleep itself: it cannot know what was meanwhile.
            self._since = self._database_well_at = self._clock()
        try:
            self._look()
        except (DatabaseError, InterfaceError, OSError):
            logger.warning("the database did not answer the watch", exc_info=True)
            connection.close()
            self._without_database()
        finally:
            self._looked_at = self._monotonic()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                close_old_connections()
                self.turn()
            except Exception:
                logger.exception("the watch over the monitor's own parts has failed; it goes on")
            finally:
                connection.close()

    def _look(self) -> None:
        now = self._clock()
        pulse.alive(pulse.WEB, now=now, clock=self._monotonic)
        silent = own_death.look(LOOKED_AT, since=self._since, now=now)
        self._channels = own_death.remember()
        self._database_is_back(now)
        if pulse.WORKER in silent:
            own_death.stand_in(clock=self._clock)
        elif silent:
            self._nudge()

    def _without_database(self) -> None:
        """Tell, once for each outage, when it has lasted as long as a silence may."""
        now = self._clock()
        if self._has_told or now - self._database_well_at <= pulse.SILENT_AFTER or not self._is_first():
            return
        self._has_told = True
        message = own_death.no_database(since=self._database_well_at, now=now)
        own_death.tell_directly(self._channels, message, message_id=self._outage(), now=now)

    def _database_is_back(self, now: datetime) -> None:
        if self._has_told:
            message = own_death.database_again(since=self._database_well_at, now=now)
            own_death.tell_directly(self._channels, message, message_id=f"{self._outage()}-over", now=now)
            self._has_told = False
        self._release()
        self._database_well_at = now

    def _outage(self) -> str:
        return f"database-{int(self._database_well_at.timestamp())}"

    def _is_first(self) -> bool:
        """Whether no other process of this machine speaks already. The system frees the lock of one that dies."""
        try:
            if self._lock is None:
                self._lock = self._lock_path.open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # nothing can be written: better told twice than never
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
