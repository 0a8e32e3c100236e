from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ordergroove_monitor import env

WORKER = (sys.executable, "-m", "celery", "-q", "-A", "tests.ordergroove_monitor.celery_app", "worker")
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def wait_for(condition: Callable[[], Any], *, seconds: float = 90.0) -> None:
    """Look again and again, until it holds. Generous: a busy machine takes ten times as long to start a process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Stack:
    """A data folder, the environment of its processes, and the workers that a test has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks = folder / "marks"
        self.marks.mkdir()
        # A queue of its own on whatever broker the suite runs on: others may use the same one.
        self.queue = f"test-{os.getpid()}-{time.monotonic_ns()}"
        self.environment = env.child_environment(
            {
                "DJANGO_SETTINGS_MODULE": "ordergroove_monitor.settings",
                "DATA_DIR": str(folder),
                "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
                "CELERY_BROKER_URL": "embedded://" if settings.IS_EMBEDDED_BROKER else settings.CELERY_BROKER_URL,
                "WORKER_CONCURRENCY": "1",
            }
        )
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self) -> subprocess.Popen[bytes]:
        log = (self.folder / f"worker{len(self.workers)}.log").open("wb")
        worker = subprocess.Popen(
            [*WORKER, "-Q", self.queue, *QUIET],
            env=self.environment,
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.workers.append(worker)
        return worker

    def send(self, *calls: tuple[str, tuple[object, ...]]) -> None:
        """From another process, as the web process would."""
        code = (
            "import json, sys\nfrom tests.ordergroove_monitor.celery_app import app\n"
            "for name, arguments in json.loads(sys.argv[2]): app.send_task(name, arguments, queue=sys.argv[1])\n"
        )
        subprocess.run(
            [sys.executable, "-c", code, self.queue, json.dumps(calls)],
            env=self.environment,
            cwd=settings.BASE_DIR,
            check=True,
        )

    def mark(self, *names: str) -> None:
        self.send(*[("tests.mark", (str(self.marks), name)) for name in names])

    def made(self) -> set[str]:
        return {path.name for path in self.marks.iterdir()}

    def end(self) -> None:
        for worker in self.workers:
            try:
                os.killpg(worker.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            worker.wait()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    yield made
    made.end()


@pytest.mark.processes
@pytest.mark.slow
def test_a_worker_runs_what_another_process_sent(stack: Stack) -> None:
    stack.start_worker()
    stack.mark(*[f"mark{number}" for number in range(20)])

    wait_for(lambda: len(stack.made()) == 20)

    assert all((stack.marks / name).read_text().count("\n") == 1 for name in stack.made())


@pytest.mark.processes
@pytest.mark.slow
def test_a_killed_worker_leaves_the_others_and_the_next_one_working(stack: Stack) -> None:
    first = stack.start_worker()
    stack.mark("before")
    wait_for(lambda: "before" in stack.made())
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()

    stack.mark("meanwhile")
    stack.start_worker()

    wait_for(lambda: "meanwhile" in stack.made())


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(
    not settings.IS_EMBEDDED_BROKER, reason="other brokers have an event loop, and a pool without a lock"
)
def test_a_worker_whose_waiting_process_is_killed_ends_and_is_no_empty_shell(stack: Stack) -> None:
    worker = stack.start_worker()
    stack.mark("before")
    wait_for(lambda: "before" in stack.made())
    (waiting,) = _children_of(worker.pid)

    wait_for(lambda: _is_asleep(waiting))
    os.kill(waiting, signal.SIGKILL)

    assert worker.wait(timeout=60) == 70


@pytest.mark.processes
@pytest.mark.slow
def test_a_worker_whose_busy_process_is_killed_goes_on(stack: Stack) -> None:
    worker = stack.start_worker()
    stack.send(("tests.sleep", (str(stack.marks), "sleeping", 600.0)))
    wait_for(lambda: "sleeping" in stack.made())
    (busy,) = _children_of(worker.pid)
    time.sleep(1.0)  # its worker hears that the task was begun, which leaves no mark

    os.kill(busy, signal.SIGKILL)
    stack.mark("after")

    wait_for(lambda: "after" in stack.made())
    assert worker.poll() is None


def _children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


@pytest.mark.processes
@pytest.mark.slow
def test_a_worker_stops_within_seconds_and_finishes_its_task(stack: Stack) -> None:
    worker = stack.start_worker()
    stack.send(("tests.sleep", (str(stack.marks), "sleeping", 1.0)))
    wait_for(lambda: "sleeping" in stack.made())

    began = time.monotonic()
    worker.terminate()

    assert worker.wait(timeout=60) == 0
    assert time.monotonic() - began < 30


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(not settings.IS_EMBEDDED_BROKER, reason="only the embedded broker has files")
def test_no_file_can_stop_a_worker(stack: Stack) -> None:
    ready = stack.folder / "broker" / f"queue-{stack.queue}" / "ready"
    worker = stack.start_worker()
    stack.mark("before")
    wait_for(lambda: "before" in stack.made())
    properties = {"delivery_tag": "x", "delivery_info": {}, "body_encoding": "base64"}
    for number, content in enumerate(
        [
            b"",
            b"\xff\xfe garbage",
            b'{"body": "", "headers": {}, "properties": {}}',
            json.dumps({"body": "", "headers": {}, "properties": properties}).encode(),
            json.dumps(
                {
                    "body": base64.b64encode(b"[[], {}, {}]").decode(),
                    "content-type": "application/x-python-serialize",
                    "content-encoding": "binary",
                    "headers": {"task": "tests.mark", "id": "1"},
                    "properties": properties,
                }
            ).encode(),
            json.dumps(
                {
                    "body": base64.b64encode(b"not JSON").decode(),
                    "content-type": "application/json",
                    "content-encoding": "utf-8",
                    "headers": {"task": "tests.mark", "id": "2", "compression": "bzip2"},
                    "properties": properties,
                }
            ).encode(),
            json.dumps(
                {
                    "body": base64.b64encode(b"[]").decode(),
                    "content-type": ["application/json"],
                    "content-encoding": 7,
                    "headers": {"task": ["tests.mark"], "id": {}, "expires": "never", "eta": "x", "timelimit": "abc"},
                    "properties": properties,
                }
            ).encode(),
        ]
    ):
        (ready / f"{time.time_ns():020d}-{number}.json").write_bytes(content)

    stack.mark("after")

    wait_for(lambda: "after" in stack.made())
    assert worker.poll() is None


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    accepted.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    for connection in accepted:
        connection.close()


SEND = """
import time
from tests.ordergroove_monitor.celery_app import app
began = time.monotonic()
try:
    app.send_task("tests.mark")
    print("sent")
except Exception as error:
    print(type(error).__name__)
print(time.monotonic() - began)
"""


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_sending_a_hint_gives_up_on_a_broker_that_does_not_answer(
    stack: Stack, silent_server: int, scheme: str
) -> None:
    outcome, seconds = subprocess.run(
        [sys.executable, "-c", SEND],
        env={**stack.environment, "CELERY_BROKER_URL": f"{scheme}://127.0.0.1:{silent_server}"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.splitlines()

    assert outcome != "sent"
    assert float(seconds) < 15


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_sending_a_hint_gives_up_at_once_where_there_is_no_broker(stack: Stack, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    outcome, seconds = subprocess.run(
        [sys.executable, "-c", SEND],
        env={**stack.environment, "CELERY_BROKER_URL": f"{scheme}://127.0.0.1:{port}"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.splitlines()

    assert outcome != "sent"
    assert float(seconds) < 15
