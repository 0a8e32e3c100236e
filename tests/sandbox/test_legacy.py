from __future__ import annotations

from urllib.parse import urlencode

import pytest

from responses.sandbox import world as worlds
from responses.sandbox.world import Modes
from tests.sandbox.asking import LATER, ask, buy


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "Invalid Merchant"),
        ({"merchant_id": "m", "user": {"user_id": "0"}}, "Customer does not exist"),
        ({"merchant_id": "m", "user": {"user_id": "00026001"}}, {"result": "success"}),
    ],
)
def test_a_payment_default_is_always_answered_with_200(data: object, text: object) -> None:
    world = worlds.create(1)
    buy(world, "10")

    assert ask(world, "POST", "/customer/update_payment_default", data, now=LATER) == (200, text)


def test_a_form_with_fields_or_with_json_is_read_too() -> None:
    world = worlds.create(1)
    plain = urlencode({"merchant_id": "m", "user_id": "1"}).encode()
    packed = urlencode({"request": '{"merchant_id": "m"}'}).encode()

    assert ask(world, "POST", "/customer/update_payment_default", plain)[1] == "Customer does not exist"
    assert ask(world, "POST", "/order/verify", packed)[1] == "Order id cannot be null"


def test_an_order_is_verified_in_words() -> None:
    world = worlds.create(1)
    buy(world, "10")
    data = {"merchant_id": "m", "merchant_order_id": "100045"}

    assert ask(world, "POST", "/order/verify", data) == (200, "Order does not exist")
    assert ask(world, "POST", "/order/verify", data, now=LATER)[1]["result"] == "verified"
    assert ask(world, "GET", "/subscription/verify/m/100045/", now=LATER)[1]["result"] == "verified"
    world.modes = Modes(merchants=["x"])
    assert ask(world, "GET", "/subscription/verify/m/100045/", now=LATER) == (200, "Invalid Merchant")
