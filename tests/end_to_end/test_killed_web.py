"""What was acknowledged is on disk: the web processes are killed under load, and nothing that got a 2xx is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks import mix
from tests.end_to_end.stack import Stack, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.slow]

CLIENTS = 6
KILLS = 4


class Client:
    """One connection that reports, and reports again what got no answer, as the recorder does. Keeps a ledger."""

    def __init__(self, stack: Stack, number: int, folder: Path) -> None:
        self.stack = stack
        self.number = number
        self.path = folder / f"{number}.ledger"
        self.statuses: set[int] = set()
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        records = self._records()
        with self.path.open("w") as ledger, self._connection() as connection:
            while not self.is_stopping.is_set():
                batch = [next(records) for _ in range((1, 1, 7, 40)[self.number % 4])]
                while not self._report(connection, batch):
                    time.sleep(0.05)
                    if self.is_stopping.is_set():
                        return
                ledger.writelines(f"{record['id']}\n" for record in batch)
                ledger.flush()

    def _records(self) -> Iterator[dict[str, Any]]:
        while True:
            sent_at = datetime.now(UTC).isoformat()
            for record in mix.records(50, seed=self.number, sent_at=sent_at):
                yield record | {"id": f"{record['id']}-{time.monotonic_ns()}"}

    def _connection(self) -> httpx2.Client:
        headers = {"authorization": f"Bearer {self.stack.key}"}
        return httpx2.Client(base_url=self.stack.url, headers=headers, timeout=5, trust_env=False)

    def _report(self, connection: httpx2.Client, batch: Sequence[dict[str, Any]]) -> bool:
        body: object = batch[0] if len(batch) == 1 else {"responses": batch}
        try:
            answer = connection.post("/api/v1/responses", json=body)
        except httpx2.HTTPError:
            return False
        self.statuses.add(answer.status_code)
        return answer.status_code == 202


def test_no_acknowledged_response_is_lost_and_none_is_there_twice(stack: Stack, tmp_path: Path) -> None:
    clients = [Client(stack, number, tmp_path) for number in range(CLIENTS)]
    for client in clients:
        client.thread.start()
    for nth in range(KILLS):
        _wait_for_load(tmp_path)
        running = stack.pids_of("web")
        for victim in running if nth % 2 else {min(running)}:
            os.kill(victim, signal.SIGKILL)
        _wait_for_start(stack, running)
    _wait_for_load(tmp_path)
    for client in clients:
        client.is_stopping.set()
    for client in clients:
        client.thread.join()

    found = stack.look("ids")

    acknowledged = _acknowledged(tmp_path)
    assert len(acknowledged) == len(set(acknowledged)) > 400
    assert set(acknowledged) - set(found["callers"]) == set()
    # Every record had an id of its own, so that a second row of one would have no id.
    assert len(found["responses"]) == len(found["callers"])
    assert stack.look("miscounts") == []
    assert set.union(*(client.statuses for client in clients)) <= {202, 429, 503}


def _acknowledged(folder: Path) -> list[str]:
    return [line for path in sorted(folder.glob("*.ledger")) for line in path.read_text().split()]


def _wait_for_load(folder: Path) -> None:
    before = len(_acknowledged(folder))
    wait_for(lambda: len(_acknowledged(folder)) > before + 100, "more load")


def _wait_for_start(stack: Stack, before: set[int]) -> None:
    wait_for(lambda: stack.pids_of("web") - before, "a new web process")
