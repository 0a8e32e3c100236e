from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ordergroove_monitor import env, supervisor
from ordergroove_monitor.supervisor import Child, Supervisor

# A child with a grandchild in its group, as a worker has its pool. Each writes its number down.
FAMILY = """
import os, pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
(folder / f"{os.getpid()}.leader").touch()
(folder / f"{child.pid}.member").touch()
time.sleep(300)
"""
STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(pathlib.Path(sys.argv[1]) / f"{os.getpid()}.leader").touch()
time.sleep(300)
"""


def wait_for(
    condition: Callable[[], Any], *, seconds: float = 90.0, meanwhile: Callable[[], None] | None = None
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        if meanwhile is not None:
            meanwhile()
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def numbers(folder: Path, kind: str) -> set[int]:
    return {int(path.stem) for path in folder.glob(f"*.{kind}")}


def child(folder: Path, code: str = FAMILY, name: str = "family") -> Child:
    return Child(
        name=name, argv=(sys.executable, "-c", code, str(folder)), environment=env.child_environment({}), folder=folder
    )


def supervise(folder: Path, *children: Child, told: list[str] | None = None) -> Supervisor:
    said = [] if told is None else told
    return Supervisor(children=children, log_folder=folder / "logs", tell=said.append)


def test_the_pause_before_a_restart_grows_up_to_a_bound() -> None:
    assert [supervisor.pause_seconds(failures) for failures in (0, 1, 2, 3)] == [0.25, 0.5, 1.0, 2.0]
    assert supervisor.pause_seconds(1_000) == 30.0


@pytest.mark.processes
@pytest.mark.slow
def test_stopping_leaves_no_process_behind(tmp_path: Path) -> None:
    running = supervise(tmp_path, child(tmp_path, name="one"), child(tmp_path, name="two"))
    running.start()
    wait_for(lambda: len(numbers(tmp_path, "member")) == 2, meanwhile=running.tick)
    everybody = numbers(tmp_path, "leader") | numbers(tmp_path, "member")

    running.stop()

    wait_for(lambda: not any(is_alive(pid) for pid in everybody))


@pytest.mark.processes
@pytest.mark.slow
def test_a_child_that_dies_is_started_again_and_takes_its_group_with_it(tmp_path: Path) -> None:
    told: list[str] = []
    running = supervise(tmp_path, child(tmp_path), told=told)
    running.start()
    wait_for(lambda: numbers(tmp_path, "member"), meanwhile=running.tick)
    (leader,), (member,) = numbers(tmp_path, "leader"), numbers(tmp_path, "member")

    os.kill(leader, signal.SIGKILL)

    wait_for(lambda: len(numbers(tmp_path, "member")) == 2, meanwhile=running.tick)
    assert not is_alive(member)
    assert told[0].startswith("family was ended by SIGKILL; starting it again in 0.5 s")
    running.stop()


@pytest.mark.processes
@pytest.mark.slow
def test_a_child_that_ignores_the_request_is_killed_in_the_end(tmp_path: Path) -> None:
    running = supervise(tmp_path, child(tmp_path, STUBBORN))
    running.stop_seconds = 0.3
    running.start()
    wait_for(lambda: numbers(tmp_path, "leader"), meanwhile=running.tick)
    (pid,) = numbers(tmp_path, "leader")

    running.stop()

    assert not is_alive(pid)


@pytest.mark.processes
@pytest.mark.slow
def test_a_killed_watchdog_is_replaced(tmp_path: Path) -> None:
    running = supervise(tmp_path, child(tmp_path))
    running.start()
    wait_for(lambda: numbers(tmp_path, "member"), meanwhile=running.tick)
    watchdog = running._watchdog
    assert watchdog is not None

    watchdog.kill()

    wait_for(lambda: running._watchdog is not None and running._watchdog is not watchdog, meanwhile=running.tick)
    everybody = numbers(tmp_path, "leader") | numbers(tmp_path, "member")
    assert all(is_alive(pid) for pid in everybody)
    running.stop()


SUPERVISE = """
import sys
from pathlib import Path
from tests.ordergroove_monitor.test_supervisor import FAMILY, STUBBORN, child, supervise
folder = Path(sys.argv[1])
running = supervise(folder, child(folder), child(folder, STUBBORN, "stubborn"))
running.start()
while not running.is_stopping:
    running.tick()
running.stop()
"""


def start_supervisor(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder)],
        cwd=Path(__file__).parents[2],
        env=env.child_environment({"DJANGO_SETTINGS_MODULE": "tests.settings"}),
        start_new_session=True,
    )
    wait_for(lambda: len(numbers(folder, "leader")) == 2 and numbers(folder, "member"))
    return process


@pytest.mark.processes
@pytest.mark.slow
def test_a_killed_supervisor_takes_everybody_with_it(tmp_path: Path) -> None:
    process = start_supervisor(tmp_path)
    everybody = numbers(tmp_path, "leader") | numbers(tmp_path, "member")
    assert len(everybody) == 3

    process.kill()
    process.wait()

    wait_for(lambda: not any(is_alive(pid) for pid in everybody))


@pytest.mark.processes
@pytest.mark.slow
def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    process = start_supervisor(tmp_path)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None

    began = time.monotonic()
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 0
    assert time.monotonic() - began < 20
    assert not any(is_alive(pid) for pid in numbers(tmp_path, "leader") | numbers(tmp_path, "member"))


@pytest.mark.processes
@pytest.mark.slow
def test_a_frozen_supervisor_holds_up_no_child_that_writes_much(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys\nfor number in range(20_000): print('x' * 100)\n"
        "sys.stdout.flush()\n(pathlib.Path(sys.argv[1]) / 'written').touch()\nimport time; time.sleep(300)"
    )
    running = supervise(tmp_path, child(tmp_path, code))
    running.start()

    # No tick: nobody reads along.
    wait_for(lambda: (tmp_path / "written").exists())

    running.stop()
