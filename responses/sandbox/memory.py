"""What the simulated shop remembers: its customers, its subscriptions, its last order number."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from responses.sandbox import goods
from responses.sandbox.goods import Customer


@dataclass
class Shop:
    """A shop's memory. ``pace`` shortens its long waits; ``poll_share``: how often it asks what became of an order."""

    rng: random.Random
    first_order: int
    pace: float = 1.0
    poll_share: float = 0.97
    customers: list[Customer] = field(default_factory=list)
    subscriptions: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=400))
    orders_made: int = 0

    def next_order(self) -> str:
        """A merchant_order_id that was never used."""
        self.orders_made += 1
        return str(self.first_order + self.orders_made)

    def chance(self, share: float) -> bool:
        """Whether something that happens in ``share`` of all cases happens now."""
        return self.rng.random() < share

    def soon(self, least: float, most: float) -> float:
        """A short wait, in seconds."""
        return self.rng.uniform(least, most)

    def later(self, least: float, most: float) -> float:
        """A long wait, which a live shop shortens."""
        return self.rng.uniform(least, most) * self.pace


def open_shop(rng: random.Random, now: datetime, *, pace: float, poll_share: float) -> Shop:
    """A new shop; its order numbers follow from ``now``, so that a later one never repeats them."""
    shop = Shop(rng, first_order=int(now.timestamp() * 10) % 10**10, pace=pace, poll_share=poll_share)
    shop.customers = goods.customers(rng, 300)
    return shop
