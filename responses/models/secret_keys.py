"""The keys that we give out: ``<kind>_<prefix>_<secret>``. The prefix finds the row, of the secret only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_PREFIX_LENGTH, _SECRET_BYTES = 12, 32


def make(kind: str) -> tuple[str, str, str]:
    """Return a new prefix, its 256-bit secret, and the whole key as it is shown once."""
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(_PREFIX_LENGTH))
    secret = secrets.token_hex(_SECRET_BYTES)
    return prefix, secret, f"{kind}_{prefix}_{secret}"


def parts(text: str, kind: str) -> tuple[str, str] | None:
    """Split a presented key into prefix and secret; ``None`` when it does not look like one of this kind."""
    pieces = text.split("_")
    if len(pieces) != 3 or pieces[0] != kind:
        return None
    if len(pieces[1]) != _PREFIX_LENGTH or len(pieces[2]) != 2 * _SECRET_BYTES:
        return None
    if not all(piece.isascii() and piece.isalnum() for piece in pieces[1:]):
        return None
    return pieces[1], pieces[2]


def digest(secret: str) -> str:
    """Return the hash under which a secret is stored. Plain SHA-256: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(stored: str, secret: str) -> bool:
    """Whether ``secret`` is the one with this hash, compared in constant time."""
    return hmac.compare_digest(stored, digest(secret))
