"""Where in a request the answer's complaints point to, as JSON pointers: what the editor puts first.

A complaint whose field nobody knows stays without a place: it is shown, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from responses.correcting import pointers
from responses.exchanges import ItemState, Outcome, Problem
from responses.models import FailedRequest, FailureBody, Response
from responses.ordergroove import bodies, items, storable
from responses.recording import bodies as stored


class Place(msgspec.Struct, frozen=True):
    """A place in a request as a JSON pointer, ``""`` for none, and words about it."""

    path: str
    words: str


_LOOKED_AT = 5
"""So many of the newest failures are looked through for one with an answer."""
_SECTIONS: dict[str, tuple[str, ...]] = {
    "customer": ("user",),
    "user": ("user",),
    "shipping_address": ("user", "shipping_address"),
    "billing_address": ("user", "billing_address"),
    "payment": ("payment",),
}
_OF_USER = frozenset({"user_id", "email", "first_name", "last_name", "phone_number", "price_code", "extra_data"})
_OF_ADDRESS = frozenset({"city", "state_province_code", "zip_postal_code", "country_code", "address", "address2"})
_OF_PAYMENT = frozenset({"cc_number", "cc_holder", "cc_exp_date", "cc_type", "token_id", "payment_method"})
_OF_TRACKING = frozenset({"every", "every_period", "offer"})
_OF_SUBSCRIPTION = frozenset({"quantity", "price", "first_order_place_date", "subscription_type", "components"})
_OF_LINE = frozenset({"product", "sku"})
_SAID = (
    (re.compile("session.?id", re.IGNORECASE), ("session_id",)),
    (re.compile("merchant.?order.?id", re.IGNORECASE), ("merchant_order_id",)),
    (re.compile("invalid merchant", re.IGNORECASE), ("merchant_id",)),
    (re.compile("payment data", re.IGNORECASE), ("payment",)),
    (re.compile("credit card encryption", re.IGNORECASE), ("payment", "cc_number")),
    (re.compile("expiration date", re.IGNORECASE), ("payment", "cc_exp_date")),
)


def of_request(request: FailedRequest, data: Any, *, is_purchase: bool) -> tuple[Place, ...]:
    """Return the complaints of the newest answer, each with its place in ``data``."""
    answer = _newest_answer(request)
    parsed = bodies.parse(answer) if answer else None
    found = _of_purchase(answer, parsed, data) if is_purchase else _of_rest(answer, parsed, data)
    places = dict.fromkeys(Place(pointers.join(path) if path else "", words) for path, words in found if words)
    return tuple(places)[: bodies.MOST_PROBLEMS]


def _newest_answer(request: FailedRequest) -> bytes:
    """Return the redacted body of the newest answer that complains."""
    failures = Response.objects.filter(
        failed_request_id=request.pk, outcome__gte=Outcome.PARTIAL, status_code__isnull=False
    )
    wanted = list(failures.order_by("-id").values_list("pk", flat=True)[:_LOOKED_AT])
    rows = FailureBody.objects.in_bulk(wanted)
    for response_id in wanted:
        row = rows.get(response_id)
        if row is not None and (body := stored.unpack(row.codec, row.data).response_body):
            return body
    return b""


def _of_purchase(answer: bytes, parsed: Any, data: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    lines = data.get("products") if isinstance(data, dict) else None
    lines = lines if isinstance(lines, list) else [lines] if isinstance(lines, dict) else []
    products = [storable.identifier(line.get("product")) if isinstance(line, dict) else "" for line in lines]
    if items.has_result(parsed):
        found, loose = items.of_purchase(parsed, [product for product in products if product])
    else:
        found, loose = (), bodies.problems(answer, parsed)
    for item in found:
        at = products.index(item.product) if item.product in products else -1
        if item.state is ItemState.FAILED:
            base = ("products", at) if isinstance(data.get("products"), list) else ("products",)
            yield from ((_in_line(one, base) if at >= 0 else (), one.message) for one in item.problems)
    yield from ((_in_purchase(one, data), one.message) for one in loose)


def _of_rest(answer: bytes, parsed: Any, data: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(data, list) and isinstance(parsed, dict) and isinstance(parsed.get("results"), list):
        ids = [storable.identifier(one.get("product_id")) if isinstance(one, dict) else "" for one in data]
        for item in items.of_bulk(parsed)[0]:
            at = ids.index(item.product) if item.product in ids else -1
            for one in item.problems if at >= 0 else ():
                yield (at, *_parts(one.field)), one.message
        return
    for one in bodies.problems(answer, parsed):
        yield tuple(_parts(one.field)) if isinstance(data, dict) else (), one.message


def _in_line(one: Problem, base: tuple[str | int, ...]) -> tuple[str | int, ...]:
    name = one.field.rpartition(".")[2]
    if name in _OF_TRACKING:
        return (*base, "subscription_info", "tracking_override", name)
    if name in _OF_SUBSCRIPTION:
        return (*base, "subscription_info", name)
    return (*base, name) if name in _OF_LINE else base


def _in_purchase(one: Problem, data: Any) -> tuple[str | int, ...]:
    """Return where a complaint that names no product points to, ``()`` where that is not known."""
    parts = [part for part in _parts(one.field) if not part.isdecimal()]
    name = parts[-1] if parts else ""
    for part in parts[:-1] or parts:
        if part in _SECTIONS:
            base = _SECTIONS[part]
            return base if name == part else (*base, name)
    if name in _OF_PAYMENT:
        return ("payment", name)
    if name in _OF_ADDRESS:
        return ("user", "shipping_address", name)
    if name in _OF_USER:
        return ("user", name)
    if isinstance(data, dict) and (name in data or name in ("session_id", "merchant_order_id", "merchant_id")):
        return (name,)
    return next((path for pattern, path in _SAID if pattern.search(one.message)), ())


def _parts(field: str) -> list[str]:
    return [part for part in re.split(r"[.\[\]/]+", field) if part][:8]
