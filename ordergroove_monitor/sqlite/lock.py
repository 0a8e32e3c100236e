"""The one lock file that every writer of a SQLite database takes, in every process. It only makes writers wait their
turn; what is consistent is still SQLite's business.

SQLite's own waiting is a sleep that grows up to 100 ms, so beside a busy writer another process starves. Here the
kernel queues the waiters and wakes the next one at once.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from pathlib import Path


class LockTimeout(Exception):
    """The lock was not free within the time allowed."""


class FileLock:
    """An exclusive lock between open file descriptions: between processes, and between connections of one process.

    Not re-entrant and not thread-safe: one connection owns it. A process that dies lets go of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_held = False
        self._descriptor: int | None = None
        _locks.add(self)

    def acquire(self, *, seconds: float) -> None:
        """Wait for the lock at most ``seconds``; raises ``LockTimeout``."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait(self._descriptor, seconds)
        self.is_held = True

    def release(self) -> None:
        """Let the next one in. Does nothing when the lock is not held."""
        if self.is_held and self._descriptor is not None:
            self.is_held = False
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock and of its file."""
        self.is_held = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _wait(self, descriptor: int, seconds: float) -> None:
        """Queue in the kernel, from a thread of its own: a blocking flock() cannot be given a time limit."""
        attempt = _Attempt(descriptor)
        threading.Thread(target=attempt.run, name="sqlite-writer-lock", daemon=True).start()
        if not attempt.ended.wait(seconds) and attempt.abandon():
            # The thread still waits on this descriptor, and closes it when its turn comes.
            self._descriptor = None
            raise LockTimeout(f"another writer has held {self.path} for {seconds:g} seconds")
        if attempt.error is not None:
            raise attempt.error


class _Attempt:
    """One blocking wait, which its owner may give up."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = threading.Event()
        self.error: OSError | None = None
        self._is_abandoned = False
        self._mutex = threading.Lock()

    def run(self) -> None:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self.error = error
        with self._mutex:
            if self._is_abandoned:
                _abandoned.discard(self.descriptor)
                os.close(self.descriptor)
            self.ended.set()

    def abandon(self) -> bool:
        """Give up waiting; ``False`` when the lock was granted in the very last moment."""
        with self._mutex:
            if self.ended.is_set():
                return False
            self._is_abandoned = True
            _abandoned.add(self.descriptor)
            return True


_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()
_abandoned: set[int] = set()


def _forget_in_child() -> None:
    # A forked child shares its parent's open file descriptions: were it to keep them, the parent's death would not free
    # the lock, and the two would count as one holder.
    for lock in list(_locks):
        lock.close()
    for descriptor in _abandoned:
        os.close(descriptor)
    _abandoned.clear()


os.register_at_fork(after_in_child=_forget_in_child)
