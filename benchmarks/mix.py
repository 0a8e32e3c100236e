"""The mix of recorded calls that every measurement uses, the same for the same seed.

90 % success, 5 % needs a fix, 3 % partial, 2 % transient; 70 % REST, 20 % purchases in raw JSON, 10 % percent-encoded
ones; bodies of 2 to 4 KB in all.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator
from urllib.parse import quote

REST = "https://restapi.ordergroove.com"
PURCHASE = "https://sc.ordergroove.com/subscription/create"
CITIES = ("New York", "Boston", "Portland", "Austin", "Chicago", "Denver", "Seattle", "Atlanta")


def records(count: int, *, seed: int, sent_at: str) -> Iterator[dict[str, object]]:
    """Yield ``count`` records as the recording API takes them, all sent at ``sent_at`` (RFC 3339)."""
    source = random.Random(seed)
    for number in range(count):
        kind = source.random()
        record = _rest(source, number) if kind < 0.7 else _purchase(source, number, is_encoded=kind >= 0.9)
        record["id"] = f"bench-{seed}-{number}"
        record["sent_at"] = sent_at
        record["duration_ms"] = int(source.expovariate(1 / 180)) + 20
        record["tags"] = {"release": "2.4.1"}
        yield record


def _hex(source: random.Random) -> str:
    return f"{source.getrandbits(128):032x}"


def _text(source: random.Random, length: int) -> str:
    return "".join(source.choices(string.ascii_letters + "      ", k=length))


def _fate(source: random.Random) -> str:
    draw = source.random()
    if draw < 0.90:
        return "success"
    if draw < 0.95:
        return "needs_fix"
    return "partial" if draw < 0.98 else "transient"


def _rest(source: random.Random, number: int) -> dict[str, object]:
    subscription = _hex(source)
    fate = _fate(source)
    method, path = source.choice(
        [
            ("GET", f"/subscriptions/{subscription}/"),
            ("PATCH", f"/subscriptions/{subscription}/update/"),
            ("PATCH", f"/subscriptions/{subscription}/change_quantity/"),
            ("PATCH", f"/subscriptions/{subscription}/cancel/"),
            ("GET", f"/orders/{subscription}/"),
            ("GET", f"/customers/{number:08d}/"),
            ("POST", "/items/iu/"),
        ]
    )
    if fate == "partial":
        method, path = "POST", "/products-batch/create/"
    body = (
        ""
        if method == "GET"
        else json.dumps({"quantity": 2, "every": 4, "every_period": 2, "reason": "ordered by phone"})
    )
    return {
        "request": {"method": method, "url": REST + path, "headers": _headers("application/json"), "body": body},
        "response": _rest_answer(source, fate, number),
    }


def _rest_answer(source: random.Random, fate: str, number: int) -> dict[str, object]:
    if fate == "success":
        return _answer(200, _subscriptions(source, number))
    if fate == "partial":
        rows = [{"product_id": str(number + i), "status": 400 if i == 3 else 200} for i in range(30)]
        return _answer(207, {"results": rows})
    if fate == "needs_fix":
        code, body = source.choice(
            [
                (400, {"quantity": ["Ensure this value is greater than or equal to 1."]}),
                (400, {"product": [f"Object with external_product_id={number} does not exist."]}),
                (404, {"detail": "Not found."}),
                (403, {"detail": "Authentication Failed"}),
            ]
        )
        return _answer(code, body)
    code = source.choice([423, 429, 503])
    if code == 423:
        text = "{'details': 'Resource is currently in use. Please try again shortly.'}"
        return {"status_code": code, "headers": {"content-type": "application/json"}, "body": text}
    return {"status_code": code, "headers": {"content-type": "text/html"}, "body": "<h1>Service Unavailable</h1>"}


def _subscriptions(source: random.Random, number: int) -> dict[str, object]:
    """What the REST API answers: a page of subscriptions, in the fields that its reference shows."""
    return {"next": None, "previous": None, "results": [_subscription(source, number) for _ in range(3)]}


def _subscription(source: random.Random, number: int) -> dict[str, object]:
    return {
        "customer": f"{number:08d}",
        "merchant": _hex(source),
        "product": str(source.randrange(10**9)),
        "payment": _hex(source),
        "shipping_address": _hex(source),
        "offer": _hex(source),
        "subscription_type": "replenishment",
        "components": [],
        "extra_data": {},
        "public_id": _hex(source),
        "product_attribute": None,
        "quantity": source.randrange(1, 5),
        "price": f"{source.randrange(5, 90)}.90",
        "frequency_days": 28,
        "reminder_days": 5,
        "every": 4,
        "every_period": 2,
        "start_date": "2026-11-01",
        "cancelled": None,
        "cancel_reason": None,
        "cancel_reason_code": None,
        "iteration": None,
        "sequence": None,
        "session_id": f"{_hex(source)}.{source.randrange(10**6)}.1793880000",
        "merchant_order_id": f"B{number:09d}",
        "customer_rep": None,
        "club": None,
        "created": "2026-11-01 10:00:00",
        "updated": "2026-11-20 23:59:01",
        "live": True,
        "external_id": None,
    }


def _purchase(source: random.Random, number: int, *, is_encoded: bool) -> dict[str, object]:
    products = [f"{source.randrange(10**9):010d}" for _ in range(3)]
    data = json.dumps(_create_request(source, number, products))
    body = "create_request=" + (quote(data, safe="") if is_encoded else data)
    fate = _fate(source)
    if fate == "success":
        answer = _answer(200, {"result": "Subscription request received", "subs_req_id": _hex(source)[:24]})
    elif fate == "partial":
        answer = _answer(207, _partial(source, number, products))
    elif fate == "needs_fix":
        words = source.choice(["Session id cannot be null", "Missing payment data to create record"])
        answer = _answer(400, {"error_message": words})
    else:
        answer = {"status_code": 503, "headers": {"content-type": "text/html"}, "body": "<h1>Unavailable</h1>"}
    return {
        "request": {"method": "POST", "url": PURCHASE, "headers": _headers("application/json"), "body": body},
        "response": answer,
    }


def _partial(source: random.Random, number: int, products: list[str]) -> dict[str, object]:
    complaint = {"product": [f"Object with external_product_id={products[2]} does not exist."]}
    return {
        "customer": f"{number:08d}",
        "payment": _hex(source),
        "shipping_address": _hex(source),
        "subscriptions": [{products[0]: _hex(source)}, {products[1]: _hex(source)}],
        "errors": {"subscriptions": [{"product": products[2], "subscription": complaint}]},
    }


def _create_request(source: random.Random, number: int, products: list[str]) -> dict[str, object]:
    address = {
        "first_name": "Ada",
        "last_name": _text(source, 12),
        "company_name": "",
        "address": f"{source.randrange(999)} Broad Street",
        "address2": "",
        "city": source.choice(CITIES),
        "state_province_code": "NY",
        "zip_postal_code": f"{source.randrange(99999):05d}",
        "phone": f"555-{source.randrange(999):03d}-{source.randrange(9999):04d}",
        "country_code": "US",
    }
    return {
        "merchant_id": "ac4f7938383a11e89ecbbc764e1107f2",
        "og_cart_tracking": False,
        "merchant_order_id": f"B{number:09d}",
        "user": {
            "user_id": f"{number:08d}",
            "first_name": "Ada",
            "last_name": _text(source, 12),
            "email": f"ada.{number}@example.com",
            "phone_number": "555-555-5555",
            "shipping_address": address,
            "billing_address": address,
        },
        "payment": {"token_id": str(source.randrange(10**7)), "cc_exp_date": _hex(source), "cc_type": "1"},
        "products": [_line(source, product) for product in products],
    }


def _line(source: random.Random, product: str) -> dict[str, object]:
    return {
        "product": product,
        "sku": product,
        "subscription_info": {
            "quantity": 2,
            "price": "2.00",
            "first_order_place_date": "2026-12-01",
            "tracking_override": {"offer": _hex(source), "every": 4, "every_period": 2},
        },
        "purchase_info": {"quantity": 2, "price": "2.00", "discounted_price": "1.90", "total": "3.80"},
    }


def _headers(content_type: str) -> dict[str, str]:
    return {
        "content-type": content_type,
        "user-agent": "shop/2.4.1",
        "accept": "application/json",
        "x-api-key": "an-api-key-of-forty-characters-or-so-1234",
    }


def _answer(status_code: int, body: object) -> dict[str, object]:
    headers = {"content-type": "application/json", "server": "nginx", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    return {"status_code": status_code, "headers": headers, "body": json.dumps(body)}
