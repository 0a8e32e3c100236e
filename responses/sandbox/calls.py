"""One call of the simulated shop, what it hears, and a story: the calls that follow from each other."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import msgspec

JSON = "application/json"


class Call(msgspec.Struct, frozen=True):
    """One call to make ``after`` seconds. ``role`` is the host; ``target`` is path and query."""

    method: str
    target: str
    role: str = "restapi"
    body: bytes = b""
    content_type: str = JSON
    service: str = "storefront"
    after: float = 0.0
    is_old_key: bool = False


class Heard(msgspec.Struct, frozen=True):
    """What came back: no status code means no answer."""

    status_code: int | None = None
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Any 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def is_passing(self) -> bool:
        """Worth another try of the same request."""
        return self.status_code is None or self.status_code in (423, 429) or self.status_code >= 500

    def data(self) -> dict[str, Any]:
        """The body as an object, an empty one when it is none."""
        try:
            data = json.loads(self.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}


Story = Generator[Call, Heard, None]
