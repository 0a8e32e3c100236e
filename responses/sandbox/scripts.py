"""Product ids that make the sandbox fail on purpose, so that a test or a demo needs nothing but an order."""

from __future__ import annotations

import re
from typing import Any

import msgspec


class Script(msgspec.Struct, frozen=True):
    """What becomes of a product whose id begins with ``prefix``."""

    prefix: str
    note: str
    complaint: Any = None
    """What ``errors.subscriptions`` says of it; ``None`` when it is not named there."""
    is_created: bool = False
    is_mentioned: bool = True
    order_error: dict[str, Any] = {}
    """An error of the whole order: nothing of it is created."""


_NO_PRODUCT = "Object with external_product_id={id} does not exist."
_REQUIRED = ["This field is required."]

ALL = (
    Script("fail-sku-required", 'errors.products: "sku is a required", and no product is named', is_mentioned=False),
    Script("fail-unknown-product", "no such product", {"product": [_NO_PRODUCT]}),
    Script("fail-quantity", "the quantity is missing", {"quantity": _REQUIRED}),
    Script("fail-two-fields", "two complaints about one product",
           {"product": [_NO_PRODUCT], "quantity": _REQUIRED}),
    Script("fail-offer", "no such offer", {"offer": ["Object with public_id=0 does not exist."]}),
    Script("fail-discontinued", "a text instead of a map", "Product {id} is discontinued."),
    Script("fail-silent", "not created, and the answer does not mention it", is_mentioned=False),
    Script("made-silent", "created, and the answer does not mention it", is_created=True, is_mentioned=False),
    Script("fail-payment", "the payment is refused: nothing is created",
           order_error={"payment": {"cc_exp_date": ["Expiration date is not valid, received: "]}}),
    Script("fail-address", "the address is refused: nothing is created",
           order_error={"shipping_address": {"zip_postal_code": ["This field may not be blank."]}}),
)  # fmt: skip

PENDING_LONG = "pending-long"
PENDING_FOREVER = "pending-forever"
LOST = "pending-lost"
TIMING = (
    (PENDING_LONG, "the result is pending for long_pending_seconds"),
    (PENDING_FOREVER, "the result stays pending"),
    (LOST, "accepted, but the status endpoint says 404"),
)

_ANSWER = re.compile(r"answer-([a-z0-9-]+?)(?:-x([0-9]+))?\Z")


def of_product(product: str) -> Script | None:
    """The script for a product id, ``None`` for an ordinary one."""
    return next((script for script in ALL if product.startswith(script.prefix)), None)


def whole_answer(product: str) -> tuple[str, int] | None:
    """``answer-423`` → ("423", 0); ``answer-503-html-x2``: only the first two tries → ("503-html", 2)."""
    found = _ANSWER.match(product)
    return (found[1], int(found[2] or 0)) if found is not None else None


def complaint_about(script: Script, product: str) -> Any:
    """The script's complaint with the product's id in it."""
    if isinstance(script.complaint, str):
        return script.complaint.replace("{id}", product)
    if isinstance(script.complaint, dict):
        return {name: [text.replace("{id}", product) for text in texts] for name, texts in script.complaint.items()}
    return script.complaint
