"""What goes on beside a load: a write of the worker every 50 ms, and the overview asked for every 200 ms.

Usage: python -m benchmarks.others PORT. Runs until a line comes on standard input, then prints one line of JSON.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

import django


def repeat(action: Callable[[], object], *, every: float, until: threading.Event) -> list[float]:
    """Do ``action`` again and again; return how long each took, in milliseconds, in order of length."""
    durations = []
    while not until.wait(every):
        started_at = time.perf_counter()
        action()
        durations.append((time.perf_counter() - started_at) * 1000)
    return sorted(durations)


def percentile(durations: list[float], share: float) -> float | None:
    """Return a percentile of sorted durations, rounded; ``None`` when there are none."""
    return round(durations[min(int(len(durations) * share), len(durations) - 1)], 1) if durations else None


def main() -> None:
    django.setup()
    from django.utils import timezone

    from responses.models import Heartbeat, User

    User.objects.create_superuser("watcher", "", "only for this measurement")
    opener = signed_in(f"http://127.0.0.1:{sys.argv[1]}", "watcher", "only for this measurement")
    overview = f"http://127.0.0.1:{sys.argv[1]}/"
    done = threading.Event()
    measured: dict[str, list[float]] = {}

    def write() -> None:
        Heartbeat.objects.update_or_create(name="bench", defaults={"seen_at": timezone.now()})

    def look() -> None:
        opener.open(overview, timeout=30).read()

    def keep(name: str, action: Callable[[], object], every: float) -> None:
        measured[name] = repeat(action, every=every, until=done)

    threads = [
        threading.Thread(target=keep, args=("write", write, 0.05)),
        threading.Thread(target=keep, args=("overview", look, 0.2)),
    ]
    for thread in threads:
        thread.start()
    sys.stdin.readline()
    done.set()
    for thread in threads:
        thread.join()
    print(
        json.dumps(
            {
                "other_write_p99_ms": percentile(measured["write"], 0.99),
                "overview_p95_ms": percentile(measured["overview"], 0.95),
            }
        )
    )


def signed_in(base: str, username: str, password: str) -> urllib.request.OpenerDirector:
    """Return an opener that holds the session of a signed-in person."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(f"{base}/login/", timeout=30).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if found is None:
        raise SystemExit("the sign-in page holds no form")
    fields = {"csrfmiddlewaretoken": found[1], "username": username, "password": password}
    answer = opener.open(f"{base}/login/", urllib.parse.urlencode(fields).encode(), timeout=30)
    if "/login" in answer.geturl():
        raise SystemExit("the watcher could not sign in")
    return opener


if __name__ == "__main__":
    main()
