"""The answers to a Purchase POST and to the question for its status (ordergroove-api.md, 3)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import FailureKind, Outcome
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
    told = {"created": 1, "failed": 1}
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


_FAMILIES: tuple[tuple[str, bytes, str], ...] = (
    ("error", b'{"error": "Invalid Merchant ac4f7938383a11e89ecbbc764e1107f2"}', "Invalid Merchant [value]"),
    ("error_message", b'{"error_message": "Session id cannot be null"}', "Session id cannot be null"),
    (
        "fields",
        data(
            {
                "shipping_address": {"country_code": ["This field is required."], "zip_postal_code": "Invalid."},
                "products": [{}, {"sku": ["This field may not be blank."]}],
            }
        ),
        "products.sku: This field may not be blank.",
    ),
    (
        "wrapped fields",
        data(
            {
                "errors": {
                    "customer": {"email": ["ada@example.com is not a valid e-mail address."]},
                    "payment": {"cc_exp_date": ["Expiration date is not valid, received: 13/2020"]},
                }
            }
        ),
        "customer.email: [value] is not a valid e-mail address.",
    ),
)
_MESSAGES = {
    "Merchant order id cannot be null": "Merchant order id cannot be null",
    "Missing payment data to create record": "Missing payment data to create record",
    "The credit card encryption is not valid": "The credit card encryption is not valid",
    "Expiration date is not valid, received: 13/2020": "Expiration date is not valid, received: [value]",
    "Paymetric tokenization error": "Paymetric tokenization error",
}


def _bad_requests() -> tuple[Shape, ...]:
    fix = Outcome.NEEDS_FIX
    families = [
        post(f"400 {family} {encoding}", 400, body, outcome=fix, encoding=encoding, issues=(title,))
        for family, body, title in _FAMILIES
        for encoding in ENCODINGS
    ]
    messages = [
        post(f"400 {message}", 400, data({"error_message": message}), outcome=fix, issues=(title,))
        for message, title in _MESSAGES.items()
    ]
    nested: Any = ["Too deep."]
    for _ in range(12):
        nested = {"products": [nested]}
    odd = {
        "empty": (b"", "Bad Request"),
        "an empty object": (b"{}", "Bad Request"),
        "a page": (page("400 Bad Request"), "Bad Request"),
        "text": (b"Session id cannot be null", "Session id cannot be null"),
        "a JSON string": (b'"Session id cannot be null"', "Session id cannot be null"),
        "a list of texts": (b'["Session id cannot be null"]', "Session id cannot be null"),
        "subscriptions": (
            b'{"subscriptions": [{"offer": ["Offer 903ecf3e5efc12e49d61bc764e106cf4 does not exist."]}]}',
            "subscriptions.offer: Offer [value] does not exist.",
        ),
        "keyed by product": (
            b'{"products": {"0070067689": {"sku": ["This field is required."]}}}',
            "products.[id].sku: This field is required.",
        ),
        "a NUL and a lone surrogate": (b'{"error": "bad\\u0000 \\ud800 text"}', "bad � text"),
        "a number of 5,000 digits": (b'{"error": ' + b"9" * 5000 + b"}", "[value]"),
        "NaN": (b'{"error": "Price is not valid", "price": NaN}', "Price is not valid"),
    }
    odd_shapes = [post(f"400 {what}", 400, body, outcome=fix, issues=(title,)) for what, (body, title) in odd.items()]
    deep = "products." * 11 + "products: Too deep."
    return (
        *families,
        *messages,
        *odd_shapes,
        post(
            "400 cut off",
            400,
            b'{"errors": {"products": ["sku is',
            outcome=fix,
            issues=(UNREADABLE,),
        ),
        post("400 nested", 400, data(nested), outcome=fix, issues=(deep,)),
        post("400 nested without end", 400, b'{"a":' * 50_000, outcome=fix, issues=(UNREADABLE,)),
    )


def _other_failures() -> tuple[Shape, ...]:
    fix, transient = Outcome.NEEDS_FIX, Outcome.TRANSIENT
    refused = b'{"detail": "Authentication Failed"}'
    known = b'{"error": "This merchant_order_id was already received and processed."}'
    moved = HTML | {"location": "https://sc.ordergroove.com/subscription/create/"}
    return (
        post("401", 401, refused, outcome=fix, headers=TEXT, issues=("Authentication Failed",)),
        post("403", 403, refused, outcome=fix, headers=TEXT, issues=("Authentication Failed",)),
        post("404 a page", 404, page("404 Not Found"), outcome=fix, headers=HTML, issues=("Not Found",)),
        post("409", 409, known, outcome=fix, issues=("This merchant_order_id was already received and processed.",)),
        post("409 empty", 409, outcome=fix, headers={}, issues=("Conflict",)),
        post("413", 413, page("413 Request Entity Too Large"), outcome=fix, issues=("Request Entity Too Large",)),
        post("418", 418, outcome=fix, headers={}, issues=("I'm a Teapot",)),
        post("301", 301, page("301 Moved Permanently"), outcome=fix, headers=moved, issues=("Moved Permanently",)),
        post("302 empty", 302, outcome=fix, headers=moved, issues=("Found",)),
        post("101", 101, outcome=fix, headers={}, issues=("Switching Protocols",)),
        post("429", 429, outcome=transient, headers={}, issues=("Too Many Requests",)),
        post(
            "429 with Retry-After", 429, outcome=transient, headers={"retry-after": "30"}, issues=("Too Many Requests",)
        ),
        post(
            "500 a page", 500, page("500 Internal Server Error"), outcome=transient, issues=("Internal Server Error",)
        ),
        post(
            "500 text", 500, b"Server Error (500)", outcome=transient, headers=TEXT, issues=("Internal Server Error",)
        ),
        post("500 empty", 500, outcome=transient, headers={}, issues=("Internal Server Error",)),
        post("500 data", 500, b'{"detail": "Lock wait timeout"}', outcome=transient, issues=("Lock wait timeout",)),
        post("502", 502, page("502 Bad Gateway"), outcome=transient, headers=HTML, issues=("Bad Gateway",)),
        post("503", 503, b"upstream", outcome=transient, headers=TEXT, issues=("Service Unavailable",)),
        post("504", 504, outcome=transient, headers={}, issues=("Gateway Timeout",)),
        post("520", 520, b"error code: 520", outcome=transient, headers=TEXT, issues=("Unknown code",)),
    )


_FAILURES = {
    FailureKind.TIMEOUT: ("Timeout", "Read timed out. (read timeout=5)"),
    FailureKind.CONNECTION: ("Connection failed", "[Errno 104] Connection reset by peer"),
    FailureKind.TLS: ("TLS failed", "certificate verify failed: certificate has expired"),
    FailureKind.DNS: ("Host name not found", "[Errno -2] Name or service not known"),
    FailureKind.PROTOCOL: ("Unreadable answer", "IncompleteRead(12 bytes read, 88 more expected)"),
}


def _no_answers() -> tuple[Shape, ...]:
    return tuple(
        post(
            f"no answer: {kind}",
            None,
            outcome=Outcome.NO_ANSWER,
            failure=kind,
            failure_message=message,
            issues=(title,),
        )
        for kind, (title, message) in _FAILURES.items()
    )


def _statuses() -> tuple[Shape, ...]:
    pending = b"'Response is pending. Please try again soon.'"
    partial, fix = Outcome.PARTIAL, Outcome.NEEDS_FIX
    failed = {"subscriptions": [NO_PRODUCT]}
    mixed = RECORDS | {"errors": failed, "subscriptions": CREATED}
    done = RECORDS | {"errors": {}, "subscriptions": BOTH}
    none = RECORDS | {"errors": {}, "subscriptions": []}
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


def _written_oddly() -> tuple[Shape, ...]:
    """Bodies of the request that only some clients write."""
    name = "single product"
    single = order(name, FIRST)
    single["products"] = single["products"][0]
    single["merchant_order_id"] = 100045
    mixed = data({"subscriptions": [], "errors": {"subscriptions": [NO_PRODUCT]}})
    ordinary = post("redacted by the caller", 200, data(received("redacted")), outcome=Outcome.ACCEPTED)
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
        ordinary,
    )


PURCHASE_SHAPES = (
    *_accepted(),
    *_synchronous(),
    *_partial(),
    *_bad_requests(),
    *_other_failures(),
    *_no_answers(),
    *_written_oddly(),
)
STATUS_SHAPES = _statuses()
