"""The REST resources that are read and changed, from subscriptions to incentives; products are in ``catalogue``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from responses.sandbox import creating, messages
from responses.sandbox import world as worlds
from responses.sandbox.messages import Plan, Received, Reply
from responses.sandbox.world import Record, Shelf, World

_PAGE = 25


class Change(msgspec.Struct, frozen=True):
    """What ``PATCH /things/{id}/<name>/`` sets: the fields that must be sent, and those that may."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    always: dict[str, Any] = {}
    wants_live: bool | None = None
    """Only for a record that is live (or only for one that is not)."""


CHANGES: dict[str, dict[str, Change]] = {
    "subscriptions": {
        "cancel": Change(optional=("cancel_reason",), always={"live": False}, wants_live=True),
        "reactivate": Change(
            optional=("every", "every_period", "start_date"),
            always={"live": True, "cancelled": None, "cancel_reason": None}, wants_live=False),
        "update": Change(optional=("extra_data", "price", "components", "offer", "cancel_reason")),
        "change_quantity": Change(required=("quantity",), wants_live=True),
        "change_frequency": Change(required=("every", "every_period"), wants_live=True),
        "change_product": Change(required=("product",), wants_live=True),
        "change_payment": Change(required=("payment",)),
        "change_shipping_address": Change(required=("shipping_address",)),
        "change_shipping": Change(required=("shipping_address",)),
        "change_email_reminder": Change(required=("reminder_days",)),
        "change_next_order_date": Change(required=("order_date",), wants_live=True),
        "change_offer": Change(required=("offer",)),
    },
    "orders": {
        "send_now": Change(always={"status": 5, "tries": 1}),
        "cancel": Change(always={"status": 4}),
        "update": Change(optional=("extra_data",)),
        "change_payment": Change(required=("payment",)),
        "change_shipping": Change(required=("shipping_address",)),
        "change_shipping_address": Change(required=("shipping_address",)),
        "change_place_date": Change(required=("place",)),
        "change_date": Change(required=("place",)),
        "skip_subscription": Change(required=("subscription",)),
    },
    "items": {
        "change_quantity": Change(required=("quantity",)),
        "change_price": Change(required=("price",)),
        "change_product": Change(required=("product",)),
        "update": Change(optional=("extra_data", "offer", "price")),
    },
    "customers": {
        "update": Change(optional=("first_name", "last_name", "email", "phone_number", "price_code", "extra_data")),
        "set_contact_details": Change(optional=("first_name", "last_name", "email", "phone_number")),
    },
    "payments": {"update": Change(optional=("cc_exp_date", "cc_type", "token_id", "label", "live"))},
    "addresses": {"update": Change(optional=("first_name", "last_name", "address", "address2", "city", "phone",
                                             "state_province_code", "zip_postal_code", "country_code", "live"))},
    "one_time_incentives": {"update": Change(optional=("discount_code", "order", "item"))},
}  # fmt: skip

FILTERS = {
    "subscriptions": ("customer", "merchant_order_id", "product", "payment", "live"),
    "orders": ("customer", "status", "payment"),
    "items": ("order", "subscription", "product"),
    "customers": ("merchant_user_id",),
    "payments": ("customer",),
    "addresses": ("customer",),
    "one_time_incentives": ("order", "customer"),
}
_CREATED_WITH = {
    "items": ("order", "product", "quantity"),
    "customers": ("merchant_user_id",),
    "payments": ("customer",),
    "addresses": ("customer", "address", "city", "country_code"),
    "one_time_incentives": ("order", "discount_code"),
}


def shelf_of(world: World, kind: str) -> Shelf:
    """Where the records of a kind are."""
    shelf: Shelf = getattr(world, "incentives" if kind == "one_time_incentives" else kind)
    return shelf


def find_all(world: World, kind: str, received: Received) -> Plan:
    """``GET /things/?customer=...``: with paging by offset, or by cursor for version 2."""
    wanted = {name: received.query[name] for name in FILTERS[kind] if name in received.query}
    shelf = shelf_of(world, kind)
    owner = next((name for name in Shelf.INDEXED if name in wanted), None)
    held = shelf.values() if owner is None else shelf.of(owner, wanted[owner])
    records = [
        record for record in reversed(held) if all(_as_text(record.get(name)) == wanted[name] for name in wanted)
    ]
    size = _bounded(received.query.get("page_size"), default=_PAGE, most=100)
    start = _bounded(received.query.get("cursor") or received.query.get("offset"), default=0, most=1_000_000)
    following = _link(received, start + size) if start + size < len(records) else None
    previous = _link(received, max(start - size, 0)) if start else None
    page: Record = {"next": following, "previous": previous, "results": records[start : start + size]}
    if received.headers.get("x-og-api-version") != "2":
        page = {"count": len(records), **page}
    return Plan(messages.json_reply(200, page))


def find(world: World, kind: str, key: str) -> Plan:
    """``GET /things/{id}/``."""
    record = shelf_of(world, kind).get(key)
    reply = messages.json_reply(200, record) if record is not None else messages.not_found()
    return Plan(reply, resource=key)


def change(world: World, kind: str, key: str, name: str, received: Received, now: datetime) -> Plan:
    """``PATCH /things/{id}/<name>/``: sets the fields, or says which are wrong."""
    record = shelf_of(world, kind).get(key)
    if record is None:
        return Plan(messages.not_found(), resource=key)
    if worlds.is_locked(world, key, now):
        return Plan(messages.in_use(), resource=key)
    data = messages.data_of(received)
    if data is None:
        return Plan(messages.json_reply(400, {"detail": "JSON parse error - Expecting value"}), resource=key)
    rule = CHANGES[kind][name]
    complaint = _complaint(world, kind, record, rule, data)
    if complaint:
        return Plan(messages.json_reply(400, complaint), resource=key)
    record.update({field: data[field] for field in (*rule.required, *rule.optional) if field in data})
    record.update(rule.always)
    if "updated" in record:
        record["updated"] = worlds.stamp(now)
    if name == "cancel":
        record["cancelled"] = worlds.stamp(now)
    return Plan(messages.json_reply(200, record), resource=key, applied=[{"what": f"{kind} {name}", "id": key}])


def create(world: World, kind: str, received: Received, now: datetime) -> Plan:
    """``POST /things/create/`` and ``POST /items/iu/``."""
    data = messages.data_of(received)
    if data is None:
        return Plan(messages.json_reply(400, {"detail": "JSON parse error - Expecting value"}))
    complaint = {name: ["This field is required."] for name in _CREATED_WITH[kind] if data.get(name) in (None, "")}
    complaint |= _wrong_values(world, data)
    if "order" in data and str(data["order"]) not in world.orders and "order" not in complaint:
        complaint["order"] = [f"Object with public_id={data['order']} does not exist."]
    if complaint:
        return Plan(messages.json_reply(400, complaint))
    if kind == "items":
        record = creating.new_item(world, order_id=str(data["order"]), subscription_id=None,
                                    product=str(data["product"]), quantity=int(data["quantity"]))  # fmt: skip
        key = record["public_id"]
    else:
        key = str(data["merchant_user_id"]) if kind == "customers" else world.new_id()
        if kind == "customers" and key in world.customers:
            return Plan(messages.json_reply(400, {"merchant_user_id": ["This field must be unique."]}))
        data.pop("cc_number", None)
        record = shelf_of(world, kind).put(key, {**data, "public_id": key, "created": worlds.stamp(now), "live": True})
    return Plan(messages.json_reply(201, record), resource=key, applied=[{"what": kind, "id": key}])


def subscribe_in_order(world: World, received: Received, now: datetime) -> Plan:
    """``POST /subscriptions/iu/``: a subscription whose first shipment joins an order that exists."""
    data = messages.data_of(received) or {}
    needed = ("order", "product", "quantity", "every", "every_period")
    complaint = {name: ["This field is required."] for name in needed if data.get(name) in (None, "")}
    complaint |= _wrong_values(world, data)
    order = world.orders.get(str(data.get("order")))
    if order is None and "order" not in complaint:
        complaint["order"] = [f"Object with public_id={data.get('order')} does not exist."]
    if complaint or order is None:
        return Plan(messages.json_reply(400, complaint))
    key = world.new_id()
    fields = {name: data[name] for name in (*needed[1:], "offer", "price") if name in data}
    record = {**fields, "public_id": key, "customer": order["customer"], "merchant": order["merchant"],
              "payment": order["payment"], "shipping_address": order["shipping_address"], "merchant_order_id": None,
              "live": True, "cancelled": None, "created": worlds.stamp(now), "updated": worlds.stamp(now)}  # fmt: skip
    world.subscriptions.put(key, record)
    creating.new_item(world, order_id=order["public_id"], subscription_id=key, product=str(data["product"]),
                       quantity=int(data["quantity"]))  # fmt: skip
    return Plan(messages.json_reply(201, record), resource=key, applied=[{"what": "subscriptions", "id": key}])


def remove(world: World, kind: str, key: str, now: datetime) -> Plan:
    """``DELETE /things/{id}/delete/`` or ``DELETE /things/{id}/``: 204."""
    if worlds.is_locked(world, key, now):
        return Plan(messages.in_use(), resource=key)
    if shelf_of(world, kind).pop(key) is None:
        return Plan(messages.not_found(), resource=key)
    return Plan(Reply(204), resource=key, applied=[{"what": f"{kind} delete", "id": key}])


def use_for_all(world: World, kind: str, key: str) -> Plan:
    """``POST /payments/{id}/use_for_all/`` and the same for addresses: 204, and every subscription has it."""
    record = shelf_of(world, kind).get(key)
    if record is None:
        return Plan(messages.not_found(), resource=key)
    field = "payment" if kind == "payments" else "shipping_address"
    for subscription in world.subscriptions.of("customer", record["customer"]):
        subscription[field] = key
    return Plan(Reply(204), resource=key, applied=[{"what": f"{kind} use_for_all", "id": key}])


def _complaint(world: World, kind: str, record: Record, rule: Change, data: Record) -> Record:
    if rule.wants_live is not None and bool(record.get("live")) is not rule.wants_live:
        state = "cancelled" if rule.wants_live else "active"
        return {"detail": f"This {kind.removesuffix('s')} is already {state}."}
    missing = {name: ["This field is required."] for name in rule.required if data.get(name) in (None, "")}
    return {**missing, **_wrong_values(world, data)}


def _wrong_values(world: World, data: Record) -> Record:
    checks: dict[str, Callable[[Any], str]] = {
        "quantity": _whole_number,
        "every": _whole_number,
        "every_period": lambda value: "" if str(value) in ("1", "2", "3", "4") else f'"{value}" is not a valid choice.',
        "product": lambda value: (
            ""
            if worlds.knows_product(world, str(value))
            else f"Object with external_product_id={value} does not exist."
        ),
        "payment": lambda value: (
            "" if str(value) in world.payments else f"Object with public_id={value} does not exist."
        ),
    }
    found = {name: check(data[name]) for name, check in checks.items() if data.get(name) not in (None, "")}
    return {name: [text] for name, text in found.items() if text}


def _whole_number(value: Any) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        return "A valid integer is required."
    return "" if int(text) > 0 else "Ensure this value is greater than or equal to 1."


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _bounded(text: str | None, *, default: int, most: int) -> int:
    return min(int(text), most) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else default


def _link(received: Received, start: int) -> str:
    host = received.headers.get("host", "restapi.ordergroove.com")
    return f"http://{host}{received.path}?{urlencode({**received.query, 'cursor': str(start)})}"
