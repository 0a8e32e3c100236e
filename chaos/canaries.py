"""Planted secrets, and the search for them in everything that a run leaves behind.

None of them may be found in clear outside the process that holds it: not in the database, logs, broker, or messages.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

CANARIES: Mapping[str, str] = {
    "api key of the integration": "chaosApiKey7f3a91c2d4e5",
    "api key of the caller": "callerKeyCanary55aa66bb77",
    "signature": "c2lnbmF0dXJlQ2FuYXJ5OTk4ODc3NjY1NTQ0",
    "payment token": "tokCanary81726354918273",
    "e-mail": "canary.person.4711@example.org",
    "card number": "4929318437812096",
    "cvv field": "cvvCanary9031",
    "mail password": "smtpCanaryPassword8822",
}
_PIECE = 8 * 1024 * 1024


def spellings(secret: str) -> tuple[bytes, ...]:
    """The ways in which a secret may be written down."""
    plain = secret.encode()
    forms = (plain, quote(secret, safe="").encode(), base64.b64encode(plain).rstrip(b"="), plain.hex().encode())
    return tuple(dict.fromkeys(forms))


def found_in(folders: list[Path]) -> list[str]:
    """Search every file below ``folders``; one sentence for each canary and file that holds it."""
    return [sentence for folder in folders for path in sorted(folder.rglob("*")) for sentence in _found_in_file(path)]


def _found_in_file(path: Path) -> Iterator[str]:
    if not path.is_file() or path.is_symlink():
        return
    wanted = {name: spellings(secret) for name, secret in CANARIES.items()}
    overlap = max(len(form) for forms in wanted.values() for form in forms)
    found: set[str] = set()
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            window = tail + piece
            found |= {name for name, forms in wanted.items() if any(form in window for form in forms)}
            tail = window[-overlap:]
    for name in sorted(found):
        yield f"{name} in {path}"
