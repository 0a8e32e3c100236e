"""What an answer to a look-up proves of a purchase: all there, a part, nothing, or it does not tell. Pure.

Only an answer that was read to its end can prove that something is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urlencode, urlsplit

import msgspec

from responses import meaning
from responses.exchanges import Exchange, Item, ItemState, Outcome, Problem
from responses.ordergroove import bodies, endpoints, items, purchase, storable

PAGE_SIZE = 100
LIST_PATH = "/subscriptions/"
_STATUS = endpoints.match("GET", "sc", "/subscription/x/response").endpoint


class Proof(Enum):
    """What is proven."""

    ALL = "all"
    SOME = "some"
    REFUSED = "refused"
    """It was processed, and nothing was created."""
    ABSENT = "absent"
    NONE = "none"
    """The answers do not tell."""


class Evidence(msgspec.Struct, frozen=True):
    """What was found, in one sentence for people, and by product where that is known."""

    proof: Proof
    words: str
    items: tuple[Item, ...] = ()


def first_page(customer_id: str) -> str:
    """Return the path of a customer's subscriptions. Raises ``UnicodeEncodeError`` for an id that is no text."""
    return f"{LIST_PATH}?{urlencode({'customer': customer_id, 'page_size': PAGE_SIZE})}"


def next_page(exchange: Exchange) -> str | None:
    """Return the path of the page that follows, ``None`` at the end. Of the link only its query is believed."""
    data = _data(exchange)
    link = data.get("next") if isinstance(data, dict) else None
    if not isinstance(link, str) or not link:
        return None
    try:
        query = urlsplit(link).query
    except ValueError:
        return None
    return f"{LIST_PATH}?{query}" if query else None


def of_status(exchange: Exchange, bought: purchase.Purchase) -> Evidence:
    """Read an answer of the status endpoint to an earlier acceptance of the same purchase."""
    if exchange.status_code not in (200, 206, 207) or not items.has_result(_data(exchange)):
        return Evidence(Proof.NONE, f"The status endpoint {_said(exchange)}.")
    understood = meaning.read(exchange, _STATUS, bought)
    if understood.outcome is Outcome.SUCCESS:
        return Evidence(Proof.ALL, "The status endpoint says that all of it was created.", understood.items)
    if understood.count(ItemState.CREATED):
        return Evidence(Proof.SOME, "The status endpoint says that a part of it was created.", understood.items)
    if understood.outcome is Outcome.NEEDS_FIX:
        return Evidence(Proof.REFUSED, "The status endpoint says that it was refused.", understood.items)
    return Evidence(Proof.NONE, "The status endpoint tells no result.")


def of_list(pages: Sequence[Exchange], bought: purchase.Purchase) -> Evidence:
    """Look for the products of a purchase among the customer's subscriptions."""
    wanted = Counter(bought.expected)
    if not wanted:
        return Evidence(Proof.NONE, "The order names no product that could be looked for.")
    found: dict[str, list[str]] = {}
    for page in pages:
        records = _records(page)
        if records is None:
            return Evidence(Proof.NONE, f"The list of subscriptions {_said(page)}.")
        for record in records:
            if _is_of(record, bought):
                product = storable.identifier(record.get("product"))
                found.setdefault(product, []).append(storable.identifier(record.get("public_id")))
    total = sum(wanted.values())
    if found and (set(found) - set(wanted) or _has_unnamed(bought)):
        # It has arrived, but what of it was created cannot be told by its products.
        return Evidence(Proof.NONE, "The order is among the customer's subscriptions, but with other products.")
    there = sum(min(count, len(found.get(product, ()))) for product, count in wanted.items())
    if there == total:
        words = f"All {total} products of the order are among the customer's subscriptions."
        return Evidence(Proof.ALL, words, _items(wanted, found))
    if not pages or next_page(pages[-1]) is not None:
        return Evidence(Proof.NONE, "The customer has more subscriptions than could be read.")
    if there:
        words = f"{there} of the order's {total} products are among the customer's subscriptions."
        return Evidence(Proof.SOME, words, _items(wanted, found))
    return Evidence(Proof.ABSENT, "None of the order's products is among the customer's subscriptions.")


def _has_unnamed(bought: purchase.Purchase) -> bool:
    return any(line.is_subscription and not line.product for line in bought.products)


def _items(wanted: Counter[str], found: dict[str, list[str]]) -> tuple[Item, ...]:
    missing = (Problem("", "It is not among the customer's subscriptions."),)
    lines = []
    for product, count in wanted.items():
        there = found.get(product, [])[:count]
        lines += [Item(product, ItemState.CREATED, subscription_id) for subscription_id in there]
        lines += [Item(product, ItemState.FAILED, problems=missing)] * (count - len(there))
    return tuple(lines)


def _is_of(record: dict[str, object], bought: purchase.Purchase) -> bool:
    customer = record.get("customer")
    is_customers = customer is None or storable.identifier(customer) == bought.customer_id
    return is_customers and storable.identifier(record.get("merchant_order_id")) == bought.order_id


def _records(page: Exchange) -> list[dict[str, object]] | None:
    data = _data(page)
    found = data.get("results") if isinstance(data, dict) else data
    if page.status_code != 200 or not isinstance(found, list):
        return None
    return [record for record in found if isinstance(record, dict)]


def _data(exchange: Exchange) -> object:
    return bodies.parse(exchange.response.body) if exchange.response is not None else None


def _said(exchange: Exchange) -> str:
    if exchange.response is None:
        return "gave no answer"
    return f"answered {exchange.response.status_code}, which tells nothing"
