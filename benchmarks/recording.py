"""Measures recording through the real HTTP path: responses a second, latency, memory, what others feel meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks import stack

SCENARIOS = ((1, 1, 3_000), (16, 1, 20_000), (4, 100, 40_000), (16, 100, 40_000))
"""Connections, records a call, records in all."""


def measure(database_url: str | None, *, scale: float = 1.0, with_others: bool = True) -> list[dict[str, Any]]:
    """Run every scenario on a fresh server. Returns a row each."""
    rows = []
    for seed, (connections, batch, count) in enumerate(SCENARIOS):
        with stack.running(database_url) as server:
            stack.manage(server.env, "create_integration", "bench")
            key = stack.manage(server.env, "create_intake_key", "bench", "--may-retry").strip().splitlines()[-1]
            others = _others(server) if with_others and (connections, batch) == (16, 1) else None
            row = _load(server, key, connections=connections, batch=batch, count=int(count * scale), seed=seed)
            row["peak_mib"] = round(server.peak_mib)
            if others is not None:
                row |= _end(others)
            rows.append(row)
    return rows


def _load(server: stack.Server, key: str, *, connections: int, batch: int, count: int, seed: int) -> dict[str, Any]:
    words = ["127.0.0.1", str(server.port), key, str(connections), str(batch), str(count), str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *words],
        cwd=stack.PROJECT,
        env=server.env,
        check=True,
        capture_output=True,
        text=True,
    )
    row: dict[str, Any] = json.loads(done.stdout)
    if set(row["codes"]) != {"202"}:
        raise SystemExit(f"not every call was recorded: {row['codes']}")
    return row


def _others(server: stack.Server) -> subprocess.Popen[str]:
    """Start what goes on beside the load: a writer in another process, and somebody who watches the overview."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.others", str(server.port)],
        cwd=stack.PROJECT,
        env=server.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(others: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = others.communicate("stop\n", timeout=60)
    measured: dict[str, Any] = json.loads(output)
    return measured
