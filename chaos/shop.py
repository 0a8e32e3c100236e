"""What the load generator sends: purchases and setters of a made-up shop, with planted secrets. Pure: from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec

from chaos import behaviours
from chaos.canaries import CANARIES
from responses.sandbox import forms
from responses.sandbox.forms import Form

MERCHANT = "ac4f7938383a11e89ecbbc764e1107f2"
CUSTOMERS = 40
CAUSE_EVERY = 3
"""Each so many calls one is refused for a cause that nobody has seen before: news for people."""
_UNSENDABLE = 0.04


class Deed(msgspec.Struct, frozen=True):
    """One call of the shop, and what identifies it: ``name`` as the upstream calls it."""

    number: int
    kind: str
    name: str
    method: str
    target: str
    role: str
    headers: dict[str, str]
    body: bytes
    is_resendable: bool = True
    seconds_ago: float = 0.0
    """How long ago it says it was sent: some end their 24 hours during the run."""


def deeds(seed: int, *, first: int = 0) -> Iterator[Deed]:
    """Yield calls without end."""
    number = first
    while True:
        dice = random.Random(f"{seed} deed {number}")
        if number % CAUSE_EVERY == CAUSE_EVERY - 1:
            yield _purchase(dice, number, f"{behaviours.REFUSED_FOR_A_CAUSE}{number:06d}")
        else:
            yield _purchase(dice, number, f"C{number:06d}") if dice.random() < 0.7 else _setter(dice, number)
        number += 1


def _purchase(dice: random.Random, number: int, order: str) -> Deed:
    is_resendable = dice.random() >= _UNSENDABLE
    payment: dict[str, Any] = {"token_id": CANARIES["payment token"], "cc_type": "1"}
    if not is_resendable:
        payment |= {"cc_number": CANARIES["card number"], "cvv": CANARIES["cvv field"]}
    document = {
        "merchant_id": MERCHANT,
        "merchant_order_id": order,
        "session_id": f"{MERCHANT}.{number}.1700000000",
        "user": {"user_id": f"U{dice.randrange(CUSTOMERS):03d}", "email": CANARIES["e-mail"], "first_name": "Ada"},
        "payment": payment,
        "products": [_line(dice) for _ in range(dice.choice((1, 1, 2)))],
    }
    form = dice.choice(tuple(Form))
    return Deed(
        number=number,
        kind="purchase",
        name=order,
        method="POST",
        target="/subscription/create",
        role="sc",
        headers=_headers(),
        body=forms.write(document, form),
        is_resendable=is_resendable,
        # 24 hours less a little: the deadline passes while the series still runs.
        seconds_ago=dice.uniform(86_340, 86_395) if dice.random() < 0.05 else 0.0,
    )


def _line(dice: random.Random) -> dict[str, Any]:
    product = str(dice.randrange(10**8, 10**9))
    info = {"quantity": 1, "tracking_override": {"offer": "x", "every": 4, "every_period": 2}}
    price = {"quantity": 1, "price": "2.00", "discounted_price": "1.90", "total": "1.90"}
    return {"product": product, "sku": product, "subscription_info": info, "purchase_info": price}


def _setter(dice: random.Random, number: int) -> Deed:
    # Few objects, so that later calls meet earlier ones that are still to be sent again.
    subject = f"s{dice.randrange(max(60, number // 3)):06d}"
    quantity = number + 1
    return Deed(
        number=number,
        kind="setter",
        name=f"{subject} to {quantity}",
        method="PATCH",
        target=f"/subscriptions/{subject}/change_quantity/",
        role="restapi",
        headers=_headers(),
        body=json.dumps({"quantity": quantity}).encode(),
    )


def _headers() -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-api-key": CANARIES["api key of the caller"],
        "authorization": json.dumps({"public_id": MERCHANT, "ts": 1, "sig_field": "U", "sig": CANARIES["signature"]}),
    }
