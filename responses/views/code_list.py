"""Codes: the reference of every status code, what it means, who acts, how a retry is spaced, how often it was seen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses import charts
from responses.exchanges import RetryBy
from responses.insight import reference
from responses.models import Integration
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor, CodeInfo
from responses.ordergroove.schedules import DEFAULTS, Policy, Schedules
from responses.templatetags.badges import OUTCOMES
from responses.templatetags.times import span
from responses.views import frame, links, retry_lines
from responses.views.frame import Frame

_NOTES = {
    "success": "Done, with nothing left to do.",
    "accepted": "Received; whether it worked is told later.",
    "partial": "Looks like a success, and is none for some of its items.",
    "needs_fix": "Will not pass as it is: somebody must change something.",
    "transient": "Nothing is wrong with the request: it passes when it is sent again.",
    "no_answer": "No answer came, and whether it took effect may be unknown.",
}


class Entry(msgspec.Struct, frozen=True):
    """One code with how often it was seen, and its retries as a line of time."""

    info: CodeInfo
    anchor: str
    seen: int | None
    url: str
    line: charts.TimeLine | None
    who: str
    """Who acts."""
    next_step: str
    """What to do, where the monitor does not do it."""
    own: str
    """When it is sent again here, in words, where the integration has a schedule of its own."""

    @property
    def line_label(self) -> str:
        """What the line shows."""
        return f"When {self.info.label} is tried again"


class Group(msgspec.Struct, frozen=True):
    """The codes of one class."""

    key: str
    title: str
    note: str
    seen: int | None
    url: str
    entries: tuple[Entry, ...]


@login_required
@require_safe
def code_list(request: HttpRequest) -> HttpResponse:
    """Show the reference."""
    page = frame.of(request, now=timezone.now())
    seen = reference.seen(page.user, page.integration.pk, now=page.now) if page.integration else {}
    lead = _LEADS[_retry_by(page.integration)]
    context = {"now": page.now, "groups": grouped(page, seen), "others": others(page, seen), "lead": lead}
    return render(request, "codes/list.html", context)


def grouped(page: Frame, seen: Mapping[int, int]) -> list[Group]:
    """Return the reference by class, in its own order."""
    found = []
    for key, look in OUTCOMES.items():
        if key == "no_answer":
            url = links.responses(page, outcome=key, period="7d")
            entries = tuple(_shown(page, info, None, "") for info in codes.NO_ANSWER)
            found.append(Group(key, look.word, _NOTES[key], seen.get(0, 0), url, entries))
            continue
        entries = tuple(_entry(page, info, seen) for info in codes.ALL if info.klass == key)
        found.append(Group(key, look.word, _NOTES[key], None, "", entries))
    return found


def others(page: Frame, seen: Mapping[int, int]) -> list[Entry]:
    """Return the codes that were seen and are no part of the reference."""
    known = {info.code for info in codes.ALL} | {0}
    return [_entry(page, codes.about(code), seen) for code in sorted(seen) if code not in known]


def _entry(page: Frame, info: CodeInfo, seen: Mapping[int, int]) -> Entry:
    number = seen.get(info.code or 0, 0)
    return _shown(page, info, number, links.responses(page, code=info.code, period="7d") if number else "")


def _shown(page: Frame, info: CodeInfo, seen: int | None, url: str) -> Entry:
    integration = page.integration
    schedules = Schedules.from_settings(integration.retry_policies) if integration else DEFAULTS
    retry_by = _retry_by(integration)
    who = _WHO[retry_by] if info.who is Actor.MONITOR else info.who.name.lower()
    next_step = _OURS.get(info.policy, info.next_step) if retry_by is RetryBy.MONITOR else info.next_step
    next_step = _FIRST.get(info.label, "") + next_step if next_step != info.next_step else next_step
    is_own = info.policy is not None and getattr(schedules, info.policy.value) != getattr(DEFAULTS, info.policy.value)
    own = retry_lines.in_words(schedules, info.policy) if info.policy is not None and is_own else ""
    drawn = None if info.policy is not None and retry_by is RetryBy.NEVER else line(info, schedules)
    return Entry(info, info.label, seen, url, drawn, who, next_step, own)


def _retry_by(integration: Integration | None) -> RetryBy:
    return RetryBy(integration.retry_by) if integration is not None else RetryBy.CALLER


_WHO = {RetryBy.MONITOR: "monitor", RetryBy.CALLER: "caller", RetryBy.NEVER: "you"}
_LEADS = {
    RetryBy.MONITOR: "The time lines show when the monitor sends again, if the key that reported the failure allows it.",
    RetryBy.CALLER: "The monitor sends nothing again by itself here: the time lines of a retry are for your own systems.",
    RetryBy.NEVER: "Nobody sends again by itself here: a person can, from the page of each request.",
}
_OURS: dict[Policy | None, str] = {
    Policy.LOCKED: "Nothing: the monitor sends it again by itself, one request on an object after the other.",
    Policy.LIMITED: (
        "Nothing: the monitor waits as long as Ordergroove asks, and sends it again. If it happens often, spread the "
        "calls or use the bulk endpoints."
    ),
    Policy.PURCHASE: (
        "Nothing is wrong with your request: the monitor sends it again by itself, unchanged and with the same order "
        "id, so that it cannot be created twice. If it lasts, tell Ordergroove."
    ),
    Policy.SAFE: (
        "The monitor looks up whether it took effect, and sends it again only if it did not. What cannot be looked up "
        "waits for a person."
    ),
}
"""What is to do where the monitor retries."""
_FIRST = {
    "connection": "Check that your network lets the calls out. ",
    "tls": "Check the clock and the certificates of the calling machine, and the host name. ",
    "dns": "Check the host name in your settings and the name server of the calling machine. ",
}


@lru_cache(maxsize=256)
def line(info: CodeInfo, schedules: Schedules) -> charts.TimeLine | None:
    """Return the schedule of a code as a line of time; ``None`` where nothing is repeated by itself."""
    if info.policy is not None:
        return retry_lines.drawn(schedules, info.policy)
    if not info.offsets:
        return None
    marks = [charts.Mark(0, "answer", "at once", key="neutral")]
    marks += [charts.Mark(seconds, "asked", f"after {span(seconds)}", key=info.klass) for seconds in info.offsets]
    return charts.time_line(marks, end=info.offsets[-1], is_log=True)
