"""The two ways of signing a request to Ordergroove. It builds header fields, and never stores or logs a key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

SIGNATURE_LIFETIME_SECONDS = 2 * 60 * 60
"""Ordergroove accepts an HMAC signature for two hours, so a request sent later is signed anew."""


def signature(hash_key: str, *, customer_id: str, ts: int) -> str:
    """Return base64 of HMAC-SHA256 over ``<customer id>|<epoch seconds>``."""
    message = f"{customer_id}|{ts}".encode()
    return base64.b64encode(hmac.digest(hash_key.encode(), message, hashlib.sha256)).decode("ascii")


def authorization(hash_key: str, *, merchant_id: str, customer_id: str, ts: int) -> str:
    """Return the value of the ``Authorization`` field of the storefront scheme: JSON, signed for one customer."""
    return json.dumps(
        {
            "public_id": merchant_id,
            "ts": ts,
            "sig_field": customer_id,
            "sig": signature(hash_key, customer_id=customer_id, ts=ts),
        },
        separators=(",", ":"),
    )


def api_key_headers(api_key: str) -> dict[str, str]:
    """Return the header field of the current scheme."""
    return {"x-api-key": api_key}


def hmac_headers(hash_key: str, *, merchant_id: str, customer_id: str, ts: int) -> dict[str, str]:
    """Return the header field of the older, storefront scheme."""
    return {"authorization": authorization(hash_key, merchant_id=merchant_id, customer_id=customer_id, ts=ts)}
