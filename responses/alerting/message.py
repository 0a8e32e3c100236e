"""What a message is, whatever the channel, and what tells one from another on its way. Pure: reads no clock and no table.

Never a body, never personal data; all that came from outside has gone through ``wording.clean``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting import wording
from responses.alerting.about import About

TITLE_LENGTH = 140
NAME_LENGTH = 80
CALL_LENGTH = 120
ADVICE_LENGTH = 600
WORDS_LENGTH = 400


class Kind(StrEnum):
    """Why the message is sent, in the words that lead it."""

    NEW = "New issue"
    BACK = "Issue is back"
    GROWS = "Issue grows"
    LASTS = "Issue lasts"
    MANY = "Same cause on many requests"
    REPEATED = "Same error again and again"
    EXHAUSTED = "Retries used up"
    EXPIRED = "Requests expired"
    AUTH = "Calls are refused"
    STOPPED = "Sending has stopped"
    GOES_ON = "Sending goes on"
    UNKNOWN = "Outcome unknown"
    EXPIRING = "Requests expire soon"
    SILENCE = "Silence"
    DIGEST = "Daily digest"
    MONITOR = "The monitor itself"
    REMINDER = "Reminder"
    OVER = "Over"
    MORE = "Held back"
    TEST = "Test message"


class Tone(StrEnum):
    """How a message looks: as bad as it is, for information, or good news."""

    CRITICAL = "critical"
    URGENT = "urgent"
    NORMAL = "normal"
    INFO = "info"
    GOOD = "good"

    @classmethod
    def of(cls, severity: int) -> Tone:
        """The tone of a severity, from 1 (for information) to 4."""
        return (cls.INFO, cls.NORMAL, cls.URGENT, cls.CRITICAL)[severity - 1]


class Link(msgspec.Struct, frozen=True):
    """Words that lead somewhere."""

    words: str
    url: str = ""
    """Empty: nowhere."""


class Listing(msgspec.Struct, frozen=True):
    """A short list under its title."""

    title: str
    links: tuple[Link, ...]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message without a layout. Every text is clean, one line, and of a bounded length."""

    kind: Kind
    tone: Tone = Tone.NORMAL
    environment: str = ""
    """``production``, ``staging``, or empty when it is about no integration."""
    integration: str = ""
    title: str
    topic: str = ""
    """What the subject names, the same for all messages of a thread; empty: the title, with the call."""
    answer: str = ""
    """What came back: ``400 Bad Request``."""
    call: str = ""
    """What was asked: ``POST /subscription/create``."""
    short: str = ""
    """Both in the fewest words, for a subject."""
    news: str = ""
    """What is new since the thread's last message, in one or two sentences."""
    figures: tuple[tuple[str, str], ...] = ()
    """Numbers with their words: ``("14", "failures")``."""
    meaning: str
    fault: str = ""
    """Where the fault is: ``In the request``, ``At Ordergroove``."""
    who: str = ""
    created: str = ""
    impact: tuple[tuple[str, str], ...] = ()
    """What is at stake besides the figures, label and words: ``("Value at risk", "1,204.50")``."""
    advice: str = ""
    deadline_at: datetime | None = None
    deadline_label: str = ""
    """``Oldest order can be saved``, to which a channel adds until when, in its reader's zone where it can."""
    deadline_words: str = ""
    """``until 16:04 UTC, 5 h 12 min left``, for channels that cannot."""
    lists: tuple[Listing, ...] = ()
    """The open issues of a digest, the alerts that were held back."""
    trend: tuple[int, ...] = ()
    """How many in each hour of the last 24, the oldest first; empty where that says nothing."""
    trend_words: str = ""
    """The same in words."""
    url: str
    url_label: str
    actions: tuple[Link, ...] = ()
    """What can be done about it: each leads to a page that asks first."""
    as_of: datetime
    footer: str
    is_worse: bool = False
    """Whether it is worse than all that the thread has told so far."""
    about: About | None = None
    """The same for programs."""

    @property
    def place(self) -> str:
        """Where: the environment, in capitals when real orders are at stake, and the integration."""
        environment = "PRODUCTION" if self.environment == "production" else self.environment.capitalize()
        return " · ".join(part for part in (environment, self.integration) if part)

    @property
    def subject(self) -> str:
        """One line that is the same for all messages of a thread, so that mail programs keep them together.

        Plain ASCII as far as it is ours: an encoded subject is folded in ways that some filters dislike.
        """
        if self.kind is Kind.TEST:
            return wording.cut(f"{self.kind}: {self.title}", 120)
        environment = "PRODUCTION" if self.environment == "production" else self.environment
        topic = self.topic or " - ".join(part for part in (self.title, self.short) if part)
        place = f" ({self.integration})" if self.integration else ""
        return wording.cut(f"[{environment or 'monitor'}] {topic}{place}", 200)

    @property
    def numbers(self) -> str:
        """The figures in one line."""
        return " · ".join(f"{number} {words}" for number, words in self.figures)

    @property
    def is_good(self) -> bool:
        """Whether it is good news."""
        return self.tone is Tone.GOOD

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """What the person who is paged asks first, label and words."""
        asked = (("Where the fault is", self.fault), ("Who acts", self.who), ("Was anything created?", self.created))
        return (*((label, words) for label, words in asked if words), *self.impact)

    @property
    def summary(self) -> str:
        """The whole in one or two sentences: what a lock screen and a screen reader get."""
        if self.kind is Kind.TEST:
            return f"{self.title}. {self.meaning}"
        parts = (
            f"{self.kind} in {self.place}: {self.title}" if self.place else f"{self.kind}: {self.title}",
            self.news.rstrip("."),
            f"{self.answer} on {self.call}" if self.answer else "",
            self.numbers,
            self.who if self.who != "Nobody" else "",
        )
        return ". ".join(part for part in parts if part)


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


def test(*, channel: str, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """The message behind a channel's Test button."""
    name = wording.clean(channel, NAME_LENGTH)
    return Message(
        kind=Kind.TEST,
        tone=Tone.INFO,
        title=f"Messages reach “{name}”",
        meaning="Nothing is wrong: somebody pressed Test. This is where alerts will be told.",
        url=url,
        url_label="Open the channels",
        as_of=now,
        footer=f"Sent by Ordergroove Monitor at {wording.exact(now, zone)}.",
        about=About(kind="test", severity="info"),
    )
