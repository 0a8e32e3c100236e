"""Which processes make up a running monitor, and how one knows that it answers."""

from __future__ import annotations

import fcntl
import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ordergroove_monitor.supervisor import Child, Supervisor

PYTHON = sys.executable
FOLDER = Path(__file__).resolve().parent.parent
MANAGE = str(FOLDER / "manage.py")


class AlreadyRunning(Exception):
    """Another ``up`` works on the same data folder."""


def lock(data_dir: Path) -> int:
    """A lock on the data folder, as a descriptor: it is free again when every process that holds it has gone."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunning from error
    return descriptor


def children(environment: Mapping[str, str], listener: int, *, web_processes: int = 1) -> list[Child]:
    """Web processes that accept from one listening socket, worker and beat."""
    celery = (PYTHON, "-m", "celery", "-q", "-A", "ordergroove_monitor")
    return [
        *(
            Child(
                name="web" if number == 1 else f"web-{number}",
                argv=(PYTHON, "-m", "ordergroove_monitor.web", "--fd", str(listener)),
                environment=environment,
                folder=FOLDER,
                descriptors=(listener,),
            )
            for number in range(1, web_processes + 1)
        ),
        Child(
            name="worker",
            argv=(*celery, "worker", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            environment=environment,
            folder=FOLDER,
        ),
        Child(name="beat", argv=(*celery, "beat", "--pidfile="), environment=environment, folder=FOLDER),
    ]


def demo_children(environment: Mapping[str, str], *, sandbox: str, monitor: str, key: str) -> list[Child]:
    """The stand-in Ordergroove at the address ``sandbox``, and a shop that calls it and reports to ``monitor``."""
    return [
        Child(
            name="sandbox",
            argv=(PYTHON, MANAGE, "sandbox", "--bind", sandbox),
            environment=environment,
            folder=FOLDER,
        ),
        Child(
            name="shop",
            argv=(PYTHON, MANAGE, "shop", "--sandbox", f"http://{sandbox}", "--monitor", monitor, "--key", key),
            environment=environment,
            folder=FOLDER,
        ),
    ]


def wait_until_answering(supervisor: Supervisor, address: tuple[str, int], *, seconds: float) -> bool:
    """Look after the children until the web process answers; ``False`` when it dies first or takes too long."""
    ticks = int(seconds / 0.1)
    for _ in range(ticks):
        if supervisor.is_stopping or not supervisor.is_running("web"):
            return False
        if _answers(address):
            return True
        supervisor.tick()
    return False


def _answers(address: tuple[str, int]) -> bool:
    # The listening socket is the supervisor's, so a connection alone proves nothing.
    connection = http.client.HTTPConnection(*address, timeout=0.3)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
