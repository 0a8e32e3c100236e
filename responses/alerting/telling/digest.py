"""What is said once a day: yesterday in numbers, what is open, what quiet hours kept. Pure."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting import wording
from responses.alerting.impact import NOTHING, Impact
from responses.alerting.message import NAME_LENGTH, Kind, Link, Listing, Message, Tone
from responses.alerting.telling import stakes


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an integration's day, and of what it leaves behind."""

    day: date
    integration: str
    environment: str
    calls: int = 0
    failures: int = 0
    recovered: int = 0
    """Calls that failed, were sent again by us, and were fine."""
    opened: int = 0
    """New issues."""
    back: int = 0
    expired: int = 0
    """Requests whose 24 hours ended that day."""
    to_fix: Impact = NOTHING
    issues: tuple[Link, ...] = ()
    """The open issues with the most failures."""
    open_issues: int = 0
    kept: tuple[Link, ...] = ()
    """What quiet hours kept."""
    kept_number: int = 0
    trend: tuple[int, ...] = ()


def tell(day: Day, *, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """Say how the day was, and what waits for somebody."""
    deadline_at, label, until = stakes.deadline(day.to_fix, now=now, zone=zone)
    date_words = f"{day.day:%a} {day.day.day} {day.day:%b}"
    waits = bool(day.to_fix.requests)
    return Message(
        kind=Kind.DIGEST,
        tone=Tone.INFO,
        environment=day.environment,
        integration=wording.clean(day.integration, NAME_LENGTH),
        title=f"{date_words}: {_verdict(day)}",
        topic=f"Daily digest, {date_words}",
        figures=(
            wording.figure(day.calls, "call"),
            wording.figure(day.failures, "failure"),
            (_share(day), "went well") if day.calls else ("–", "no calls"),
        ),
        meaning=_meaning(day),
        who=_who(day) if waits or day.open_issues else "Nobody",
        impact=_impact(day),
        advice="Open To fix: what runs out first stands on top." if waits else "",
        deadline_at=deadline_at,
        deadline_label=label,
        deadline_words=until,
        lists=_lists(day),
        trend=day.trend,
        trend_words=f"Failures by hour: {max(day.trend):,} at most" if any(day.trend) else "",
        url=url,
        url_label="Open the overview",
        as_of=now,
        footer=f"Numbers as of {wording.exact(now, zone)}.",
    )


def _verdict(day: Day) -> str:
    if not day.calls:
        return "no calls were recorded"
    if not day.failures:
        return "every call went well"
    new = wording.count(day.opened, "new issue") if day.opened else "no new issue"
    return f"{wording.count(day.failures, 'failure')}, {new}"


def _share(day: Day) -> str:
    """Rounded down: 100 % means all."""
    return f"{int(1000 * (day.calls - day.failures) / day.calls) / 10:.1f} %" if day.failures else "100 %"


def _meaning(day: Day) -> str:
    parts = []
    if day.recovered:
        parts.append(f"{wording.count(day.recovered, 'call')} failed first and went well when we sent again.")
    if day.back:
        parts.append(f"{wording.count(day.back, 'resolved issue')} came back.")
    if day.expired:
        parts.append(f"{wording.count(day.expired, 'request')} ran out of time and could not be saved.")
    if not parts and not day.failures:
        parts.append("Nothing failed." if day.calls else "Is that right? Look whether the recorder runs.")
    return " ".join(parts) or "Nothing was lost."


def _who(day: Day) -> str:
    if day.to_fix.requests:
        return f"You: {wording.count(day.to_fix.requests, 'request')} to fix"
    return f"You: {wording.count(day.open_issues, 'open issue')} to look at"


def _impact(day: Day) -> tuple[tuple[str, str], ...]:
    found = []
    if day.to_fix.customers:
        found.append(("Customers waiting", f"{day.to_fix.customers:,}{'+' if day.to_fix.is_more else ''}"))
    return (*found, *stakes.lines(day.to_fix))


def _lists(day: Day) -> tuple[Listing, ...]:
    found = []
    if day.issues:
        more = day.open_issues - len(day.issues)
        rest = (Link(f"… and {more:,} more"),) if more > 0 else ()
        found.append(Listing("Open issues", (*day.issues, *rest)))
    if day.kept:
        more = day.kept_number - len(day.kept)
        rest = (Link(f"… and {more:,} more"),) if more > 0 else ()
        found.append(Listing("Kept by quiet hours", (*day.kept, *rest)))
    return tuple(found)
