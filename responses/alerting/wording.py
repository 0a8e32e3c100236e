"""Words for messages: text from outside made harmless, numbers and times as people read them. Knows no markup."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3600, 86_400

# What forges lines or hides text: C0 and C1 controls, line and paragraph separators, marks that reverse the direction,
# zero-width and filler characters, tags, and what is no character at all. Joiners stay: some scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]+"
)
_SURROGATES = re.compile("[\ud800-\udfff]+")
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def clean(value: str, limit: int) -> str:
    """Return one line of at most ``limit`` characters that every channel can carry and that looks like what it is."""
    value = value[: 4 * limit]  # before the patterns: a megabyte costs no more than a line
    value = _SURROGATES.sub("\ufffd", _UNSEEN.sub(" ", value))
    return cut(_SPACES.sub(" ", _MARKS.sub(r"\1", value)).strip(), limit)


def cut(value: str, limit: int) -> str:
    """Return ``value`` with at most ``limit`` characters, the last of which says that more followed."""
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


def count(number: int, word: str) -> str:
    """``1 order``, ``2,417 orders``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def figure(number: int, word: str) -> tuple[str, str]:
    """The same as number and word: ``("2,417", "orders")``."""
    shown, words = count(number, word).split(" ", 1)
    return shown, words


def more(number: int, word: str) -> str:
    """``1 more order``, ``9,400 more orders``."""
    shown, words = figure(number, word)
    return f"{shown} more {words}"


def span(seconds: float) -> str:
    """A length of time in its two largest units: ``5 h 12 min``, ``3 days``, ``42 s``."""
    whole = max(0, int(seconds))
    if whole >= 2 * DAY:
        return f"{whole // DAY} days"
    if whole >= HOUR:
        hours, minutes = whole // HOUR, whole % HOUR // MINUTE
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{whole // MINUTE} min" if whole >= MINUTE else f"{whole} s"


def within(minutes: int) -> str:
    """What stands after "the next" or "the last": ``hour``, ``30 min``."""
    return "hour" if minutes == 60 else span(60 * minutes)


def reminder(number: int, seconds: float) -> str:
    """What a reminder says first."""
    lead = f"Reminder {number}: not" if number else "Not"
    return f"{lead} over after {span(seconds)}, and nobody has acknowledged it."


def clock(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """A time of day in ``zone``, with the date unless it is today's: ``16:04 UTC``, ``23 Nov, 09:10 UTC``."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    time = f"{local:%H:%M} {local.tzname()}"
    if local.date() == today.date():
        return time
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.day} {local:%b}{year}, {time}"


def when(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """The same with the word that goes before it: ``at 16:04 UTC``, ``on 23 Nov, 09:10 UTC``."""
    words = clock(at, zone, now=now)
    return f"on {words}" if "," in words else f"at {words}"


def exact(at: datetime, zone: ZoneInfo) -> str:
    """A time in full: ``22 Nov 2026, 14:03:22 UTC``."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"
