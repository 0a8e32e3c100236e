"""Measures how long the server takes for each page, with few and with many responses stored.

Usage: python -m benchmarks.pages FEW MANY. Fills a database of its own (from the environment) through recording, with
thirty days of calls; prints one line of JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import django

from benchmarks import mix

TRIES = 25
PAGES = (
    "/",
    "/?period=1h",
    "/?period=7d",
    "/?period=30d",
    "/issues/",
    "/fix/",
    "/repeated/",
    "/partial/",
    "/responses/",
    "/responses/?outcome=needs_fix",
    "/responses/?code=423",
    "/responses/?code=5xx",
    "/responses/?period=24h",
    "/responses/?period=30d&outcome=transient",
    "/responses/?q=B000000123",
    "/responses/?q=does+not+exist",
    "/codes/",
)


def main() -> None:
    django.setup()
    from django.test import Client
    from django.utils import timezone

    from responses.models import FailedRequest, Integration, Issue, LastRun, Membership, Response, Role, User
    from responses.recording import facts
    from responses.retention import statistics

    few, many = int(sys.argv[1]), int(sys.argv[2])
    shop = Integration.objects.create(slug="bench-pages", name="Bench")
    client = Client(SERVER_NAME="127.0.0.1")
    person = User.objects.create_user("bench")
    # Of two, as people are: what a superuser asks is simpler.
    for integration in (shop, Integration.objects.create(slug="bench-other", name="Other")):
        Membership.objects.create(user=person, integration=integration, role=Role.ENGINEER)
    client.force_login(person)
    known, now = facts.of(shop), timezone.now()
    measured: dict[str, dict[str, float]] = {}
    filled, seconds = 0, 0.0
    for stored in (few, many):
        started_at = time.perf_counter()
        fill(known, first=filled, last=stored, now=now, whole=stored)
        seconds, filled = time.perf_counter() - started_at, stored
        LastRun.objects.all().delete()
        statistics.refresh(timezone.now())  # a worker does it while a real one fills
        details = (
            f"/responses/{Response.objects.latest('id').pk}/",
            f"/issues/{Issue.objects.latest('failures').pk}/",
            f"/requests/{FailedRequest.objects.latest('id').pk}/",
        )
        for name, path in [(path, path) for path in PAGES] + [(path.split("/")[1] + " one", path) for path in details]:
            measured.setdefault(name, {})[str(stored)] = p95(client, path)
    print(json.dumps({"pages": measured, "stored": filled, "last_fill_seconds": round(seconds, 1)}))


def fill(known: object, *, first: int, last: int, now: datetime, whole: int) -> None:
    """Record calls number ``first`` to ``last`` of ``whole``, spread over thirty days up to ``now``."""
    from responses.recording import record

    batch: list[object] = []
    for number, exchange in zip(range(first, last), exchanges(last - first, seed=first), strict=False):
        batch.append(exchange)
        if len(batch) == record.CHUNK:
            at = now - timedelta(days=30) * (1 - number / whole)
            record.record(known, batch, now=at)  # type: ignore[arg-type]
            batch = []


def exchanges(count: int, *, seed: int) -> Iterator[object]:
    """The mix as values that travel; without a time of their own they are sent when they are recorded."""
    from responses.intake import payload

    for record in mix.records(count, seed=seed, sent_at=""):
        del record["sent_at"], record["id"]
        yield payload.decode(json.dumps(record).encode(), media_type="application/json")[0]


def p95(client: object, path: str) -> float:
    """Return the 95th percentile of the server time of a page, in milliseconds, after one that does not count."""
    times = []
    for _ in range(TRIES + 1):
        started_at = time.perf_counter()
        answer = client.get(path)  # type: ignore[attr-defined]
        times.append((time.perf_counter() - started_at) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
    return round(statistics.quantiles(times[1:], n=20)[-1], 1)


if __name__ == "__main__":
    main()
