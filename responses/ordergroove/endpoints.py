"""Which endpoint of Ordergroove a target is, which object it names, and whether sending it twice is safe.

It never guesses: a path that is not written exactly like a documented template is ``other``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import msgspec

from responses.ordergroove import storable

ROLES = ("sc", "restapi", "api", "om", "webhooks")

DEFAULT_HOSTS: dict[str, dict[str, str]] = {
    "production": {
        "sc": "https://sc.ordergroove.com",
        "restapi": "https://restapi.ordergroove.com",
        "api": "https://api.ordergroove.com",
        "om": "https://om.ordergroove.com",
        "webhooks": "https://webhooks.ordergroove.com",
    },
    "staging": {
        "sc": "https://staging.sc.ordergroove.com",
        "restapi": "https://staging.restapi.ordergroove.com",
        "api": "https://staging.v2.ordergroove.com",
    },
}

OTHER_TEMPLATE = "other"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER_METHOD = "OTHER"
RESOURCE_KEY_LENGTH = 250


class Kind(StrEnum):
    """How the answers of an endpoint have to be read."""

    PURCHASE = "purchase"
    PURCHASE_STATUS = "purchase_status"
    SUBSCRIPTIONS = "subscriptions"
    BULK_PRODUCTS = "bulk_products"
    LEGACY = "legacy"
    VERIFY = "verify"
    REST = "rest"
    OTHER = "other"


class Endpoint(msgspec.Struct, frozen=True):
    """One documented operation, or the stand-in for all that are not."""

    name: str
    """Method and template, for example ``PATCH /subscriptions/{id}/cancel/``; ``POST other`` when unknown."""
    method: str
    template: str
    kind: Kind
    safe_to_repeat: bool
    """Whether the same request may be sent again without a person: see ordergroove-api.md, 5."""


class Match(msgspec.Struct, frozen=True):
    """An endpoint and the ids that the path names, in order."""

    endpoint: Endpoint
    ids: tuple[str, ...] = ()


# Templates by role. The methods are the documented ones; a ``!`` marks one that is safe to repeat. GET always is, and
# so are setters, which end in the same state however often they are sent. What moves something along (send_now,
# skip_subscription) or makes something (POST) is not; a Purchase POST is, thanks to its merchant_order_id.
_TEMPLATES: dict[str, tuple[tuple[str, Kind, str], ...]] = {
    "sc": (
        ("/subscription/create", Kind.PURCHASE, "POST!"),
        ("/subscription/{id}/response", Kind.PURCHASE_STATUS, "GET!"),
        ("/subscription/verify", Kind.VERIFY, "GET! POST"),
        ("/subscription/verify/{id}", Kind.VERIFY, "GET! POST"),
        ("/subscription/verify/{id}/{id}", Kind.VERIFY, "GET! POST"),
    ),
    "api": (
        ("/customer/update_payment_default", Kind.LEGACY, "POST"),
        ("/order/verify", Kind.LEGACY, "POST"),
    ),
    "om": (("/cart/", Kind.REST, "GET!"), ("/cart/{id}/", Kind.REST, "GET!")),
    "restapi": (
        ("/subscriptions/", Kind.SUBSCRIPTIONS, "GET!"),
        ("/subscriptions/iu/", Kind.REST, "POST"),
        ("/subscriptions/create_from_item/", Kind.REST, "POST"),
        ("/subscriptions/{id}/", Kind.REST, "GET!"),
        ("/subscriptions/{id}/update/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/cancel/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/reactivate/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_quantity/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_frequency/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_product/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_payment/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_shipping_address/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_email_reminder/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_next_order_date/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/change_renewal_behavior/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/rotation_ordinal/update/", Kind.REST, "PATCH!"),
        ("/subscriptions/{id}/discount_codes/", Kind.REST, "GET! PATCH"),
        ("/subscriptions/{id}/components/", Kind.REST, "GET! POST"),
        ("/orders/", Kind.REST, "GET!"),
        ("/orders/{id}/", Kind.REST, "GET!"),
        ("/orders/{id}/send_now/", Kind.REST, "PATCH POST"),
        ("/orders/{id}/skip_subscription/", Kind.REST, "PATCH"),
        ("/orders/{id}/cancel/", Kind.REST, "PATCH!"),
        ("/orders/{id}/update/", Kind.REST, "PATCH!"),
        ("/orders/{id}/change_place_date/", Kind.REST, "PATCH!"),
        ("/orders/{id}/change_payment/", Kind.REST, "PATCH!"),
        ("/orders/{id}/change_shipping/", Kind.REST, "PATCH!"),
        ("/orders/{id}/change_shipping_address/", Kind.REST, "PATCH!"),
        ("/items/", Kind.REST, "GET!"),
        ("/items/iu/", Kind.REST, "POST"),
        ("/items/create/", Kind.REST, "POST"),
        ("/items/{id}/", Kind.REST, "GET! DELETE!"),
        ("/items/{id}/delete/", Kind.REST, "DELETE!"),
        ("/items/{id}/update/", Kind.REST, "PATCH!"),
        ("/items/{id}/change_quantity/", Kind.REST, "PATCH!"),
        ("/items/{id}/change_price/", Kind.REST, "PATCH!"),
        ("/items/{id}/change_product/", Kind.REST, "PATCH!"),
        ("/customers/", Kind.REST, "GET!"),
        ("/customers/create/", Kind.REST, "POST"),
        ("/customers/{id}/", Kind.REST, "GET!"),
        ("/customers/{id}/update/", Kind.REST, "PATCH!"),
        ("/customers/{id}/set_contact_details/", Kind.REST, "PATCH!"),
        ("/addresses/", Kind.REST, "GET!"),
        ("/addresses/create/", Kind.REST, "POST"),
        ("/addresses/{id}/", Kind.REST, "GET! PATCH!"),
        ("/addresses/{id}/update/", Kind.REST, "PATCH!"),
        ("/addresses/{id}/use_for_all/", Kind.REST, "POST PATCH!"),
        ("/payments/", Kind.REST, "GET!"),
        ("/payments/create/", Kind.REST, "POST"),
        ("/payments/{id}/", Kind.REST, "GET! PATCH!"),
        ("/payments/{id}/update/", Kind.REST, "PATCH! POST"),
        ("/payments/{id}/use_for_all/", Kind.REST, "POST PATCH!"),
        ("/products/", Kind.REST, "GET!"),
        ("/products/{id}/", Kind.REST, "GET! PATCH!"),
        ("/products/{id}/update/", Kind.REST, "PATCH!"),
        ("/products/{id}/relationships/", Kind.REST, "GET!"),
        ("/products/{id}/selection_rules/time_window/manage/", Kind.REST, "POST"),
        ("/products/{id}/selection_rules/ordinal/manage/", Kind.REST, "POST"),
        ("/products-batch/create/", Kind.BULK_PRODUCTS, "POST"),
        ("/products-batch/update/", Kind.BULK_PRODUCTS, "PATCH!"),
        ("/product_groups/", Kind.REST, "GET!"),
        ("/product_groups/create/", Kind.REST, "POST"),
        ("/product_groups/{id}/update/", Kind.REST, "PATCH!"),
        ("/offer_profiles/", Kind.REST, "GET!"),
        ("/one_time_incentives/", Kind.REST, "GET!"),
        ("/one_time_incentives/create/", Kind.REST, "POST"),
        ("/one_time_incentives/{id}/", Kind.REST, "GET!"),
        ("/one_time_incentives/{id}/update/", Kind.REST, "PATCH!"),
        ("/one_time_incentives/{id}/delete/", Kind.REST, "DELETE!"),
    ),
}

# In the trees below, a segment leads to the next node, 0 to the node behind any id, and 1 to the endpoints by method.
_ID, _LEAF = 0, 1
_Node = dict[str | int, Any]


def _endpoint(method: str, template: str, kind: Kind, methods: str) -> Endpoint:
    documented = methods.split()
    reads = method in ("GET", "HEAD") and "GET!" in documented
    is_safe = reads or f"{method}!" in documented
    if not is_safe and method not in documented and kind is not Kind.OTHER:
        # An OPTIONS of the purchase path buys nothing: its answer is read like any other.
        kind = Kind.REST
    return Endpoint(f"{method} {template}", method, template, kind, is_safe)


def _endpoints(template: str, kind: Kind, methods: str) -> dict[str, Endpoint]:
    return {method: _endpoint(method, template, kind, methods) for method in (*METHODS, OTHER_METHOD)}


def _tree(templates: tuple[tuple[str, Kind, str], ...]) -> _Node:
    root: _Node = {}
    for template, kind, methods in templates:
        node = root
        for segment in template.strip("/").split("/"):
            node = node.setdefault(_ID if segment == "{id}" else segment, {})
        node[_LEAF] = _endpoints(template, kind, methods)
    return root


_TREES: dict[str, _Node] = {role: _tree(templates) for role, templates in _TEMPLATES.items()}
_OTHER = _endpoints(OTHER_TEMPLATE, Kind.OTHER, "")
_OTHER_MATCHES = {method: Match(endpoint) for method, endpoint in _OTHER.items()}
_METHODS = {spelling: method for method in METHODS for spelling in (method, method.lower())}

# What a proxy or server on the way may resolve to another path than the one written. Escaped percent signs are in,
# since a second decoding would turn them into any of the others.
_SUSPECT = re.compile(r"//|/\.\.?(?:/|$)|\\|;|%(?:2[ef]|5c|25|0|1|7f)|[\x00-\x20\x7f]", re.IGNORECASE)


def known() -> tuple[Endpoint, ...]:
    """Return every documented endpoint, in the order of the table."""
    return tuple(
        _endpoint(method.rstrip("!"), template, kind, methods)
        for templates in _TEMPLATES.values()
        for template, kind, methods in templates
        for method in methods.split()
    )


def templates(role: str) -> frozenset[str]:
    """Return the documented templates of the host with this role."""
    return frozenset(template for template, _, _ in _TEMPLATES.get(role, ()))


def match(method: str, role: str, path: str) -> Match:
    """Return the endpoint of a target on the host with this role; role ``""`` is a foreign host, so ``other``.

    The path may carry a query, and may miss its last slash. The methods of HTTP are recognised in upper and lower case.
    """
    method = _METHODS.get(method, OTHER_METHOD)
    node = _TREES.get(role)
    if node is None:
        return _OTHER_MATCHES[method]
    path = path.partition("?")[0].partition("#")[0]
    if _SUSPECT.search(path):
        return _OTHER_MATCHES[method]
    ids: tuple[str, ...] = ()
    for segment in path.strip("/").split("/"):
        following = node.get(segment)
        if following is None:
            following = node.get(_ID)
            if following is None or not segment or len(segment) > storable.ID_LENGTH:
                return _OTHER_MATCHES[method]
            ids += (_decoded(segment),)
        node = following
    leaf = node.get(_LEAF)
    return Match(leaf[method], ids) if leaf is not None else _OTHER_MATCHES[method]


def _decoded(segment: str) -> str:
    return storable.identifier(unquote(segment) if "%" in segment else segment)


def resource_key(match: Match, *, method: str, path: str, order: str, body_hash: str) -> str:
    """Return the name of what a request changes: sends with one name never overlap, a later one outdates an earlier.

    For a Purchase POST the order; for a path that names an object, that object; else method, path and body.
    """
    if match.endpoint.kind is Kind.PURCHASE and order:
        return _bounded(f"order:{order}")
    if match.ids:
        collection = match.endpoint.template.split("/", 2)[1]
        return _bounded(f"{collection}:{'/'.join(match.ids)}")
    return _bounded(f"{method.upper()} {path.partition('?')[0]} {body_hash}")


def _bounded(key: str) -> str:
    """Cut a key that is too long for its column, but not so that two of them become one."""
    if len(key) <= RESOURCE_KEY_LENGTH and key.isprintable():
        return key
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{storable.text(key, RESOURCE_KEY_LENGTH - 40)} {digest}"
