"""The schedules of an integration as they are shown: a drawn line, the same in words, and the reason behind it."""

from __future__ import annotations

import msgspec
from django import forms

from responses import charts
from responses.forms.retries import SchedulesForm
from responses.ordergroove import policies
from responses.ordergroove.schedules import DAY, DEFAULTS, HOUR, MINUTE, Policy, Schedules
from responses.templatetags.times import span

TITLES = {
    Policy.PURCHASE: "Orders that Ordergroove could not take: 5xx, or never sent",
    Policy.LOCKED: "Objects in use: 423",
    Policy.LIMITED: "Too many requests: 429",
    Policy.SAFE: "Reads, settings and deletions: 5xx, or no answer",
}
REASONS = {
    Policy.PURCHASE: (
        "Ordergroove advises three times within ten minutes, once more at 24 hours, and then to stop: the cart is old by"
        " then. The order keeps its id, so that it cannot be created twice. Where no answer came, it is looked up first."
    ),
    Policy.LOCKED: "Another request was changing the same object. Requests on one object wait for each other.",
    Policy.LIMITED: (
        "The limit counts all calls from your address, live checkouts included, so the whole host pauses. When"
        " Ordergroove names a time, that time holds, from a second to an hour."
    ),
    Policy.SAFE: "Sending these again ends in the same state. Other POSTs could create something twice: a person decides.",
}
_TICKS = (
    (10, "10 s"),
    (MINUTE, "1 m"),
    (5 * MINUTE, "5 m"),
    (10 * MINUTE, "10 m"),
    (30 * MINUTE, "30 m"),
    (HOUR, "1 h"),
    (3 * HOUR, "3 h"),
    (6 * HOUR, "6 h"),
    (12 * HOUR, "12 h"),
    (DAY, "24 h"),
)


class Shown(msgspec.Struct, frozen=True):
    """One class of failure: what is shown of it, and its fields where they may be changed."""

    key: str
    title: str
    reason: str
    words: str
    line: charts.TimeLine | None
    is_own: bool
    """Whether it differs from the default."""
    fields: list[forms.BoundField]
    check: forms.BoundField | None


def of(schedules: Schedules, form: SchedulesForm | None) -> list[Shown]:
    """All classes in the order of the page; ``form`` only for whoever may change them."""
    return [
        Shown(
            key=policy.value,
            title=title,
            reason=REASONS[policy],
            words=in_words(schedules, policy),
            line=drawn(schedules, policy),
            is_own=getattr(schedules, policy.value) != getattr(DEFAULTS, policy.value),
            fields=form.group(policy.value) if form is not None else [],
            check=form["purchase_after_a_day"] if form is not None and policy is Policy.PURCHASE else None,
        )
        for policy, title in TITLES.items()
    ]


def drawn(schedules: Schedules, policy: Policy) -> charts.TimeLine | None:
    """The schedule as a line of time, on which the first minutes have as much room as the last hours."""
    times = policies.longest_waits(schedules, policy)
    if not times:
        return None
    marks = [charts.Mark(0, "fails", key="needs_fix", title="The first failure")]
    marks += [
        charts.Mark(seconds, policies.ordinal(nth), exactly(round(seconds)), key="transient")
        for nth, seconds in enumerate(times, 1)
    ]
    return charts.time_line(marks, end=times[-1], is_log=True, apart=8.0, across=_TICKS)


def in_words(schedules: Schedules, policy: Policy) -> str:
    """The schedule as a sentence: the same as the drawing, for those who cannot see it."""
    times = [exactly(round(seconds)) for seconds in policies.longest_waits(schedules, policy)]
    if not times:
        return "Never sent again by itself."
    if policy is Policy.PURCHASE:
        return _purchase_in_words(schedules, times)
    listed = _listed(times)
    if policy is Policy.LOCKED:
        return f"Sent again after {listed}, when each answer comes at once."
    if policy is Policy.LIMITED:
        least = exactly(schedules.limited.first)
        return f"Sent again at the latest after {listed}; each wait is drawn by lot, from {least} upwards."
    return (
        f"Sent again at the latest after {listed}, each wait up to a fifth shorter, by lot; given up"
        f" {exactly(schedules.safe.within)} after the first failure."
    )


def _purchase_in_words(schedules: Schedules, times: list[str]) -> str:
    spread = "each up to half a minute later, by lot, so that what failed together does not come back together"
    if not schedules.purchase.after_a_day:
        return f"Sent again about {_listed(times)} after the first failure, {spread}. Then it is given up."
    if len(times) == 1:
        return "Sent again once, when 24 hours are over. Then it is given up."
    return (
        f"Sent again about {_listed(times[:-1])} after the first failure, {spread}; once more when 24 hours are over."
        " Then it is given up."
    )


def exactly(seconds: int) -> str:
    """A length of time in two units, seconds included, the day in hours: ``1 m 30 s``, ``1 h 40 m``, ``24 h``."""
    if seconds == DAY:
        return "24 h"
    rest = seconds % MINUTE
    return f"{span(seconds - rest)} {rest} s" if MINUTE < seconds < HOUR and rest else span(seconds)


def _listed(times: list[str]) -> str:
    return times[0] if len(times) == 1 else f"{', '.join(times[:-1])} and {times[-1]}"
