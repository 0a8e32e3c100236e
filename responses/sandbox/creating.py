"""What a Purchase POST creates once it is processed, from the customer to the subscriptions, and its complaints."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from responses.sandbox import scripts
from responses.sandbox import world as worlds
from responses.sandbox.world import Record, World

_DAYS = {1: 1, 2: 7, 3: 30, 4: 365}


def products_of(document: Record) -> list[Record]:
    """The products of a purchase, which are sent as a list or as a single object."""
    products = document.get("products")
    found = products if isinstance(products, list) else [products]
    return [product for product in found if isinstance(product, dict)]


def product_id(product: Record) -> str:
    """The merchant's id of a product."""
    return text(product.get("product"))


def text(value: Any) -> str:
    """An id or a number as text, ``""`` for anything else."""
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def part(document: Record, name: str) -> Record:
    """The object under ``name``, an empty one when there is none."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def wanted(document: Record) -> list[Record]:
    """The products that are to become subscriptions."""
    return [product for product in products_of(document) if isinstance(product.get("subscription_info"), dict)]


def process(world: World, purchase: Record, now: datetime) -> None:
    """Create what can be created, and note the result that the status endpoint tells from now on."""
    _create_all(world, purchase, now)
    purchase["document"] = None  # a sandbox that runs for weeks keeps results, not requests


def _create_all(world: World, purchase: Record, now: datetime) -> None:
    document = purchase["document"]
    user_id = text(part(document, "user").get("user_id"))
    result: Record = {"customer": user_id, "payment": None, "shipping_address": None, "errors": {}, "subscriptions": []}
    purchase["result"] = result
    products = wanted(document)
    found = [scripts.of_product(product_id(product)) for product in products]
    whole = next((script.order_error for script in found if script is not None and script.order_error), None)
    _remember_customer(world, document, user_id, now)
    if whole is not None:
        result["errors"] = whole
        return
    result["payment"] = _account(world, "payments", user_id, part(document, "payment"), now)
    result["shipping_address"] = _account(
        world, "addresses", user_id, part(part(document, "user"), "shipping_address"), now
    )
    order_id = ""
    for product, script in zip(products, found, strict=True):
        complaints = _complaints(world, product, script)
        if complaints is None:
            order_id = order_id or _new_order(world, document, result, product, now)
            _subscribe(world, purchase, product, order_id, now, is_mentioned=script is None or script.is_mentioned)
        else:
            _complain(result, product, complaints)


def _complaints(world: World, product: Record, script: scripts.Script | None) -> Any:
    """Why the product is not subscribed to: ``None`` when it is, ``""`` when the answer keeps silent about it."""
    if script is not None and script.is_created:
        return None
    if script is not None:
        if script.prefix == "fail-sku-required":
            return "sku"
        return scripts.complaint_about(script, product_id(product)) if script.is_mentioned else ""
    if not text(product.get("sku", product.get("product"))):
        return "sku"
    info = product["subscription_info"]
    complaint: Record = {}
    if not worlds.knows_product(world, product_id(product)):
        complaint["product"] = [f"Object with external_product_id={product_id(product)} does not exist."]
    if info.get("quantity") is None:
        complaint["quantity"] = ["This field is required."]
    elif not text(info["quantity"]).isdigit() or int(text(info["quantity"])[:9]) < 1:
        complaint["quantity"] = ["Ensure this value is greater than or equal to 1."]
    period = part(info, "tracking_override").get("every_period")
    if period is not None and text(period) not in ("1", "2", "3", "4"):
        complaint["every_period"] = [f'"{text(period)}" is not a valid choice.']
    return complaint or None


def _complain(result: Record, product: Record, complaints: Any) -> None:
    if complaints == "sku":
        result["errors"].setdefault("products", []).append("sku is a required")
    elif complaints:
        entry = {"product": product_id(product), "subscription": complaints}
        result["errors"].setdefault("subscriptions", []).append(entry)


def _remember_customer(world: World, document: Record, user_id: str, now: datetime) -> None:
    user = part(document, "user")
    known = world.customers.get(user_id) or {"created": worlds.stamp(now)}
    names = ("first_name", "last_name", "email", "phone_number", "price_code", "extra_data")
    changed = {name: user[name] for name in names if name in user}
    world.customers.put(
        user_id, {**known, "merchant": document["merchant_id"], "merchant_user_id": user_id, **changed, "live": True}
    )


def _account(world: World, shelf: str, user_id: str, data: Record, now: datetime) -> str:
    """The id of the customer's payment or address: the one with this data, or a new one."""
    records: worlds.Shelf = getattr(world, shelf)
    public = {name: value for name, value in data.items() if name not in ("cc_number", "cc_cvv", "cvv")}
    digest = hashlib.sha256(f"{shelf} {user_id} {sorted(data.items(), key=str)}".encode()).hexdigest()[:32]
    if digest not in records:
        records.put(
            digest, {**public, "public_id": digest, "customer": user_id, "live": True, "created": worlds.stamp(now)}
        )
    return digest


def _new_order(world: World, document: Record, result: Record, product: Record, now: datetime) -> str:
    order_id = world.new_id()
    world.orders.put(order_id, {
        "merchant": document["merchant_id"], "customer": result["customer"], "payment": result["payment"],
        "shipping_address": result["shipping_address"], "public_id": order_id, "sub_total": "0.00", "total": "0.00",
        "created": worlds.stamp(now), "place": f"{_next_date(product, now)} 00:00:00", "cancelled": None, "tries": 0,
        "generic_error_count": 0, "status": 1, "type": 1, "order_merchant_id": None, "rejected_message": None,
        "extra_data": None, "locked": False, "oos_free_shipping": False,
    })  # fmt: skip
    return order_id


def _subscribe(
    world: World, purchase: Record, product: Record, order_id: str, now: datetime, *, is_mentioned: bool
) -> None:
    document, result, info = purchase["document"], purchase["result"], product["subscription_info"]
    override = part(info, "tracking_override")
    every, period = _number(override.get("every"), 1), _number(override.get("every_period"), 3)
    subscription_id = world.new_id()
    world.subscriptions.put(subscription_id, {
        "customer": result["customer"], "merchant": document["merchant_id"], "product": product_id(product),
        "payment": result["payment"], "shipping_address": result["shipping_address"], "offer": override.get("offer"),
        "subscription_type": info.get("subscription_type", "replenishment"), "components": info.get("components", []),
        "extra_data": info.get("extra_data", {}), "public_id": subscription_id, "product_attribute": None,
        "quantity": _number(info.get("quantity"), 1), "price": info.get("price"),
        "frequency_days": every * _DAYS.get(period, 30), "reminder_days": 10, "every": every, "every_period": period,
        "start_date": now.date().isoformat(), "cancelled": None, "cancel_reason": None, "cancel_reason_code": None,
        "iteration": None, "sequence": None, "session_id": document.get("session_id"),
        "merchant_order_id": text(document["merchant_order_id"]), "customer_rep": None, "club": None,
        "created": worlds.stamp(now), "updated": worlds.stamp(now), "live": True, "external_id": None,
    })  # fmt: skip
    new_item(world, order_id=order_id, subscription_id=subscription_id, product=product_id(product),
             quantity=_number(info.get("quantity"), 1))  # fmt: skip
    purchase["applied"].append({
        "what": "subscription", "id": subscription_id, "product": product_id(product),
        "order": f"{text(document['merchant_id'])} {text(document['merchant_order_id'])}",
    })  # fmt: skip
    if is_mentioned:
        result["subscriptions"].append({product_id(product): subscription_id})


def new_item(world: World, *, order_id: str, subscription_id: str | None, product: str, quantity: int) -> Record:
    """One line of a recurring order."""
    item_id = world.new_id()
    return world.items.put(item_id, {
        "order": order_id, "offer": None, "subscription": subscription_id, "product": product, "components": [],
        "quantity": quantity, "public_id": item_id, "product_attribute": None, "extra_cost": "0.00",
        "one_time": subscription_id is None, "frozen": False, "first_placed": None, "price": None, "total_price": None,
        "show_original_price": False,
    })  # fmt: skip


def _number(value: Any, default: int) -> int:
    digits = text(value)
    return int(digits[:9]) if digits.isdigit() else default


def _next_date(product: Record, now: datetime) -> date:
    override = part(product["subscription_info"], "tracking_override")
    days = _number(override.get("every"), 1) * _DAYS.get(_number(override.get("every_period"), 3), 30)
    return (now + timedelta(days=min(days, 3_650))).date()
