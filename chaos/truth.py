"""What the scripted upstream has really done: purchases and setters that took effect, and look-ups that tell the truth.

Without a duplicate guard: what is asked twice is done twice, and the ledger shows it. Only an order whose request took
effect and was answered with a 5xx is guarded, since the documented policy sends such a request again.
"""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec

PENDING = b"'Response is pending. Please try again soon.'"
PENDING_SECONDS = 0.5
LARGEST_PAGE = 10


class Asked(msgspec.Struct, frozen=True):
    """One request that wants something done. ``resource`` is what only one request at a time may touch."""

    kind: str
    """``purchase`` or ``setter``."""
    name: str
    """The logical request: the order's id, or the object with what is to be set."""
    resource: str
    document: dict[str, Any] = {}


class Truth:
    """The state behind the answers."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(f"{seed} ids")
        self.guarded: set[str] = set()
        self._results: dict[str, tuple[float, dict[str, Any]]] = {}
        """By ``subs_req_id``: when the purchase took effect, and what came of it."""
        self._subscriptions: dict[str, list[dict[str, Any]]] = {}
        self._values: dict[str, dict[str, Any]] = {}

    def new_id(self) -> str:
        """An id as Ordergroove makes them."""
        return f"{self._dice.getrandbits(96):024x}"

    def apply(self, asked: Asked, subs_req_id: str, now: float) -> None:
        """Let the request take effect, however often it did before."""
        if asked.kind == "setter":
            self._values.setdefault(asked.resource, {}).update(asked.document)
            return
        user = asked.document.get("user") or {}
        customer = str(user.get("user_id", ""))
        made = []
        for line in asked.document.get("products") or ():
            subscription = {
                "public_id": self.new_id(),
                "customer": customer,
                "product": str(line.get("product", "")),
                "merchant_order_id": asked.name,
                "quantity": 1,
                "live": True,
            }
            self._subscriptions.setdefault(customer, []).append(subscription)
            made.append({subscription["product"]: subscription["public_id"]})
        result = {"customer": customer, "payment": "p", "shipping_address": "a", "errors": {}, "subscriptions": made}
        self._results[subs_req_id] = (now, result)

    def answer_to(self, asked: Asked, subs_req_id: str) -> bytes:
        """The body that a request deserves which took effect."""
        if asked.kind == "setter":
            return json.dumps({"public_id": asked.resource, **self._values.get(asked.resource, {})}).encode()
        return json.dumps({"result": "Subscription request received", "subs_req_id": subs_req_id}).encode()

    def status(self, subs_req_id: str, now: float) -> tuple[int, bytes]:
        """``GET /subscription/{subs_req_id}/response``."""
        found = self._results.get(subs_req_id)
        if found is None:
            return 404, b'{"detail": "Not found"}'
        at, result = found
        return (202, PENDING) if now < at + PENDING_SECONDS else (200, json.dumps(result).encode())

    def subscriptions(self, base: str, query: dict[str, str]) -> bytes:
        """``GET /subscriptions/?customer=...``: by cursor, in pages smaller than anybody asks for."""
        customer = query.get("customer", "")
        found = self._subscriptions.get(customer, [])
        start = int(query.get("cursor") or 0)
        size = min(int(query.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        end = start + size
        following = f"{base}/subscriptions/?customer={customer}&cursor={end}" if end < len(found) else None
        return json.dumps({"next": following, "previous": None, "results": found[start:end]}).encode()

    def subscription(self, subscription_id: str) -> bytes:
        """``GET /subscriptions/{id}/``: every one exists."""
        return json.dumps({"public_id": subscription_id, **self._values.get(subscription_id, {})}).encode()
