"""One documented answer of Ordergroove as plain data: the request, what came back, and what it must mean."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import msgspec

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Outcome, Request
from responses.ordergroove.purchase import Encoding

SC = "https://sc.ordergroove.com"
RESTAPI = "https://restapi.ordergroove.com"
API = "https://api.ordergroove.com"
MERCHANT = "ac4f7938383a11e89ecbbc764e1107f2"

FIRST, SECOND, THIRD, ONE_TIME = "0070067689", "0070067690", "0070067691", "0070060001"
FIRST_SUBSCRIPTION = "0ff0f88accc511e8b6c0bc764e106cf4"
SECOND_SUBSCRIPTION = "10a0f88accc511e8b6c0bc764e106cf4"

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
TEXT = {"content-type": "text/plain"}
HTML = {"content-type": "text/html; charset=utf-8"}


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A request, the answer or the failure, and what must be read from them."""

    name: str
    method: str
    url: str
    request_headers: dict[str, str] = {}
    request_body: bytes = b""
    status_code: int | None = None
    failure: FailureKind | None = None
    failure_message: str = ""
    response_headers: dict[str, str] = {}
    response_body: bytes = b""
    outcome: Outcome
    created: int = 0
    failed: int = 0
    unknown: int = 0
    issues: tuple[str, ...] = ()
    """The titles of the causes, in order."""
    asked: bytes = b""
    """Of a status answer: the body of the purchase that it belongs to."""

    def exchange(self) -> Exchange:
        """The same as the value that travels."""
        answer = None
        if self.status_code is not None:
            answer = Answer(self.status_code, self.response_headers, self.response_body)
        failure = Failure(self.failure, self.failure_message) if self.failure is not None else None
        request = Request(self.method, self.url, self.request_headers, self.request_body)
        return Exchange(request=request, response=answer, failure=failure)


def key(name: str) -> str:
    """An id of 32 hexadecimal digits that belongs to one shape alone."""
    return blake2b(name.encode(), digest_size=16).hexdigest()


def page(title: str) -> bytes:
    """A proxy's error page."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def line(product: str, *, subscribed: bool = True) -> dict[str, Any]:
    """One product of a purchase."""
    info: dict[str, Any] = {"product": product, "sku": product}
    if subscribed:
        offer = "903ecf3e5efc12e49d61bc764e106cf4"
        info["subscription_info"] = {
            "quantity": 2,
            "tracking_override": {"offer": offer, "every": 4, "every_period": 2},
        }
    return info | {
        "purchase_info": {"quantity": 2, "price": "2.00", "discounted_price": "1.90", "total": "3.80"},
    }


def order(order_id: str, *products: str, one_time: tuple[str, ...] = ()) -> dict[str, Any]:
    """The data of a purchase, as in the documentation."""
    address = {
        "first_name": "Ada",
        "last_name": "Example",
        "address": "75 Broad Street",
        "city": "New York",
        "state_province_code": "NY",
        "zip_postal_code": "10004",
        "phone": "555-555-5555",
        "country_code": "US",
    }
    return {
        "merchant_id": MERCHANT,
        "og_cart_tracking": False,
        "merchant_order_id": order_id,
        "user": {
            "user_id": "00026001",
            "first_name": "Ada",
            "last_name": "Example",
            "email": "ada+shop@example.com",
            "phone_number": "555-555-5555",
            "shipping_address": address,
        },
        "payment": {
            "token_id": "7654321",
            "cc_exp_date": "JzsOqhg94N4ONRX+WzKnbQzDFDlnWL9lCXQ/q5nFNdk=",
            "cc_type": "1",
        },
        "products": [line(product) for product in products] + [line(product, subscribed=False) for product in one_time],
    }


def data(value: Any) -> bytes:
    """A JSON body."""
    return json.dumps(value).encode()


ENCODINGS = (Encoding.FORM_RAW, Encoding.FORM_ENCODED, Encoding.FORM_STRINGS, Encoding.JSON)
