"""Starts the real web process on a database and data folder of its own, and stops it again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def environment(folder: str, port: int, database_url: str | None) -> dict[str, str]:
    """Return the environment of a measured process: nothing of this machine's own configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    made = {
        "DATA_DIR": folder,
        "ENV_FILE": os.devnull,
        "MONITOR_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "ordergroove_monitor.settings",
    }
    return kept | made | ({"DATABASE_URL": database_url} if database_url else {})


def free_port() -> int:
    """Return a port on loopback that nobody uses just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def manage(env: dict[str, str], *words: str) -> str:
    """Run a management command; return what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=PROJECT, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


class Server:
    """The web processes of one monitor."""

    def __init__(self, processes: list[subprocess.Popen[bytes]], env: dict[str, str], port: int) -> None:
        self.processes = processes
        self.env = env
        self.port = port

    @property
    def peak_mib(self) -> float:
        """The most memory that any of the processes ever held, in MiB."""
        return max(_peak_mib(process.pid) for process in self.processes)


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@contextmanager
def running(database_url: str | None, *, web_processes: int = 2) -> Iterator[Server]:
    """Start the web processes on a fresh database. ``database_url`` None: SQLite in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        port: int = listener.getsockname()[1]
        env = environment(folder, port, database_url)
        manage(env, "migrate", "--verbosity", "0")
        if database_url:
            manage(env, "flush", "--noinput", "--verbosity", "0")
        manage(env, "collectstatic", "--noinput", "--verbosity", "0")
        words = [sys.executable, "-m", "ordergroove_monitor.web", "--fd", str(listener.fileno())]
        processes = [
            subprocess.Popen(words, cwd=PROJECT, env=env, pass_fds=[listener.fileno()]) for _ in range(web_processes)
        ]
        try:
            _wait_for(port, processes)
            yield Server(processes, env, port)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(40)


def _wait_for(port: int, processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until the port answers, and until no process is busy with starting any more."""
    until = time.monotonic() + 60
    before: list[int] = []
    while time.monotonic() < until:
        if any(process.poll() is not None for process in processes):
            raise SystemExit("a web process ended before it answered")
        now = [_ticks(process.pid) for process in processes]
        if now == before and min(now) > 20 and _answers(port):
            return
        before = now
        time.sleep(0.5)
    raise SystemExit("the web processes do not answer")


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/limits", timeout=2):
            return True
    except OSError:
        return False
