"""Many rows in one statement, in the fastest way of each database. Only recording writes so; all else uses the ORM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection, models

Rows = Sequence[Sequence[Any]]


class Cursor:
    """The driver's own cursor, for statements with ``%s`` on either database: Django's layers around it, at a dozen
    statements a transaction, cost more than the statements."""

    __slots__ = ("_cursor", "_is_sqlite")

    def __init__(self) -> None:
        self._is_sqlite = is_sqlite()
        driver: Any = connection.connection
        self._cursor: Any = driver.cursor() if self._is_sqlite else psycopg.Cursor(driver)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Execute one statement."""
        self._cursor.execute(_with_question_marks(statement) if self._is_sqlite else statement, values)

    def executemany(self, statement: str, rows: Rows) -> None:
        """Execute one statement for each row of values."""
        self._cursor.executemany(_with_question_marks(statement) if self._is_sqlite else statement, rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row of the last statement."""
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement."""
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    @property
    def rowcount(self) -> int:
        """How many rows the last statement touched."""
        count: int = self._cursor.rowcount
        return count


@contextmanager
def cursor() -> Iterator[Cursor]:
    """Open a cursor inside ``transaction.atomic()``. The driver's errors leave it as Django's."""
    with connection.wrap_database_errors:
        yield Cursor()


@lru_cache(maxsize=1)
def is_sqlite() -> bool:
    """Whether the database is SQLite: that is settled when the process starts."""
    return connection.vendor == "sqlite"


@lru_cache(maxsize=1024)
def _with_question_marks(statement: str) -> str:
    return statement.replace("%s", "?").replace("%%", "%")


def moment(value: datetime | None) -> Any:
    """Return an instant (aware, UTC) as the database's driver wants it."""
    if value is None or not is_sqlite():
        return value
    # The text that the ORM writes too, without the zone: comparisons in SQLite are comparisons of text.
    return str(value)[:-6]


def read_moment(value: Any) -> datetime | None:
    """Return an instant as read by a plain cursor (SQLite: without its zone) as an aware one."""
    if value is None:
        return None
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def insert(cursor: Cursor, model: type[models.Model], columns: tuple[str, ...], rows: Rows, end: str = "") -> None:
    """Insert ``rows`` (in the order of ``columns``, the database's names). ``end`` is an ON CONFLICT clause."""
    if not rows:
        return
    if is_sqlite():
        cursor.executemany(_values_statement(model, columns, end, 1), rows)
    else:
        cursor.execute(_unnest_statement(model, columns, end), [list(column) for column in zip(*rows, strict=True)])


def insert_returning(
    cursor: Cursor, model: type[models.Model], columns: tuple[str, ...], rows: Rows, end: str
) -> list[tuple[Any, ...]]:
    """Like ``insert``, with what the RETURNING clause of ``end`` says of the rows that were really inserted."""
    if not rows:
        return []
    if is_sqlite():
        statement = _values_statement(model, columns, end, len(rows))
        cursor.execute(statement, [value for row in rows for value in row])
    else:
        cursor.execute(_unnest_statement(model, columns, end), [list(column) for column in zip(*rows, strict=True)])
    return cursor.fetchall()


@lru_cache(maxsize=512)
def _values_statement(model: type[models.Model], columns: tuple[str, ...], end: str, rows: int) -> str:
    one = f"({', '.join(['%s'] * len(columns))})"
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)} {end}"


@lru_cache(maxsize=64)
def _unnest_statement(model: type[models.Model], columns: tuple[str, ...], end: str) -> str:
    types = {field.column: field.rel_db_type(connection) for field in model._meta.concrete_fields if field.column}
    arrays = ", ".join(f"%s::{_element_type(types[column])}[]" for column in columns)
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
        f"SELECT * FROM unnest({arrays}) AS new ({', '.join(columns)}) {end}"
    )


def _element_type(db_type: str | None) -> str:
    """Return a column's type as an array's element type: a length limit is the table's to check."""
    name = (db_type or "text").split("(")[0]
    return "text" if name == "varchar" else name
