"""What is new about an issue since its thread's last message, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from responses.alerting import wording
from responses.alerting.message import TITLE_LENGTH, Kind
from responses.alerting.telling.known import Facts


def sentence(facts: Facts, *, now: datetime, zone: ZoneInfo) -> str:
    """What brought the message, and how many failures came since the last one."""
    lead = _lead(facts)
    return " ".join(part for part in (lead, _since(facts, now=now, zone=zone)) if part)


def _lead(facts: Facts) -> str:
    number = facts.number or 0
    match facts.kind:
        case Kind.LASTS:
            return f"It has lasted {wording.span(facts.lasts_for)} and has not passed by itself."
        case Kind.MANY:
            return f"{wording.count(number, 'request')} failed for the same reason: one fault to mend, not many."
        case Kind.REPEATED:
            times = f"{number:,} times" if number else "again and again"
            return (
                f"The same request has failed {times} with the same error. "
                "This will not pass: it points to the integration."
            )
        case Kind.EXHAUSTED:
            whose = wording.count(number, "request") if number else "its requests"
            return f"Our own attempts are used up for {whose}: nobody sends again until a person does."
        case Kind.EXPIRED:
            whose = f"{wording.count(number, 'request')} could" if number else "Requests could"
            return f"{whose} not be saved in time: 24 hours have passed."
        case Kind.REMINDER:
            return wording.reminder(facts.reminders, facts.lasts_for)
        case Kind.OVER:
            return f"Over after {wording.span(facts.lasts_for)}."
    return ""


def _since(facts: Facts, *, now: datetime, zone: ZoneInfo) -> str:
    """``9,400 more failures since 12:04 UTC.``: each failure is told once in a thread."""
    if facts.told_at is None:
        return ""
    since = wording.clock(facts.told_at, zone, now=now)
    if facts.more:
        return f"{wording.more(facts.more, 'failure')} since {since}."
    return f"No more failures since {since}." if facts.kind is Kind.REMINDER else ""


def figures(facts: Facts) -> tuple[tuple[str, str], ...]:
    """At most three numbers with their words. How many orders is said only where the calls carry one."""
    found = []
    if facts.kind is Kind.BACK:
        since, words = wording.figure(max(facts.failures_since, 1), "failure")
        found = [(since, f"{words} since it is back"), (f"{facts.failures:,}", "failures in all")]
    else:
        found = [wording.figure(facts.failures, "failure")]
    if facts.orders:
        number, words = wording.figure(facts.orders, "order")
        found.append((number, f"{words} in all" if facts.kind is Kind.BACK else words))
    elif facts.requests and facts.kind is not Kind.BACK:
        found.append(wording.figure(facts.requests, "request"))
    if facts.impact.customers and len(found) < 3:
        number, words = wording.figure(facts.impact.customers, "customer")
        found.append((f"{number}+" if facts.impact.is_more else number, words))
    return tuple(found)


def ended(facts: Facts) -> tuple[tuple[str, str], ...]:
    found = [wording.figure(facts.failures_since, "failure")]
    if facts.saved or facts.lost or facts.left:
        found += [(f"{facts.saved:,}", "fine after all"), (f"{facts.lost:,}", "lost")]
    return tuple(found)


def over(facts: Facts) -> str:
    because = wording.clean(facts.ended_because, TITLE_LENGTH).rstrip(" .")
    words = f"{because}. " if because else ""
    if not facts.left:
        return f"{words}Nothing is left to do."
    return f"{words}{wording.count(facts.left, 'request')} still {'waits' if facts.left == 1 else 'wait'} for somebody."


def who_after(facts: Facts) -> str:
    return "You: what is left" if facts.left else "Nobody"


def trend_words(hours: Sequence[int]) -> str:
    """A chart of failures by hour, in words."""
    return f"Failures by hour, last {len(hours)} hours: {max(hours):,} at most"
