"""The whole monitor in processes of its own, with its database and broker, all of which may be hurt at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from chaos import shop
from chaos.canaries import CANARIES

PROJECT = Path(__file__).resolve().parent.parent
RESTART_SECONDS = 0.2
STOP_SECONDS = 25.0
_KEPT = ("PATH", "HOME", "LANG")
FAILPOINTS = ",".join(
    (
        "claim.after:kill:0.01",
        "intent.before:kill:0.01",
        "intent.after:kill:0.01",
        "intent.after:sleep=2:0.01",
        "send.before:sleep=2:0.01",
        "send.before:stop:0.003",
        "send.after:kill:0.01",
        "record.before:kill:0.01",
        "record.after:kill:0.01",
        "verify.before:kill:0.02",
        "verify.after:kill:0.02",
    )
)
"""Where one of the two workers dies, freezes or dawdles, at so many of its passes."""


def free_port() -> int:
    """Return a port on loopback that nobody uses just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Part:
    """One process that is started again whenever it ends, until it is told to stay away."""

    def __init__(self, name: str, argv: list[str], env: Mapping[str, str], log: Path, listener: int = -1) -> None:
        self.name = name
        self.argv = argv
        self.env = env
        self.log = log
        self.listener = listener
        self.is_wanted = True
        self.process: subprocess.Popen[bytes] | None = None
        self.ends: Counter[int] = Counter()
        """How often it ended with which code; signals are negative."""

    def start(self) -> None:
        """Start it in a process group of its own."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                cwd=PROJECT,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self.listener] if self.listener >= 0 else [],
            )

    def send(self, number: int) -> None:
        """Send a signal to the whole group: a worker's pool goes with it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def send_to_leader(self, number: int) -> None:
        """Send a signal to the first process only, as a supervisor does that asks it to stop."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def look_after(self) -> None:
        """Bury it where it has ended, and start it again where it is wanted."""
        if self.process is not None and self.process.poll() is not None:
            # What it had started must not go on without it.
            self.send(signal.SIGKILL)
            self.ends[self.process.returncode] += 1
            self.process = None
        elif self.process is None and self.is_wanted:
            self.start()


class Stack:
    """One monitor of one cell (``sqlite``: embedded broker; ``postgres``: Redis) and what it talks to."""

    def __init__(
        self,
        folder: Path,
        cell: str,
        seed: int,
        *,
        mutant: str = "",
        per_second: float = 5.0,
        has_failpoints: bool = True,
    ) -> None:
        self.folder = folder
        self.cell = cell
        self.seed = seed
        self.mutant = mutant
        self.per_second = per_second
        self.has_failpoints = has_failpoints
        self.ledgers = folder / "ledgers"
        self.logs = folder / "logs"
        self.data = folder / "data"
        for made in (self.ledgers, self.logs, self.data):
            made.mkdir(mode=0o700, parents=True)
        self.ports = {name: free_port() for name in ("upstream", "mail", "slack", "postgres", "redis")}
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1024)
        self.port: int = self.listener.getsockname()[1]
        self.env = self._environment()
        self.parts: dict[str, Part] = {}
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._is_over = threading.Event()

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        made = {
            "ENV_FILE": os.devnull,
            "CHAOS": "yes",
            "DATA_DIR": str(self.data),
            "DJANGO_SETTINGS_MODULE": "chaos.settings",
            "MONITOR_URL": f"http://127.0.0.1:{self.port}",
            "ALLOW_PRIVATE_TARGETS": "yes",
            "LOG_LEVEL": "INFO",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.ports['mail']}",
            "SECRET_KEY": "only-for-chaos-" * 4,
            "HASH_KEY": "only-for-chaos-" * 4,
        }
        if self.cell == "postgres":
            made |= {
                "DATABASE_URL": f"postgres://postgres@127.0.0.1:{self.ports['postgres']}/monitor",
                "CELERY_BROKER_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            }
        return kept | made

    def begin(self) -> None:
        """Start everything but the load. The monitor has one integration, one key and two channels afterwards."""
        self._keeper.start()
        if self.cell == "postgres":
            self.begin_postgres()
            self.add("redis", self._redis_words())
        self._add_module("upstream", "chaos.upstream", self.ports["upstream"], self.seed, self.ledgers / "upstream")
        self.parts["upstream"].argv.append(CANARIES["api key of the integration"])
        self._add_module(
            "messengers",
            "chaos.messengers",
            self.ports["mail"],
            self.ports["slack"],
            self.seed,
            self.ledgers / "messages",
        )
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        key = self._configure()
        for name in ("web", "web-2"):
            self._add_module(name, "chaos.process", self.mutant or "none", "web", "--fd", self.listener.fileno())
            self.parts[name].listener = self.listener.fileno()
        self._add_module("worker", "chaos.process", self.mutant or "none", "worker")
        self._add_module("worker-2", "chaos.process", self.mutant or "none", "worker")
        if self.has_failpoints:
            self.parts["worker-2"].env = self.env | {"FAILPOINTS": FAILPOINTS}
        self._add_module("beat", "chaos.process", self.mutant or "none", "beat")
        self._key = key
        self._wait_until_answering()

    def begin_load(self) -> None:
        """Let the shop open."""
        self._add_module(
            "load",
            "chaos.load",
            f"http://127.0.0.1:{self.port}",
            f"http://127.0.0.1:{self.ports['upstream']}",
            self._key,
            self.seed,
            self.per_second,
            self.ledgers / "load",
        )

    def end_load(self) -> None:
        """Let the shop close, when everything it did has been reported."""
        load = self.parts["load"]
        load.is_wanted = False
        load.send_to_leader(signal.SIGTERM)
        until = time.monotonic() + 90
        while load.process is not None and time.monotonic() < until:
            time.sleep(0.05)

    def end_failpoints(self) -> None:
        """Let the worker that dies on purpose start anew as one that does not."""
        part = self.parts["worker-2"]
        part.env = self.env
        if self.has_failpoints:
            part.send_to_leader(signal.SIGTERM)

    def manage(self, *words: str, **more: str) -> str:
        """Run a management command on the monitor's data; return what it printed."""
        return self._python("manage.py", *words, **more)

    def _python(self, *words: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=PROJECT,
            env=self.env | more,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def _configure(self) -> str:
        upstream = f"http://127.0.0.1:{self.ports['upstream']}"
        hosts = [word for role in ("sc", "restapi") for word in ("--host", f"{role}={upstream}")]
        words = ("--merchant", shop.MERCHANT, "--retry", "monitor", "--api-key-env", "CHAOS_KEY", *hosts)
        self.manage("create_integration", "chaos", *words, CHAOS_KEY=CANARIES["api key of the integration"])
        self._python("-m", "chaos.configure", "chaos")
        self.manage("create_channel", "email", "on.call@example.org")
        self.manage("create_channel", "slack", f"http://127.0.0.1:{self.ports['slack']}/services/T/B/x")
        return self.manage("create_intake_key", "chaos", "--may-retry").strip().splitlines()[-1]

    def _add_module(self, name: str, module: str, *words: object) -> None:
        self.add(name, [sys.executable, "-m", module, *map(str, words)])

    def add(self, name: str, words: list[str]) -> None:
        """Keep one more process running from now on."""
        self.parts[name] = Part(name, words, self.env, self.logs / f"{name}.log")

    def _redis_words(self) -> list[str]:
        nothing = ("--save", "", "--appendonly", "no", "--dir", str(self.folder))
        return ["redis-server", "--port", str(self.ports["redis"]), "--bind", "127.0.0.1", *nothing]

    def begin_postgres(self) -> None:
        """Make a cluster of our own, and start it."""
        cluster = self.folder / "postgres"
        cluster.mkdir(mode=0o700)
        as_postgres = _as_postgres()
        if as_postgres:
            shutil.chown(cluster, "postgres")
            # It must be able to walk to its own folder, and to nothing else in ours.
            self.folder.chmod(0o711)
        made = ("initdb", "-D", str(cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self._postgres(*made)
        port = str(self.ports["postgres"])
        server = [str(_postgres_folder() / "postgres"), "-D", str(cluster), "-k", str(cluster), "-h", "127.0.0.1"]
        self.add("postgres", [*as_postgres, *server, "-p", port, "-c", "max_connections=120"])
        until = time.monotonic() + 30
        while self._is_ready(port) is False and time.monotonic() < until:
            time.sleep(0.1)
        self._postgres("createdb", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "monitor")

    def _is_ready(self, port: str) -> bool:
        words = [str(_postgres_folder() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", port]
        return subprocess.run(words, check=False).returncode == 0

    def _postgres(self, tool: str, *words: str) -> None:
        subprocess.run(
            [*_as_postgres(), str(_postgres_folder() / tool), *words], check=True, capture_output=True, cwd="/"
        )

    def _keep(self) -> None:
        while not self._is_over.wait(RESTART_SECONDS):
            for part in list(self.parts.values()):
                part.look_after()

    def _wait_until_answering(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as asking:
                asking.settimeout(2)
                asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if asking.recv(20):
                    return
            time.sleep(0.2)
        raise SystemExit(f"the monitor does not answer; its logs are in {self.logs}")

    def stop(self, *names: str) -> dict[str, int | None]:
        """Ask parts to stop for good, and return how each ended; ``None`` where it had to be killed."""
        ended: dict[str, int | None] = {}
        stopping = {name: self.parts[name].process for name in names}
        for name in names:
            self.parts[name].is_wanted = False
            self.parts[name].send_to_leader(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for name, process in stopping.items():
            if process is None:
                continue
            try:
                ended[name] = process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                ended[name] = None
                self.parts[name].send(signal.SIGKILL)
        return ended

    def end(self) -> None:
        """End everything, whatever has happened."""
        self._is_over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for part in reversed(list(self.parts.values())):
            part.is_wanted = False
            # An immediate end would leave PostgreSQL's shared memory behind.
            part.send_to_leader(signal.SIGINT if part.name == "postgres" else signal.SIGKILL)
            if part.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    part.process.wait(15)
            part.send(signal.SIGKILL)
        self.listener.close()


def _postgres_folder() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise SystemExit("PostgreSQL's server is not installed: initdb was not found in /usr/lib/postgresql/*/bin")
    return found[-1].parent


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
