"""An outage in real time, with the product's own times: who waits, how politely it is asked, and how all end.

Usage: python -m chaos.outage [--requests 200] [--minutes 5]. Prints a line a minute; ends with 1 when a promise broke.
DATABASE_URL (an empty database) and CELERY_BROKER_URL choose the servers; without them SQLite and the embedded broker.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

from chaos.stack import PROJECT, free_port

MOST_A_MINUTE = 60
PROBE_SECONDS = 30.0
LONGEST_RECOVERY_MINUTES = 30
_KEPT = ("PATH", "HOME", "LANG", "DATABASE_URL", "CELERY_BROKER_URL")
_ENDED = frozenset({"resolved"})


class Upstream(ThreadingHTTPServer):
    """Answers 503 while it is down, then 200. Notes when it was asked, and what it said."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_down = True
        self.asked: list[tuple[float, str, int]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status = 503 if self.server.is_down else 200
        self.server.asked.append((time.time(), self.path, status))
        body = b"{}"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """The ledger says it all."""


class Monitor:
    """``manage.py up`` on data of its own, whose integration sends to ``upstream``."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.env = kept | {
            "DATA_DIR": str(folder),
            "ENV_FILE": os.devnull,
            "MONITOR_URL": self.url,
            "LOG_LEVEL": "WARNING",
        }
        self.manage("migrate", "--verbosity", "0")
        hosts = ("--host", f"restapi={upstream.url}", "--host", f"sc={upstream.url}")
        key = {"OUTAGE_KEY": "outage-key"}
        self.manage("create_integration", "outage", "--retry", "monitor", "--api-key-env", "OUTAGE_KEY", *hosts, **key)
        self.key = self.manage("create_intake_key", "outage", "--may-retry").strip().splitlines()[-1]
        words = [sys.executable, "manage.py", "up", "--bind", self.url.removeprefix("http://")]
        with (folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(words, cwd=PROJECT, env=self.env, stdout=log, stderr=log)

    def manage(self, *words: str, **more: str) -> str:
        """Run a management command; return what it printed."""
        whole = [sys.executable, "manage.py", *words]
        return subprocess.run(
            whole, cwd=PROJECT, env=self.env | more, check=True, capture_output=True, text=True
        ).stdout

    def report(self, upstream: Upstream, count: int) -> None:
        """Report ``count`` changes of different subscriptions that were answered with 503."""
        records = [_refused(upstream, number) for number in range(count)]
        until = time.monotonic() + 60
        while True:
            try:
                answer = httpx2.post(
                    f"{self.url}/api/v1/responses",
                    json={"responses": records},
                    headers={"authorization": f"Bearer {self.key}"},
                    timeout=30,
                    trust_env=False,
                )
            except httpx2.HTTPError:
                if time.monotonic() > until:
                    raise
                time.sleep(1)
                continue
            if answer.status_code != 202:
                raise SystemExit(f"the monitor answered {answer.status_code}: {answer.text[:500]}")
            return

    def states(self) -> Counter[str]:
        """Count the failed requests by their state."""
        program = (
            "import django; django.setup(); import json; from collections import Counter; "
            "from responses.models import FailedRequest; "
            "print(json.dumps(Counter(FailedRequest.objects.values_list('state', flat=True))))"
        )
        env = self.env | {"DJANGO_SETTINGS_MODULE": "ordergroove_monitor.settings"}
        told = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, env=env, check=True, capture_output=True, text=True
        )
        return Counter(json.loads(told.stdout.strip().splitlines()[-1]))

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def _refused(upstream: Upstream, number: int) -> dict[str, object]:
    headers = {"content-type": "application/json"}
    url = f"{upstream.url}/subscriptions/{number:032x}/change_quantity/"
    return {
        "sent_at": datetime.now(UTC).isoformat(),
        "request": {"method": "PATCH", "url": url, "headers": headers, "body": json.dumps({"quantity": number})},
        "response": {"status_code": 503, "headers": headers, "body": "{}"},
        "retry": "monitor",
    }


def broken_promises(
    asked: list[tuple[float, str, int]], *, up_at: float, states: Counter[str], count: int
) -> list[str]:
    """Return a sentence for each promise that the ledger or the tables contradict."""
    broken = []
    down = [at for at, _, _ in asked if at < up_at]
    crowds = [sum(at <= other < at + 60 for other in down) for at in down]
    if max(crowds, default=0) > MOST_A_MINUTE:
        broken.append(f"{max(crowds)} attempts in one minute of the outage")
    last_minutes = [at for at in down if at > up_at - 90]
    if len(last_minutes) > 90 / PROBE_SECONDS + 1:
        broken.append(f"{len(last_minutes)} probes in the last 90 s of the outage")
    served = Counter(path for _, path, status in asked if status == 200)
    if twice := sum(times > 1 for times in served.values()):
        broken.append(f"{twice} requests took effect twice")
    if sum(states[name] for name in _ENDED) != count:
        broken.append(f"not all ended well: {dict(states)}")
    return broken


def watch(monitor: Monitor, upstream: Upstream, *, minutes: float, count: int) -> float:
    """Let the outage last, end it, and wait until all have ended; print each minute. Returns when it ended."""
    began_at, up_at = time.time(), 0.0
    for minute in range(1, int(minutes) + LONGEST_RECOVERY_MINUTES):
        time.sleep(max(0.0, began_at + minute * 60 - time.time()))
        codes = Counter(status for at, _, status in upstream.asked if at >= began_at + (minute - 1) * 60)
        states = monitor.states()
        print(f"minute {minute:2}: {codes[503]:4} x 503, {codes[200]:4} x 200; {dict(states)}", flush=True)
        if upstream.is_down and minute >= minutes:
            upstream.is_down, up_at = False, time.time()
            print("           the outage is over", flush=True)
        if sum(states[name] for name in _ENDED) == count:
            break
    return up_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    upstream = Upstream()
    with tempfile.TemporaryDirectory(prefix="outage-") as folder:
        monitor = Monitor(Path(folder), upstream)
        try:
            monitor.report(upstream, options.requests)
            up_at = watch(monitor, upstream, minutes=options.minutes, count=options.requests)
            states = monitor.states()
        finally:
            monitor.stop()
    broken = broken_promises(upstream.asked, up_at=up_at, states=states, count=options.requests)
    print("\n".join(broken) or "every promise held")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
