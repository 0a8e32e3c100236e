"""A load generator in a process of its own: connections that each send the next call when the last was answered.

Usage: python -m benchmarks.load HOST PORT KEY CONNECTIONS BATCH COUNT SEED. Prints one line of JSON.
Everything that is sent is made before the clock starts.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from datetime import UTC, datetime

import uvloop

from benchmarks import mix


class Connection(asyncio.Protocol):
    """One keep-alive connection. Understands just what our own server answers."""

    def __init__(self, requests: deque[bytes], latencies: list[float], codes: Counter[int], done: asyncio.Future[None]):
        self.requests = requests
        self.latencies = latencies
        self.codes = codes
        self.done = done
        self.buffer = b""
        self.started_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        if not self.requests:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        request = self.requests.popleft()
        self.started_at = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self.latencies.append(time.perf_counter() - self.started_at)
        self.codes[int(head[9:12])] += 1
        self.buffer = body[length:]
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def calls(key: str, *, batch: int, count: int, seed: int) -> deque[bytes]:
    """Return ``count`` records as complete HTTP requests of ``batch`` records each."""
    sent_at = datetime.now(UTC).isoformat()
    made: deque[bytes] = deque()
    waiting: list[dict[str, object]] = []
    for record in mix.records(count, seed=seed, sent_at=sent_at):
        waiting.append(record)
        if len(waiting) == batch:
            made.append(_request(key, waiting[0] if batch == 1 else {"responses": waiting}))
            waiting = []
    return made


def _request(key: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = (
        "POST /api/v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def run(host: str, port: int, requests: deque[bytes], *, connections: int, batch: int) -> dict[str, object]:
    """Send everything; return what was measured."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    codes: Counter[int] = Counter()
    ends = [loop.create_future() for _ in range(connections)]
    total = len(requests)
    size = sum(len(request) for request in requests)
    started_at = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: Connection(requests, latencies, codes, end), host, port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - started_at
    latencies.sort()
    return {
        "connections": connections,
        "batch": batch,
        "calls": total,
        "seconds": round(seconds, 3),
        "records_per_second": round(total * batch / seconds),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
        "p95_ms": round(latencies[int(len(latencies) * 0.95)] * 1000, 2),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 2),
        "bytes_per_record": size // (total * batch),
        "codes": dict(codes),
    }


def main() -> None:
    host, port, key, connections, batch, count, seed = sys.argv[1:]
    requests = calls(key, batch=int(batch), count=int(count), seed=int(seed))
    measured = uvloop.run(run(host, int(port), requests, connections=int(connections), batch=int(batch)))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
