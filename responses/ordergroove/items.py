"""Which subscriptions and products an answer says were created, which failed, and which it does not mention.

An item counts as created only when the answer names it with an id; what was sent and is not mentioned is unknown, and a
complaint that names no product stays a complaint of the whole answer. Nothing is guessed, nothing raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from responses.exchanges import Item, ItemState, Problem
from responses.ordergroove import bodies, storable

MOST_ITEMS = 1_000

Found = tuple[tuple[Item, ...], tuple[Problem, ...]]
"""Items, and the complaints that belong to none of them."""


def of_purchase(data: object, expected: Iterable[str] = ()) -> Found:
    """Return the items of a 206, a 207 or a status answer.

    ``expected`` are the product ids that were sent with a subscription, one for each line.
    """
    lines = tuple(expected)
    if not isinstance(data, dict):
        return _missing(lines, Counter()), ()
    sent = Counter(lines)
    created = list(_created(data.get("subscriptions")))
    failed, loose = _failed(data.get("errors"), sent)
    created, failed = _joined(created, failed, sent)
    mentioned = Counter(item.product for item in (*created, *failed))
    items = (*created, *failed, *_missing(lines, mentioned))
    return items[:MOST_ITEMS], loose[: bodies.MOST_PROBLEMS]


def has_result(data: object) -> bool:
    """Whether an answer to a purchase tells what became of it, and not merely that it was received."""
    return isinstance(data, dict) and ("subscriptions" in data or "errors" in data)


def _created(subscriptions: object) -> Iterable[Item]:
    """Read product id → subscription id, from a list of one-key objects or from one object."""
    for entry in subscriptions[:MOST_ITEMS] if isinstance(subscriptions, list) else [subscriptions]:
        if not isinstance(entry, dict):
            continue
        product = storable.identifier(entry.get("product"))
        if product:
            subscription = entry.get("subscription") or entry.get("public_id") or entry.get("id")
            yield _named(product, subscription)
        else:
            for key, value in islice(entry.items(), MOST_ITEMS):
                yield _named(storable.identifier(key), value)


def _named(product: str, subscription: object) -> Item:
    subscription_id = storable.identifier(subscription)
    return Item(product, ItemState.CREATED if subscription_id else ItemState.UNKNOWN, subscription_id)


def _failed(errors: object, sent: Counter[str]) -> tuple[list[Item], tuple[Problem, ...]]:
    """Split the ``errors`` of an answer into failed items and complaints that name no product."""
    if not isinstance(errors, dict):
        return [], bodies.complaints(errors) if errors else ()
    items: list[Item] = []
    loose: dict[Problem, None] = {}
    for key, value in islice(errors.items(), MOST_ITEMS):
        if key not in ("subscriptions", "products"):
            loose.update(dict.fromkeys(bodies.complaints({key: value})))
            continue
        for entry in _entries(value, sent):
            product = _product_of(entry, sent, documented=key == "subscriptions")
            found = bodies.complaints(_without_product(entry) if product else entry, field=key)
            if product:
                items.append(Item(product, ItemState.FAILED, problems=found))
            else:
                loose.update(dict.fromkeys(found))
    return items, tuple(loose)


def _entries(value: object, sent: Counter[str]) -> list[object]:
    if isinstance(value, list):
        return value[:MOST_ITEMS]
    if isinstance(value, dict) and value and "product" not in value and all(key in sent for key in value):
        # One object keyed by products that were sent, as ``subscriptions`` itself may be.
        return [{"product": key, "subscription": complaint} for key, complaint in value.items()]
    return [value]


def _product_of(entry: object, sent: Counter[str], *, documented: bool) -> str:
    """Return the product that an entry names, ``""`` for none.

    Below ``subscriptions`` the key ``product`` is documented to hold the id; elsewhere, or where it reads like a
    sentence, it counts only when that product was sent.
    """
    product = storable.identifier(entry.get("product")) if isinstance(entry, dict) else ""
    if product in sent or (documented and " " not in product):
        return product
    return ""


def _without_product(entry: object) -> object:
    """Return the complaints of an entry that names its product; its ``subscription`` is a wrapper, not a field."""
    if not isinstance(entry, dict):
        return entry
    rest = [value if key == "subscription" else {key: value} for key, value in entry.items() if key != "product"]
    return rest[0] if len(rest) == 1 else rest


def _joined(created: list[Item], failed: list[Item], sent: Counter[str]) -> tuple[list[Item], list[Item]]:
    """Keep a product that is both created and failed as created, with its complaints, unless it was sent twice.

    It exists: to call it failed would invite somebody to create it again.
    """
    lines = Counter(item.product for item in (*created, *failed))
    both = {item.product for item in created} & {item.product for item in failed}
    both = {product for product in both if lines[product] > max(sent[product], 1)}
    if not both:
        return created, failed
    complaints = {item.product: item.problems for item in failed if item.product in both}
    created = [
        Item(item.product, item.state, item.subscription_id, complaints.get(item.product, ())) for item in created
    ]
    return created, [item for item in failed if item.product not in both]


def _missing(expected: Iterable[str], mentioned: Counter[str]) -> tuple[Item, ...]:
    left = Counter(mentioned)
    missing = []
    for product in expected:
        if left[product] > 0:
            left[product] -= 1
        else:
            missing.append(Item(product, ItemState.UNKNOWN))
    return tuple(missing)


def of_bulk(data: object, expected: Iterable[str] = ()) -> Found:
    """Return the items of a bulk products answer, each with its own status code; ``expected`` are those sent."""
    results = data.get("results") if isinstance(data, dict) else data
    entries = results[:MOST_ITEMS] if isinstance(results, list) else []
    items = [_bulk_item(entry) for entry in entries if isinstance(entry, dict)]
    mentioned = Counter(item.product for item in items)
    return (*items, *_missing(expected, mentioned))[:MOST_ITEMS], bodies.stated_errors(data)


def _bulk_item(entry: dict[str, object]) -> Item:
    product = storable.identifier(entry.get("product_id")) or storable.identifier(entry.get("product"))
    status = entry.get("status", entry.get("status_code"))
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) == 3:
        status = int(status)
    if type(status) is not int or not 100 <= status <= 599:
        return Item(product, ItemState.UNKNOWN)
    if 200 <= status < 300:
        return Item(product, ItemState.CREATED, status_code=status)
    told = {key: value for key, value in entry.items() if key not in _BULK_NAMES}
    return Item(product, ItemState.FAILED, problems=bodies.complaints(told), status_code=status)


_BULK_NAMES = frozenset({"product_id", "product", "status", "status_code", "name", "sku"})


def sent_in_bulk(data: object) -> tuple[str, ...]:
    """Return the product ids of a bulk products request, which is a list of objects, where they have one."""
    if not isinstance(data, list):
        return ()
    ids = (storable.identifier(entry.get("product_id")) for entry in data[:MOST_ITEMS] if isinstance(entry, dict))
    return tuple(product for product in ids if product)
