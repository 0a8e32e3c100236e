"""How the upstream behaves towards each order: drawn from the seed, so that a run can be repeated. Pure.

The n-th request for an order meets the n-th behaviour of its plan; when the plan is used up, everything goes well.
"""

from __future__ import annotations

import json
import random
from enum import StrEnum

import msgspec


class Manner(StrEnum):
    """How an answer reaches the wire."""

    PLAIN = "plain"
    HANG = "hang"
    """Nothing at all, until the caller leaves."""
    HANG_IN_HEAD = "hang-in-head"
    HANG_IN_BODY = "hang-in-body"
    DRIP = "drip"
    """A byte now and then, for longer than anybody waits."""
    CLOSE = "close"
    RESET = "reset"
    CUT = "cut"
    """The body ends before its stated length."""
    LONGER = "longer"
    """The body is longer than its stated length."""
    GARBAGE = "garbage"
    BOMB = "bomb"
    BIG = "big"


class Behaviour(msgspec.Struct, frozen=True):
    """What happens to one request."""

    name: str
    status_code: int = 200
    manner: Manner = Manner.PLAIN
    applies: bool = False
    is_late: bool = False
    """Carried out only after the answer, or the lack of one."""
    retry_after: str = ""
    body: str = ""

    @property
    def is_read_as_5xx(self) -> bool:
        """Whether the caller reads a 5xx although the request took effect: the order's guard is on from here."""
        return self.applies and self.manner in (Manner.PLAIN, Manner.LONGER) and self.status_code >= 500


GOOD = Behaviour("good", applies=True)
REFUSED_FOR_A_CAUSE = "X"
"""What the name of an order begins with that is refused, for a cause of its own."""


def _bad(name: str, status_code: int = 503, manner: Manner = Manner.PLAIN, **fields: object) -> Behaviour:
    return Behaviour(name, status_code, manner, **fields)  # type: ignore[arg-type]


REFUSED = tuple(_bad(f"code-{code}", code) for code in (500, 502, 503, 504, 520, 599))
SILENT = (
    _bad("hang", manner=Manner.HANG),
    _bad("hang-in-head", manner=Manner.HANG_IN_HEAD),
    _bad("hang-in-body", 200, Manner.HANG_IN_BODY),
    _bad("drip", 200, Manner.DRIP),
    _bad("close", manner=Manner.CLOSE),
    _bad("reset", manner=Manner.RESET),
    _bad("cut", 200, Manner.CUT),
    _bad("garbage", manner=Manner.GARBAGE),
    _bad("bomb", 500, Manner.BOMB),
    _bad("big", 500, Manner.BIG),
)
APPLIED_UNSEEN = (
    _bad("apply-hang", 200, Manner.HANG, applies=True),
    _bad("apply-hang-in-body", 200, Manner.HANG_IN_BODY, applies=True),
    _bad("apply-reset", 200, Manner.RESET, applies=True),
    _bad("apply-close", 200, Manner.CLOSE, applies=True),
    _bad("apply-cut", 200, Manner.CUT, applies=True),
    _bad("apply-garbage", 200, Manner.GARBAGE, applies=True),
    _bad("late-hang", 200, Manner.HANG, applies=True, is_late=True),
    _bad("late-reset", 200, Manner.RESET, applies=True, is_late=True),
)
APPLIED_5XX = (
    _bad("apply-500", 500, applies=True),
    _bad("apply-503", 503, applies=True),
    _bad("late-502", 502, applies=True, is_late=True),
)
LOCKED = (_bad("code-423", 423),)
LIMITED = (
    _bad("429-seconds", 429, retry_after="1"),
    _bad("429-nonsense", 429, retry_after="soon"),
    _bad("429-negative", 429, retry_after="-5"),
    _bad("429-fraction", 429, retry_after="1.5"),
    _bad("429-date", 429, retry_after="date"),
    _bad("429-past", 429, retry_after="past"),
    _bad("503-retry-after", 503, retry_after="1"),
)
FINAL = (
    _bad("code-302", 302),
    _bad("code-307", 307),
    _bad("code-400", 400),
    _bad("code-403", 403),
    _bad("code-404", 404),
    _bad("code-418", 418),
    _bad("good-longer", 200, Manner.LONGER, applies=True),
)
ALL = (GOOD, *REFUSED, *SILENT, *APPLIED_UNSEEN, *APPLIED_5XX, *LOCKED, *LIMITED, *FINAL)

_PURCHASE = (
    (REFUSED, 34),
    (APPLIED_UNSEEN, 22),
    (SILENT, 16),
    (APPLIED_5XX, 14),
    (LOCKED, 8),
    (LIMITED, 3),
    (FINAL, 3),
)
# A setter that took effect and answered 5xx is repeated by policy: it ends in the same state.
_SETTER = ((REFUSED, 45), (LOCKED, 30), (SILENT, 12), (APPLIED_UNSEEN, 8), (LIMITED, 3), (FINAL, 2))


def cause_of(order: str) -> str:
    """The word that only the answers to this order hold. In letters: numbers make no new cause."""
    return order.removeprefix(REFUSED_FOR_A_CAUSE).translate(str.maketrans("0123456789", "abcdefghij"))


def plan(seed: int, order: str, *, is_purchase: bool) -> tuple[Behaviour, ...]:
    """Return what the first requests for ``order`` meet: the caller's own first, then up to three of the monitor's."""
    if order.startswith(REFUSED_FOR_A_CAUSE):
        return (Behaviour("cause", 400, body=json.dumps({"error_message": f"Something {cause_of(order)} is wrong"})),)
    dice = random.Random(f"{seed} {order}")
    tables = _PURCHASE if is_purchase else _SETTER
    count = dice.choices((1, 2, 3, 4), (55, 28, 12, 5))[0]
    kinds = dice.choices([kind for kind, _ in tables], [weight for _, weight in tables], k=count)
    # What the monitor never sends again by itself can only come last, and is no way for a caller's call to begin.
    drawn = [dice.choice(kind if kind is not FINAL or number else REFUSED) for number, kind in enumerate(kinds)]
    return tuple(drawn)


def of(seed: int, order: str, number: int, *, is_purchase: bool) -> Behaviour:
    """Return what the ``number``-th request for ``order`` meets; the first is 0."""
    planned = plan(seed, order, is_purchase=is_purchase)
    return planned[number] if number < len(planned) else GOOD
