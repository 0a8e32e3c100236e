"""Starts the real web process on a database and data folder of its own, and stops it again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
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
    """A running web process."""

    def __init__(self, process: subprocess.Popen[bytes], env: dict[str, str], port: int) -> None:
        self.process = process
        self.env = env
        self.port = port

    @property
    def peak_mib(self) -> float:
        """The most memory the process ever held, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


@contextmanager
def running(database_url: str | None) -> Iterator[Server]:
    """Start a web process on a fresh database. ``database_url`` None: SQLite in a temporary folder."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        env = environment(folder, port, database_url)
        manage(env, "migrate", "--verbosity", "0")
        process = subprocess.Popen(
            [sys.executable, "-m", "ordergroove_monitor.web", "--bind", f"127.0.0.1:{port}"], cwd=PROJECT, env=env
        )
        try:
            _wait_for(port, process)
            yield Server(process, env, port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit("the web process ended before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the web process does not answer")
