"""Checks what a person wants of a rule, field by field. Reads no table, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from responses.alerting import matching, wording
from responses.exchanges import Outcome
from responses.models import AlertRule, Channel, Integration

Trigger = AlertRule.Trigger

WEEK_MINUTES = 7 * 24 * 60
LEAST_REMIND_MINUTES = 15
LAST_HOUR = 23
NAME_LENGTH = 120

FIELDS = (
    "trigger",
    "name",
    "integration",
    "environment",
    "endpoint",
    "codes",
    "outcomes",
    "threshold",
    "window_minutes",
    "every_channel",
    "quiet_from",
    "quiet_until",
    "remind_minutes",
    "tells_end",
)
"""What a person may set of a rule, besides its channels."""


class Bounds(NamedTuple):
    """The least and the most of a number that a trigger needs."""

    least: int
    most: int


THRESHOLDS: dict[str, Bounds] = {
    Trigger.GROWTH: Bounds(2, 1_000),
    Trigger.REPEATED: Bounds(2, 1_000),
    Trigger.MANY: Bounds(2, 100_000),
    Trigger.AUTH: Bounds(1, 100_000),
    Trigger.DIGEST: Bounds(0, LAST_HOUR),
}
"""The triggers that count, and how far; of the digest it is the hour of the day."""
WINDOWS: dict[str, Bounds] = {
    Trigger.GROWTH: Bounds(60, WEEK_MINUTES),
    Trigger.LASTING: Bounds(1, WEEK_MINUTES),
    Trigger.EXHAUSTED: Bounds(1, WEEK_MINUTES),
    Trigger.REPEATED: Bounds(1, WEEK_MINUTES),
    Trigger.MANY: Bounds(1, WEEK_MINUTES),
    Trigger.AUTH: Bounds(1, WEEK_MINUTES),
    Trigger.UNKNOWN: Bounds(1, WEEK_MINUTES),
    Trigger.EXPIRING: Bounds(5, 24 * 60),
    Trigger.EXPIRED: Bounds(1, WEEK_MINUTES),
    Trigger.SILENCE: Bounds(15, 24 * 60),
    Trigger.MONITOR: Bounds(1, 24 * 60),
}
"""The triggers that look at a length of time, in minutes."""


class RuleError(ValueError):
    """A value that a rule must not have: ``field`` is its name, the words are for the person who typed it."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all of ``FIELDS`` as they are kept; ``RuleError`` says which one is wrong and why."""
    usual = AlertRule()
    wanted = {name: values.get(name, getattr(usual, name)) for name in FIELDS}
    if wanted["trigger"] not in Trigger.values:
        raise RuleError("trigger", "Choose what the rule looks for.")
    trigger = Trigger(wanted["trigger"])
    wanted["name"] = wording.clean(wanted["name"], NAME_LENGTH)
    wanted["endpoint"] = wording.clean(wanted["endpoint"], NAME_LENGTH)
    wanted["codes"] = _codes(wanted["codes"])
    wanted["threshold"] = _number(wanted, "threshold", THRESHOLDS.get(trigger))
    wanted["window_minutes"] = _number(wanted, "window_minutes", WINDOWS.get(trigger))
    _check_where(wanted, trigger)
    _check_when(wanted)
    return wanted


def checked_channels(values: Mapping[str, Any]) -> list[Channel]:
    """Return the channels chosen; ``RuleError`` where a rule would tell nobody, or somebody it must not."""
    if values.get("every_channel", True):
        return []
    chosen: list[Channel] = list(values.get("channels", ()))
    if not chosen:
        raise RuleError("channels", "Choose at least one channel, or every channel.")
    integration = values.get("integration")
    for channel in chosen:
        if channel.removed_at is not None:
            raise RuleError("channels", f"“{channel.name}” was removed. Choose another channel.")
        if integration is not None and channel.integration_id not in (None, integration.pk):
            raise RuleError("channels", f"“{channel.name}” hears about another integration. Choose another channel.")
    return chosen


def _codes(text: str) -> str:
    try:
        return _short("codes", ", ".join(matching.codes_of(text)))
    except RuleError:
        raise
    except ValueError as error:
        raise RuleError("codes", str(error)) from None


def _short(field: str, text: str) -> str:
    if len(text) > NAME_LENGTH:
        raise RuleError(field, f"This is too long: at most {NAME_LENGTH} characters.")
    return text


def _number(wanted: Mapping[str, Any], field: str, bounds: Bounds | None) -> int | None:
    """The number where the trigger needs one, else none: what it does not need is not kept."""
    if bounds is None:
        return None
    number = wanted[field]
    if not isinstance(number, int) or isinstance(number, bool) or not bounds.least <= number <= bounds.most:
        raise RuleError(field, f"Give a whole number from {bounds.least:,} to {bounds.most:,}.")
    return number


def _check_where(wanted: Mapping[str, Any], trigger: Trigger) -> None:
    if wanted["environment"] not in ("", *Integration.Environment.values):
        raise RuleError("environment", "Choose production, staging or both.")
    words = [outcome.word for outcome in Outcome if outcome.is_failure]
    if not isinstance(wanted["outcomes"], list) or not set(wanted["outcomes"]) <= set(words):
        raise RuleError("outcomes", f"Choose from {', '.join(words)}.")
    if trigger is Trigger.MONITOR and (wanted["integration"] is not None or wanted["environment"]):
        raise RuleError("integration", "The monitor itself belongs to no integration: choose every integration.")


def _check_when(wanted: Mapping[str, Any]) -> None:
    begins, ends = wanted["quiet_from"], wanted["quiet_until"]
    if (begins is None) != (ends is None):
        raise RuleError("quiet_until" if ends is None else "quiet_from", "Quiet hours need a beginning and an end.")
    if begins is not None and begins == ends:
        raise RuleError("quiet_until", "Quiet hours must end at another time than they begin.")
    remind = wanted["remind_minutes"]
    if remind is None:
        return
    if not isinstance(remind, int) or isinstance(remind, bool) or not LEAST_REMIND_MINUTES <= remind <= WEEK_MINUTES:
        raise RuleError(
            "remind_minutes", f"Give a whole number of minutes from {LEAST_REMIND_MINUTES} to {WEEK_MINUTES:,}."
        )
