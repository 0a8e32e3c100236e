"""The times of a run, and how the product's constants get them before anything uses them.

What production promises of its numbers (reliability.md, 3) holds of these as well: ``broken_relations`` says which not.
"""

from __future__ import annotations

import msgspec

from chaos import load, moods, truth, upstream, wires

SEND_SECONDS = 1.5
SOFT_LIMIT_SECONDS = 7
HARD_LIMIT_SECONDS = 8
LEASE_SECONDS = 9.0
FREEZE_SECONDS = 3 * LEASE_SECONDS + 1
SETTLE_SECONDS = 22.0
STALL_SECONDS = 1.0
AFTER_5XX_SECONDS = 4
CHANNEL_SECONDS = 4.0
LOOK_UP_SECONDS = (2.0, 6.0)
PROBE_SECONDS = 2.0
DRAIN_SECONDS = 240.0
"""How long after the last fault everything may take to settle, on a busy machine; on an idle one it is a third."""

POLICIES = {
    "locked": {"first": 1, "cap": 4, "most": 8},
    "limited": {"first": 1, "cap": 5, "most": 10},
    "purchase": {"times": [4, 10, 18], "after_a_day": True},
    "safe": {"first": 4, "cap": 10, "most": 6, "within": 300},
}
"""What the integration is told: the shape of the defaults, fifteen times faster."""
FOLLOW_SCHEDULE = [1, 2, 4, 7, 10]


class Numbers(msgspec.Struct, frozen=True):
    """What must fit together, in seconds."""

    caller: float = load.CALL_SECONDS
    late: float = upstream.LATE_SECONDS
    hang: float = wires.HANG_SECONDS
    pending: float = truth.PENDING_SECONDS
    send: float = SEND_SECONDS
    hard_limit: float = HARD_LIMIT_SECONDS
    lease: float = LEASE_SECONDS
    settle: float = SETTLE_SECONDS
    stall: float = STALL_SECONDS
    freeze: float = FREEZE_SECONDS
    after_5xx: float = AFTER_5XX_SECONDS
    channel: float = CHANNEL_SECONDS
    channel_hang: float = moods.HANG_SECONDS


def broken_relations(numbers: Numbers) -> list[str]:
    """Which promises about the numbers do not hold; none of a run that proves anything."""
    demanded = {
        "request deadline < hard limit": numbers.send < numbers.hard_limit,
        "hard limit < lease": numbers.hard_limit < numbers.lease,
        "settle > client timeout + late processing": numbers.settle > numbers.send + numbers.hang + numbers.late,
        "settle > the caller's timeout + late processing": numbers.settle
        > numbers.caller + numbers.hang + numbers.late,
        "first resend after 5xx > late processing": numbers.after_5xx > numbers.late + numbers.pending,
        "a channel's deadline < hard limit": numbers.channel < numbers.hard_limit,
        "a channel that hangs is left": numbers.channel < numbers.channel_hang,
        "stall < lease": numbers.stall < numbers.lease,
        "a frozen worker wakes before lease + settle": numbers.freeze < numbers.lease + numbers.settle,
        "a worker is frozen for three leases": numbers.freeze >= 3 * numbers.lease,
    }
    return [name for name, holds in demanded.items() if not holds]
