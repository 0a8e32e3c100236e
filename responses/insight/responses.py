"""The log of responses, in pages by cursor. Each filter is led by the index that fits it; nothing counts the log.

Where filters remain that no index serves, only the next ``WINDOW`` rows are looked at, and the page says how far.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q

from responses.exchanges import Origin, Outcome
from responses.insight import cursors, searching
from responses.models import Response, User, ids
from responses.models.response import FAILED, ResponseQuerySet

PAGE = 50
WINDOW = 5_000
MOST_NEW = 100


_PLAIN = ("outcome", "code", "hundred", "endpoint", "method", "origin", "release")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which responses: every value that is given must hold."""

    outcome: Outcome | None = None
    code: int = 0
    hundred: int = 0
    """5 for every 5xx."""
    endpoint: str = ""
    method: str = ""
    order: str = ""
    customer: str = ""
    request_id: str = ""
    origin: Origin | None = None
    release: str = ""
    issue: int = 0
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    """An order, customer, request or object, or its beginning; or words of an error message."""

    @property
    def is_by_time(self) -> bool:
        """Whether the pages go by the time of sending, rather than by that of recording."""
        return bool(self.since or self.until) and not self.is_picked

    @property
    def is_picked(self) -> bool:
        """Whether few rows are in question, which an index names."""
        return bool(self.words or self.issue or self.order or self.customer or self.request_id)


class Page(msgspec.Struct, frozen=True):
    """A page of rows, the newest first. ``newer`` and ``older`` are cursors, empty at the ends."""

    rows: tuple[Response, ...]
    newer: str
    older: str
    looked_to: datetime | None
    """Set when the search stopped before the end of the log: how far back it looked."""
    found_by: searching.Found | None
    """What the words were taken for."""


class Cursor(msgspec.Struct, frozen=True):
    """Where a page begins: after a row of this key, towards older rows or towards newer ones."""

    key: tuple[int, ...]
    is_newer: bool = False


def read_cursor(wanted: Wanted, *, before: str, after: str) -> Cursor | None:
    """Return the cursor of an address; ``None`` for the first page, and for whatever is no cursor."""
    size = 2 if wanted.is_by_time else 1
    for text, is_newer in ((after, False), (before, True)):
        if (key := cursors.read(text, size)) and (size == 1 or _is_within(wanted, cursors.time_of(key[0]))):
            return Cursor(key, is_newer)
    return None


def _is_within(wanted: Wanted, at: datetime | None) -> bool:
    if at is None or (wanted.since and at < wanted.since):
        return False
    return not (wanted.until and at >= wanted.until)


def page(user: User, integration_id: int, wanted: Wanted, *, cursor: Cursor | None = None, size: int = PAGE) -> Page:
    """Return one page of an integration's responses."""
    base = Response.objects.visible_in(user, integration_id)
    is_newer = cursor is not None and cursor.is_newer
    if wanted.is_picked:
        rows, found_by = _picked(user, integration_id, base, wanted, cursor, size=size + 1)
        looked_to, edge = None, ""
    else:
        found_by = None
        rows, looked_to, edge = _walked(base, wanted, cursor, size=size + 1)
    is_more = len(rows) > size
    rows = rows[:size]
    if is_newer:
        rows.reverse()
    newer, older = _ends(rows, wanted, cursor, is_more=is_more)
    if looked_to is not None and not is_more:
        newer, older = (newer, edge) if not is_newer else (edge, older)
    else:
        looked_to = None
    return Page(tuple(rows), newer, older, looked_to, found_by)


def newest_id(user: User, integration_id: int) -> int:
    """Return the id of the newest response, 0 when there is none."""
    found = Response.objects.visible_in(user, integration_id).order_by("-id")
    return found.values_list("id", flat=True).first() or 0


def count_new(user: User, integration_id: int, wanted: Wanted, *, seen: int) -> int:
    """Return how many matching responses came after the one with the id ``seen``, up to ``MOST_NEW``."""
    base = Response.objects.visible_in(user, integration_id)
    edge = base.order_by("-id").values_list("id", flat=True)[WINDOW : WINDOW + 1].first() or 0
    fresh = base.filter(id__gt=max(seen, edge))
    if wanted.is_picked:
        found: set[int] = set()
        for source in searching.sources(user, integration_id, wanted.words, wanted.issue)[0]:
            some = fresh.filter(source).filter(_rest(wanted)).order_by("-id").values_list("id", flat=True)
            found.update(some[:MOST_NEW])
        return min(len(found), MOST_NEW)
    return fresh.filter(_rest(wanted)).order_by()[:MOST_NEW].count()


def _picked(
    user: User, integration_id: int, base: ResponseQuerySet, wanted: Wanted, cursor: Cursor | None, *, size: int
) -> tuple[list[Response], searching.Found | None]:
    """Merge what each index finds. Each is asked for a page of its own, so that none is read further than needed."""
    sources, found_by = searching.sources(user, integration_id, wanted.words, wanted.issue)
    is_newer = cursor is not None and cursor.is_newer
    found: dict[int, Response] = {}
    for source in sources:
        matching = base.filter(source).filter(_rest(wanted))
        matching = _beyond(matching, cursor, by_time=False)
        for row in matching.order_by("id" if is_newer else "-id")[:size]:
            found[row.pk] = row
    ordered = sorted(found.values(), key=lambda row: row.pk, reverse=not is_newer)
    return ordered[:size], found_by


def _walked(
    base: ResponseQuerySet, wanted: Wanted, cursor: Cursor | None, *, size: int
) -> tuple[list[Response], datetime | None, str]:
    """Walk along the index that fits. Returns the rows, and where the walk was broken off, if it was."""
    led, is_whole = _led(base, wanted)
    is_newer = cursor is not None and cursor.is_newer
    order = ("sent_at", "id") if wanted.is_by_time else ("id",)
    columns = order if is_newer else tuple(f"-{name}" for name in order)
    led = _beyond(led, cursor, by_time=wanted.is_by_time).order_by(*columns)
    ordered = led.filter(_span(wanted, cursor))
    if is_whole:
        return list(ordered[:size]), None, ""
    edge = ordered.values_list(*order)[WINDOW - 1 : WINDOW].first()
    matching = led.filter(_plain(wanted))
    if edge is None:
        return list(matching.filter(_span(wanted, cursor))[:size]), None, ""
    if not wanted.is_by_time:
        within = Q(**{"id__lte" if is_newer else "id__gte": edge[0]})
        return list(matching.filter(within)[:size]), ids.time_of(edge[0]), cursors.write(edge[0])
    within = _span(wanted, cursor, edge=edge[0])
    # Several may have been sent at the instant of the edge: the next page begins after the very row.
    within &= Q(sent_at__lt=edge[0]) | Q(id__lte=edge[1]) if is_newer else Q(sent_at__gt=edge[0]) | Q(id__gte=edge[1])
    return list(matching.filter(within)[:size]), edge[0], cursors.write(*_key(*edge))


def _span(wanted: Wanted, cursor: Cursor | None, *, edge: datetime | None = None) -> Q:
    """Return the stretch of time. One bound on each side: of two, SQLite may read the index by the wider one."""
    is_newer = cursor is not None and cursor.is_newer
    found = Q()
    if edge is not None and not is_newer:
        found &= Q(sent_at__gte=edge)
    elif wanted.since and not is_newer:
        found &= Q(sent_at__gte=wanted.since)
    if edge is not None and is_newer:
        found &= Q(sent_at__lte=edge)
    elif wanted.until and (cursor is None or is_newer):
        found &= Q(sent_at__lt=wanted.until)
    return found


def _led(base: ResponseQuerySet, wanted: Wanted) -> tuple[ResponseQuerySet, bool]:
    """Return the rows of the index that leads, and whether no filter remains beside it."""
    rest = {name for name in _PLAIN if getattr(wanted, name)}
    if wanted.code >= 300:
        # No such code is a success, so the small index of failures has them all.
        return base.filter(status_code=wanted.code).failed(), rest == {"code"}
    if wanted.outcome is not None and wanted.outcome.is_failure:
        return base.filter(outcome=wanted.outcome).failed(), rest == {"outcome"}
    if wanted.endpoint and not wanted.is_by_time:
        return base.filter(endpoint=wanted.endpoint), rest == {"endpoint"}
    return base, not rest


def _rest(wanted: Wanted) -> Q:
    """Return all filters but the words and the issue."""
    found = _plain(wanted)
    for name, column in (("order", "order_id"), ("customer", "customer_id"), ("request_id", "request_id")):
        if value := getattr(wanted, name):
            # The second condition lets the partial index be used.
            found &= Q(**{column: value}) & ~Q(**{column: ""})
    if wanted.since:
        found &= Q(sent_at__gte=wanted.since)
    if wanted.until:
        found &= Q(sent_at__lt=wanted.until)
    return found


def _plain(wanted: Wanted) -> Q:
    """Return the filters that a row answers by itself."""
    names = ("endpoint", "method", "release")
    found = Q(**{name: getattr(wanted, name) for name in names if getattr(wanted, name)})
    if wanted.outcome is not None:
        found &= Q(outcome=wanted.outcome.value)
        found &= FAILED if wanted.outcome.is_failure else Q()
    if wanted.origin is not None:
        found &= Q(origin=wanted.origin.value)
    if wanted.code:
        found &= Q(status_code=wanted.code)
        found &= FAILED if wanted.code >= 300 else Q()
    if wanted.hundred:
        found &= Q(status_code__gte=wanted.hundred * 100, status_code__lt=wanted.hundred * 100 + 100)
    return found


def _beyond(found: ResponseQuerySet, cursor: Cursor | None, *, by_time: bool) -> ResponseQuerySet:
    if cursor is None:
        return found
    sign = "gt" if cursor.is_newer else "lt"
    if not by_time:
        return found.filter(**{f"id__{sign}": cursor.key[0]})
    at = cursors.time_of(cursor.key[0])
    # The first condition is implied by the second, and lets the index begin in the right place.
    past = Q(**{f"sent_at__{sign}": at}) | Q(**{f"id__{sign}": cursor.key[1]})
    return found.filter(past, **{f"sent_at__{sign}e": at})


def _ends(rows: Sequence[Response], wanted: Wanted, cursor: Cursor | None, *, is_more: bool) -> tuple[str, str]:
    if not rows:
        return "", ""
    first, last = (cursors.write(*_key_of(row, wanted)) for row in (rows[0], rows[-1]))
    if cursor is None:
        return "", last if is_more else ""
    if cursor.is_newer:
        return first if is_more else "", last
    return first, last if is_more else ""


def _key_of(row: Response, wanted: Wanted) -> tuple[int, ...]:
    return _key(row.sent_at, row.pk) if wanted.is_by_time else (row.pk,)


def _key(sent_at: Any, row_id: int) -> tuple[int, int]:
    return cursors.number_of(sent_at), row_id
