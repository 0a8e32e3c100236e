"""Messages and log lines keep what helps, and lose what is somebody's."""

from __future__ import annotations

import pytest

from responses import redaction

UNCHANGED = [
    "Object with external_product_id=0070067690 does not exist.",
    "Invalid Merchant ac4f7938383a11e89ecbbc764e1107f2",
    "Session id cannot be null",
    "Merchant order id cannot be null",
    "'Response is pending. Please try again soon.'",
    "Resource is currently in use. Please try again shortly.",
    "Authentication Failed",
    "payment: This field is required.",
    "errors.payment.cc_number: ['This field is required.']",
    "Order 100045 was placed on 2026-11-22 12:00:00 for 19.90 USD",
    "sku 4006381333931 is missing; product: 12345",
    "ReadTimeout: HTTPSConnectionPool(host='sc.ordergroove.com', port=443): Read timed out. (read timeout=5)",
    "[Errno 111] Connection refused",
    "customer: 00026001",
    "https://restapi.ordergroove.com/subscriptions/?page_size=10",
    "Expected 3 items, got 2",
    "The 24 hours are over",
    "10 products in 2 orders",
    "<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed>",
]


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_is_nobodys_stays(text: str) -> None:
    assert redaction.of_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Expiration date is not valid, received: 12/2020", "Expiration date is not valid, received: [masked]"),
        ("mail to ada@example.com failed", "mail to [e-mail] failed"),
        ("card 4111 1111 1111 1111 declined", "card [card] declined"),
        ("call (555) 867-5309 now", "call [masked] now"),
        ("call 555-867-5309 now", "call [masked] now"),
        ("call +49 30 1234567 now", "call [masked] now"),
        ("phone 5558675309 is not valid", "phone [masked] is not valid"),
        ("sent to 75 Broad Street, New York", "sent to [masked], New York"),
        ("Musterstraße 12 not found", "[masked] not found"),
        ("Authorization: Bearer abc.def", "Authorization: [masked]"),
        ("bad header x-api-key: 0123abcd", "bad header x-api-key: [masked]"),
        ("Bearer abcdef123456 rejected", "Bearer [masked] rejected"),
        ("token=abc123&order=5", "token=[masked]&order=5"),
        ("first_name=Ada last_name=Example order=100045", "first_name=[masked] last_name=[masked] order=100045"),
        ("first name: Ada, order: 100045", "first name: [masked], order: 100045"),
        ("cvv 123 is wrong", "cvv [masked] is wrong"),
        ("security code: 1234", "security code: [masked]"),
        ("sig Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo= differs", "sig [masked] differs"),
        ("got ada%40example.com", "got [e-mail]"),
        ("ada&#64;example.com", "[e-mail]"),
        ("key sk_live_abcdefgh12345678", "key [masked]"),
        ("https://user:pass@host.example/x", "https://[masked]@host.example/x"),
        ("customer: Ada Example", "customer: [masked]"),
        ("session id ac4f.123.1700000000 expired", "session id [masked] expired"),
    ],
)
def test_what_is_somebodys_goes(text: str, shown: str) -> None:
    assert redaction.of_text(text) == shown


def test_a_json_echo_inside_a_message_is_opened() -> None:
    text = 'Could not save {"user": {"first_name": "Ada", "user_id": "7"}, "payment": {"x": "y"}}: try again'

    assert redaction.of_text(text) == (
        'Could not save {"user": {"first_name": "[masked]", "user_id": "7"}, "payment": {"x": "[masked]"}}: try again'
    )


@pytest.mark.parametrize(
    "text",
    ["100045", "00026001", "ORD-2026-000123", "903ecf3e5efc12e49d61bc764e106cf4", "4006381333931", "0070-067-6890"],
)
def test_an_id_stays(text: str) -> None:
    assert redaction.of_id(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.com", "[e-mail]"),
        ("555-867-5309", "[masked]"),
        ("4111111111111111", "[card]"),
        ("a=b&cvv=123", "a=b&cvv=[masked]"),
    ],
)
def test_an_id_that_is_somebodys_goes(text: str, shown: str) -> None:
    assert redaction.of_id(text) == shown
