"""What is at stake, in words: subscriptions that do not exist, their value, the clock. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from responses.alerting import wording
from responses.alerting.impact import Impact


def lines(impact: Impact, *, is_uncertain: bool = False, is_purchase: bool = True) -> tuple[tuple[str, str], ...]:
    """Return label and words of what the open requests would lose. ``is_uncertain``: perhaps they lost nothing."""
    found = []
    missing = impact.failed + impact.unknown + impact.refused
    if is_purchase and missing:
        # An answer that refuses a whole purchase names none of its products: each order has one at least.
        least = "at least " if impact.refused or impact.is_more else ""
        label = "Perhaps not created" if is_uncertain else "Not created"
        found.append((label, f"{least}{wording.count(missing, 'subscription')}"))
    if impact.value:
        found.append(("Value at risk", f"{'at least ' if impact.is_more else ''}{money(impact.value)}"))
    return tuple(found)


def figures(impact: Impact) -> tuple[tuple[str, str], ...]:
    """Return how many orders, or else requests, and how many customers."""
    plus = "+" if impact.is_more else ""
    found = []
    for number, word in (
        (impact.orders, "order") if impact.orders else (impact.requests, "request"),
        (impact.customers, "customer"),
    ):
        if number:
            shown, words = wording.figure(number, word)
            found.append((f"{shown}{plus}", words))
    return tuple(found)


def deadline(impact: Impact, *, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, str, str]:
    """Return when the oldest clock ends, of what it is, and both in words; nothing where none runs."""
    at = impact.deadline_at
    if at is None or at <= now:
        return None, "", ""
    number, what = (impact.orders, "order") if impact.deadline_has_order else (impact.requests, "request")
    whose = f"Oldest of {number:,}{'+' if impact.is_more else ''} {what}s" if number > 1 else f"Oldest {what}"
    label = f"{whose} can be {'saved' if impact.deadline_has_order else 'sent again'}"
    left = wording.span((at - now).total_seconds())
    return at, label, f"until {wording.clock(at, zone, now=now)}, {left} left"


def money(value: Decimal) -> str:
    """An amount without a currency, which the bodies do not tell: ``1,204.50``."""
    return f"{value:,.2f}"
