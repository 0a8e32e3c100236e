"""A customer's e-mail address as it is stored: a keyed hash, by which those who know the address find their requests."""

from __future__ import annotations

from responses import sealing

_LONGEST = 254
"""Of an address (RFC 5321): what is longer is none."""


def is_address(text: str) -> bool:
    """Whether a text may be an e-mail address. It is only to be looked for, so little is asked of it."""
    name, at, host = text.strip().rpartition("@")
    return bool(name and at and host) and len(text) <= _LONGEST and not any(letter.isspace() for letter in text.strip())


def email_hash(integration_id: int, address: str) -> str:
    """Return the keyed hash of an address, the same however it is capitalised, another one in every integration.

    ``""`` for what is no address.
    """
    if not is_address(address):
        return ""
    plain = f"{integration_id}\nemail\n{address.strip().lower()}"
    return sealing.keyed_hash(plain.encode("utf-8", "surrogatepass"))
