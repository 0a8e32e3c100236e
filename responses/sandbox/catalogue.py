"""Products and their bulk endpoints, whose normal answer is 207: full success, partial or total failure."""

from __future__ import annotations

import json
from typing import Any

from responses.sandbox import messages, scripts
from responses.sandbox import world as worlds
from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import Record, World

LIMIT = 100
_FIELDS = ("name", "price", "sku", "live", "image_url", "detail_url", "autoship_enabled", "extra_data", "groups")


def find(world: World, product: str) -> Plan:
    """``GET /products/{id}/``: every known product exists, also one that no feed has brought."""
    record = world.products.get(product)
    if record is None and not worlds.knows_product(world, product):
        return Plan(messages.not_found(), resource=product)
    return Plan(messages.json_reply(200, record or _blank(product)), resource=product)


def update(world: World, product: str, received: Received) -> Plan:
    """``PATCH /products/{id}/`` and ``.../update/``."""
    data = messages.data_of(received)
    if data is None:
        return Plan(messages.json_reply(400, {"detail": "JSON parse error - Expecting value"}), resource=product)
    if not worlds.knows_product(world, product):
        return Plan(messages.not_found(), resource=product)
    complaint = _complaint(world, {"product_id": product, **data}, is_new=False)
    if complaint:
        return Plan(messages.json_reply(400, complaint), resource=product)
    record = _put(world, product, data)
    return Plan(
        messages.json_reply(200, record), resource=product, applied=[{"what": "products update", "id": product}]
    )


def batch(world: World, received: Received, *, is_new: bool) -> Plan:
    """``POST /products-batch/create/`` and ``PATCH /products-batch/update/``: at most 100, one result for each."""
    try:
        rows = json.loads(received.body)
    except (ValueError, RecursionError):
        return Plan(messages.json_reply(400, {"detail": "JSON parse error - Expecting value"}))
    if not isinstance(rows, list) or not rows:
        return Plan(messages.json_reply(400, {"non_field_errors": ["Expected a list of items."]}))
    if len(rows) > LIMIT:
        return Plan(messages.json_reply(400, {"non_field_errors": [f"Ensure this list has at most {LIMIT} items."]}))
    results: list[Record] = []
    applied: list[Record] = []
    for row in rows:
        product = str(row.get("product_id", "")) if isinstance(row, dict) else ""
        complaint = _complaint(world, row, is_new=is_new) if isinstance(row, dict) else {"detail": "Invalid data."}
        if complaint:
            results.append({"product_id": product, "status": 400, "errors": complaint})
            continue
        _put(world, product, row)
        applied.append({"what": "products", "id": product})
        results.append({"product_id": product, "status": 200})
    return Plan(messages.json_reply(207, {"results": results}), applied=applied)


def _complaint(world: World, row: Record, *, is_new: bool) -> Record:
    product = str(row.get("product_id", ""))
    if not product:
        return {"product_id": ["This field is required."]}
    if scripts.of_product(product) is not None or not worlds.knows_product(world, product):
        return {"product_id": [f"Object with external_product_id={product} does not exist."]}
    if is_new and not row.get("name"):
        return {"name": ["This field is required."]}
    if "price" in row and not _is_amount(row["price"]):
        return {"price": ["A valid number is required."]}
    return {}


def _is_amount(value: Any) -> bool:
    whole, _, cents = str(value).partition(".")
    return whole.isascii() and whole.isdigit() and (not cents or cents.isdigit())


def _blank(product: str) -> Record:
    return {"external_product_id": product, "product_id": product, "name": f"Product {product}", "price": "10.00",
            "sku": product, "live": True, "autoship_enabled": True}  # fmt: skip


def _put(world: World, product: str, data: Record) -> Record:
    known = world.products.get(product) or _blank(product)
    return world.products.put(product, {**known, **{name: data[name] for name in _FIELDS if name in data}})
