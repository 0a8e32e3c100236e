"""The answers of the REST and legacy endpoints, and of what is none of them (ordergroove-api.md, 4)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import FailureKind, Outcome
from tests.shape import API, HTML, JSON, RESTAPI, SC, TEXT, Shape, data, key, page

UNREADABLE = "The answer is cut off, or is no JSON"
NOT_MENTIONED = "The answer does not mention what became of the products"
IN_USE = "{'details': 'Resource is currently in use. Please try again shortly.'}"
IN_USE_TITLE = "Resource is currently in use. Please try again shortly."


def call(
    method: str,
    path: str,
    status_code: int | None,
    body: bytes = b"",
    *,
    name: str,
    outcome: Outcome,
    base: str = RESTAPI,
    headers: dict[str, str] = JSON,
    sent: bytes = b"",
    **rest: Any,
) -> Shape:
    """One call; ``{id}`` in its path becomes an id of its own."""
    return Shape(
        name=name,
        method=method,
        url=base + path.replace("{id}", key(name)),
        request_headers=JSON if sent else {},
        request_body=sent,
        status_code=status_code,
        response_headers=headers if status_code is not None else {},
        response_body=body,
        outcome=outcome,
        **rest,
    )


def _successes() -> tuple[Shape, ...]:
    paging = b'{"next": null, "previous": null, "results": [{"public_id": "0ff0", "status": "error"}]}'
    yes = Outcome.SUCCESS
    return (
        call("GET", "/subscriptions/?customer=00026001", 200, paging, name="list", outcome=yes),
        call("GET", "/orders/{id}/", 200, b'{"rejected_message": "Declined"}', name="order", outcome=yes),
        call("HEAD", "/orders/{id}/", 200, name="head", outcome=yes, headers={}),
        call("PATCH", "/subscriptions/{id}/cancel/", 200, b'{"live": false}', name="cancel", outcome=yes, sent=b"{}"),
        call("POST", "/one_time_incentives/create/", 201, b'{"id": 1}', name="incentive", outcome=yes, sent=b"{}"),
        call("POST", "/addresses/{id}/use_for_all/", 204, name="use for all", outcome=yes, headers={}),
        call("DELETE", "/items/{id}/", 204, name="delete item", outcome=yes, headers={}),
        call("GET", "/products/{id}/", 200, page("Welcome"), name="a page", outcome=yes, headers=HTML),
        call("GET", "/products/{id}/", 299, name="299", outcome=yes, headers={}),
        call("PATCH", "/orders/{id}/update/", 202, name="rest 202", outcome=Outcome.ACCEPTED, headers={}, sent=b"{}"),
    )


_REST_400: dict[str, tuple[bytes, str]] = {
    "field with a text": (b'{"quantity": "A valid integer is required."}', "quantity: A valid integer is required."),
    "field with texts": (
        b'{"every": ["Not a number."], "every_period": ["\\"9\\" is not a valid choice."]}',
        "every: Not a number.",
    ),
    "detail": (
        b'{"detail": "JSON parse error - Expecting value: line 1 column 1"}',
        "JSON parse error - Expecting value: line [value] column [value]",
    ),
    "error": (b'{"error": "Subscription is cancelled"}', "Subscription is cancelled"),
    "error with a code": (b'{"status": 400, "error": "Bad Request", "message": "No."}', "Bad Request"),
    "named fields": (b'{"errors": [{"field": "sku", "message": "Unknown."}]}', "sku: Unknown."),
    "an empty object": (b"{}", "Bad Request"),
    "bare text": (b"Order cannot be changed", "Order cannot be changed"),
    "invalid JSON": (b"{detail: no}", "{detail: no}"),
    "Python quotes": (b"{'quantity': [u'It\\'s required.'], 'live': True}", "quantity: It's required."),
}


def _failures() -> tuple[Shape, ...]:
    fix, transient = Outcome.NEEDS_FIX, Outcome.TRANSIENT
    change, found = "/subscriptions/{id}/change_quantity/", "/subscriptions/{id}/"
    bad = [
        call("PATCH", change, 400, body, name=f"rest 400 {what}", outcome=fix, sent=b"{}", issues=(title,))
        for what, (body, title) in _REST_400.items()
    ]
    patch: dict[str, Any] = {"outcome": transient, "sent": b'{"quantity": 2}'}
    return (
        *bad,
        call("GET", found, 404, b'{"detail": "Not found."}', name="rest 404", outcome=fix, issues=("Not found.",)),
        call("GET", found, 404, b"{}", name="rest 404 object", outcome=fix, issues=("Not Found",)),
        call("GET", found, 404, name="rest 404 empty", outcome=fix, headers={}, issues=("Not Found",)),
        call(
            "GET",
            found,
            403,
            b'{"detail": "Authentication Failed"}',
            name="rest 403",
            outcome=fix,
            headers=TEXT,
            issues=("Authentication Failed",),
        ),
        call(
            "GET",
            found,
            405,
            b'{"detail": "Method \\"GET\\" not allowed."}',
            name="405",
            outcome=fix,
            issues=("Method [value] not allowed.",),
        ),
        call("PATCH", change, 423, IN_USE.encode(), name="423", issues=(IN_USE_TITLE,), **patch),
        call("PATCH", change, 423, data({"detail": "Locked"}), name="423 data", issues=("Locked",), **patch),
        call("PATCH", change, 423, name="423 empty", headers={}, issues=("Resource in use",), **patch),
        call("PATCH", change, 429, name="rest 429", headers={}, issues=("Too Many Requests",), **patch),
        call(
            "PATCH",
            change,
            503,
            page("503 Service Temporarily Unavailable"),
            name="rest 503",
            issues=("Service Unavailable",),
            **patch,
        ),
        call(
            "PATCH",
            change,
            None,
            name="rest timeout",
            outcome=Outcome.NO_ANSWER,
            failure=FailureKind.TIMEOUT,
            issues=("Timeout",),
        ),
        call(
            "POST",
            "/items/iu/",
            None,
            name="rest reset",
            outcome=Outcome.NO_ANSWER,
            failure=FailureKind.CONNECTION,
            issues=("Connection failed",),
        ),
    )


def _legacy() -> tuple[Shape, ...]:
    default, verify = "/customer/update_payment_default", "/order/verify"
    yes, fix = Outcome.SUCCESS, Outcome.NEEDS_FIX
    old: dict[str, Any] = {"base": API, "headers": TEXT, "sent": b'{"merchant_id": "ac4f"}'}
    return (
        call("POST", default, 200, b'{"result": "success"}', name="legacy fine", outcome=yes, **old),
        call("POST", default, 200, b"OK", name="legacy fine text", outcome=yes, **old),
        call("POST", default, 200, name="legacy empty", outcome=yes, **old),
        call(
            "POST",
            default,
            200,
            b"Invalid Merchant",
            name="legacy text",
            outcome=fix,
            issues=("Invalid Merchant",),
            **old,
        ),
        call(
            "POST",
            default,
            200,
            b'"Customer does not exist"',
            name="legacy quoted",
            outcome=fix,
            issues=("Customer does not exist",),
            **old,
        ),
        call(
            "POST",
            default,
            200,
            b'{"result": "Customer does not exist"}',
            name="legacy result",
            outcome=fix,
            issues=("Customer does not exist",),
            **old,
        ),
        call(
            "POST",
            verify,
            200,
            b'{"error": "Invalid Merchant"}',
            name="legacy error",
            outcome=fix,
            issues=("Invalid Merchant",),
            **old,
        ),
        call(
            "POST",
            verify,
            200,
            b'{"success": false, "message": "No such order"}',
            name="legacy no success",
            outcome=fix,
            issues=("No such order",),
            **old,
        ),
        call(
            "POST", verify, 200, b'{"result": "No errors", "error": null}', name="legacy no error", outcome=yes, **old
        ),
        call(
            "GET",
            "/subscription/verify/ac4f/1001",
            200,
            b"Invalid Merchant",
            name="verify",
            base=SC,
            outcome=fix,
            headers=TEXT,
            issues=("Invalid Merchant",),
        ),
        call(
            "GET",
            "/subscription/verify?order=1001",
            200,
            b'{"result": "true"}',
            name="verify fine",
            base=SC,
            outcome=yes,
        ),
        call(
            "POST", verify, 500, name="legacy 500", outcome=Outcome.TRANSIENT, issues=("Internal Server Error",), **old
        ),
    )


def _others() -> tuple[Shape, ...]:
    yes, fix = Outcome.SUCCESS, Outcome.NEEDS_FIX
    elsewhere = "https://shop.example"
    return (
        call("GET", "/new_things/", 200, b'{"error": "ours to read"}', name="unknown path", outcome=yes),
        call(
            "POST",
            "/new_things/",
            404,
            page("404 Not Found"),
            name="unknown path 404",
            outcome=fix,
            headers=HTML,
            issues=("Not Found",),
        ),
        call(
            "GET",
            "/subscriptions/../orders/",
            400,
            name="dot segments",
            outcome=fix,
            headers={},
            issues=("Bad Request",),
        ),
        call(
            "POST",
            "/subscription/create",
            500,
            name="foreign host",
            base=elsewhere,
            outcome=Outcome.TRANSIENT,
            headers={},
            issues=("Internal Server Error",),
        ),
        call(
            "PATCH",
            "/subscriptions/{id}/update/",
            207,
            b'{"errors": {"price": ["Too low."]}}',
            name="rest 207",
            outcome=fix,
            sent=b"{}",
            issues=("price: Too low.",),
        ),
        call(
            "PATCH",
            "/subscriptions/{id}/update/",
            206,
            name="rest 206 empty",
            outcome=Outcome.PARTIAL,
            headers={},
            sent=b"{}",
            issues=("Partial Content",),
        ),
        call("GET", "/customers/00026001/", 304, name="304", outcome=fix, headers={}, issues=("Not Modified",)),
    )


REST_SHAPES = (*_successes(), *_failures(), *_legacy(), *_others())
