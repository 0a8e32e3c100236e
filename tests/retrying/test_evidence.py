"""What a list of subscriptions proves: in doubt nothing, since a wrong proof loses an order or creates it twice."""

from __future__ import annotations

import json

import pytest

from responses.exchanges import Answer, Exchange, Request
from responses.ordergroove.purchase import Product, Purchase
from responses.retrying import evidence
from responses.retrying.evidence import Proof

LISTED = Request("GET", "https://restapi.ordergroove.com/subscriptions/?customer=c1")


def bought(*products: str) -> Purchase:
    lines = tuple(Product(product, is_subscription=True) for product in products)
    return Purchase("m", "A1", "c1", lines)


def page(*products: str) -> list[Exchange]:
    records = [
        {"merchant_order_id": "A1", "customer": "c1", "product": product, "public_id": f"s{product}"}
        for product in products
    ]
    body = json.dumps({"next": None, "results": records}).encode()
    return [Exchange(request=LISTED, response=Answer(200, {}, body))]


@pytest.mark.parametrize(
    ("wanted", "there", "proof"),
    [
        (("7", "8"), ("7", "8"), Proof.ALL),
        (("7", "8"), ("8",), Proof.SOME),
        (("7", "8"), (), Proof.ABSENT),
        ((), (), Proof.NONE),
        ((), ("7",), Proof.NONE),
        (("7",), ("9",), Proof.NONE),
        (("7", "8"), ("7", "9"), Proof.NONE),
        (("7", ""), ("7",), Proof.NONE),
        (("7", ""), (), Proof.ABSENT),
    ],
)
def test_only_what_is_told_by_every_product_proves_something(
    wanted: tuple[str, ...], there: tuple[str, ...], proof: Proof
) -> None:
    assert evidence.of_list(page(*there), bought(*wanted)).proof is proof
