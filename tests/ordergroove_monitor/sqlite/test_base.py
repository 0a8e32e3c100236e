from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ordergroove_monitor import env
from ordergroove_monitor.settings import SQLITE_OPTIONS
from ordergroove_monitor.sqlite import base
from ordergroove_monitor.sqlite.base import DatabaseWrapper
from ordergroove_monitor.sqlite.lock import FileLock, LockTimeout


def open_database(path: Path, **options: Any) -> DatabaseWrapper:
    """A connection of its own, with the project's settings, to a database of its own."""
    wanted = {
        **connections.settings["default"],
        "ENGINE": "ordergroove_monitor.sqlite",
        "NAME": str(path),
        "OPTIONS": SQLITE_OPTIONS | options,
    }
    return DatabaseWrapper(wanted, alias="default")


@pytest.fixture(autouse=True)
def _databases_may_be_opened(django_db_blocker: Any) -> Iterator[None]:
    # They are these tests' own.
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DatabaseWrapper]:
    wrapper = open_database(tmp_path / "db.sqlite3")
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
    yield wrapper
    wrapper.close()


def is_free(database: DatabaseWrapper) -> bool:
    """Whether another writer could have its turn at this moment."""
    other = FileLock(Path(f"{database.settings_dict['NAME']}.lock"))
    try:
        other.acquire(seconds=0.01)
    except LockTimeout:
        return False
    finally:
        other.close()
    return True


def notes(database: DatabaseWrapper) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute("SELECT text FROM note ORDER BY text")
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def using(database: DatabaseWrapper) -> Iterator[None]:
    """Let ``transaction.atomic`` work on this connection."""
    before = connections["default"]
    connections["default"] = database
    try:
        yield
    finally:
        connections["default"] = before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        " \n select 1",
        "(SELECT 1) UNION SELECT 2",
        "-- INSERT\n/* UPDATE */ SELECT 1",
        "WITH x AS (SELECT 1) SELECT replace(a, 'b', 'c') FROM x",
        "PRAGMA journal_mode",
        "EXPLAIN QUERY PLAN DELETE FROM x",
        "VALUES (1)",
        "ROLLBACK",
        "RELEASE SAVEPOINT x",
        "BEGIN DEFERRED",
    ],
)
def test_what_only_reads_takes_no_lock(statement: str) -> None:
    assert base.is_read(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO x VALUES (1)",
        "update x set a = 1",
        "/* SELECT */ DELETE FROM x",
        "REPLACE INTO x VALUES (1)",
        "WITH x AS (SELECT 1) INSERT INTO y SELECT * FROM x",
        "with x as (select 1) update y set a = 1",
        "CREATE TABLE x (a)",
        "DROP TABLE x",
        "BEGIN IMMEDIATE",
        "BEGIN",
        "VACUUM",
        "SELECTED",
        "",
    ],
)
def test_what_may_write_takes_the_lock(statement: str) -> None:
    assert not base.is_read(statement)


def test_the_connection_is_durable_and_careful(database: DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "journal_size_limit")
        }

    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "journal_size_limit": 67108864,
    }


def test_a_new_database_is_private(database: DatabaseWrapper) -> None:
    path = Path(str(database.settings_dict["NAME"]))

    assert {file.stat().st_mode & 0o077 for file in path.parent.glob("db.sqlite3*")} == {0}


def test_a_transaction_holds_the_lock_until_it_ends(database: DatabaseWrapper) -> None:
    with using(database):
        with transaction.atomic():
            assert not is_free(database)
            with transaction.atomic():
                assert not is_free(database)
            assert not is_free(database)
        assert is_free(database)


def test_a_rolled_back_transaction_leaves_the_lock(database: DatabaseWrapper) -> None:
    with using(database), pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError

    assert is_free(database)


def test_an_error_inside_a_transaction_keeps_the_lock_until_the_rollback(database: DatabaseWrapper) -> None:
    with using(database):
        with pytest.raises(IntegrityError), transaction.atomic():
            with database.cursor() as cursor:
                cursor.execute("INSERT INTO note (text) VALUES ('a')")
                try:
                    cursor.execute("INSERT INTO note (text) VALUES ('a')")
                finally:
                    assert not is_free(database)
        assert is_free(database)
    assert notes(database) == []


def test_a_write_outside_a_transaction_leaves_the_lock_at_once(database: DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO note (text) VALUES (%s)", ["a"])
        assert is_free(database)
        cursor.executemany("INSERT INTO note (text) VALUES (%s)", [["b"], ["c"]])
        assert is_free(database)
        with pytest.raises(IntegrityError):
            cursor.execute("INSERT INTO note (text) VALUES ('a')")
        assert is_free(database)

    assert notes(database) == ["a", "b", "c"]


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "iteration"])
def test_a_returning_statement_is_committed_before_the_lock_is_left(database: DatabaseWrapper, fetch: str) -> None:
    other = open_database(Path(str(database.settings_dict["NAME"])))
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO note (text) VALUES ('a'), ('b') RETURNING text")

        assert is_free(database)
        assert notes(other) == ["a", "b"]
        rows = {
            "fetchone": lambda: [cursor.fetchone(), cursor.fetchone()],
            "fetchmany": lambda: [*cursor.fetchmany(1), *cursor.fetchmany(5)],
            "fetchall": cursor.fetchall,
            "iteration": lambda: list(cursor),
        }[fetch]()
        assert rows == [("a",), ("b",)]
        assert cursor.fetchone() is None
    other.close()


def test_a_read_waits_for_nobody(database: DatabaseWrapper) -> None:
    held = FileLock(Path(f"{database.settings_dict['NAME']}.lock"))
    held.acquire(seconds=1)

    assert notes(database) == []

    held.close()


def test_a_script_takes_its_turn_too(database: DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.cursor.executescript("INSERT INTO note (text) VALUES ('a'); INSERT INTO note (text) VALUES ('b');")

    assert notes(database) == ["a", "b"]
    assert is_free(database)


def test_the_wait_for_a_turn_ends_with_a_clear_error(tmp_path: Path) -> None:
    database = open_database(tmp_path / "db.sqlite3", timeout=0.1)
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE note (text TEXT)")
        held = FileLock(tmp_path / "db.sqlite3.lock")
        held.acquire(seconds=1)

        with pytest.raises(OperationalError, match=r"database is locked: another writer has held .* for 0.1 seconds"):
            cursor.execute("INSERT INTO note VALUES ('a')")

        held.release()
        cursor.execute("INSERT INTO note VALUES ('b')")
    held.close()
    database.close()


def test_a_transaction_that_never_got_its_turn_can_be_tried_again(tmp_path: Path) -> None:
    database = open_database(tmp_path / "db.sqlite3", timeout=0.1)
    held = FileLock(tmp_path / "db.sqlite3.lock")
    with using(database):
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("CREATE TABLE note (text TEXT)")
        held.acquire(seconds=1)
        with pytest.raises(OperationalError), transaction.atomic():
            pytest.fail("the block must not be entered")
        held.close()
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("INSERT INTO note VALUES ('a')")
    assert notes(database) == ["a"]
    database.close()


def test_closing_inside_a_transaction_leaves_the_lock(database: DatabaseWrapper) -> None:
    with using(database):
        with transaction.atomic():
            with database.cursor() as cursor:
                cursor.execute("INSERT INTO note (text) VALUES ('a')")
            database.close()
            assert is_free(database)
        assert notes(database) == []


def test_two_paths_to_one_database_lead_to_one_lock(database: DatabaseWrapper, tmp_path: Path) -> None:
    (tmp_path / "link.sqlite3").symlink_to(tmp_path / "db.sqlite3")
    other = open_database(tmp_path / "link.sqlite3", timeout=0.05)
    with using(database), transaction.atomic():
        with pytest.raises(OperationalError, match="another writer"), other.cursor() as cursor:
            cursor.execute("INSERT INTO note (text) VALUES ('a')")
    other.close()


def test_raw_transaction_statements_hold_and_leave_the_lock(database: DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        assert not is_free(database)
        cursor.execute("INSERT INTO note (text) VALUES ('a')")
        cursor.execute("COMMIT")

    assert is_free(database)


WRITER = """
import os, sys
sys.path.insert(0, sys.argv[1])
os.environ["DJANGO_SETTINGS_MODULE"] = "ordergroove_monitor.settings"
import django
django.setup()
from django.db import connection, transaction
for number in range(int(sys.argv[3])):
    if number % 2:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT max(n) FROM counter")
            n = cursor.fetchone()[0]
            cursor.execute("UPDATE counter SET n = %s", [n + 1])
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE counter SET n = n + 1")
"""


@pytest.mark.processes
@pytest.mark.slow
def test_writers_in_several_processes_never_meet_a_locked_database(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite3"
    database = open_database(path)
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE counter (n INTEGER)")
        cursor.execute("INSERT INTO counter VALUES (0)")
    environment = env.child_environment({"DATABASE_URL": f"sqlite:///{path}", "DATA_DIR": str(tmp_path)})
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(settings.BASE_DIR), "x", "100"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    errors = [writer.communicate()[1] for writer in writers]

    assert errors == [""] * 4
    with database.cursor() as cursor:
        assert cursor.execute("SELECT n FROM counter").fetchone() == (400,)
    database.close()


@pytest.mark.slow
def test_threads_that_read_then_write_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite3"
    with open_database(path).cursor() as cursor:
        cursor.execute("CREATE TABLE counter (n INTEGER)")
        cursor.execute("INSERT INTO counter VALUES (0)")
    errors: list[Exception] = []

    def count() -> None:
        database: BaseDatabaseWrapper = open_database(path)
        try:
            for _ in range(50):
                with database.cursor() as cursor:
                    cursor.execute("BEGIN IMMEDIATE")
                    (n,) = cursor.execute("SELECT n FROM counter").fetchone()
                    time.sleep(0)
                    cursor.execute("UPDATE counter SET n = %s", [n + 1])
                    cursor.execute("COMMIT")
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    with open_database(path).cursor() as cursor:
        assert cursor.execute("SELECT n FROM counter").fetchone() == (200,)
