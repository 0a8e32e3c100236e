"""What a message says, whatever the channel: the facts of an issue become words. Pure: reads no clock and no table.

Never a body, never personal data; all that came from outside goes through ``wording.clean``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting import wording
from responses.alerting.about import About
from responses.exchanges import FailureKind, Outcome, RetryBy
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor, CodeInfo

TITLE_LENGTH = 140
NAME_LENGTH = 80
CALL_LENGTH = 120
ADVICE_LENGTH = 600
PURCHASE = "/subscription/create"


class Kind(StrEnum):
    """Why the message is sent, in the words that lead it."""

    NEW = "New issue"
    BACK = "Issue is back"
    TEST = "Test message"


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
    failures_since_back: int = 0
    created: int = 0
    """Items of its open requests, like the two that follow."""
    failed: int = 0
    unknown: int = 0
    deadline_at: datetime | None = None
    """When the oldest open request can no longer be saved."""
    deadline_has_order: bool = False
    is_retrying: bool = False
    """Whether a send of ours is planned or under way for one of them."""
    retry_by: RetryBy = RetryBy.CALLER


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message without a layout. Every text is clean, one line, and of a bounded length."""

    kind: Kind
    environment: str = ""
    """``production``, ``staging``, or empty when it is about no integration."""
    integration: str = ""
    title: str
    answer: str = ""
    """What came back: ``400 Bad Request``."""
    call: str = ""
    """What was asked: ``POST /subscription/create``."""
    short: str = ""
    """Both in the fewest words, for a subject."""
    figures: tuple[tuple[str, str], ...] = ()
    """Numbers with their words: ``("14", "failures")``."""
    meaning: str
    created: str = ""
    who: str = ""
    advice: str = ""
    deadline_at: datetime | None = None
    deadline_label: str = ""
    """``Oldest order can be saved``, to which a channel adds until when, in its reader's zone where it can."""
    deadline_words: str = ""
    """``until 16:04 UTC, 5 h 12 min left``, for channels that cannot."""
    url: str
    url_label: str
    as_of: datetime
    footer: str
    about: About | None = None
    """The same for programs."""

    @property
    def place(self) -> str:
        """Where: the environment, in capitals when real orders are at stake, and the integration."""
        environment = "PRODUCTION" if self.environment == "production" else self.environment.capitalize()
        return " · ".join(part for part in (environment, self.integration) if part)

    @property
    def subject(self) -> str:
        """One line that is the same for all messages of an issue, so that mail programs keep them together.

        Plain ASCII as far as it is ours: an encoded subject is folded in ways that some filters dislike.
        """
        if self.kind is Kind.TEST:
            return wording.cut(f"{self.kind}: {self.title}", 120)
        environment = "PRODUCTION" if self.environment == "production" else self.environment
        return wording.cut(f"[{environment}] {self.title} - {self.short} ({self.integration})", 200)

    @property
    def numbers(self) -> str:
        """The figures in one line."""
        return " · ".join(f"{number} {words}" for number, words in self.figures)

    @property
    def summary(self) -> str:
        """The whole in one or two sentences: what a lock screen and a screen reader get."""
        if self.kind is Kind.TEST:
            return f"{self.title}. {self.meaning}"
        return ". ".join(
            part
            for part in (f"{self.kind} in {self.place}: {self.title}", f"{self.answer} on {self.call}", self.numbers)
            if part
        )


class Stamp(msgspec.Struct, frozen=True):
    """What tells one message from another on its way: the same at each attempt, but for the time."""

    message_id: str
    thread_id: str
    """The same for all messages of an alert to a channel; empty when it belongs to none."""
    at: datetime
    place: str = ""
    """Where the first message of the thread is, as the channel said when it took it; empty: it has none, or never said."""
    is_first: bool = True
    """Whether it opens its thread."""
    first_message_id: str = ""
    """The ``message_id`` of the message that opened the thread; empty: this one does, or nobody knows."""


class Sent(msgspec.Struct, frozen=True):
    """What a channel said when it accepted a message."""

    note: str = ""
    """What it said besides accepting, for the people who look after the channel."""
    place: str = ""
    """Where the message is now, for the ``place`` of the thread's next stamps; empty where a channel has no such thing."""
    is_skipped: bool = False
    """Nothing was sent: such messages are not for this channel, as the note says."""


def about_issue(facts: Facts, *, channel: str, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """Say what happened, how much of it, whether anything was created, who acts, what to do and until when."""
    info = codes.about(facts.status_code, facts.failure)
    deadline = facts.deadline_at if facts.deadline_at is not None and facts.deadline_at > now else None
    call = wording.clean(facts.endpoint, CALL_LENGTH)
    title = wording.clean(facts.title, TITLE_LENGTH).rstrip(" .") or info.name
    return Message(
        kind=facts.kind,
        environment=facts.environment,
        integration=wording.clean(facts.integration, NAME_LENGTH),
        title=title,
        answer=_answer(info, facts.outcome, is_named=title == info.name),
        call=call,
        short=f"{facts.status_code or 'no answer'} on {call}",
        figures=_figures(facts),
        meaning=_meaning(info, facts, now=now, zone=zone),
        created=_created(facts),
        who=_who(info, facts),
        advice=wording.clean(_advice(info, facts), ADVICE_LENGTH),
        deadline_at=deadline,
        deadline_label="Oldest order can be saved" if facts.deadline_has_order else "Oldest request can be sent again",
        deadline_words=_deadline(deadline, now=now, zone=zone),
        url=url,
        url_label="Open the issue",
        as_of=now,
        footer=f"Sent once to “{wording.clean(channel, NAME_LENGTH)}” for each new or returning issue. "
        f"Numbers as of {wording.exact(now, zone)}.",
    )


def test(*, channel: str, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """The message behind a channel's Test button."""
    name = wording.clean(channel, NAME_LENGTH)
    return Message(
        kind=Kind.TEST,
        title=f"Messages reach “{name}”",
        meaning="Nothing is wrong: somebody pressed Test. This is where new and returning issues will be announced.",
        url=url,
        url_label="Open the channels",
        as_of=now,
        footer=f"Sent by Ordergroove Monitor at {wording.exact(now, zone)}.",
    )


def bare(facts: Facts, *, channel: str, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """What is said when saying more has failed: an alert with few words is better than none."""
    return Message(
        kind=facts.kind,
        environment=facts.environment,
        integration=wording.clean(facts.integration, NAME_LENGTH),
        title=wording.clean(facts.title, TITLE_LENGTH) or "A failure",
        call=wording.clean(facts.endpoint, CALL_LENGTH),
        answer=str(facts.status_code or "No answer"),
        short=str(facts.status_code or "no answer"),
        meaning="Its details could not be put into words here. Open the issue to see them.",
        url=url,
        url_label="Open the issue",
        as_of=now,
        footer=f"Sent to “{wording.clean(channel, NAME_LENGTH)}” at {wording.exact(now, zone)}.",
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


def _figures(facts: Facts) -> tuple[tuple[str, str], ...]:
    """At most three numbers with their words. How many orders is said only where the calls carry one."""
    if facts.kind is Kind.BACK:
        since, words = _figure(max(facts.failures_since_back, 1), "failure")
        found = [(since, f"{words} since it is back"), (f"{facts.failures:,}", "failures in all")]
        return (*found, (f"{facts.orders:,}", "orders in all")) if facts.orders else tuple(found)
    found = [_figure(facts.failures, "failure")]
    if facts.requests:
        found.append(_figure(facts.requests, "request"))
    if facts.orders:
        found.append(_figure(facts.orders, "order"))
    return tuple(found)


def _figure(number: int, word: str) -> tuple[str, str]:
    shown, words = wording.count(number, word).split(" ", 1)
    return shown, words


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
    if facts.created or facts.outcome is Outcome.PARTIAL:
        return _items(facts)
    if _is_read(facts):
        return "Nothing: these calls only read"
    if facts.failure in (FailureKind.TLS, FailureKind.DNS):
        return "No: the request was never sent"
    if _is_uncertain(facts):
        return "Not certain"
    if facts.status_code == 409:
        return "Not by this call"
    if facts.unknown:
        return f"Not certain for {wording.count(facts.unknown, 'item')}"
    if PURCHASE in facts.endpoint:
        return "No subscription"
    return "No" if facts.endpoint.startswith("POST ") else "Nothing was changed"


def _items(facts: Facts) -> str:
    if not (facts.created or facts.failed or facts.unknown):
        return "In part: open the issue to see what"
    parts = [f"{facts.created:,} created", f"{facts.failed:,} not"]
    if facts.unknown:
        parts.append(f"{facts.unknown:,} not mentioned")
    return f"In part: {', '.join(parts)}"


def _who(info: CodeInfo, facts: Facts) -> str:
    """Who has to do something. "We retry" is only said while a send of ours is really planned."""
    if facts.is_retrying:
        return "We retry"
    if info.who is Actor.KEY:
        return "You: check the key"
    if _is_uncertain(facts):
        return "You: look it up before it is sent again"
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


def _deadline(deadline: datetime | None, *, now: datetime, zone: ZoneInfo) -> str:
    if deadline is None:
        return ""
    left = wording.span((deadline - now).total_seconds())
    return f"until {wording.clock(deadline, zone, now=now)}, {left} left"
