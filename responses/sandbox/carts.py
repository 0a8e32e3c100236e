"""What a checkout sends to Ordergroove, with the mistakes that shops make."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from responses.sandbox import goods
from responses.sandbox.calls import JSON
from responses.sandbox.forms import Form
from responses.sandbox.goods import Good
from responses.sandbox.memory import Shop
from responses.sandbox.weather import Weather

MERCHANT = "ac4f7938383a11e89ecbbc764e1107f2"


def fill(shop: Shop, weather: Weather, now: datetime) -> tuple[dict[str, Any], Form, str]:
    """A purchase, the form in which it is sent, and the service of the shop that sends it."""
    customer = shop.rng.choice(shop.customers)
    address = {"first_name": customer.first_name, "last_name": customer.last_name, "address": "75 Broad Street",
               "city": customer.city, "state_province_code": customer.state, "zip_postal_code": customer.zip_code,
               "country_code": "US"}  # fmt: skip
    document: dict[str, Any] = {
        "merchant_id": MERCHANT, "merchant_order_id": shop.next_order(),
        "session_id": f"{MERCHANT}.{shop.rng.randrange(10**6)}.{int(now.timestamp())}",
        "user": {"user_id": customer.user_id, "first_name": customer.first_name, "last_name": customer.last_name,
                 "email": customer.email, "phone_number": "555-0100", "shipping_address": address,
                 "billing_address": address},
        "payment": {"token_id": customer.token, "cc_type": "1", "payment_method": "credit card"},
        "products": [_line(shop, weather, good) for good in goods.basket(shop.rng)],
    }  # fmt: skip
    if shop.chance(weather.no_session):
        del document["session_id"]
    elif shop.chance(0.004):
        document["payment"] = None
    elif shop.chance(0.004):
        document["user"]["email"] = f"{customer.first_name}.example.com".lower()
    form, service = shop.rng.choices(
        ((Form.STRINGS, "storefront"), (Form.ENCODED, "storefront"), (Form.RAW, "app"), (Form.JSON, "phone orders")),
        (40, 20, 30, 10),
    )[0]
    return document, form, service


def _line(shop: Shop, weather: Weather, good: Good) -> dict[str, Any]:
    product = goods.renamed(good) if good in goods.TEA and shop.chance(weather.wrong_sku) else good.product
    quantity = shop.rng.choice((1, 1, 1, 2, 3))
    info: dict[str, Any] = {
        "quantity": quantity,
        "tracking_override": {
            "offer": "903ecf3e5efc12e49d61bc764e106cf4",
            "every": shop.rng.choice((2, 4, 6, 8)),
            "every_period": 2,
        },
    }
    line = {
        "product": product,
        "sku": product,
        "subscription_info": info,
        "purchase_info": goods.purchase_info(good, quantity),
    }
    if shop.chance(0.006):
        line["sku"] = ""
    elif shop.chance(0.008):
        del info["quantity"]
    elif shop.chance(0.006):
        line["product"] = line["sku"] = f"unknown-{good.product}"
    return line


def content_type(shop: Shop, form: Form) -> str:
    """Some of those that send a form say so; all others say JSON."""
    is_form = form in (Form.RAW, Form.ENCODED) and shop.chance(0.3)
    return "application/x-www-form-urlencoded" if is_form else JSON
