"""What the name of a field says about its value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.redaction import keys
from responses.redaction.keys import Rule, words

MASKED = words(
    """
    payment payments payment_method cc_type cc_holder cc_exp_date credit_card cardholder_name card expiry
    exp_month token token_id one_click_token accessToken access-token tokenId session_id sessionId session
    PHPSESSID jsessionid api_key apiKey x-api-key X-Api-Key hash_key secret client_secret password passwd pwd
    Authorization authorization auth og_auth sig signature Ordergroove-Signature hmac first_name firstName
    FirstName firstname last_name lastname full_name customer_name user_name username company_name email e_mail
    emailAddress email_address user-email phone phone_number mobile fax telephone cell address1 address2
    address_line_1 addressLine1 street street_name city zip zip_code zip_postal_code postcode postal_code
    extra_data extraData ip ip_address client_ip dob date_of_birth gender label note comments iban ssn cookie
    set-cookie %63ity last4
    """
)
VISIBLE = words(
    """
    merchant_id merchant_order_id product products sku quantity price discounted_price total offer every
    every_period first_order_place_date country country_code state state_province_code currency currency_code
    created updated status type public_id id order_id subscription_id subs_req_id customer_id user_id
    merchant_user_id product_name item_name offer_name merchant_name store_id payment_id address_id
    shipping_address_id idempotency_key sig_field ts tracking_override page_size cursor live components
    price_code result success og_cart_tracking subscription_type frequency_days subscriptions items
    """
)


@pytest.mark.parametrize("name", sorted(MASKED))
def test_a_sensitive_name_is_known_in_any_spelling(name: str) -> None:
    assert keys.rule(name) in (Rule.MASK, Rule.CARD)


@pytest.mark.parametrize("name", sorted(VISIBLE))
def test_what_people_need_is_visible(name: str) -> None:
    assert keys.rule(name) <= Rule.ID


@pytest.mark.parametrize(
    "name", ["cc_number", "ccNumber", "card_number", "cardNumber", "creditCardNumber", "cc_num", "pan", "card_no"]
)
def test_names_of_card_numbers_are_known(name: str) -> None:
    assert keys.rule(name) is Rule.CARD


@pytest.mark.parametrize(
    "name",
    [
        "cvv",
        "CVV2",
        "cvc",
        "cvc2",
        "cc_cvv",
        "cardCvc",
        "card_cvv2",
        "security_code",
        "cardSecurityCode",
        "csc",
        "%63vv",
        "cvn",
    ],
)
def test_names_of_security_codes_are_known(name: str) -> None:
    assert keys.rule(name) is Rule.CVV


@pytest.mark.parametrize("name", ["cvv_result", "cvv_check", "cvc_verified", "cvv_response"])
def test_the_result_of_a_check_of_the_code_is_not_the_code(name: str) -> None:
    assert keys.rule(name) is Rule.MASK


@pytest.mark.parametrize(
    "name", ["errors", "error", "error_message", "detail", "details", "message", "non_field_errors"]
)
def test_names_of_messages_are_known(name: str) -> None:
    assert keys.rule(name) is Rule.MESSAGES


@pytest.mark.parametrize("name", ["user", "customer", "customers", "billing", "shipping"])
def test_names_of_people_are_known(name: str) -> None:
    assert keys.rule(name) is Rule.PERSON


@pytest.mark.parametrize("name", ["address", "shipping_address", "billingAddress", "addresses"])
def test_names_of_addresses_are_known(name: str) -> None:
    assert keys.rule(name) is Rule.ADDRESS


@given(st.text())
def test_any_name_has_a_rule_and_the_same_one_each_time(name: str) -> None:
    assert keys.rule(name) is keys.rule(name) is keys.classify(name)


def test_names_that_are_data_are_not_remembered() -> None:
    before = len(keys._cache)

    for number in range(100):
        keys.rule(f"00{number:08}")
        keys.rule(f"person{number:05}@example.com")

    assert len(keys._cache) == before
