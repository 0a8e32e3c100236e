"""Complaints about a sensitive field are kept, what they quote is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import redaction
from responses.redaction import messages

KEPT = [
    "This field is required.",
    "required",
    "sku is a required",
    "This field may not be null.",
    "This field may not be blank.",
    "Enter a valid email address.",
    "Ensure this field has no more than 40 characters.",
    "Ensure that there are no more than 4 digits in total.",
    "The credit card encryption is not valid",
    "Session id cannot be null",
    "Missing payment data to create record",
    "Must be 3 or 4 digits.",
    "Invalid zip_postal_code",
    "Paymetric tokenization error",
]


@pytest.mark.parametrize("message", KEPT)
@pytest.mark.parametrize("name", ["payment", "email", "zip_postal_code", "cc_number", "token_id", "first_name"])
def test_a_message_about_a_sensitive_field_survives(name: str, message: str) -> None:
    for errors in (
        {name: [message]},
        {"errors": {"shipping_address": {name: message}}},
        {"payment": {name: [[message]]}},
    ):
        body = json.dumps(errors).encode()

        redacted = redaction.of_body(body, is_answer=True)

        assert json.loads(redacted.value) == errors
        assert not redacted.has_clear_card


@pytest.mark.parametrize(
    ("name", "echo", "secret"),
    [
        ("first_name", "Zaphod is not a valid name", "Zaphod"),
        ("email", "ada@example.com is not a valid e-mail address.", "ada@"),
        ("cc_exp_date", "Expiration date is not valid, received: 12/20", "12/20"),
        ("cc_number", "4111111111111111 is invalid", "4111"),
        ("cc_number", "Invalid number 4111 1111 1111 1112", "1112"),
        ("zip_postal_code", "10004 does not match state NY", "10004"),
        ("phone", "555-867-5309 is not a valid phone number", "867"),
        ("token_id", "Token tokABC does not exist", "tokABC"),
        ("address", "'75 Broad Street' could not be found: invalid", "Broad"),
        ("city", "unknown city Canaryville", "Canaryville"),
    ],
)
def test_what_a_message_about_a_sensitive_field_quotes_is_masked(name: str, echo: str, secret: str) -> None:
    shown = redaction.of_body(json.dumps({"errors": {name: [echo]}}).encode()).value.decode()

    assert secret not in shown
    assert messages.is_message(shown), "the message itself is still there"
    assert secret not in redaction.of_message(echo, field=f"customer.{name}.0")


@pytest.mark.parametrize(
    "echo", ["Ada", "Will", "May", "75 Broad Street", "10004", "New York", "4111111111111111", "tok_1"]
)
def test_an_echo_of_the_data_is_no_message(echo: str) -> None:
    shown = redaction.of_body(json.dumps({"payment": {"label": echo}, "first_name": [echo]}).encode(), is_answer=True)

    assert json.loads(shown.value) == {"payment": {"label": "[masked]"}, "first_name": ["[masked]"]}


def test_in_a_request_a_text_under_a_sensitive_name_is_always_data() -> None:
    shown = redaction.of_body(b'{"payment": {"label": "This is not required"}}')

    assert shown.value == b'{"payment":{"label":"[masked]"}}'


def test_a_code_in_a_message_about_the_security_code_counts_as_seen() -> None:
    assert redaction.of_body(b'{"cvv": ["123 is not valid"]}', is_answer=True).has_clear_card
    assert not redaction.of_body(b'{"cvv": ["Ensure this field has 3 or 4 digits."]}', is_answer=True).has_clear_card


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), st.sampled_from(KEPT))
def test_only_words_of_the_list_stay(word: str, message: str) -> None:
    shown = messages.kept(f"{message} {word}")

    assert word not in shown.split() or messages.is_word(word)
