"""Requests to the sandbox's logic without HTTP, at a time of the test's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from responses.sandbox import forms, routes
from responses.sandbox.forms import Form
from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def document(*products: str, **overrides: Any) -> dict[str, Any]:
    """A purchase of ``products``, each with a subscription."""
    info = {"quantity": 2, "tracking_override": {"offer": "903ecf3e", "every": 4, "every_period": 2}}
    return {
        "merchant_id": "ac4f7938383a11e89ecbbc764e1107f2",
        "og_cart_tracking": False,
        "merchant_order_id": "100045",
        "user": {"user_id": "00026001", "email": "ada@example.com", "shipping_address": {"city": "New York"}},
        "payment": {"token_id": "7654321", "cc_type": "1"},
        "products": [{"product": name, "sku": name, "subscription_info": dict(info)} for name in products],
        **overrides,
    }


def ask(
    world: World, method: str, target: str, data: Any = None, *, now: datetime = NOW, **headers: str
) -> tuple[int, Any]:
    """The status code and the body, decoded when it is JSON."""
    return told(plan(world, method, target, data, now=now, **headers))


def plan(world: World, method: str, target: str, data: Any = None, *, now: datetime = NOW, **headers: str) -> Plan:
    """What the sandbox decides about a request."""
    path, _, query = target.partition("?")
    body = data if isinstance(data, bytes) else b"" if data is None else json.dumps(data).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return routes.answer(world, Received(method, path, dict(parse_qsl(query)), names, body), now)


def buy(world: World, *products: str, form: Form = Form.RAW, now: datetime = NOW, **overrides: Any) -> tuple[int, Any]:
    """A Purchase POST."""
    return ask(world, "POST", "/subscription/create", forms.write(document(*products, **overrides), form), now=now)


def told(plan: Plan) -> tuple[int, Any]:
    """A plan as the caller sees it."""
    try:
        return plan.reply.status_code, json.loads(plan.reply.body)
    except ValueError:
        return plan.reply.status_code, plan.reply.body.decode("utf-8", "replace")
