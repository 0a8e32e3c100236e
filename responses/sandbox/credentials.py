"""Whether a request may pass: the API key, or the HMAC that is valid for two hours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime

from responses.sandbox.messages import Received
from responses.sandbox.world import Modes

VALID_SECONDS = 7_200
_READS = ("GET", "HEAD", "OPTIONS")


def name_of(received: Received) -> str:
    """Which credential was sent, for the ledger."""
    key = received.headers.get("x-api-key")
    if key:
        return f"x-api-key {key}"
    signed = _signed(received.headers.get("authorization", ""))
    return f"hmac {signed.get('public_id', '')}" if signed else ""


def refuse(modes: Modes, received: Received, now: datetime) -> int | None:
    """401 or 403, or ``None`` when the request may pass."""
    if modes.credentials == "open":
        return None
    key, header = received.headers.get("x-api-key"), received.headers.get("authorization")
    if key is not None:
        if key in modes.readonly_keys:
            return None if received.method in _READS else 403
        return None if key in modes.api_keys else 401
    if header is not None:
        return None if _is_signed_well(modes, header, now) else 401
    return 401 if modes.credentials == "required" else None


def sign(hash_key: str, sig_field: str, ts: int) -> str:
    """The documented signature: HMAC-SHA256 of ``<sig_field>|<ts>``, in base64."""
    digest = hmac.new(hash_key.encode(), f"{sig_field}|{ts}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _signed(header: str) -> dict[str, object]:
    try:
        data = json.loads(header)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _is_signed_well(modes: Modes, header: str, now: datetime) -> bool:
    data = _signed(header)
    ts, sig_field, sig = data.get("ts"), data.get("sig_field"), data.get("sig")
    if isinstance(ts, str) and ts.isascii() and ts.isdigit() and len(ts) < 12:
        ts = int(ts)
    if not isinstance(ts, int) or not isinstance(sig, str) or not data.get("public_id"):
        return False
    if abs(now.timestamp() - ts) > VALID_SECONDS:
        return False
    return any(hmac.compare_digest(sign(key, str(sig_field), ts).encode(), sig.encode()) for key in modes.hash_keys)
