from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from ordergroove_monitor import secret_files


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = secret_files.read_or_create(tmp_path / "data" / "secrets" / "key", lambda: "one")
    second = secret_files.read_or_create(tmp_path / "data" / "secrets" / "key", lambda: "two")

    assert (first, second) == ("one", "one")
    assert [path.name for path in (tmp_path / "data" / "secrets").iterdir()] == ["key"]


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    secret_files.read_or_create(tmp_path / "data" / "secrets" / "key", lambda: "one")

    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("data", "data/secrets", "data/secrets/key")]
    assert modes == [0o700, 0o700, 0o600]


def test_an_emptied_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "key").touch()

    with pytest.raises(OSError, match="empty"):
        secret_files.read_or_create(tmp_path / "key", lambda: "one")


def test_new_secrets_are_long_and_differ() -> None:
    assert len({secret_files.new_text() for _ in range(10)}) == 10
    assert len(secret_files.new_text()) >= 50
    Fernet(secret_files.new_seal_key())


def _make(path: Path, barrier: Any, results: Any) -> None:
    barrier.wait()
    results.put(secret_files.read_or_create(path, secret_files.new_text))


@pytest.mark.processes
@pytest.mark.slow
def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    path = tmp_path / "secrets" / "key"
    processes = [context.Process(target=_make, args=(path, barrier, results)) for _ in range(4)]
    for process in processes:
        process.start()

    found = {results.get(timeout=90) for _ in processes}

    for process in processes:
        process.join()
    assert found == {path.read_text().strip()}
