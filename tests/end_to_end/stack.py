"""A whole monitor in processes of its own, on data that is thrown away: started, asked, hurt and stopped by tests."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from django.conf import settings

from ordergroove_monitor import env

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 300.0
"""A limit, and no promise: a demo writes thirty days of history first, perhaps on a busy machine."""
_PASSWORD = re.compile(r"Sign in as (\S+) with the password (\S+)")
_CURL = re.compile(r"^curl .*?'$", re.DOTALL | re.MULTILINE)


def wait_for(condition: Callable[[], Any], what: str, *, seconds: float = 30.0) -> Any:
    """Ask until the answer is truthy, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """A ``DATABASE_URL`` that nobody else uses: empty on SQLite, which lives in the data folder."""
    given = os.environ.get("DATABASE_URL", "")
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite"):
        yield ""
        return
    server = given.rpartition("/")[0]
    name = f"end_to_end_{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def own_broker() -> str:
    """The broker under test, but no queue that another stack of this run reads."""
    given = os.environ.get("CELERY_BROKER_URL", "")
    if not given.startswith("redis://"):
        return given
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    return f"{given.rpartition('/')[0]}/{1 + worker % 15}"


class Stack:
    """One install. ``start`` and ``stop`` as often as a test likes; the data stays until the test is over."""

    def __init__(self, data_dir: Path, database_url: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.environment = _clean_environment() | {
            "DATA_DIR": str(data_dir),
            "ALLOW_PRIVATE_TARGETS": "yes",
            "EMAIL_URL": "smtp://127.0.0.1:1",
            **({"DATABASE_URL": database_url} if database_url else {}),
            **({"CELERY_BROKER_URL": own_broker()} if own_broker() else {}),
            **environment,
        }
        self.address = f"127.0.0.1:{_free_port()}"
        """The same in every run, so that links and printed commands stay good."""
        self.url = self.username = self.password = self.curl = self.key = ""
        self.said = ""
        """What the last run has printed."""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self, *arguments: str) -> None:
        """Start it, and wait until it has said where it is."""
        assert self._process is None
        self.said = ""
        self._process = process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--bind", self.address, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        wait_for(
            lambda: "Ctrl-C stops it" in self.said or process.poll() is not None, "the start", seconds=START_SECONDS
        )
        time.sleep(0.1)  # the rest of what is printed in the same breath
        assert process.poll() is None, self.said
        self.url = re.findall(r"runs at (\S+)", self.said)[0]
        if found := _PASSWORD.search(self.said):
            self.username, self.password = found.groups()
        if found := _CURL.search(self.said):
            self.curl = found[0]
            self.key = re.findall(r"Bearer (ogm_\w+)", self.curl)[0]

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return its exit code."""
        process = self._process
        assert process is not None
        self._process = None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout=40)
        finally:
            process.kill()
            assert self._reader is not None
            assert process.stdout is not None
            self._reader.join(timeout=5)
            process.stdout.close()

    def close(self) -> None:
        """At the end of a test, whatever has happened."""
        if self._process is not None:
            self.stop()

    @property
    def supervisor(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def pids_of(self, child: str) -> set[int]:
        """The process ids of ``web``, ``worker``, ``beat``, ... that run; there may be several web processes."""
        mark = {"web": "ordergroove_monitor.web"}.get(child, f" {child} ")
        return {
            pid for pid in self.processes() if mark in f"{_command_of(pid)} " and _parent_of(pid) == self.supervisor
        }

    def processes(self) -> list[int]:
        """Everything alive that belongs to this install: what has its data folder in the environment."""
        mark = f"DATA_DIR={self.data_dir}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (folder / "environ").read_bytes().split(b"\0")
                is_dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except (OSError, IndexError):
                continue
            if is_ours and not is_dead and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        return found

    def manage(self, *arguments: str) -> str:
        """Run one of the commands on the install's data; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    def look(self, question: str) -> Any:
        """Ask a function of ``tests.end_to_end.looking`` about the install's database, in a process that uses it."""
        code = f"from tests.end_to_end import looking; print(looking.answer({question!r}))"
        return json.loads(self.manage("shell", "-v", "0", "-c", code).splitlines()[-1])

    def post(self, records: object, **options: Any) -> httpx2.Response:
        """Report responses."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx2.post(
            f"{self.url}/api/v1/responses", json=records, headers=headers, timeout=30, trust_env=False, **options
        )

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clean_environment() -> dict[str, str]:
    """This process's environment without what the settings of the suite have put into it."""
    names = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    ours = {line.lstrip("# ").partition("=")[0] for line in names if "=" in line}
    kept = {name: value for name, value in env.child_environment({}).items() if name not in ours}
    return kept | {"DJANGO_SETTINGS_MODULE": "ordergroove_monitor.settings", "ENV_FILE": os.devnull}


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
