"""A shop in a process of its own: calls the upstream, and reports each call to the monitor. Keeps a ledger.

Usage: python -m chaos.load MONITOR UPSTREAM KEY SEED PER_SECOND LEDGER. It stops at SIGTERM, after its last report.
A line "acknowledged" is written only after the monitor has answered with a 2xx.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from chaos import shop
from chaos.ledger import Ledger
from chaos.shop import Deed

CALL_SECONDS = 0.8
REPORT_SECONDS = 5.0
LAST_SECONDS = 60.0
"""How long the reports that are still to be made may take in the end."""
MOST_AT_ONCE = 60
REFUSED = {"kind": "connection", "message": "refused"}
"""The one failure of which a caller can be sure that nothing had left."""


class Load:
    """The shop's calls under way."""

    def __init__(self, monitor: str, upstream: str, key: str, ledger: Ledger) -> None:
        self.monitor = monitor
        self.upstream = upstream
        self.ledger = ledger
        self.key = key
        self.is_stopping = asyncio.Event()

    async def run(self, seed: int, per_second: float) -> None:
        """Make calls until told to stop, then wait until each is reported."""
        limits = httpx2.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=8)
        room = asyncio.Semaphore(MOST_AT_ONCE)
        async with (
            httpx2.AsyncClient(timeout=REPORT_SECONDS, trust_env=False, limits=limits) as reporting,
            asyncio.TaskGroup() as tasks,
        ):
            for deed in shop.deeds(seed):
                if self.is_stopping.is_set():
                    break
                await room.acquire()
                tasks.create_task(self._work(deed, reporting, room))
                await asyncio.sleep(1 / per_second)

    async def _work(self, deed: Deed, reporting: httpx2.AsyncClient, room: asyncio.Semaphore) -> None:
        try:
            record = await self._call(deed)
            await self._report(deed, record, reporting)
        finally:
            room.release()

    async def _call(self, deed: Deed) -> dict[str, Any]:
        """Call the upstream as the shop does, and return the record of it."""
        body_hash = hashlib.sha256(deed.body).hexdigest()
        self.ledger.write("called", number=deed.number, name=deed.name, kind=deed.kind, hash=body_hash)
        started_at, sent_at = time.monotonic(), datetime.now(UTC) - timedelta(seconds=deed.seconds_ago)
        answer, failure = None, None
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                httpx2.AsyncClient(timeout=CALL_SECONDS, trust_env=False) as calling,
            ):
                response = await calling.request(
                    deed.method, self.upstream + deed.target, headers=deed.headers, content=deed.body
                )
            answer = {
                "status_code": response.status_code,
                "headers": {name: text for name, text in response.headers.items() if name != "content-encoding"},
                "body": response.text[:2000],
            }
        except TimeoutError:
            failure = {"kind": "timeout", "message": "no answer in time"}
        except httpx2.ConnectError:
            failure = REFUSED
        except httpx2.HTTPError as error:
            is_timeout = isinstance(error, httpx2.TimeoutException)
            failure = {"kind": "timeout" if is_timeout else "connection", "message": "the connection broke"}
        return {
            "id": f"chaos-{deed.number}",
            "sent_at": sent_at.isoformat(),
            "duration_ms": round((time.monotonic() - started_at) * 1000),
            "request": {
                "method": deed.method,
                "url": self.upstream + deed.target,
                "headers": deed.headers,
                "body": deed.body.decode(),
            },
            "response": answer,
            "failure": failure,
            "retry": "monitor",
        }

    async def _report(self, deed: Deed, record: dict[str, Any], reporting: httpx2.AsyncClient) -> None:
        """Report until the monitor has it. A record that was given up was never acknowledged."""
        gives_up_at = time.monotonic() + LAST_SECONDS
        while time.monotonic() < gives_up_at:
            status_code = await self._post(record, reporting)
            if status_code is not None and status_code not in (429, 503):
                event = "acknowledged" if 200 <= status_code < 300 else "refused"
                answer = (record["response"] or {}).get("status_code")
                self.ledger.write(
                    event,
                    number=deed.number,
                    name=deed.name,
                    id=record["id"],
                    status_code=status_code,
                    answer=answer,
                    has_left=record["failure"] != REFUSED,
                )
                if event == "acknowledged" or status_code < 500:
                    return
            await asyncio.sleep(0.2)
        self.ledger.write("given up", number=deed.number, name=deed.name)

    async def _post(self, record: dict[str, Any], reporting: httpx2.AsyncClient) -> int | None:
        try:
            answer = await reporting.post(
                f"{self.monitor}/api/v1/responses", json=record, headers={"authorization": f"Bearer {self.key}"}
            )
        except httpx2.HTTPError:
            return None
        return answer.status_code


async def _main(monitor: str, upstream: str, key: str, seed: int, per_second: float, path: str) -> None:
    load = Load(monitor, upstream, key, Ledger(Path(path)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, load.is_stopping.set)
    await load.run(seed, per_second)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]))
