"""The answers to a Purchase POST that are no success, and the failures to get one (ordergroove-api.md, 1 and 3)."""

from __future__ import annotations

from typing import Any

from responses.exchanges import FailureKind, Outcome
from tests.shape import ENCODINGS, HTML, TEXT, Shape, data, page
from tests.shape_purchases import UNREADABLE, post

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


REFUSAL_SHAPES = (*_bad_requests(), *_other_failures(), *_no_answers())
