"""The answers to the question what became of a purchase (ordergroove-api.md, 3)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import FailureKind, Outcome
from responses.ordergroove import purchase
from responses.ordergroove.purchase import Encoding
from tests.shape import (
    FIRST,
    FIRST_SUBSCRIPTION,
    JSON,
    SC,
    SECOND,
    SECOND_SUBSCRIPTION,
    TEXT,
    Shape,
    data,
    key,
    order,
    page,
)
from tests.shape_purchases import BOTH, CREATED, NO_PRODUCT, NO_PRODUCT_TITLE, NOT_MENTIONED, RECORDS, UNREADABLE


def status(
    name: str,
    status_code: int | None,
    body: bytes = b"",
    *,
    outcome: Outcome,
    headers: dict[str, str] = JSON,
    **rest: Any,
) -> Shape:
    """The question for the result of a purchase of two products."""
    return Shape(
        name=name,
        method="GET",
        url=f"{SC}/subscription/{key(name)[:24]}/response",
        status_code=status_code,
        response_headers=headers if status_code is not None else {},
        response_body=body,
        outcome=outcome,
        asked=purchase.encode(order(name, FIRST, SECOND), Encoding.FORM_RAW),
        **rest,
    )


def _statuses() -> tuple[Shape, ...]:
    pending = b"'Response is pending. Please try again soon.'"
    partial, fix = Outcome.PARTIAL, Outcome.NEEDS_FIX
    failed = {"subscriptions": [NO_PRODUCT]}
    mixed = RECORDS | {"errors": failed, "subscriptions": CREATED}
    done = RECORDS | {"errors": {}, "subscriptions": BOTH}
    none: dict[str, Any] = RECORDS | {"errors": {}, "subscriptions": []}
    refused = {"errors": {"payment": ["The credit card encryption is not valid"]}, "subscriptions": []}
    return (
        status("status 202", 202, pending, outcome=Outcome.ACCEPTED, headers=TEXT),
        status("status 200 pending", 200, pending, outcome=Outcome.ACCEPTED, headers=TEXT),
        status("status 200 all created", 200, data(done), outcome=Outcome.SUCCESS, created=2),
        status(
            "status 200 as one object",
            200,
            data(done | {"subscriptions": {FIRST: FIRST_SUBSCRIPTION, SECOND: SECOND_SUBSCRIPTION}}),
            outcome=Outcome.SUCCESS,
            created=2,
        ),
        status("status 200 mixed", 200, data(mixed), outcome=partial, created=1, failed=1, issues=(NO_PRODUCT_TITLE,)),
        status(
            "status 200 one missing",
            200,
            data(done | {"subscriptions": CREATED}),
            outcome=partial,
            created=1,
            unknown=1,
            issues=(NOT_MENTIONED,),
        ),
        status("status 200 none mentioned", 200, data(none), outcome=partial, unknown=2, issues=(NOT_MENTIONED,)),
        status(
            "status 200 all failed",
            200,
            data({"errors": {"subscriptions": [NO_PRODUCT, NO_PRODUCT | {"product": FIRST}]}, "subscriptions": []}),
            outcome=fix,
            failed=2,
            issues=(NO_PRODUCT_TITLE,),
        ),
        status(
            "status 200 payment refused",
            200,
            data(refused),
            outcome=fix,
            unknown=2,
            issues=("payment: The credit card encryption is not valid",),
        ),
        status("status 200 cut off", 200, data(mixed)[:-40], outcome=partial, unknown=2, issues=(UNREADABLE,)),
        status("status 200 empty", 200, outcome=partial, headers={}, unknown=2, issues=(NOT_MENTIONED,)),
        status("status 200 a page", 200, page("Welcome"), outcome=partial, unknown=2, issues=(NOT_MENTIONED,)),
        status("status 404", 404, b'{"detail": "Not found"}', outcome=fix, issues=("Not found",)),
        status(
            "status 500",
            500,
            page("500 Internal Server Error"),
            outcome=Outcome.TRANSIENT,
            issues=("Internal Server Error",),
        ),
        status(
            "status timeout",
            None,
            outcome=Outcome.NO_ANSWER,
            failure=FailureKind.TIMEOUT,
            issues=("Timeout",),
        ),
    )


STATUS_SHAPES = _statuses()
