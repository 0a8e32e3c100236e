"""Codes: the reference of every status code, what it means, who acts, how a retry is spaced, how often it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses import charts
from responses.insight import reference
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor, CodeInfo
from responses.templatetags.badges import OUTCOMES
from responses.templatetags.times import span
from responses.views import frame, links
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

    @property
    def who(self) -> str:
        """Who acts. Nothing is sent again by the monitor yet, so the page does not say so."""
        return "caller" if self.info.who is Actor.MONITOR else self.info.who.name.lower()

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
    context = {"now": page.now, "groups": grouped(page, seen), "others": others(page, seen)}
    return render(request, "codes/list.html", context)


def grouped(page: Frame, seen: Mapping[int, int]) -> list[Group]:
    """Return the reference by class, in its own order."""
    found = []
    for key, look in OUTCOMES.items():
        if key == "no_answer":
            url = links.responses(page, outcome=key, period="7d")
            entries = tuple(Entry(info, info.label, None, "", line(info)) for info in codes.NO_ANSWER)
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
    url = links.responses(page, code=info.code, period="7d") if number else ""
    return Entry(info, info.label, number, url, line(info))


@cache
def line(info: CodeInfo) -> charts.TimeLine | None:
    """Return the schedule of a code as a line of time; ``None`` where nothing is repeated by itself."""
    if not info.offsets:
        return None
    first = "answer" if info.klass == "accepted" else "1st try"
    marks = [charts.Mark(0, first, "at once", key="neutral")]
    marks += [
        charts.Mark(seconds, _what(info, nth), f"after {span(seconds)}", key=info.klass)
        for nth, seconds in enumerate(info.offsets, 2)
    ]
    return charts.time_line(marks, end=info.offsets[-1], is_log=True)


def _what(info: CodeInfo, nth: int) -> str:
    if info.klass == "accepted":
        return "asked"
    endings: Sequence[str] = ("th", "st", "nd", "rd")
    return f"{nth}{endings[nth] if nth < 4 else 'th'} try"
