"""The two ways of signing a request."""

from __future__ import annotations

import json

from responses.ordergroove import signing

SAMPLE_KEY = "Mt!ZQ45q&GHsgiRD8{NB-_h87#rjvbn0"


def test_the_documented_sample_gives_the_documented_signature() -> None:
    made = signing.signature(SAMPLE_KEY, customer_id="698008", ts=1595433856)
    assert made == "Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo="


def test_the_authorization_field_is_json_signed_for_one_customer() -> None:
    headers = signing.hmac_headers(SAMPLE_KEY, merchant_id="ac4f", customer_id="698008", ts=1595433856)
    assert list(headers) == ["authorization"]
    assert json.loads(headers["authorization"]) == {
        "public_id": "ac4f",
        "ts": 1595433856,
        "sig_field": "698008",
        "sig": "Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo=",
    }


def test_a_customer_id_beyond_ascii_can_be_signed() -> None:
    assert signing.signature("ключ", customer_id="Zoë", ts=1) != signing.signature("ключ", customer_id="Zoe", ts=1)


def test_the_current_scheme_is_one_header_field() -> None:
    assert signing.api_key_headers("k1") == {"x-api-key": "k1"}
