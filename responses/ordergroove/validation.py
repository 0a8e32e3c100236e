"""What is known of a good Purchase POST and of the common REST calls (ordergroove-api.md, 3 and 4). Pure.

Only what is documented to be refused is an error. Everything else that looks odd is a warning: whoever corrects an order
must not be kept from sending it by a rule that Ordergroove does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from responses.ordergroove.endpoints import Endpoint, Kind

MOST_IN_A_BATCH = 100
MOST_PROBLEMS = 100
_PERIODS = frozenset({1, 2, 3, 4, "1", "2", "3", "4"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DATES = frozenset(
    {"first_order_place_date", "place_date", "change_date", "start_date", "next_order_date", "order_date"}
)
_AMOUNTS = frozenset({"price", "discounted_price", "total"})
_LONGEST_ORDER_ID = 100


class Problem(msgspec.Struct, frozen=True):
    """Something in a request, at a JSON pointer; an error is certain to be refused."""

    path: str
    words: str
    is_error: bool = False


def problems(document: Any, endpoint: Endpoint) -> list[Problem]:
    """Return what is wrong, or looks odd, in the body of a call."""
    if endpoint.kind is Kind.PURCHASE:
        found = _of_purchase(document)
    elif endpoint.kind is Kind.BULK_PRODUCTS:
        found = _of_batch(document)
    else:
        found = _of_names(document, "")
    return [problem for problem, _ in zip(found, range(MOST_PROBLEMS), strict=False)]


def _of_purchase(document: Any) -> Iterator[Problem]:
    if not isinstance(document, dict):
        yield Problem("", "A purchase is one JSON object.", is_error=True)
        return
    for name, words in (("merchant_id", "merchant id"), ("merchant_order_id", "order id")):
        if not _is_id(document.get(name)):
            yield Problem(f"/{name}", f"The {words} is missing.", is_error=True)
    if len(str(document.get("merchant_order_id", ""))) > _LONGEST_ORDER_ID:
        yield Problem("/merchant_order_id", f"It has more than {_LONGEST_ORDER_ID} characters.")
    yield from _of_session(document)
    yield from _of_user(document.get("user"))
    yield from _of_products(document)
    yield from _of_names(document, "")


def _of_session(document: dict[str, Any]) -> Iterator[Problem]:
    """With Ordergroove's tag in use, which is the default, an order without a session is refused."""
    if document.get("og_cart_tracking", True) in (True, None) and document.get("session_id") in (None, ""):
        words = "The session id is missing. It is needed unless og_cart_tracking is false."
        yield Problem("/session_id", words, is_error=True)
    if not isinstance(document.get("og_cart_tracking", True), bool | None):
        yield Problem("/og_cart_tracking", "It should be true or false.")


def _of_user(user: Any) -> Iterator[Problem]:
    if not isinstance(user, dict):
        yield Problem("/user", "The customer is missing.")
        return
    if not _is_id(user.get("user_id")):
        yield Problem("/user/user_id", "The customer id is missing.")
    email = user.get("email")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        yield Problem("/user/email", "This does not look like an e-mail address.")


def _of_products(document: dict[str, Any]) -> Iterator[Problem]:
    lines = document.get("products")
    if not isinstance(lines, list | dict) or not lines:
        yield Problem("/products", "There are no products.", is_error=lines is not None and not isinstance(lines, list))
        return
    wants = False
    for index, line in enumerate(lines) if isinstance(lines, list) else [(None, lines)]:
        base = "/products" if index is None else f"/products/{index}"
        if not isinstance(line, dict):
            yield Problem(base, "A product is a JSON object.", is_error=True)
            continue
        wants = wants or bool(line.get("subscription_info"))
        yield from _of_line(line, base)
    payment = document.get("payment")
    if wants and not (isinstance(payment, dict) and any(value not in (None, "") for value in payment.values())):
        yield Problem("/payment", "Payment data is missing: a subscription needs it.", is_error=True)


def _of_line(line: dict[str, Any], base: str) -> Iterator[Problem]:
    for name in ("product", "sku"):
        if not _is_id(line.get(name)):
            yield Problem(f"{base}/{name}", f"The {name} is missing.")
    info = line.get("subscription_info")
    if info is not None and not isinstance(info, dict):
        yield Problem(f"{base}/subscription_info", "It should be a JSON object.")
    elif info:
        if "quantity" not in info:
            yield Problem(f"{base}/subscription_info/quantity", "The quantity is missing.")
        tracking = info.get("tracking_override")
        if isinstance(tracking, dict):
            for name in ("every", "every_period"):
                if ("every" in tracking or "every_period" in tracking) and tracking.get(name) in (None, ""):
                    yield Problem(f"{base}/subscription_info/tracking_override/{name}", f"{name} is missing.")


def _of_batch(document: Any) -> Iterator[Problem]:
    if not isinstance(document, list):
        yield Problem("", "A batch is a list of products.", is_error=True)
        return
    if len(document) > MOST_IN_A_BATCH:
        yield Problem("", f"A batch has at most {MOST_IN_A_BATCH} products.", is_error=True)
    for index, line in enumerate(document[:MOST_IN_A_BATCH]):
        if not isinstance(line, dict) or not _is_id(line.get("product_id")):
            yield Problem(f"/{index}/product_id", "The product id is missing.")


def _of_names(value: Any, path: str) -> Iterator[Problem]:
    """Look at every value by its name, however deep it stands."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _of_names(inner, f"{path}/{index}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            if isinstance(inner, dict | list):
                yield from _of_names(inner, here)
            elif inner is not None and (words := _of_value(name, inner)):
                yield Problem(here, words, is_error=name == "every_period")


def _of_value(name: str, value: Any) -> str:
    """Return what is odd in a value under this name, ``""`` for nothing."""
    if name == "every_period":
        return (
            ""
            if not isinstance(value, bool) and value in _PERIODS
            else "It is 1 (day), 2 (week), 3 (month) or 4 (year)."
        )
    if name in ("every", "quantity"):
        number = _number(value)
        is_count = number is not None and number >= 1 and number == number.to_integral_value()
        return "" if is_count else "It should be a whole number from 1."
    if name in _DATES:
        return "" if isinstance(value, str) and _is_date(value) else "It should be a date like 2026-11-23."
    if name == "country_code":
        is_code = isinstance(value, str) and _COUNTRY.fullmatch(value)
        return "" if value == "" or is_code else "It should be a country's code of two capital letters, like US."
    if name in _AMOUNTS:
        number = _number(value)
        return "" if value == "" or (number is not None and number >= 0) else "It should be an amount like 12.50."
    return ""


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and (len(value) > 40 or not value.isascii() or value != value.strip()):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**12 else None


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_id(value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (isinstance(value, int) and not isinstance(value, bool))
