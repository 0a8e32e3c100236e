"""Purchase POST and its status: what is checked at once, what is found out later, and what is created then."""

from __future__ import annotations

import heapq
from datetime import datetime

from responses.sandbox import creating, forms, messages, scripts
from responses.sandbox.messages import Plan, Received, Reply
from responses.sandbox.world import Record, World

PENDING = "'Response is pending. Please try again soon.'"
_NEVER = float("inf")


def create(world: World, received: Received, now: datetime, mode: str = "") -> Plan:
    """Answer a Purchase POST, and take the order in unless it is refused at once."""
    document = forms.read(received.body)
    if document is None:
        return Plan(messages.json_reply(400, {"error_message": "Malformed create_request"}))
    order_id = creating.text(document.get("merchant_order_id"))
    complaint = _refusal(world, document)
    if complaint is not None:
        return Plan(messages.json_reply(400, complaint), order_id=order_id)
    order_key = f"{creating.text(document.get('merchant_id'))} {order_id}"
    if _is_duplicate(world, order_key):
        return Plan(messages.conflict(), order_id=order_id)
    is_sync = world.modes.synchronous or mode.startswith("sync")
    purchase = _take(world, document, order_key, now, is_sync=is_sync)
    applied: list[Record] = purchase["applied"]
    if is_sync:
        reply = _processed(purchase["result"], 206 if mode == "sync-206" else world.modes.partial_status)
        return Plan(reply, order_id=order_id, applied=applied)
    received_text = {"result": "Subscription request received", "subs_req_id": purchase["id"]}
    return Plan(messages.json_reply(200, received_text), order_id=order_id, applied=applied)


def status(world: World, subs_req_id: str) -> Reply:
    """``GET /subscription/{subs_req_id}/response``."""
    purchase = world.purchases.get(subs_req_id)
    if purchase is None or purchase["is_lost"]:
        return messages.json_reply(404, {"detail": "Not found"})
    if purchase["result"] is None:
        return messages.text_reply(202, PENDING, "text/plain")
    return messages.json_reply(200, purchase["result"])


def settle(world: World, now: datetime) -> None:
    """Process every accepted purchase that is due."""
    while world.due and world.due[0][0] <= now.timestamp():
        _, subs_req_id = heapq.heappop(world.due)
        purchase = world.purchases.get(subs_req_id)
        if purchase is not None and purchase["result"] is None:
            creating.process(world, purchase, now)


def guard_anyway(world: World, received: Received) -> None:
    """Without a duplicate guard, one order is guarded all the same: it was taken, and its answer was a 5xx."""
    document = forms.read(received.body) or {}
    taken = world.orders_taken.get(
        f"{creating.text(document.get('merchant_id'))} {creating.text(document.get('merchant_order_id'))}"
    )
    if taken is not None:
        taken["is_guarded"] = True


def _refusal(world: World, document: Record) -> Record | None:
    """What is wrong with the part that is checked before the answer."""
    merchant = creating.text(document.get("merchant_id"))
    if not merchant or (world.modes.merchants and merchant not in world.modes.merchants):
        return {"error": f"Invalid Merchant {merchant}".strip()}
    if not creating.text(document.get("merchant_order_id")):
        return {"error_message": "Merchant order id cannot be null"}
    if document.get("og_cart_tracking", True) is not False and not document.get("session_id"):
        return {"error_message": "Session id cannot be null"}
    user = creating.part(document, "user")
    if not creating.text(user.get("user_id")):
        return {"customer": {"user_id": ["This field is required."]}}
    if creating.wanted(document) and not creating.part(document, "payment"):
        return {"error_message": "Missing payment data to create record"}
    if "@" not in creating.text(user.get("email") or "@"):
        return {"errors": {"customer": {"email": ["Enter a valid email address."]}}}
    return None


def _is_duplicate(world: World, order_key: str) -> bool:
    taken = world.orders_taken.get(order_key)
    if taken is None or not (world.modes.duplicate_guard or taken.get("is_guarded")):
        return False
    result = (world.purchases.get(taken["id"]) or {}).get("result")
    return result is None or bool(result["subscriptions"]) or not result["errors"] or world.modes.guard_failed_orders


def _take(world: World, document: Record, order_key: str, now: datetime, *, is_sync: bool) -> Record:
    ids = [creating.product_id(product) for product in creating.products_of(document)]
    purchase: Record = {
        "id": f"{world.rng.getrandbits(96):024x}",
        "document": document,
        "result": None,
        "applied": [],
        "is_lost": any(product.startswith(scripts.LOST) for product in ids),
    }
    world.purchases.put(purchase["id"], purchase)
    world.orders_taken.put(order_key, {"id": purchase["id"]})
    if is_sync:
        creating.process(world, purchase, now)
    else:
        delay = _pending_seconds(world, ids)
        if delay < _NEVER:
            heapq.heappush(world.due, (now.timestamp() + delay, purchase["id"]))
    return purchase


def _pending_seconds(world: World, ids: list[str]) -> float:
    if any(product.startswith(scripts.PENDING_FOREVER) for product in ids):
        return _NEVER
    if any(product.startswith(scripts.PENDING_LONG) for product in ids):
        return world.modes.long_pending_seconds
    return world.modes.pending_seconds


def _processed(result: Record, partial_status: int) -> Reply:
    if not result["errors"]:
        return messages.json_reply(200, result)
    if result["subscriptions"]:
        return messages.json_reply(partial_status, result)
    return messages.json_reply(400, {"errors": result["errors"]})
