from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from responses import sealing
from responses.models import Integration
from responses.sending import credentials

AT = datetime.fromtimestamp(1_595_433_856, UTC)
HASH_KEY = "Mt!ZQ45q&GHsgiRD8{NB-_h87#rjvbn0"


def test_a_key_is_sealed_and_opened_again() -> None:
    shop = Integration(slug="shop", merchant_id="m1")
    credentials.keep_api_key(shop, "key-of-the-shop-0042")
    credentials.keep_hash_key(shop, HASH_KEY)
    assert shop.api_key_sealed is not None
    assert b"key-of-the-shop" not in bytes(shop.api_key_sealed)
    assert (shop.api_key_last4, shop.hash_key_last4) == ("0042", "vbn0")
    account = credentials.account_of(shop)
    assert (account.api_key, account.hash_key) == ("key-of-the-shop-0042", HASH_KEY)
    assert account.base_urls["sc"] == "https://sc.ordergroove.com"


def test_an_account_shows_no_key() -> None:
    account = credentials.Account({}, "m1", "the-api-key", "the-hash-key")
    assert "the-api-key" not in repr(account)
    assert "the-hash-key" not in str(account)


def test_nothing_of_a_short_key_is_shown() -> None:
    shop = Integration(slug="shop")
    credentials.keep_api_key(shop, "short-key")
    assert shop.api_key_last4 == ""


def test_the_api_key_signs_where_there_is_one() -> None:
    account = credentials.Account({}, "m1", "the-api-key", HASH_KEY)
    assert account.headers(customer_id="698008", now=AT) == {"x-api-key": "the-api-key"}
    assert account.can_sign("")


def test_the_hash_key_signs_for_a_customer_and_an_instant() -> None:
    account = credentials.Account({}, "m1", hash_key=HASH_KEY)
    signed = json.loads(account.headers(customer_id="698008", now=AT)["authorization"])
    assert signed == {
        "public_id": "m1",
        "ts": 1_595_433_856,
        "sig_field": "698008",
        "sig": "Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo=",
    }
    assert account.can_sign("698008")
    assert not account.can_sign("")


def test_a_key_whose_seal_key_has_gone_cannot_be_opened() -> None:
    shop = Integration(slug="shop", api_key_sealed=b"not a token of ours")
    with pytest.raises(sealing.SealError):
        credentials.account_of(shop)


@pytest.mark.parametrize("key", ["", " k3y", "k3y\n", "a\r\nx-admin: 1", "schlüssel", "k" * 600])
def test_what_cannot_be_a_key_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(ValueError) as raised:
        credentials.keep_api_key(Integration(slug="shop"), key)
    assert not key or key not in str(raised.value)
