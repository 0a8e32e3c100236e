"""How soon a Slack on loopback hears of a new cause, from the report of its first failure: the whole monitor runs.

One cause after another, each when the one before has arrived, with a pause in which everything comes to rest.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks import stack
from benchmarks.others import percentile

CAUSES = 20
PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
BARS = {"embedded broker": 2.0, "Redis": 1.0}
"""Within so many seconds the first message is promised."""


class Slack(http.server.ThreadingHTTPServer):
    """An incoming webhook that notes when it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Webhook)
        self.told_at: list[float] = []
        self.news = threading.Condition()

    @property
    def url(self) -> str:
        """The webhook's address."""
        return f"http://127.0.0.1:{self.server_port}/services/T000/B000/only-for-this-measurement"

    def wait_for(self, number: int) -> float:
        """Wait until so many messages have come; return when the last of them did."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.told_at) >= number, PATIENCE_SECONDS):
                raise SystemExit(f"message {number} did not come within {PATIENCE_SECONDS:g} s")
            return self.told_at[number - 1]


class _Webhook(http.server.BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        at = time.monotonic()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        with self.server.news:
            self.server.told_at.append(at)
            self.server.news.notify_all()

    def log_message(self, *_words: object) -> None:
        """The tables are the output."""


def measure(database_url: str | None) -> list[dict[str, Any]]:
    """Measure with each broker there is: the embedded one, and Redis where its server is installed."""
    rows = []
    for broker, bar in BARS.items():
        if broker == "Redis" and shutil.which("redis-server") is None:
            continue
        with _broker(broker) as url:
            delays = sorted(_delays(database_url, url))
        in_time = sum(delay <= bar * 1000 for delay in delays)
        found = {"p50_ms": percentile(delays, 0.5), "worst_ms": round(delays[-1], 1)}
        rows.append({"broker": broker, "bar_ms": round(bar * 1000), "in_time": in_time, **found})
    return rows


@contextlib.contextmanager
def _broker(name: str) -> Iterator[str]:
    """Yield the broker's URL: none for the embedded one, else a Redis of our own, which keeps nothing."""
    if name != "Redis":
        yield ""
        return
    port = str(stack.free_port())
    words = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _delays(database_url: str | None, broker_url: str) -> list[float]:
    """Milliseconds from the report of each cause to its message."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _listening() as slack:
        port = stack.free_port()
        more = {"ALLOW_PRIVATE_TARGETS": "yes"} | ({"CELERY_BROKER_URL": broker_url} if broker_url else {})
        env = stack.environment(folder, port, database_url) | more
        stack.manage(env, "migrate", "--verbosity", "0")
        if database_url:
            stack.manage(env, "flush", "--noinput", "--verbosity", "0")
            stack.manage(env, "migrate", "--verbosity", "0")
        stack.manage(env, "create_integration", "bench")
        key = stack.manage(env, "create_intake_key", "bench").strip().splitlines()[-1]
        stack.manage(env, "create_channel", "slack", slack.url)
        with _whole_monitor(env, port):
            return [_tell(number, f"http://127.0.0.1:{port}", key, slack) for number in range(1, CAUSES + 1)]


@contextlib.contextmanager
def _listening() -> Iterator[Slack]:
    slack = Slack()
    thread = threading.Thread(target=slack.serve_forever, daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        slack.shutdown()
        slack.server_close()


@contextlib.contextmanager
def _whole_monitor(env: dict[str, str], port: int) -> Iterator[None]:
    words = [sys.executable, "manage.py", "up", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(words, cwd=stack.PROJECT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C stops it" in line:
                break
        else:
            raise SystemExit("the monitor did not start")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        time.sleep(10 * PAUSE_SECONDS)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _tell(number: int, monitor: str, key: str, slack: Slack) -> float:
    """Report a failure whose cause is new; return the milliseconds until Slack has heard of it."""
    time.sleep(PAUSE_SECONDS)
    cause = "".join(chr(97 + int(digit)) for digit in f"{number:03d}")
    record = {
        "request": {"method": "POST", "url": "https://sc.ordergroove.com/subscription/create", "body": "{}"},
        "response": {"status_code": 400, "body": json.dumps({"error_message": f"Something {cause} is wrong"})},
        "sent_at": datetime.now(UTC).isoformat(),
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    asking = urllib.request.Request(f"{monitor}/api/v1/responses", json.dumps(record).encode(), headers)
    began_at = time.monotonic()
    with urllib.request.urlopen(asking, timeout=30) as answer:
        answer.read()
    return (slack.wait_for(number) - began_at) * 1000
