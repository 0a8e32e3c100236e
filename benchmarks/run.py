"""``make bench``: everything that is promised to be fast, measured in one run and printed as tables."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import alerts, recording, stack

FEW, MANY = 10_000, 1_000_000


def run(*, postgres_url: str | None, scale: float, most_responses: int) -> None:
    """Measure recording, and how soon people are told, on SQLite and, where a URL is given, PostgreSQL; then the pages.

    Prints tables.
    """
    console = Console(width=130)
    console.print(
        f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}; the load runs beside it"
    )
    databases = {"SQLite": None} | ({"PostgreSQL": postgres_url} if postgres_url else {})
    for name, url in databases.items():
        console.print(recording_table(name, recording.measure(url, scale=scale)))
        console.print(alerts_table(name, alerts.measure(url)))
    if most_responses:
        for name, url in databases.items():
            console.print(pages_table(name, measure_pages(url, few=min(FEW, most_responses), many=most_responses)))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def recording_table(name: str, rows: list[dict[str, Any]]) -> Table:
    """Return what recording measured as a table."""
    table = Table(title=f"Recording on {name}: acknowledged means on disk, redacted, classified, grouped, counted")
    measured = ("responses/s", "p50 ms", "p95 ms", "p99 ms", "MiB each", "write p99 ms", "overview p95 ms")
    for column in ("connections", "a call", *measured):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            str(row["connections"]),
            str(row["batch"]),
            f"{row['records_per_second']:,}",
            *(str(row[key]) for key in ("p50_ms", "p95_ms", "p99_ms")),
            str(row["peak_mib"]),
            str(row.get("other_write_p99_ms", "")),
            str(row.get("overview_p95_ms", "")),
        )
    return table


def alerts_table(name: str, rows: list[dict[str, Any]]) -> Table:
    """Return how soon people are told as a table."""
    table = Table(title=f"From the report of a new cause to its message at Slack, on {name}, in ms")
    table.add_column("broker")
    for column in ("p50", "worst", "promised", f"in time, of {alerts.CAUSES}"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row["broker"], *(str(row[key]) for key in ("p50_ms", "worst_ms", "bar_ms", "in_time")))
    return table


def measure_pages(url: str | None, *, few: int, many: int) -> dict[str, Any]:
    """Measure the pages in a process and a database of their own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        env = stack.environment(folder, stack.free_port(), url)
        stack.manage(env, "migrate", "--verbosity", "0")
        stack.manage(env, "collectstatic", "--noinput", "--verbosity", "0")
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.pages", str(few), str(many)],
            cwd=stack.PROJECT,
            env=env,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return measured


def pages_table(name: str, measured: dict[str, Any]) -> Table:
    """Return the pages' server times as a table."""
    table = Table(title=f"Server time of pages on {name}, p95 in ms")
    table.add_column("page")
    sizes = list(next(iter(measured["pages"].values())))
    for size in sizes:
        table.add_column(f"{int(size):,} responses", justify="right")
    table.add_column("ratio", justify="right")
    for page, times in measured["pages"].items():
        values = [times[size] for size in sizes]
        table.add_row(page, *(str(value) for value in values), f"{values[-1] / values[0]:.2f}")
    return table
