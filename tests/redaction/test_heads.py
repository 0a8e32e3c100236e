"""Targets and header fields keep what tells requests apart, and lose credentials and people."""

from __future__ import annotations

import pytest

from responses import redaction
from responses.exchanges import Request


@pytest.mark.parametrize(
    "url",
    [
        "https://restapi.ordergroove.com/subscriptions/903ecf3e5efc12e49d61bc764e106cf4/cancel/",
        "https://restapi.ordergroove.com/subscriptions/?customer=00026001&page_size=100&status=1",
        "https://restapi.ordergroove.com/customers/00026001/",
        "https://restapi.ordergroove.com/addresses/903ecf3e5efc12e49d61bc764e106cf4/use_for_all/",
        "https://restapi.ordergroove.com/payments/903ecf3e5efc12e49d61bc764e106cf4/",
        "https://restapi.ordergroove.com/products/4006381333931/",
        "https://sc.ordergroove.com/subscription/59f215d4b3ade33e68c8ae9b/response",
        "https://restapi.ordergroove.com/items/?created_start=2026-11-22T12%3A00%3A00&ordering=-created",
        "",
        "not a url",
    ],
)
def test_a_target_that_holds_only_ids_stays(url: str) -> None:
    assert redaction.of_url(url) == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/x?sig=abc%3D&ts=12", "https://h/x?sig=[masked]&ts=12"),
        ("https://h/x?%73ig=abc", "https://h/x?%73ig=[masked]"),
        ("https://h/x?user%5Bemail%5D=a%40b.c", "https://h/x?user%5Bemail%5D=[masked]"),
        ("https://h/x?q=ada%40example.com", "https://h/x?q=[e-mail]"),
        ("https://h/x?q=ada%2540example.com", "https://h/x?q=[e-mail]"),
        ("https://h/x?one_click_token=abc#token=def", "https://h/x?one_click_token=[masked]#token=[masked]"),
        ("https://user:pass@h/x", "https://[masked]@h/x"),
        ("https://h/customers/ada%40example.com/", "https://h/customers/[e-mail]/"),
        ("https://h/cards/4111111111111111/", "https://h/cards/[card]/"),
        ("https://h/token/abcdef/", "https://h/token/[masked]/"),
        ("https://h/x;jsessionid=abc?y=1", "https://h/x;jsessionid=[masked]?y=1"),
        ("/x?a=1;sig=b", "/x?a=1;sig=[masked]"),
    ],
)
def test_a_target_loses_what_is_secret(url: str, shown: str) -> None:
    assert redaction.of_url(url) == shown


def test_credentials_and_addresses_go_from_header_fields() -> None:
    fields = {
        "authorization": '{"public_id": "x", "sig": "y"}',
        "x-api-key": "abc",
        "cookie": "a=b",
        "set-cookie": "session=1",
        "ordergroove-signature": "ts=1,sig=2",
        "x-forwarded-for": "203.0.113.9",
        "x-auth-token": "t",
        "x-customer-email": "ada@example.com",
    }

    assert set(redaction.of_headers(fields).values()) == {"[masked]"}


def test_other_header_fields_stay() -> None:
    fields = {
        "content-type": "application/json; charset=utf-8",
        "content-length": "1234",
        "date": "Sun, 22 Nov 2026 12:00:00 GMT",
        "server": "nginx/1.25.3",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36",
        "retry-after": "120",
        "etag": 'W/"5e8c-17a2b3c4d5e"',
        "accept": "application/json, text/plain, */*",
        "x-request-id": "0ff0f88a-ccc5-11e8-b6c0-bc764e106cf4",
        "x-og-api-version": "2",
        "vary": "Cookie, Authorization",
        "www-authenticate": "Bearer",
        "idempotency-key": "0ff0f88a-ccc5-11e8-b6c0-bc764e106cf4",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
    }

    assert redaction.of_headers(fields) == fields
    assert redaction.of_headers(fields) == fields


def test_urls_and_texts_in_header_fields_are_judged() -> None:
    shown = redaction.of_headers(
        {"location": "/x?sig=1", "x-debug": "card 4111111111111111", "referer": "https://h/?email=a@b.c"}
    )

    assert shown == {"location": "/x?sig=[masked]", "x-debug": "card [card]", "referer": "https://h/?email=[masked]"}


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "https://h/x?pan=4111111111111111"),
        Request("GET", "https://h/4111111111111111/"),
        Request("GET", "https://h/x?cvv=123"),
        Request("GET", "https://h/", {"x-card": "4111 1111 1111 1111"}),
        Request("POST", "https://h/", {}, b"cvv=123"),
    ],
)
def test_a_card_number_anywhere_in_a_request_is_noticed(request_: Request) -> None:
    assert redaction.of_request(request_).has_clear_card
