"""What is said of a condition that is about no single issue: refused keys, a breaker, clocks, silence, ourselves. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from responses.alerting import wording
from responses.alerting.impact import NOTHING, Impact
from responses.alerting.message import NAME_LENGTH, WORDS_LENGTH, Kind, Message, Tone
from responses.alerting.telling import faults, stakes
from responses.models import Transition
from responses.ordergroove import codes

What = Transition.Kind


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a condition at the moment of sending."""

    what: Transition.Kind
    """The condition, also where the message only reminds of it or says that it is over."""
    kind: Kind
    now: datetime
    zone: ZoneInfo
    integration: str = ""
    environment: str = ""
    number: int = 0
    """The transition's: what it counts depends on the condition."""
    minutes: int = 0
    """The rule's window, or how long it waits."""
    impact: Impact = NOTHING
    reason: str = ""
    """Of a breaker: why it opened."""
    is_key: bool = False
    """Of a breaker: whether it is the key that is refused."""
    usual: int = 0
    """Of silence: how many purchases there usually are in such an hour."""
    last_at: datetime | None = None
    """Of silence: when the last purchase was sent."""
    part: str = ""
    """Of the monitor: ``worker``, ``beat``, ``database`` or ``web``."""
    lasts_for: float = 0.0
    """Seconds since the alert was opened."""
    reminders: int = 0
    ended_because: str = ""
    trend: tuple[int, ...] = ()


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one condition while it holds, and when it is over."""

    topic: str
    title: str
    meaning: str
    who: str
    advice: str
    over: str
    """The title when it is over."""
    fault: str = ""
    """Empty where it is nobody's in particular."""
    created: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    url_label: str = "Open the requests"


def tell(situation: Situation, *, url: str) -> Message:
    """Say what holds, whose fault it is, what is at stake, who acts and until when; or that it is over."""
    words = _WORDS[situation.what](situation)
    now, zone = situation.now, situation.zone
    is_over = situation.kind in (Kind.OVER, Kind.GOES_ON)
    deadline_at, label, until = stakes.deadline(situation.impact, now=now, zone=zone)
    ended = wording.clean(situation.ended_because, WORDS_LENGTH)
    return Message(
        kind=situation.kind,
        tone=Tone.GOOD if is_over else Tone.NORMAL,
        environment=situation.environment,
        integration=wording.clean(situation.integration, NAME_LENGTH),
        title=words.over if is_over else words.title,
        topic=words.topic,
        news=_news(situation),
        figures=() if is_over else (*words.figures, *stakes.figures(situation.impact))[:3],
        meaning=(ended or "Nothing is left to do about it.") if is_over else words.meaning,
        fault="" if is_over else words.fault,
        who="Nobody" if is_over else words.who,
        created="" if is_over else words.created,
        impact=() if is_over else stakes.lines(situation.impact, is_uncertain=situation.what == What.UNKNOWN_OLD),
        advice="" if is_over else words.advice,
        deadline_at=None if is_over else deadline_at,
        deadline_label="" if is_over else label,
        deadline_words="" if is_over else until,
        trend=situation.trend,
        trend_words=_trend(situation),
        url=url,
        url_label=words.url_label,
        as_of=now,
        footer=f"Numbers as of {wording.exact(now, zone)}.",
    )


def _news(situation: Situation) -> str:
    length = wording.span(situation.lasts_for)
    if situation.kind in (Kind.OVER, Kind.GOES_ON):
        return f"Over after {length}."
    if situation.kind is Kind.REMINDER:
        return wording.reminder(situation.reminders, situation.lasts_for)
    return ""


def _trend(situation: Situation) -> str:
    most = max(situation.trend, default=0)
    return f"Purchases by hour, last 24 hours: {most:,} at most" if situation.trend else ""


def _auth(situation: Situation) -> Words:
    refused = wording.count(situation.number, "call") if situation.number else "Calls"
    within = f" in {situation.minutes} min" if situation.minutes else ""
    figures = (wording.figure(situation.number, "refused call"),) if situation.number else ()
    return Words(
        topic="Calls are refused with 401 or 403",
        title=f"{refused} refused with 401 or 403{within}",
        meaning="Ordergroove does not accept the key, its signature, or what the key may do. "
        "Every call with it fails until somebody corrects it.",
        fault=faults.KEY,
        who="You: check the key",
        created="Nothing by these calls",
        advice=f"Was the key changed, rotated or switched off just now? {codes.about(401).next_step}",
        over="Calls get through again",
        figures=figures,
    )


def _breaker(situation: Situation) -> Words:
    reason = wording.clean(situation.reason, WORDS_LENGTH).rstrip(" .")
    why = f": {reason}" if reason else " because most answers were bad"
    return Words(
        topic="Sending again has stopped",
        title="The monitor has stopped sending failed requests again",
        meaning=f"It stopped by itself{why}. Your own calls are not touched. "
        "What waits is kept, and is sent in order as soon as a trial gets through.",
        fault=faults.KEY if situation.is_key else faults.THEIRS,
        who="You: check the key" if situation.is_key else "Nobody yet: we try one every half minute",
        advice=(
            "Check the key of this integration in Settings; a new one starts sending at once."
            if situation.is_key
            else "If it lasts longer than your oldest request can wait, tell Ordergroove. "
            "Meanwhile look at what runs out of time first."
        ),
        over="The monitor sends failed requests again",
        figures=_waiting(situation.impact),
        url_label="Open the retries",
    )


def _waiting(impact: Impact) -> tuple[tuple[str, str], ...]:
    if not impact.requests:
        return ()
    number, words = wording.figure(impact.requests, "request")
    return ((number, f"{words} waiting"),)


def _unknown(situation: Situation) -> Words:
    whose = wording.count(situation.number or situation.impact.requests, "request")
    return Words(
        topic="Outcomes stay unknown",
        title=f"Nobody knows what became of {whose}",
        meaning=f"No answer was read, and for {wording.span(60 * (situation.minutes or 30))} nothing has told whether "
        "Ordergroove did the work.",
        fault="Not certain: no answer came",
        who="You: look each one up",
        created="Not certain",
        advice="Look each order up at Ordergroove before anybody sends it again, then say on its page whether it was "
        "created. Sending it blindly could create it twice.",
        over="No outcome is unknown any more",
    )


def _expiring(situation: Situation) -> Words:
    number = situation.number or situation.impact.requests
    within = wording.within(situation.minutes or 60)
    return Words(
        topic="Requests are about to expire",
        title=f"{wording.count(number, 'request')} can be saved only in the next {within}",
        meaning="24 hours after its first failure an order's cart is not reliable any more: what has not been sent "
        "again by then is lost.",
        who="You: now",
        advice="Open To fix: what runs out first stands on top. Correct and send again what can be saved.",
        over="Nothing is about to expire any more",
        url_label="Open what to fix",
    )


def _expired(situation: Situation) -> Words:
    number = situation.number or situation.impact.requests
    return Words(
        topic="Requests have expired",
        title=f"{wording.count(number, 'request')} could not be saved in time",
        meaning="Their 24 hours have passed: the carts are not reliable any more, so nothing is sent again by itself.",
        who="You: decide what the customers are told",
        advice="Go through what expired today: these customers believe that they have a subscription.",
        over="Nothing has expired since",
        url_label="Open what expired",
    )


def _exhausted(situation: Situation) -> Words:
    number = situation.number or situation.impact.requests
    return Words(
        topic="Retries are used up",
        title=f"Our attempts are used up for {wording.count(number, 'request')}",
        meaning="Each was sent again as often as its schedule allows, and failed every time. Nobody sends it again "
        "until a person does.",
        fault=faults.THEIRS,
        who="You: send again, or look it up",
        created="Not certain",
        advice="See whether Ordergroove answers again, look up what may have been created, then send the rest again.",
        over="No request waits after its last attempt",
        url_label="Open what to fix",
    )


def _silence(situation: Situation) -> Words:
    now, zone = situation.now, situation.zone
    seconds = (now - situation.last_at).total_seconds() if situation.last_at else 60.0 * situation.number
    length = wording.span(seconds) if seconds >= 60 else "a while"
    usual = f"At this hour of the week there are usually about {situation.usual:,}. " if situation.usual else ""
    last = f"The last one was sent {wording.when(situation.last_at, zone, now=now)}. " if situation.last_at else ""
    return Words(
        topic="No purchases arrive",
        title=f"No purchase for {length}",
        meaning=f"{usual}{last}Nothing failed: nothing arrived at all. Either the shop sends no purchases, or it does "
        "not report them any more.",
        fault="Not certain: the shop, or its reporting",
        who="You: look at the shop and its recorder",
        created="Nothing was asked for",
        advice="Place a test order, or ask who released something. Then see that the recorder runs, that its key is "
        "valid, and that it reaches this monitor.",
        over="Purchases arrive again",
        figures=((f"{situation.usual:,}", "usual in such an hour"),) if situation.usual else (),
        url_label="Open the responses",
    )


_PARTS = {
    "worker": (
        "worker",
        "Failures are recorded, but nothing is sent again and nobody is told of anything while it is silent.",
        "Look at the worker's log and start it again.",
    ),
    "beat": (
        "timer (beat)",
        "Nothing that goes by time happens: no retries, no reminders, no clocks.",
        "Look at the timer's log and start it again. Exactly one must run.",
    ),
    "database": (
        "database",
        "New responses may not be stored. Callers that buffer will send them again.",
        "Look at its disk, its connections and its log.",
    ),
    "web": (
        "web process",
        "New responses are not accepted and the pages do not open. Callers that buffer will send them again.",
        "Look at its log and start it again.",
    ),
}


def _monitor(situation: Situation) -> Words:
    name, meaning, advice = _PARTS.get(situation.part, _PARTS["worker"])
    length = f" for {wording.span(situation.number)}" if situation.number else ""
    return Words(
        topic=f"The monitor's {name} does not answer",
        title=f"The monitor's {name} has not answered{length}",
        meaning=meaning,
        fault="This monitor",
        who="You: whoever runs this monitor",
        advice=advice,
        over=f"The monitor's {name} answers again",
        url_label="Open the monitor",
    )


_WORDS: dict[Transition.Kind, Callable[[Situation], Words]] = {
    What.AUTH_BURST: _auth,
    What.BREAKER_OPENED: _breaker,
    What.BREAKER_CLOSED: _breaker,
    What.UNKNOWN_OLD: _unknown,
    What.EXPIRING: _expiring,
    What.REQUEST_EXPIRED: _expired,
    What.REQUEST_EXHAUSTED: _exhausted,
    What.SILENCE: _silence,
    What.MONITOR_LAGS: _monitor,
}
