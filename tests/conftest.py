"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import import_module

import hypothesis
import pytest
import structlog
from django.db import connection
from playwright.sync_api import Browser, sync_playwright

from responses.insight import splits

# The same examples for the same code: a red run is a finding of its change. HYPOTHESIS_PROFILE=explore looks for more.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(autouse=True)
def _log_context_is_empty() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _no_sums_are_remembered() -> Iterator[None]:
    yield
    splits.forget()


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's browser. For one module only: while it runs, no other event loop can run in this thread."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert path is not None, "Chromium is missing: on Debian and Ubuntu, apt-get install -y chromium"
    # Chromium's sandbox does not work for root, which tests in containers usually are.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The browser's loop runs in this thread, and Django would take that for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
