"""Addresses of pages, with the integration that they show. Empty for a page that this installation does not have."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse

from responses.insight.periods import Slot
from responses.insight.trends import RECOVERED, REFUSED
from responses.views.frame import Frame


def page(frame: Frame, name: str, *args: object, **filters: object) -> str:
    """Return the address of a page; filters that are empty are left out."""
    try:
        path = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    query = QueryDict(mutable=True)
    query.update({key: str(value) for key, value in (frame.kept | filters).items() if value not in ("", None)})
    return f"{path}?{query.urlencode(safe=':')}" if query else path


def responses(frame: Frame, **filters: object) -> str:
    """Return where responses are listed. Filters: outcome, code, endpoint, issue, period, since, until, ..."""
    return page(frame, "response-list", **filters)


def within(address: str, slot: Slot) -> str:
    """Return the address of a list of responses, narrowed to the time of one bar. A page has hundreds of them."""
    if not address:
        return ""
    sign = "&" if "?" in address else "?"
    return f"{address}{sign}since={moment(slot.counted_from)}&until={moment(slot.counted_to)}"


def of_strand(strand: str) -> str:
    """Return the filter that finds the responses of a strand: those refused later had been accepted."""
    if strand == RECOVERED:
        return "origin=retry"
    return f"outcome={'accepted' if strand == REFUSED else strand}"


def moment(at: datetime) -> str:
    """Write an instant for an address: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
