"""What our own calls got in the last minute, kept on a gate in slots of five seconds. Pure: touches no table.

A slot is a list: its number since 1970, good answers, bad ones, and how many of each are also in the minute counts.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

SLOT_SECONDS = 5
SLOTS = 12


class Sum(msgspec.Struct, frozen=True):
    """The answers of one minute. What is ``counted`` stands in the minute counts as well: only sends do."""

    good: int = 0
    bad: int = 0
    counted_good: int = 0
    counted_bad: int = 0

    @property
    def answers(self) -> int:
        """All of them."""
        return self.good + self.bad


def added(slots: list[list[int]], *, is_good: bool, is_counted: bool, now: datetime) -> list[list[int]]:
    """Return the slots with one more answer, without those that have left the minute."""
    number = _number(now)
    kept = [list(slot) for slot in _young(slots, number)]
    mine = next((slot for slot in kept if slot[0] == number), None)
    if mine is None:
        mine = [number, 0, 0, 0, 0]
        kept.append(mine)
    mine[1 if is_good else 2] += 1
    if is_counted:
        mine[3 if is_good else 4] += 1
    return kept


def of(slots: list[list[int]], now: datetime) -> Sum:
    """Add up the last minute."""
    young = _young(slots, _number(now))
    return Sum(*(sum(slot[place] for slot in young) for place in range(1, 5)))


def _number(now: datetime) -> int:
    return int(now.timestamp()) // SLOT_SECONDS


def _young(slots: list[list[int]], number: int) -> list[list[int]]:
    # A slot that lies ahead was written by a clock that has since been put right.
    return [slot for slot in slots if number - SLOTS < slot[0] <= number + 1]
