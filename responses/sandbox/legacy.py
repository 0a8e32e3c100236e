"""The old endpoints, which answer 200 whatever happened and say a failure in words."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from responses.sandbox import forms, messages
from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import World


def update_payment_default(world: World, received: Received) -> Plan:
    """``POST /customer/update_payment_default``."""
    data = _fields(received.body)
    user = data.get("user") if isinstance(data.get("user"), dict) else data
    user_id = str((user or {}).get("user_id") or data.get("user_id") or "")
    failure = _merchant_failure(world, data)
    if not failure and user_id not in world.customers:
        failure = "Customer does not exist"
    if failure:
        return Plan(messages.text_reply(200, failure), resource=user_id)
    reply = messages.json_reply(200, {"result": "success"})
    return Plan(reply, resource=user_id, applied=[{"what": "payment default", "id": user_id}])


def verify_order(world: World, received: Received) -> Plan:
    """``POST /order/verify``: whether an order holds subscriptions."""
    data = _fields(received.body)
    order_id = str(data.get("merchant_order_id") or data.get("order_id") or "")
    failure = _merchant_failure(world, data)
    if not failure and not order_id:
        failure = "Order id cannot be null"
    if failure:
        return Plan(messages.text_reply(200, failure), order_id=order_id)
    return Plan(_verified(world, order_id), order_id=order_id)


def verify_subscription(world: World, parts: list[str]) -> Plan:
    """``GET /subscription/verify/<merchant>/<order>``: 200 with words."""
    order_id = parts[-1] if parts else ""
    if world.modes.merchants and (not parts or parts[0] not in world.modes.merchants):
        return Plan(messages.text_reply(200, "Invalid Merchant"), order_id=order_id)
    return Plan(_verified(world, order_id), order_id=order_id)


def _verified(world: World, order_id: str) -> messages.Reply:
    found = [record["public_id"] for record in world.subscriptions.of("merchant_order_id", order_id)]
    if not found:
        return messages.text_reply(200, "Order does not exist")
    return messages.json_reply(200, {"result": "verified", "subscriptions": found})


def _merchant_failure(world: World, data: dict[str, Any]) -> str:
    merchant = str(data.get("merchant_id") or data.get("public_id") or "")
    if not merchant or (world.modes.merchants and merchant not in world.modes.merchants):
        return "Invalid Merchant"
    return ""


def _fields(body: bytes) -> dict[str, Any]:
    """JSON, a form with a JSON field, or a plain form."""
    document = forms.read(body)
    if document is not None:
        return document
    pairs = dict(parse_qsl(body.decode("utf-8", "replace")))
    for value in pairs.values():
        if value.lstrip().startswith("{"):
            try:
                inner = json.loads(value)
            except (ValueError, RecursionError):
                continue
            return inner if isinstance(inner, dict) else {}
    return dict(pairs)
