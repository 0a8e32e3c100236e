"""Fixtures that every part of the suite may use."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
import structlog
from django.db import connection


@pytest.fixture(autouse=True)
def _log_context_is_empty() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _audit_log_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that commits, SQLite's tables are emptied row by row: for that the triggers must step aside."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction", False)
    if not commits and not {"transactional_db", "live_server"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("transactional_db")  # it empties the tables after this fixture has ended
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER audit_no_update")
            cursor.execute("DROP TRIGGER audit_no_delete")
            cursor.execute("DELETE FROM responses_auditentry")
            for statement in import_module("responses.migrations.0002_audit_is_append_only").SQLITE:
                cursor.execute(statement)
