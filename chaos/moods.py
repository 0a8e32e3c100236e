"""How the messengers answer each message: drawn from the seed, so that a run can be repeated. Pure.

The n-th message that comes to a channel meets its n-th mood.
"""

from __future__ import annotations

import random
from enum import StrEnum

HANG_SECONDS = 6.0
"""Longer than any channel of a run waits."""


class Mood(StrEnum):
    """What becomes of one message."""

    TAKE = "take"
    SLOW_DOWN = "slow-down"
    ERROR = "error"
    REFUSE = "refuse"
    """For good: it is not to be sent again."""
    HANG = "hang"
    DROP = "drop"
    TAKE_AND_HANG = "take-and-hang"
    """Accepted, but nobody hears of it: it has to come again, with the same id."""
    TAKE_AND_DROP = "take-and-drop"

    @property
    def takes(self) -> bool:
        """Whether the message is accepted."""
        return self in (Mood.TAKE, Mood.TAKE_AND_HANG, Mood.TAKE_AND_DROP)


_WEIGHTS = {
    Mood.TAKE: 82,
    Mood.SLOW_DOWN: 5,
    Mood.ERROR: 4,
    Mood.REFUSE: 2,
    Mood.HANG: 1.5,
    Mood.DROP: 2.5,
    Mood.TAKE_AND_HANG: 1,
    Mood.TAKE_AND_DROP: 2,
}
SLACK = {
    Mood.SLOW_DOWN: ((429, "rate_limited"),),
    Mood.ERROR: ((500, "server_error"), (502, ""), (503, "service_unavailable")),
    Mood.REFUSE: (
        (400, "no_text"),
        (403, "action_prohibited"),
        (404, "channel_not_found"),
        (410, "channel_is_archived"),
    ),
}
"""Status code and body of each answer that is no acceptance."""
MAIL = {
    Mood.SLOW_DOWN: ("421 4.7.0 Too many messages, slow down", "450 4.2.1 Too many messages to this mailbox"),
    Mood.ERROR: ("451 4.3.0 Local error in processing", "452 4.2.2 Out of storage"),
    Mood.REFUSE: ("550 5.7.1 Refused by policy", "554 5.6.0 Content rejected"),
}


def draw(seed: int, channel: str, number: int) -> Mood:
    """Return what the ``number``-th message to ``channel`` meets."""
    dice = random.Random(f"{seed} {channel} {number}")
    return dice.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
