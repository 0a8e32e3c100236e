"""What the sandbox holds: its modes, and what was created in it. Bounded; knows neither sockets nor the clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from responses.sandbox.messages import Received

Record = dict[str, Any]
KEPT = 20_000  # of each kind: the shop may run for weeks


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """The next ``times`` requests that match are answered so."""

    answer: str
    method: str = ""
    path: str = ""
    times: int = 1


class Modes(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that ``POST /_control`` can change."""

    outage: str = ""
    """The name of an answer that every request gets; ``""`` for none."""
    outage_until: float | None = None
    weights: dict[str, float] = {}
    """Name of an answer → share of requests, 0 to 1. ``423@/subscriptions/`` and ``423@PATCH /subscriptions/`` limit it
    to what begins so."""
    next: list[Step] = []
    pending_seconds: float = 3.0
    long_pending_seconds: float = 120.0
    late_seconds: float = 5.0
    slow_seconds: float = 2.0
    hang_seconds: float = 60.0
    drip_seconds: float = 0.05
    retry_after: int = 2
    synchronous: bool = False
    partial_status: int = 207
    duplicate_guard: bool = True
    guard_failed_orders: bool = False
    """Whether an order of which nothing was created is a duplicate as well, when it is sent again."""
    credentials: str = "optional"
    """``open``: not looked at; ``optional``: checked when sent; ``required``."""
    api_keys: list[str] = msgspec.field(default_factory=lambda: ["sandbox-key"])
    readonly_keys: list[str] = msgspec.field(default_factory=lambda: ["sandbox-readonly-key"])
    hash_keys: list[str] = msgspec.field(default_factory=lambda: ["sandbox-hash-key"])
    merchants: list[str] = []
    """Known merchants; empty: all of them."""
    unknown_products: list[str] = []
    locked: dict[str, float] = {}
    """Resource id → epoch second until which a change of it is answered with 423."""
    lock_resources: bool = False
    """Whether two changes of one resource at the same time end in 423."""
    rate_per_minute: int = 0
    """More than so many requests in a minute end in 429; 0 for no limit."""


class Shelf:
    """Records by id, found by owner without looking at all of them; the oldest goes when there are too many."""

    INDEXED = ("customer", "order", "merchant_order_id")  # these never change

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._index: dict[tuple[str, str], dict[str, Record]] = {}

    def put(self, key: str, record: Record) -> Record:
        """Keep ``record``, in the place of an older one with its key, and return it."""
        self._forget(key, self._records.get(key))
        self._records[key] = record
        for owner in self._owners(record):
            self._index.setdefault(owner, {})[key] = record
        if len(self._records) > KEPT:
            self.pop(next(iter(self._records)))
        return record

    def get(self, key: str) -> Record | None:
        """The record, ``None`` when there is none."""
        return self._records.get(key)

    def pop(self, key: str) -> Record | None:
        """Take the record out."""
        record = self._records.pop(key, None)
        self._forget(key, record)
        return record

    def of(self, field: str, value: str) -> list[Record]:
        """The records of one owner, oldest first."""
        return list(self._index.get((field, value), {}).values())

    def values(self) -> list[Record]:
        """All records, oldest first."""
        return list(self._records.values())

    def __contains__(self, key: str) -> bool:
        return key in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def _owners(self, record: Record) -> list[tuple[str, str]]:
        return [(field, str(record[field])) for field in self.INDEXED if record.get(field) not in (None, "")]

    def _forget(self, key: str, record: Record | None) -> None:
        for owner in self._owners(record) if record is not None else ():
            held = self._index.get(owner, {})
            held.pop(key, None)
            if not held:
                self._index.pop(owner, None)


@dataclass
class World:
    """The sandbox's state. ``rng`` makes the ids and rolls the dice, so that a seed repeats everything."""

    rng: random.Random
    modes: Modes = field(default_factory=Modes)
    purchases: Shelf = field(default_factory=Shelf)
    orders_taken: Shelf = field(default_factory=Shelf)
    due: list[tuple[float, str]] = field(default_factory=list)
    subscriptions: Shelf = field(default_factory=Shelf)
    orders: Shelf = field(default_factory=Shelf)
    items: Shelf = field(default_factory=Shelf)
    customers: Shelf = field(default_factory=Shelf)
    payments: Shelf = field(default_factory=Shelf)
    addresses: Shelf = field(default_factory=Shelf)
    products: Shelf = field(default_factory=Shelf)
    incentives: Shelf = field(default_factory=Shelf)
    tries: Shelf = field(default_factory=Shelf)
    postponed: list[tuple[float, Received]] = field(default_factory=list)
    minute: int = 0
    in_minute: int = 0

    def new_id(self) -> str:
        """32 hex digits, as Ordergroove's ids usually are."""
        return f"{self.rng.getrandbits(128):032x}"


def create(seed: int | None = None, modes: Modes | None = None) -> World:
    """An empty world."""
    return World(rng=random.Random(seed), modes=modes or Modes())  # noqa: S311 - ids and dice of a stand-in


def stamp(now: datetime) -> str:
    """A moment in the form of the REST answers."""
    return now.strftime("%Y-%m-%d %H:%M:%S")


def is_locked(world: World, resource: str, now: datetime) -> bool:
    """Whether a change of ``resource`` has to wait."""
    return bool(resource) and world.modes.locked.get(resource, 0.0) > now.timestamp()


def is_over_rate(world: World, now: datetime) -> bool:
    """Count this request in its minute; whether it was one too many."""
    minute = int(now.timestamp() // 60)
    if minute != world.minute:
        world.minute, world.in_minute = minute, 0
    world.in_minute += 1
    return 0 < world.modes.rate_per_minute < world.in_minute


def knows_product(world: World, product: str) -> bool:
    """Every product exists, but for those that are named ``unknown-...`` or listed as unknown."""
    return not product.startswith("unknown-") and product not in world.modes.unknown_products
