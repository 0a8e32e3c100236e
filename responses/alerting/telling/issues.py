"""What is said of an issue: its facts become words. Pure: reads no clock and no table."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from responses.alerting import wording
from responses.alerting.impact import Impact
from responses.alerting.message import (
    ADVICE_LENGTH,
    CALL_LENGTH,
    NAME_LENGTH,
    TITLE_LENGTH,
    Kind,
    Message,
    Tone,
)
from responses.alerting.telling import faults, news, stakes
from responses.alerting.telling.known import PURCHASE, Facts
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor, CodeInfo


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
        news=news.sentence(facts, now=now, zone=zone),
        figures=news.ended(facts) if is_over else news.figures(facts),
        meaning=news.over(facts) if is_over else _meaning(info, facts, now=now, zone=zone),
        fault="" if is_over else faults.of(info, is_hidden=_is_hidden_failure(info, facts.outcome)),
        created="" if is_over else _created(facts),
        who=news.who_after(facts) if is_over else _who(info, facts, now=now, zone=zone),
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
    resolved = "It had been quiet, and fails again. "
    if facts.resolved_at is not None:
        resolved = f"It was resolved {wording.when(facts.resolved_at, zone, now=now)}. "
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
    if facts.kind is Kind.EXPIRED and not facts.impact.requests:
        return "You: decide what the customers are told"
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
    if info.who is Actor.MONITOR and facts.kind is Kind.EXHAUSTED:
        return (
            "See whether Ordergroove answers again, look up what may have been created, and send the rest again from "
            "its page. If nothing answers, tell Ordergroove."
        )
    if info.who is Actor.MONITOR and facts.impact.is_retrying:
        return (
            "Nothing to do now: we send it again as it is. You hear of it again when it lasts, grows, or our attempts "
            "are used up. Do not send it yourselves as well: two who retry can create an order twice."
        )
    if _is_read(facts) and facts.outcome in (Outcome.TRANSIENT, Outcome.NO_ANSWER):
        return "Nothing is wrong with your request, and reading again is always safe. If it lasts, tell Ordergroove."
    exact = codes.advice(facts.endpoint, facts.status_code, facts.field, facts.message, failure=facts.failure)
    if _is_hidden_failure(info, facts.outcome) and exact == info.next_step:
        return "Read what the answer says of each item, correct it, and send again only what was not created."
    return exact
