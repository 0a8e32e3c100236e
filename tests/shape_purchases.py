"""The answers in the 200s to a Purchase POST (ordergroove-api.md, 3)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import Outcome
from responses.ordergroove import purchase
from responses.ordergroove.purchase import Encoding
from tests.shape import (
    ENCODINGS,
    FIRST,
    FIRST_SUBSCRIPTION,
    FORM,
    HTML,
    JSON,
    ONE_TIME,
    SC,
    SECOND,
    SECOND_SUBSCRIPTION,
    TEXT,
    THIRD,
    Shape,
    data,
    key,
    order,
    page,
)

CREATED = [{FIRST: FIRST_SUBSCRIPTION}]
BOTH = [{FIRST: FIRST_SUBSCRIPTION}, {SECOND: SECOND_SUBSCRIPTION}]
NO_PRODUCT = {
    "product": SECOND,
    "subscription": {
        "product": [f"Object with external_product_id={SECOND} does not exist."],
        "quantity": ["This field is required."],
    },
}
NO_PRODUCT_TITLE = "subscriptions.product: Object with external_product_id=[value] does not exist."
UNREADABLE = "The answer is cut off, or is no JSON"
NOT_MENTIONED = "The answer does not mention what became of the products"
RECORDS = {"customer": "00026001", "payment": "443d5ed7", "shipping_address": "394a66c2"}


def post(
    name: str,
    status_code: int | None,
    body: bytes = b"",
    *,
    outcome: Outcome,
    headers: dict[str, str] = JSON,
    products: tuple[str, ...] = (FIRST, SECOND),
    one_time: tuple[str, ...] = (),
    encoding: Encoding = Encoding.FORM_RAW,
    **rest: Any,
) -> Shape:
    """A Purchase POST of ``products``; its order id is the shape's name."""
    sent = purchase.encode(order(name, *products, one_time=one_time), encoding)
    return Shape(
        name=name,
        method="POST",
        url=f"{SC}/subscription/create",
        request_headers=FORM if encoding is Encoding.FORM_ENCODED else JSON,
        request_body=sent,
        status_code=status_code,
        response_headers=headers if status_code is not None else {},
        response_body=body,
        outcome=outcome,
        **rest,
    )


def received(name: str) -> dict[str, str]:
    """The ordinary answer: received, to be followed."""
    return {"result": "Subscription request received", "subs_req_id": key(name)[:24]}


def _accepted() -> tuple[Shape, ...]:
    accepted = Outcome.ACCEPTED
    names = [f"200 received {encoding}" for encoding in ENCODINGS]
    encoded = [
        post(name, 200, data(received(name)), outcome=accepted, encoding=encoding)
        for name, encoding in zip(names, ENCODINGS, strict=True)
    ]
    name = "200 received cut off after the id"
    return (
        *encoded,
        post("200 received as text", 200, data(received("200 received as text")), outcome=accepted, headers=TEXT),
        post(name, 200, data(received(name))[:-1], outcome=accepted),
        post("200 received cut off in the id", 200, data(received("x"))[:-6], outcome=accepted),
        post("201 received", 201, data(received("201 received")), outcome=accepted),
        post("200 received without an id", 200, b'{"result": "Subscription request received"}', outcome=accepted),
        post("200 received, empty", 200, outcome=accepted, headers={}),
        post("200 received, a page", 200, page("Welcome"), outcome=accepted, headers=HTML),
        post(
            "202 received, pending",
            202,
            b"'Response is pending. Please try again soon.'",
            outcome=accepted,
            headers=TEXT,
        ),
    )


def _synchronous() -> tuple[Shape, ...]:
    result = RECORDS | {"errors": {}, "subscriptions": BOTH}
    success, partial, needs_fix = Outcome.SUCCESS, Outcome.PARTIAL, Outcome.NEEDS_FIX
    return (
        post("200 synchronous", 200, data(result), outcome=success, created=2),
        post("201 synchronous", 201, data(result), outcome=success, created=2),
        post(
            "200 synchronous with one-time products",
            200,
            data(result),
            outcome=success,
            created=2,
            one_time=(ONE_TIME,),
        ),
        post(
            "200 synchronous, one failed",
            200,
            data(RECORDS | {"errors": {"subscriptions": [NO_PRODUCT]}, "subscriptions": CREATED}),
            outcome=partial,
            created=1,
            failed=1,
            issues=(NO_PRODUCT_TITLE,),
        ),
        post(
            "200 with an error text",
            200,
            b'{"error": "Invalid Merchant"}',
            outcome=needs_fix,
            unknown=2,
            issues=("Invalid Merchant",),
        ),
    )


def _partial() -> tuple[Shape, ...]:
    documented = RECORDS | {
        "subscriptions": CREATED,
        "errors": {"products": ["sku is a required"], "subscriptions": [NO_PRODUCT]},
    }
    mixed = RECORDS | {"subscriptions": CREATED, "errors": {"subscriptions": [NO_PRODUCT]}}
    partial = Outcome.PARTIAL
    told: dict[str, Any] = {"created": 1, "failed": 1}
    three = (FIRST, SECOND, THIRD)
    by_encoding = [
        post(
            f"207 mixed {encoding}",
            207,
            data(mixed),
            outcome=partial,
            encoding=encoding,
            issues=(NO_PRODUCT_TITLE,),
            **told,
        )
        for encoding in ENCODINGS
    ]
    return (
        *by_encoding,
        post(
            "207 as documented",
            207,
            data(documented),
            outcome=partial,
            products=three,
            unknown=1,
            issues=(NO_PRODUCT_TITLE, "products: sku is a required"),
            **told,
        ),
        post("206 mixed", 206, data(mixed), outcome=partial, issues=(NO_PRODUCT_TITLE,), **told),
        post(
            "207 subscriptions as one object",
            207,
            data(mixed | {"subscriptions": {FIRST: FIRST_SUBSCRIPTION}}),
            outcome=partial,
            issues=(NO_PRODUCT_TITLE,),
            **told,
        ),
        post(
            "207 errors as one object",
            207,
            data({"subscriptions": CREATED, "errors": {"subscriptions": NO_PRODUCT}}),
            outcome=partial,
            issues=(NO_PRODUCT_TITLE,),
            **told,
        ),
        post(
            "207 one product not mentioned",
            207,
            data(mixed),
            outcome=partial,
            products=three,
            unknown=1,
            issues=(NO_PRODUCT_TITLE,),
            **told,
        ),
        post(
            "207 only created are mentioned",
            207,
            data(RECORDS | {"subscriptions": CREATED, "errors": {}}),
            outcome=partial,
            created=1,
            unknown=1,
            issues=(NOT_MENTIONED,),
        ),
        post(
            "207 errors without a product",
            207,
            data({"subscriptions": CREATED, "errors": {"products": ["sku is a required"]}}),
            outcome=partial,
            created=1,
            unknown=1,
            issues=("products: sku is a required",),
        ),
        post(
            "207 all created",
            207,
            data({"subscriptions": BOTH, "errors": {}}),
            outcome=partial,
            created=2,
            issues=("Partial success (multi-status)",),
        ),
        post(
            "207 none created",
            207,
            data({"subscriptions": [], "errors": {"subscriptions": [NO_PRODUCT | {"product": FIRST}, NO_PRODUCT]}}),
            outcome=Outcome.NEEDS_FIX,
            failed=2,
            issues=(NO_PRODUCT_TITLE,),
        ),
        *_unreadable_partial(),
    )


def _unreadable_partial() -> tuple[Shape, ...]:
    bodies = {
        "empty": b"",
        "a page": page("207 Multi-Status"),
        "cut off": b'{"subscriptions": [{"0070067689": "0ff0f88acc',
        "a list": b"[1, 2, 3]",
        "a number": b"42",
        "null": b"null",
        "subscriptions of a wrong type": b'{"subscriptions": 7, "errors": "x"}',
        "not text": bytes(range(256)),
    }
    titles = {"subscriptions of a wrong type": "x", "cut off": UNREADABLE}
    outcomes = {"subscriptions of a wrong type": Outcome.NEEDS_FIX}
    return tuple(
        post(
            f"{code} {what}",
            code,
            body,
            outcome=outcomes.get(what, Outcome.PARTIAL),
            unknown=2,
            issues=(titles.get(what, NOT_MENTIONED),),
        )
        for code in (206, 207)
        for what, body in bodies.items()
    )


def _written_oddly() -> tuple[Shape, ...]:
    """Bodies of the request that only some clients write."""
    name = "single product"
    single = order(name, FIRST)
    single["products"] = single["products"][0]
    single["merchant_order_id"] = 100045
    mixed = data({"subscriptions": [], "errors": {"subscriptions": [NO_PRODUCT]}})
    return (
        Shape(
            name=name,
            method="POST",
            url=f"{SC}/subscription/create",
            request_headers=JSON,
            request_body=purchase.encode(single, Encoding.FORM_RAW),
            status_code=207,
            response_headers=JSON,
            response_body=mixed,
            outcome=Outcome.NEEDS_FIX,
            failed=1,
            unknown=1,
            issues=(NO_PRODUCT_TITLE,),
        ),
        Shape(
            name="purchase that cannot be read",
            method="POST",
            url=f"{SC}/subscription/create",
            request_body=b"create_request=[redacted]",
            status_code=207,
            response_headers=JSON,
            response_body=mixed,
            outcome=Outcome.NEEDS_FIX,
            failed=1,
            issues=(NO_PRODUCT_TITLE,),
        ),
    )


PURCHASE_SHAPES = (
    *_accepted(),
    *_synchronous(),
    *_partial(),
    *_written_oddly(),
)
