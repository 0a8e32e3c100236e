"""Gives the product's constants the times of ``numbers``: those of pure modules before Django starts, the rest after."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chaos import numbers


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


PURE: dict[str, dict[str, Any]] = {
    "responses.ordergroove.schedules": {"LEAST_AFTER_SERVER_ERROR": numbers.AFTER_5XX_SECONDS},
    "responses.ordergroove.policies": {
        "SETTLE": _seconds(numbers.SETTLE_SECONDS),
        "LEASE": _seconds(numbers.LEASE_SECONDS),
        "STALL": _seconds(numbers.STALL_SECONDS),
        "NOT_SENT_FIRST": 1.0,
        "NOT_SENT_CAP": 4.0,
    },
}
"""In this order: the second takes a copy of what the first says."""

REST: dict[str, dict[str, Any]] = {
    "responses.sending.client": {"SEND_SECONDS": numbers.SEND_SECONDS, "ASK_SECONDS": numbers.SEND_SECONDS},
    "responses.sending.breaker": {
        "PROBE_EVERY": _seconds(numbers.PROBE_SECONDS),
        # The shop's own calls fail as a rule: only an outage may open the breaker.
        "BAD_SHARE": 0.9,
        "BAD_IN_A_ROW": 8,
        "LEAST_ANSWERS": 16,
        "PAUSE_FIRST": 1.0,
        "PAUSE_CAP": 3.0,
    },
    "responses.sending.rates": {"SLOWEST": 300.0},
    "responses.sending.windows": {"SLOT_SECONDS": 1},
    "responses.sending.budget": {"LOOK_EVERY": _seconds(1), "_ON_THE_WIRE": _seconds(numbers.SEND_SECONDS + 1)},
    "responses.sending.machine": {
        "LONG_ENOUGH": _seconds(numbers.LEASE_SECONDS / 2),
        "LOOK_AGAIN": _seconds(numbers.LOOK_UP_SECONDS[0]),
    },
    "responses.retrying.run": {
        "AHEAD": _seconds(1),
        "TAKING": _seconds(1),
        "TRYING": _seconds(3),
        "HOLD": _seconds(2),
        "_RENEW": _seconds(0.5),
    },
    "responses.retrying.conclusions": {"_FIRST": numbers.LOOK_UP_SECONDS[0], "_CAP": numbers.LOOK_UP_SECONDS[1]},
    "responses.following.poll": {"LEASE": _seconds(numbers.LEASE_SECONDS), "HOLD": _seconds(3)},
    "responses.following.pauses": {"LONG": _seconds(3), "_PROBE": _seconds(1)},
    "responses.following.verdicts": {"REFUSED_WAIT": 3.0, "LIMITED_WAIT": 2.0},
    "responses.following.schedule": {"_PROBLEM_INITIAL": 1.0, "_PROBLEM_CAP": 4.0},
    "responses.alerting.deliver": {
        "LEASE": _seconds(numbers.LEASE_SECONDS),
        "DELAYS": (1.0, 2.0, 4.0),
        "YIELDS_BY": _seconds(1),
    },
    "responses.alerting.caps": {"HOUR": _seconds(5)},
    "responses.alerting.channels.slack": {"TOTAL_SECONDS": numbers.CHANNEL_SECONDS},
    "responses.alerting.channels.email": {"TOTAL_SECONDS": numbers.CHANNEL_SECONDS},
}
"""The client comes first: others take its time as a default when they are imported."""

DEFAULTS = (
    ("responses.sending.client", "send"),
    ("responses.sending.machine", "send"),
    ("responses.retrying.run", "run_due"),
    ("responses.following.poll", "poll"),
    ("responses.following.poll", "ask"),
)
"""Functions whose argument ``seconds`` has one of these times as its default."""


def before_setup() -> None:
    """Shorten what the pure modules say, before anybody takes a copy."""
    schedules = importlib.import_module("responses.ordergroove.schedules")
    limits = schedules._LIMITS["safe"]
    for name in ("first", "cap"):
        limits[name] = (numbers.AFTER_5XX_SECONDS, *limits[name][1:])
    _set_all(PURE)


def after_setup() -> None:
    """Shorten what can only be imported once Django is ready."""
    _set_all(REST)
    for module_name, name in DEFAULTS:
        _shorten_default(getattr(importlib.import_module(module_name), name))


def _set_all(wanted: dict[str, dict[str, Any]]) -> None:
    for module_name, values in wanted.items():
        module = importlib.import_module(module_name)
        for name, value in values.items():
            before = getattr(module, name)
            if type(before) is not type(value):
                raise TypeError(f"{module_name}.{name} was {before!r}, and cannot become {value!r}")
            setattr(module, name, value)


def _shorten_default(function: Callable[..., Any]) -> None:
    by_name = function.__kwdefaults__
    if by_name and "seconds" in by_name:
        by_name["seconds"] = numbers.SEND_SECONDS
    elif function.__defaults__:
        function.__defaults__ = (*function.__defaults__[:-1], numbers.SEND_SECONDS)
