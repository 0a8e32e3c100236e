"""What is said of an issue: its facts become words. Pure: reads no clock and no table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting import wording
from responses.alerting.impact import NOTHING, Impact
from responses.alerting.message import (
    ADVICE_LENGTH,
    CALL_LENGTH,
    NAME_LENGTH,
    TITLE_LENGTH,
    Kind,
    Message,
    Tone,
)
from responses.alerting.telling import faults, stakes
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor, CodeInfo

PURCHASE = "/subscription/create"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an issue at the moment of sending, so that a burst arrives as its number."""

    issue_id: int
    kind: Kind
    integration: str
    environment: str
    endpoint: str
    outcome: Outcome
    status_code: int | None
    failure: FailureKind | None
    field: str
    message: str
    """The normalised complaint."""
    title: str
    failures: int
    requests: int
    orders: int
    first_seen_at: datetime
    resolved_at: datetime | None = None
    failures_since: int = 0
    """Since the alert was opened; of a new issue, all."""
    more: int = 0
    """How many of them no message of the thread has told yet."""
    told_at: datetime | None = None
    """When the thread's last message was sent; ``None`` for the first one."""
    number: int | None = None
    """The transition's: what it counts depends on the kind."""
    lasts_for: float = 0.0
    """Seconds since the alert was opened."""
    reminders: int = 0
    ended_because: str = ""
    saved: int = 0
    """Of a message that says that it is over: how many requests were fine after all, like the two that follow."""
    lost: int = 0
    left: int = 0
    impact: Impact = NOTHING
    retry_by: RetryBy = RetryBy.CALLER


def tell(facts: Facts, *, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """Say what happened, how much of it, whose fault it is, what is at stake, who acts, what to do and until when."""
    info = codes.about(facts.status_code, facts.failure)
    call = wording.clean(facts.endpoint, CALL_LENGTH)
    title = wording.clean(facts.title, TITLE_LENGTH).rstrip(" .") or info.name
    is_over = facts.kind is Kind.OVER
    deadline_at, deadline_label, deadline_words = stakes.deadline(facts.impact, now=now, zone=zone)
    return Message(
        kind=facts.kind,
        tone=Tone.GOOD if is_over else Tone.NORMAL,
        environment=facts.environment,
        integration=wording.clean(facts.integration, NAME_LENGTH),
        title=title,
        answer=_answer(info, facts.outcome, is_named=title == info.name),
        call=call,
        short=f"{facts.status_code or 'no answer'} on {call}",
        news=_news(facts, now=now, zone=zone),
        figures=_ended(facts) if is_over else _figures(facts),
        meaning=_over(facts) if is_over else _meaning(info, facts, now=now, zone=zone),
        fault="" if is_over else faults.of(info, is_hidden=_is_hidden_failure(info, facts.outcome)),
        created="" if is_over else _created(facts),
        who=_who_after(facts) if is_over else _who(info, facts, now=now, zone=zone),
        impact=stakes.lines(facts.impact, is_uncertain=_is_uncertain(facts), is_purchase=PURCHASE in facts.endpoint),
        advice="" if is_over and not facts.left else wording.clean(_advice(info, facts), ADVICE_LENGTH),
        deadline_at=deadline_at,
        deadline_label=deadline_label,
        deadline_words=deadline_words,
        url=url,
        url_label="Open the issue",
        as_of=now,
        footer=f"Numbers as of {wording.exact(now, zone)}.",
    )


def trend_words(hours: Sequence[int]) -> str:
    """A chart of failures by hour, in words."""
    return f"Failures by hour, last {len(hours)} hours: {max(hours):,} at most"


# --- what is new ----------------------------------------------------------------------------------------------------


def _news(facts: Facts, *, now: datetime, zone: ZoneInfo) -> str:
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
            return (
                f"Reminder {facts.reminders}: not over after {wording.span(facts.lasts_for)}."
                if facts.reminders
                else (f"Not over after {wording.span(facts.lasts_for)}.")
            )
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
    return f"No more failures since {since}." if facts.kind is not Kind.OVER else ""


def _figures(facts: Facts) -> tuple[tuple[str, str], ...]:
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


def _ended(facts: Facts) -> tuple[tuple[str, str], ...]:
    found = [wording.figure(facts.failures_since, "failure")]
    if facts.saved or facts.lost or facts.left:
        found += [(f"{facts.saved:,}", "fine after all"), (f"{facts.lost:,}", "lost")]
    return tuple(found)


def _over(facts: Facts) -> str:
    because = wording.clean(facts.ended_because, TITLE_LENGTH).rstrip(" .")
    words = f"{because}. " if because else ""
    if not facts.left:
        return f"{words}Nothing is left to do."
    return f"{words}{wording.count(facts.left, 'request')} still {'waits' if facts.left == 1 else 'wait'} for somebody."


def _who_after(facts: Facts) -> str:
    return "You: what is left" if facts.left else "Nobody"


# --- what it is -----------------------------------------------------------------------------------------------------


def _is_hidden_failure(info: CodeInfo, outcome: Outcome) -> bool:
    """Whether the code says success and the content does not."""
    return outcome.is_failure and info.klass in ("success", "accepted")


def _is_read(facts: Facts) -> bool:
    return facts.endpoint.partition(" ")[0] in ("GET", "HEAD", "OPTIONS")


def _is_uncertain(facts: Facts) -> bool:
    """Whether Ordergroove may have done the work although no good answer came."""
    if _is_read(facts) or facts.failure in (FailureKind.TLS, FailureKind.DNS):
        return False
    return facts.outcome is Outcome.NO_ANSWER or (facts.status_code or 0) >= 500


def _answer(info: CodeInfo, outcome: Outcome, *, is_named: bool) -> str:
    """What came back; its name only where the title is not the name already."""
    if info.code is None:
        return "No answer" if is_named else f"No answer ({info.name.lower()})"
    if _is_hidden_failure(info, outcome):
        return f"{info.code} {info.name}, yet it failed,"
    return str(info.code) if is_named else f"{info.code} {info.name}"


def _meaning(info: CodeInfo, facts: Facts, *, now: datetime, zone: ZoneInfo) -> str:
    words = info.meaning
    if facts.outcome is Outcome.PARTIAL:
        words = codes.about(206).meaning
    elif _is_hidden_failure(info, facts.outcome):
        words = "The code looks like a success, but the answer says that it failed."
    if facts.kind is not Kind.BACK:
        return words
    resolved = f"It was resolved {wording.when(facts.resolved_at, zone, now=now)}. " if facts.resolved_at else ""
    return f"{resolved}First seen {wording.when(facts.first_seen_at, zone, now=now)}. {words}"


def _created(facts: Facts) -> str:
    """Whether anything exists now because of these calls, as far as the answers tell."""
    impact = facts.impact
    if impact.created or facts.outcome is Outcome.PARTIAL:
        return _items(impact)
    if _is_read(facts):
        return "Nothing: these calls only read"
    if facts.failure in (FailureKind.TLS, FailureKind.DNS):
        return "No: the request was never sent"
    if _is_uncertain(facts):
        return "Not certain"
    if facts.status_code == 409:
        return "Not by this call"
    if impact.unknown:
        return f"Not certain for {wording.count(impact.unknown, 'item')}"
    if PURCHASE in facts.endpoint:
        return "No subscription"
    return "No" if facts.endpoint.startswith("POST ") else "Nothing was changed"


def _items(impact: Impact) -> str:
    if not (impact.created or impact.failed or impact.unknown):
        return "In part: open the issue to see what"
    parts = [f"{impact.created:,} created", f"{impact.failed:,} not"]
    if impact.unknown:
        parts.append(f"{impact.unknown:,} not mentioned")
    return f"In part: {', '.join(parts)}"


def _who(info: CodeInfo, facts: Facts, *, now: datetime, zone: ZoneInfo) -> str:
    """Who has to do something. "We retry" is only said while a send of ours is really planned."""
    if facts.impact.is_retrying and facts.kind is not Kind.EXHAUSTED:
        if facts.impact.retry_at is None or facts.impact.retry_at <= now:
            return "We retry: now"
        return f"We retry: next {wording.when(facts.impact.retry_at, zone, now=now)}"
    if info.who is Actor.KEY:
        return "You: check the key"
    if _is_uncertain(facts):
        return "You: look it up before it is sent again"
    if info.who is Actor.MONITOR and facts.impact.exhausted:
        return "You: send it again, our attempts are used up"
    if info.who is Actor.MONITOR:
        return (
            "Your system sends it again" if facts.retry_by is RetryBy.CALLER else "You: nobody sends it again by itself"
        )
    if facts.outcome is Outcome.PARTIAL:
        return "You: fix and send what failed"
    return "You: fix and send again"


def _advice(info: CodeInfo, facts: Facts) -> str:
    if _is_read(facts) and facts.outcome in (Outcome.TRANSIENT, Outcome.NO_ANSWER):
        return "Nothing is wrong with your request, and reading again is always safe. If it lasts, tell Ordergroove."
    exact = codes.advice(facts.endpoint, facts.status_code, facts.field, facts.message, failure=facts.failure)
    if _is_hidden_failure(info, facts.outcome) and exact == info.next_step:
        return "Read what the answer says of each item, correct it, and send again only what was not created."
    return exact
