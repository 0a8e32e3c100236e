from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from ordergroove_monitor import addresses, env

pytestmark = [pytest.mark.processes, pytest.mark.slow]

MANAGE = str(settings.BASE_DIR / "manage.py")
PASSWORD = re.compile(r"Sign in as admin with the password (\S+)")
CURL = re.compile(r"^curl .*?'\}'$|^curl (?:.*\\\n)+.*'$", re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a fresh install on the databases under test would have in its environment."""
    known = re.findall(r"(?m)^# ([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text())
    inherited = {name: value for name, value in env.child_environment({}).items() if name not in known}
    chosen = {"ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "ordergroove_monitor.settings"}
    if not settings.IS_EMBEDDED_BROKER:
        chosen["CELERY_BROKER_URL"] = settings.CELERY_BROKER_URL
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite"):
        yield inherited | chosen | {"DATA_DIR": str(tmp_path / "data")}
        return
    name = f"test_up_{os.getpid()}_{time.monotonic_ns()}"
    server = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"], "dbname": "postgres"}
    with psycopg.connect(**server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = f"postgres://{server['user']}@{server['host']}:{server['port']}/{name}"
        yield inherited | chosen | {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": url}
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Up:
    """``manage.py up`` in a process of its own, and what it has said."""

    def __init__(self, environment: dict[str, str], output: Path, *arguments: str) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, MANAGE, "up", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_up(self) -> str:
        """Its address."""
        wait_for(lambda: "runs at" in self.said() or self.process.poll() is not None, seconds=180)
        found = re.search(r"runs at (http://\S+)", self.said())
        assert found is not None, self.said()
        return found[1]

    def family(self) -> set[int]:
        """The numbers of every process below it."""
        found, unseen = set(), [self.process.pid]
        while unseen:
            parent = unseen.pop()
            for path in Path("/proc").glob("[0-9]*/stat"):
                fields = stat_of(path)
                if fields and int(fields[1]) == parent:
                    found.add(int(path.parent.name))
                    unseen.append(int(path.parent.name))
        return found

    def named(self, word: str) -> int:
        """The number of the child whose command has ``word`` in it."""
        found = self.find(word)
        assert found is not None, f"there is no {word}"
        return found

    def find(self, word: str) -> int | None:
        """The same, or ``None`` when there is no such child just now."""
        for pid in sorted(self.family()):
            try:
                arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except FileNotFoundError:
                continue
            if word.encode() in arguments and stat_of(Path(f"/proc/{pid}/stat"))[1] == str(self.process.pid):
                return pid
        return None


def stat_of(path: Path) -> list[str]:
    """State, parent and so on; empty when the process has gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    fields = stat_of(Path(f"/proc/{pid}/stat"))
    return bool(fields) and fields[0] != "Z"


def wait_for(condition: Callable[[], Any], *, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


Start = Callable[..., Up]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    running: list[Up] = []

    def start_one(*arguments: str, **variables: str) -> Up:
        up = Up(environment | variables, tmp_path / f"output{len(running)}", *arguments)
        running.append(up)
        return up

    yield start_one
    for up in running:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()


def status_code(url: str, target: str = "/login/") -> int:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.request("GET", target)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_first_run_shows_what_is_needed_and_the_second_keeps_it_secret(start: Start, tmp_path: Path) -> None:
    first = start("--bind", "127.0.0.1:0")
    url = first.wait_until_up()

    # The printed command, as it stands, records a response.
    assert PASSWORD.search(first.said())
    command = CURL.search(first.said())
    assert command is not None
    assert shutil.which("curl")
    answer = subprocess.run(["bash", "-c", command[0]], capture_output=True, text=True, timeout=120, check=True).stdout
    assert '"recorded"' in answer
    assert '"partial"' in answer
    assert status_code(url) == 200

    # Ctrl-C stops everything, within seconds and without a trace.
    family = first.family()
    assert len(family) >= 5
    began = time.monotonic()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(timeout=120) == 0
    assert time.monotonic() - began < 30
    assert not any(is_alive(pid) for pid in family)
    assert "Traceback" not in first.said()

    began = time.monotonic()
    second = start("--bind", "127.0.0.1:0")
    second.wait_until_up()
    assert time.monotonic() - began < 60
    assert not PASSWORD.search(second.said())
    assert "ogm_" not in second.said()
    assert "create_intake_key my-shop" in second.said()

    # Nor does any log know a secret.
    secrets = [PASSWORD.findall(first.said())[0], re.findall(r"ogm_\w+", first.said())[0]]
    for path in (tmp_path / "data" / "logs").iterdir():
        assert not any(secret in path.read_text() for secret in secrets), path
    second.process.terminate()
    assert second.process.wait(timeout=120) == 0


def test_what_dies_is_started_again_and_nobody_survives_the_supervisor(start: Start) -> None:
    up = start("--bind", "127.0.0.1:0")
    url = up.wait_until_up()
    before = {name: up.named(name) for name in ("ordergroove_monitor.web", "worker", "beat")}

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    # The socket is the supervisor's: whoever calls meanwhile waits, and is answered.
    assert status_code(url) == 200
    wait_for(lambda: len(set(before.values()) & up.family()) == 0)
    wait_for(lambda: all(re.search(f"{name} was ended by SIGKILL", up.said()) for name in ("web", "worker", "beat")))
    wait_for(lambda: {up.find(name) for name in before}.isdisjoint({None, *before.values()}))

    # A second one on the same data says why not.
    other = start("--bind", "127.0.0.1:0")
    assert other.process.wait(timeout=120) == 1
    assert "already running on" in other.said()
    assert "Traceback" not in other.said()

    family = up.family()
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in family))

    # And the data folder is free again.
    again = start("--bind", "127.0.0.1:0")
    again.wait_until_up()
    again.process.terminate()
    assert again.process.wait(timeout=120) == 0


def test_a_busy_port_is_named_and_another_suggested(start: Start) -> None:
    with addresses.listen(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        up = start("--bind", f"127.0.0.1:{port}")

        assert up.process.wait(timeout=120) == 1

    assert f"127.0.0.1:{port} is in use by another program" in up.said()
    assert "make run BIND=" in up.said()
    assert "Traceback" not in up.said()


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (("--bind", "0.0.0.0:0"), {}, "set MONITOR_URL"),
        (("--bind", "nonsense"), {}, "write HOST:PORT"),
        ((), {"MONITOR_URL": "nonsense"}, "Configuration: MONITOR_URL"),
        ((), {"MONITOR_URL": "http://monitor.example.com"}, "SEAL_KEYS is required"),
        (
            ("--bind", "127.0.0.1:0"),
            {"DATABASE_URL": "postgres://me:p4ss@127.0.0.1:1/x"},
            "The database cannot be used",
        ),
    ],
    ids=["public address", "no address", "configuration", "no secrets", "no database"],
)
def test_what_is_wrong_is_said_in_a_sentence(
    start: Start, arguments: tuple[str, ...], variables: dict[str, str], sentence: str
) -> None:
    up = start(*arguments, **variables)

    assert up.process.wait(timeout=120) == 1
    assert sentence in up.said()
    assert "Traceback" not in up.said()
    assert "p4ss" not in up.said()


def test_a_missing_package_is_named() -> None:
    # Without its site-packages Python finds no Django.
    ended = subprocess.run(
        [sys.executable, "-I", "-S", MANAGE, "up"], capture_output=True, text=True, timeout=120, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr == "The package django is missing: run `make setup`, then use .venv/bin/python.\n"
