"""Many rows in one statement, in the fastest way of each database. Only recording writes so; all else uses the ORM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

Rows = Sequence[Sequence[Any]]


def moment(value: datetime | None) -> Any:
    """Return an instant (aware, UTC) as the database's driver wants it."""
    return None if value is None else _moment_of(connection.vendor)(value)


def read_moment(value: Any) -> datetime | None:
    """Return an instant as read by a plain cursor (SQLite: without its zone) as an aware one."""
    if value is None:
        return None
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@lru_cache
def _moment_of(vendor: str) -> Callable[[datetime], Any]:
    if vendor == "sqlite":
        # The text that the ORM writes too: comparisons in SQLite are comparisons of text.
        return lambda value: str(value.replace(tzinfo=None))
    return lambda value: value


def insert(
    cursor: CursorWrapper, model: type[models.Model], columns: tuple[str, ...], rows: Rows, end: str = ""
) -> None:
    """Insert ``rows`` (in the order of ``columns``, the database's names). ``end`` is an ON CONFLICT clause."""
    if not rows:
        return
    if connection.vendor == "sqlite":
        cursor.executemany(_values_statement(model, columns, end, 1), rows)
    else:
        cursor.execute(_unnest_statement(model, columns, end), [list(column) for column in zip(*rows, strict=True)])


def insert_returning(
    cursor: CursorWrapper, model: type[models.Model], columns: tuple[str, ...], rows: Rows, end: str
) -> list[tuple[Any, ...]]:
    """Like ``insert``, with what the RETURNING clause of ``end`` says of the rows that were really inserted."""
    if not rows:
        return []
    if connection.vendor == "sqlite":
        statement = _values_statement(model, columns, end, len(rows))
        cursor.execute(statement, [value for row in rows for value in row])
    else:
        cursor.execute(_unnest_statement(model, columns, end), [list(column) for column in zip(*rows, strict=True)])
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


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
