from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ordergroove_monitor.sqlite.lock import FileLock, LockTimeout

HOLD = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from ordergroove_monitor.sqlite.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire(seconds=5)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold_elsewhere(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that has the lock, and keeps it so long."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds), str(Path(__file__).parents[3])],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_lock_can_be_taken_again_after_it_was_left(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    for _ in range(3):
        lock.acquire(seconds=1)
        assert lock.is_held
        lock.release()
        assert not lock.is_held
    lock.close()


def test_two_connections_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    first.acquire(seconds=1)

    with pytest.raises(LockTimeout):
        second.acquire(seconds=0.05)

    first.release()
    second.acquire(seconds=1)
    assert second.is_held
    first.close()
    second.close()


def test_a_wait_that_was_given_up_does_not_take_the_lock_later(tmp_path: Path) -> None:
    first, second, third = (FileLock(tmp_path / "lock") for _ in range(3))
    first.acquire(seconds=1)
    with pytest.raises(LockTimeout):
        second.acquire(seconds=0.01)
    first.release()

    third.acquire(seconds=5)

    assert third.is_held
    assert not second.is_held
    third.close()


@pytest.mark.processes
def test_a_waiter_gets_its_turn_as_soon_as_another_process_leaves(tmp_path: Path) -> None:
    process = hold_elsewhere(tmp_path / "lock", 0.3)
    lock = FileLock(tmp_path / "lock")
    lock.acquire(seconds=5)
    assert lock.is_held
    lock.close()
    end(process)


@pytest.mark.processes
def test_a_killed_process_leaves_the_lock(tmp_path: Path) -> None:
    process = hold_elsewhere(tmp_path / "lock", 60)
    threading.Timer(0.1, lambda: os.kill(process.pid, signal.SIGKILL)).start()
    lock = FileLock(tmp_path / "lock")

    lock.acquire(seconds=5)

    assert lock.is_held
    lock.close()
    end(process)


@pytest.mark.processes
def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    parents, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    parents.acquire(seconds=1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(reader, 1)
        os._exit(0 if not parents.is_held else 1)

    parents.close()
    other.acquire(seconds=5)

    assert other.is_held
    other.close()
    os.write(writer, b"x")
    assert os.waitpid(child, 0)[1] == 0
    os.close(reader)
    os.close(writer)


@pytest.mark.slow
def test_a_busy_writer_that_pauses_lets_others_in(tmp_path: Path) -> None:
    busy, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    is_over = threading.Event()

    def write_all_the_time() -> None:
        while not is_over.is_set():
            busy.acquire(seconds=5)
            time.sleep(0.005)
            busy.release()
            time.sleep(0.001)

    thread = threading.Thread(target=write_all_the_time)
    thread.start()
    waits = []
    for _ in range(20):
        began = time.monotonic()
        other.acquire(seconds=5)
        waits.append(time.monotonic() - began)
        other.release()
        time.sleep(0.002)
    is_over.set()
    thread.join()

    assert sorted(waits)[10] < 0.1
    busy.close()
    other.close()
