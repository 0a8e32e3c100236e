"""The values that travel between the stages: one HTTP exchange, and what it means.

Nothing here is stored as such, and nothing here knows Django. All values are immutable.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

import msgspec


class Outcome(IntEnum):
    """What a response means, from its code and its content. The numbers are stored: never renumber."""

    SUCCESS = 1
    ACCEPTED = 2
    PARTIAL = 3
    NEEDS_FIX = 4
    TRANSIENT = 5
    NO_ANSWER = 6

    @property
    def is_failure(self) -> bool:
        """Whether it opens a FailedRequest and counts for an Issue."""
        return self >= Outcome.PARTIAL

    @property
    def word(self) -> str:
        """The name used in the API and in URLs, for example ``needs_fix``."""
        return self.name.lower()


class ItemState(IntEnum):
    """What became of one subscription or product. The numbers are stored: never renumber."""

    CREATED = 1
    FAILED = 2
    UNKNOWN = 3

    @property
    def word(self) -> str:
        """The name used in the API and on pages, for example ``created``."""
        return self.name.lower()


class Origin(IntEnum):
    """Where a response came from. The numbers are stored: never renumber."""

    CALLER = 1
    GATEWAY = 2
    IMPORT = 3
    RETRY = 4
    RESUBMISSION = 5
    POLL = 6
    LOOKUP = 7

    @property
    def is_own_question(self) -> bool:
        """Polls and look-ups are recorded, but open no FailedRequest or Issue and count in no rate."""
        return self >= Origin.POLL

    @property
    def word(self) -> str:
        """The name used in the API and on pages, for example ``caller``."""
        return self.name.lower()


class FailureKind(StrEnum):
    """Why there was no answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    DNS = "dns"
    PROTOCOL = "protocol"


class RetryBy(StrEnum):
    """Who sends a failed request again."""

    MONITOR = "monitor"
    CALLER = "caller"
    NEVER = "never"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request (RFC 9110). ``headers`` has lower-case names; ``body`` is the exact bytes."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """The HTTP response to a request. ``headers`` has lower-case names; ``body`` is the exact bytes."""

    status_code: int
    headers: dict[str, str] = {}
    body: bytes = b""


class Failure(msgspec.Struct, frozen=True):
    """The failure that came instead of a response."""

    kind: FailureKind
    message: str = ""
    has_left: bool | None = None
    """Whether a byte of the request may have left: known of what we sent ourselves, ``None`` of what callers report."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request and the response, or the failure that came instead: exactly one of the two."""

    request: Request
    response: Answer | None = None
    failure: Failure | None = None
    sent_at: datetime | None = None
    """When the request was sent, as the caller said (aware, UTC); ``None`` when it did not say."""
    duration_ms: int | None = None
    caller_id: str = ""
    """The caller's own id of this exchange: a second one with the same id is recorded once."""
    request_id: str = ""
    """The caller's own name for the request, the same for each try of it."""
    retry: RetryBy | None = None
    tags: dict[str, str] = {}
    redacted: bool = False
    """The caller has already removed data: what we hold can never be sent again."""
    origin: Origin = Origin.CALLER

    @property
    def status_code(self) -> int | None:
        """The status code, or ``None`` when there was no answer."""
        return self.response.status_code if self.response is not None else None


class Problem(msgspec.Struct, frozen=True):
    """One complaint in a response: the field that it names (dotted, ``""`` when none) and its words."""

    field: str
    message: str


class Item(msgspec.Struct, frozen=True):
    """One subscription or product in a response that holds several."""

    product: str
    """The merchant's product id, ``""`` when the answer does not say."""
    state: ItemState
    subscription_id: str = ""
    problems: tuple[Problem, ...] = ()
    status_code: int | None = None
    """The item's own status code, where the endpoint gives one (bulk products)."""


class Meaning(msgspec.Struct, frozen=True):
    """What one exchange means: the outcome, the items, and the complaints that belong to no item."""

    outcome: Outcome
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    subs_req_id: str = ""
    """Of an accepted Purchase POST: the id under which its result is asked for."""

    def count(self, state: ItemState) -> int:
        """How many items ended in ``state``."""
        return sum(1 for item in self.items if item.state is state)
