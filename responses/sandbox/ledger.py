"""What the sandbox received, did and answered: the evidence that a test compares with the monitor's tables."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import World


class Entry(msgspec.Struct):
    """One request. ``ended_at`` is ``None`` until it is answered; ``applied`` grows when a purchase is processed."""

    number: int
    arrived_at: datetime
    method: str
    path: str
    query: dict[str, str]
    key: str
    body_sha256: str
    body_bytes: int
    merchant_order_id: str
    resource: str
    answer: str
    status_code: int
    manner: str
    applied: list[dict[str, Any]]
    ended_at: datetime | None = None


class Ledger:
    """The newest ``size`` entries, and the counts of all."""

    def __init__(self, size: int) -> None:
        self.entries: deque[Entry] = deque(maxlen=size)
        self.number = 0
        self.by_status: Counter[str] = Counter()
        self.by_answer: Counter[str] = Counter()

    def add(self, received: Received, plan: Plan, now: datetime) -> Entry:
        """Note a request as it is answered."""
        self.number += 1
        entry = Entry(
            number=self.number,
            arrived_at=now,
            method=received.method,
            path=received.path,
            query=received.query,
            key=plan.key,
            body_sha256=hashlib.sha256(received.body).hexdigest(),
            body_bytes=len(received.body),
            merchant_order_id=plan.order_id,
            resource=plan.resource,
            answer=plan.name,
            status_code=plan.reply.status_code,
            manner=plan.manner,
            applied=plan.applied,
        )
        self.entries.append(entry)
        self.by_status[str(plan.reply.status_code)] += 1
        if len(self.by_answer) < 1_000 or plan.name in self.by_answer:
            self.by_answer[plan.name] += 1
        return entry

    def since(self, number: int, *, limit: int | None = None, path: str = "") -> list[Entry]:
        """The entries after ``number`` whose path begins with ``path``, oldest first."""
        found = [entry for entry in self.entries if entry.number > number and entry.path.startswith(path)]
        return found if limit is None else found[:limit]


def applied_twice(world: World, ledger: Ledger) -> list[dict[str, Any]]:
    """What was created more than once: a product of one order, or one and the same POST."""
    orders: Counter[tuple[str, str]] = Counter()
    for applied in _all_applied(world):
        orders[applied["order"], applied["product"]] += 1
    posts = Counter(
        (entry.path, entry.body_sha256)
        for entry in ledger.entries
        if entry.applied and entry.method == "POST" and not entry.merchant_order_id
    )
    found = [{"order": order, "product": product, "times": n} for (order, product), n in orders.items() if n > 1]
    return found + [{"path": path, "body_sha256": sha, "times": n} for (path, sha), n in posts.items() if n > 1]


def _all_applied(world: World) -> Iterator[dict[str, Any]]:
    for purchase in world.purchases.values():
        yield from purchase["applied"]
