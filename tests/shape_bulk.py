"""The answers to bulk products calls, where the items tell and the code does not (ordergroove-api.md, 4)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import Outcome
from tests.shape import FIRST, SECOND, THIRD, Shape, data
from tests.shape_rest import NOT_MENTIONED, UNREADABLE, call


def _bulk(name: str, status_code: int, body: bytes, **rest: Any) -> Shape:
    """A bulk update of three products."""
    sent = [{"product_id": product, "name": f"{name} {product}"} for product in (FIRST, SECOND, THIRD)]
    return call("PATCH", "/products-batch/update/", status_code, body, name=name, sent=data(sent), **rest)


def results(*codes: object) -> bytes:
    """A bulk answer with these status codes, product by product."""
    pairs = zip((FIRST, SECOND, THIRD), codes, strict=False)
    return data({"results": [{"product_id": product, "status": code} for product, code in pairs]})


def _bulks() -> tuple[Shape, ...]:
    yes, partial, fix = Outcome.SUCCESS, Outcome.PARTIAL, Outcome.NEEDS_FIX
    refused = "Item refused with 400: Bad Request"
    reasons = [
        {"product_id": FIRST, "status": 200},
        {"product_id": SECOND, "status": 400, "errors": {"price": ["A valid number is required."]}},
        {"product_id": THIRD, "status": 404},
    ]
    return (
        _bulk("bulk all", 207, results(200, 200, 200), outcome=yes, created=3),
        _bulk("bulk all, 200", 200, results(200, 201, 200), outcome=yes, created=3),
        _bulk("bulk some", 207, results(200, 400, 200), outcome=partial, created=2, failed=1, issues=(refused,)),
        _bulk("bulk some, 200", 200, results(200, 400, 200), outcome=partial, created=2, failed=1, issues=(refused,)),
        _bulk("bulk none", 207, results(400, 400, 400), outcome=fix, failed=3, issues=(refused,)),
        _bulk(
            "bulk with reasons",
            207,
            data({"results": reasons}),
            outcome=partial,
            created=1,
            failed=2,
            issues=("price: A valid number is required.", "Item refused with 404: Not Found"),
        ),
        _bulk(
            "bulk with codes as text",
            207,
            results("200", "400", 200),
            outcome=partial,
            created=2,
            failed=1,
            issues=(refused,),
        ),
        _bulk(
            "bulk as a list",
            207,
            data([{"product_id": FIRST, "status": 200}] * 1),
            outcome=partial,
            created=1,
            unknown=2,
            issues=(NOT_MENTIONED,),
        ),
        _bulk(
            "bulk two mentioned", 207, results(200, 200), outcome=partial, created=2, unknown=1, issues=(NOT_MENTIONED,)
        ),
        _bulk("bulk without codes", 207, results(None, None, "x"), outcome=partial, unknown=3, issues=(NOT_MENTIONED,)),
        _bulk("bulk empty", 207, b"", outcome=partial, unknown=3, issues=(NOT_MENTIONED,)),
        _bulk("bulk cut off", 207, results(200, 200, 400)[:-30], outcome=partial, unknown=3, issues=(UNREADABLE,)),
        _bulk(
            "bulk 400", 400, b'{"detail": "At most 100 products"}', outcome=fix, issues=("At most [value] products",)
        ),
        _bulk("bulk 429", 429, b"", outcome=Outcome.TRANSIENT, issues=("Too Many Requests",)),
    )


BULK_SHAPES = _bulks()
