"""A migration may take as long as it takes: to build an index on millions of rows is no statement gone wrong."""

from __future__ import annotations

from typing import Any

from django.db import connections


def begin(using: str, **_: Any) -> None:
    """Lift PostgreSQL's limit on a statement's time for this connection; called before migrations."""
    _set(using, "SET statement_timeout = 0")


def end(using: str, **_: Any) -> None:
    """Let the limit of the settings hold again; called after migrations."""
    _set(using, "RESET statement_timeout")


def _set(using: str, statement: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement)
