"""How often and when each class of failure is sent again: the defaults, and what an integration may change of them.

Read leniently where it was stored, strictly where a person writes it: no schedule here can hammer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MOST_SENDS = 20
LONGEST_WAIT = HOUR
LEAST_AFTER_SERVER_ERROR = 60
"""Seconds between a 5xx and the next send: what was refused may still be applied late."""
MOST_TIMES = 8
LAST_TIME = 23 * HOUR
LEAST_WITHIN, MOST_WITHIN = 5 * MINUTE, DAY


class Policy(StrEnum):
    """The class of a failure, which chooses the schedule."""

    LOCKED = "locked"
    LIMITED = "limited"
    PURCHASE = "purchase"
    SAFE = "safe"
    PERSON = "person"


class Growing(msgspec.Struct, frozen=True):
    """Waits that double from ``first`` up to ``cap`` seconds, at most ``most`` sends."""

    first: int
    cap: int
    most: int


class Lasting(msgspec.Struct, frozen=True):
    """Like ``Growing``, and given up when the next would begin later than ``within`` seconds after the failure."""

    first: int
    cap: int
    most: int
    within: int


class Timed(msgspec.Struct, frozen=True):
    """Fixed times in seconds after the first failure, and perhaps once more when 24 hours are over."""

    times: tuple[int, ...]
    after_a_day: bool

    @property
    def most(self) -> int:
        """How many sends that makes."""
        return len(self.times) + self.after_a_day


class Schedules(msgspec.Struct, frozen=True):
    """One schedule for each class of failure that may be sent again without a person (ordergroove-api.md, 5)."""

    locked: Growing = Growing(first=2, cap=60, most=8)
    limited: Growing = Growing(first=5, cap=5 * MINUTE, most=10)
    purchase: Timed = Timed(times=(1 * MINUTE, 3 * MINUTE, 9 * MINUTE), after_a_day=True)
    safe: Lasting = Lasting(first=MINUTE, cap=15 * MINUTE, most=6, within=HOUR)

    @classmethod
    def from_settings(cls, stored: object) -> Schedules:
        """Read what an integration changed. Never raises: a class that cannot be read or would hammer is the default."""
        found: dict[str, Any] = {}
        for name in cls.__struct_fields__:
            part = stored.get(name) if isinstance(stored, Mapping) else None
            if part is not None and not _problems_of(name, part):
                found[name] = _read(name, part)
        return cls(**found)

    @staticmethod
    def problems(wanted: object) -> list[str]:
        """What is wrong with changes in the form that is stored: one sentence each, with field, rule and limit."""
        if not isinstance(wanted, Mapping):
            return ["Retries: give an object with the classes " + ", ".join(Schedules.__struct_fields__) + "."]
        unknown = [f"{_shown(name)}: there is no such class." for name in wanted if not _is_class(name)]
        return unknown + [
            problem for name, part in wanted.items() if _is_class(name) for problem in _problems_of(name, part)
        ]

    def changes(self) -> dict[str, dict[str, object]]:
        """What differs from the defaults, class by class, as it is stored."""
        defaults = Schedules()
        return {
            name: msgspec.json.decode(msgspec.json.encode(getattr(self, name)))
            for name in self.__struct_fields__
            if getattr(self, name) != getattr(defaults, name)
        }


DEFAULTS = Schedules()

# Field: least and most, with the unit in words.
_LIMITS: dict[str, dict[str, tuple[int, int, str]]] = {
    "locked": {
        "first": (1, LONGEST_WAIT, " seconds"),
        "cap": (1, LONGEST_WAIT, " seconds"),
        "most": (0, MOST_SENDS, ""),
    },
    "limited": {
        "first": (1, LONGEST_WAIT, " seconds"),
        "cap": (1, LONGEST_WAIT, " seconds"),
        "most": (0, MOST_SENDS, ""),
    },
    "safe": {
        "first": (LEAST_AFTER_SERVER_ERROR, LONGEST_WAIT, " seconds"),
        "cap": (LEAST_AFTER_SERVER_ERROR, LONGEST_WAIT, " seconds"),
        "most": (0, MOST_SENDS, ""),
        "within": (LEAST_WITHIN, MOST_WITHIN, " seconds (5 minutes to 24 hours)"),
    },
}


def _is_class(name: object) -> bool:
    return isinstance(name, str) and name in Schedules.__struct_fields__


def _shown(name: object) -> str:
    return ascii(str(name))[1:-1][:40]


def _whole(schedule: str, part: Mapping[Any, Any]) -> dict[str, Any]:
    default: dict[str, Any] = msgspec.to_builtins(getattr(DEFAULTS, schedule))
    return default | dict(part)


def _read(schedule: str, part: Mapping[Any, Any]) -> Growing | Lasting | Timed:
    kind: type[Growing | Lasting | Timed] = type(getattr(DEFAULTS, schedule))
    return msgspec.convert(_whole(schedule, part), kind)


def _problems_of(schedule: str, part: object) -> list[str]:
    if not isinstance(part, Mapping):
        return [f"{schedule}: give an object of settings."]
    fields = getattr(DEFAULTS, schedule).__struct_fields__
    unknown = [f"{schedule}.{_shown(name)}: there is no such setting." for name in part if name not in fields]
    if unknown:
        return unknown
    whole = _whole(schedule, part)
    return _timed_problems(schedule, whole) if schedule == "purchase" else _growing_problems(schedule, whole)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _growing_problems(schedule: str, whole: Mapping[str, Any]) -> list[str]:
    found = [
        f"{schedule}.{name}: must be a whole number from {least:,} to {most:,}{unit}."
        for name, (least, most, unit) in _LIMITS[schedule].items()
        if not _is_whole(whole[name]) or not least <= whole[name] <= most
    ]
    if not found and whole["cap"] < whole["first"]:
        found.append(f"{schedule}.cap: must not be less than the first wait, {whole['first']:,} seconds.")
    return found


def _timed_problems(schedule: str, whole: Mapping[str, Any]) -> list[str]:
    found, times = [], whole["times"]
    if not isinstance(whole["after_a_day"], bool):
        found.append(f"{schedule}.after_a_day: must be yes or no.")
    if not isinstance(times, list | tuple) or len(times) > MOST_TIMES:
        return [*found, f"{schedule}.times: give a list of at most {MOST_TIMES} times."]
    if not all(_is_whole(time) and LEAST_AFTER_SERVER_ERROR <= time <= LAST_TIME for time in times):
        limits = f"{LEAST_AFTER_SERVER_ERROR} to {LAST_TIME:,} seconds (1 minute to 23 hours)"
        return [*found, f"{schedule}.times: each must be a whole number from {limits} after the first failure."]
    if any(later - earlier < LEAST_AFTER_SERVER_ERROR for earlier, later in pairwise(times)):
        gap = f"at least {LEAST_AFTER_SERVER_ERROR} seconds"
        found.append(f"{schedule}.times: each must be {gap} later than the one before.")
    return found
