"""Django's SQLite backend for several writing processes: every write transaction takes one lock file before it begins.

Reads never take it. Django finds this module through ``DATABASES["default"]["ENGINE"]``.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from django.db.backends.sqlite3 import base

from ordergroove_monitor.sqlite.lock import FileLock, LockTimeout

_COMMENTS = re.compile(r"\s*(?:--[^\n]*(?:\n|$)|/\*.*?\*/)", re.DOTALL)
_READS = re.compile(
    r"[\s(]*(?:SELECT|PRAGMA|EXPLAIN|VALUES|COMMIT|END|ROLLBACK|RELEASE|SAVEPOINT|BEGIN\s+DEFERRED)\b", re.IGNORECASE
)
_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
_WRITES_WITHIN = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE\s+INTO)\b", re.IGNORECASE)
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


def is_read(statement: str) -> bool:
    """Whether ``statement`` changes no data; in doubt it counts as a write, which only costs a turn at the lock."""
    while (comment := _COMMENTS.match(statement)) is not None:
        statement = statement[comment.end() :]
    if _WITH.match(statement):
        return _WRITES_WITHIN.search(statement) is None
    return _READS.match(statement) is not None


def _create_private(path: str) -> None:
    """SQLite would make a new file readable for everybody; its WAL takes over the permissions of the file."""
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        # It exists, or SQLite will say better what is wrong.
        pass


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the writers' lock exactly as long as it is inside a write transaction."""

    writer_lock: FileLock | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        self._drop_lock()
        if not self.is_in_memory_db():
            # Two paths to one database must lead to one lock.
            path = os.path.realpath(str(self.settings_dict["NAME"]))
            self.writer_lock = FileLock(Path(path + ".lock"))
            _create_private(path)
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        self._use_wal(connection)
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to WAL, once. The switch needs the file for itself and does not wait: hence the lock."""
        if self.writer_lock is None or connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        self.take_lock()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            self.writer_lock.release()

    def create_cursor(self, name: str | None = None) -> Cursor:  # noqa: ARG002  # Django's signature
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def take_lock(self) -> None:
        """Wait for the writers' lock; ``OperationalError`` when it is not free within the connection's timeout."""
        if self.writer_lock is None or self.writer_lock.is_held:
            return
        seconds = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        try:
            self.writer_lock.acquire(seconds=seconds)
        except LockTimeout as error:
            raise sqlite3.OperationalError(f"database is locked: {error}") from error
        except OSError as error:
            raise sqlite3.OperationalError(f"cannot lock {self.writer_lock.path}: {error.strerror}") from error

    def leave_lock(self) -> None:
        """Let the next writer in, unless a transaction is open."""
        if self.writer_lock is not None and (self.connection is None or not self.connection.in_transaction):
            self.writer_lock.release()

    def _drop_lock(self) -> None:
        if self.writer_lock is not None:
            self.writer_lock.close()
            self.writer_lock = None

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # the stubs lack it
        finally:
            self.leave_lock()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self.leave_lock()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._drop_lock()


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that takes the lock before a statement that writes, and leaves it when no transaction is open then."""

    wrapper: DatabaseWrapper
    _rows: Iterator[Any] | None = None

    def execute(self, query: str, params: Any = None) -> Self:
        self._rows = None
        only_reads = is_read(query)
        with self._turn(is_read=only_reads):
            super().execute(query, params)
            if not only_reads and not self.connection.in_transaction and _RETURNING.search(query):
                # Outside a transaction SQLite commits such a statement with its last row: fetch while the lock is ours.
                self._rows = iter(super().fetchall())
        return self

    def executemany(self, query: str, param_list: Any) -> Self:
        self._rows = None
        with self._turn():
            super().executemany(query, param_list)
        return self

    def executescript(self, script: str) -> Self:
        self._rows = None
        with self._turn():
            super().executescript(script)
        return self

    @contextmanager
    def _turn(self, *, is_read: bool = False) -> Iterator[None]:
        if not is_read:
            self.wrapper.take_lock()
        try:
            yield
        finally:
            # Also after what only reads, for so does COMMIT; and after an error, which may end the transaction.
            self.wrapper.leave_lock()

    def fetchone(self) -> Any:
        return super().fetchone() if self._rows is None else next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        size = self.arraysize if size is None else size
        if self._rows is None:
            return super().fetchmany(size)
        return [row for _, row in zip(range(size), self._rows, strict=False)]

    def fetchall(self) -> list[Any]:
        return super().fetchall() if self._rows is None else list(self._rows)

    def __next__(self) -> Any:
        return super().__next__() if self._rows is None else next(self._rows)
