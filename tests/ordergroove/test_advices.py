"""Advice is more exact than the code's where the complaint is a documented one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.exchanges import FailureKind
from responses.ordergroove import advices, codes

PURCHASE = "POST /subscription/create"
STATUS = "GET /subscription/{id}/response"
UPDATE = "PATCH /subscriptions/{id}/update/"


@pytest.mark.parametrize(
    ("endpoint", "status_code", "field", "message", "part"),
    [
        (PURCHASE, 400, "", "Invalid Merchant [value]", "merchant_id"),
        (PURCHASE, 400, "", "session id cannot be null", "session_id"),
        (PURCHASE, 400, "", "merchant order id cannot be null", "merchant_order_id"),
        (PURCHASE, 400, "", "missing payment data to create record", "payment object"),
        (PURCHASE, 400, "", "the credit card encryption is not valid", "hash key"),
        (PURCHASE, 400, "", "expiration date is not valid, received: [value]", "MM/YYYY"),
        (PURCHASE, 400, "", "paymetric tokenization error", "payment provider"),
        (
            PURCHASE,
            207,
            "subscriptions.product",
            "object with external_product_id=[value] does not exist",
            "only the failed",
        ),
        (PURCHASE, 400, "products.product", "object with external_product_id=[value] does not exist", "same order id"),
        (PURCHASE, 207, "products", "sku is a required", "sku"),
        (PURCHASE, 207, "subscriptions.quantity", "this field is required", "subscriptions.quantity is missing"),
        (PURCHASE, 400, "products.sku", "this field is required", "products.sku is missing"),
        (PURCHASE, 400, "shipping_address.country_code", "not a valid choice", "two-letter"),
        (PURCHASE, 400, "customer.email", "not valid", "e-mail"),
        (PURCHASE, 207, "", "the answer does not mention what became of the products", "look the order up"),
        (UPDATE, 400, "quantity", "a valid integer is required to be sent", "quantity"),
        (UPDATE, 400, "every_period", '"9" is not a valid choice', "1 (day)"),
        (UPDATE, 403, "", "authentication failed", "key"),
        (STATUS, 404, "", "not found", "staging"),
        ("POST /order/verify", 200, "", "customer does not exist", "leading zeros"),
    ],
)
def test_a_documented_complaint_has_its_own_advice(
    endpoint: str, status_code: int, field: str, message: str, part: str
) -> None:
    text = codes.advice(endpoint, status_code, field, message)
    assert part.lower() in text.lower()
    assert text != codes.about(status_code).next_step


def test_an_unknown_complaint_has_the_advice_of_its_code() -> None:
    assert codes.advice(PURCHASE, 400, "", "something new") == codes.about(400).next_step
    timeout = codes.advice(PURCHASE, None, "", "", failure=FailureKind.TIMEOUT)
    assert timeout == codes.about(None, FailureKind.TIMEOUT).next_step


def test_a_partial_answer_never_advises_to_send_everything_again() -> None:
    for advice in advices.ADVICES:
        if set(advice.codes) & {206, 207}:
            assert "same order id" not in advice.text


def test_a_bulk_call_is_not_told_of_order_ids() -> None:
    for field, message in (("product_id", "Object with external_product_id=7 does not exist."), ("name", "Required.")):
        text = codes.advice("PATCH /products-batch/update/", 207, field, message)
        assert "order id" not in text
        assert "rows again" in text
        assert "order id" in codes.advice(PURCHASE, 207, field, message)


@pytest.mark.slow
@given(st.text(max_size=40), st.integers(0, 700) | st.none(), st.text(max_size=40), st.text(max_size=200))
def test_there_is_always_advice(endpoint: str, status_code: int | None, field: str, message: str) -> None:
    assert codes.advice(endpoint, status_code, field, message)
