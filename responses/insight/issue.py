"""One issue in depth: when it happened, whom and what it touched, and what was done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from responses.insight import cursors, periods, stakes
from responses.insight.periods import Slot
from responses.models import (
    AuditEntry,
    Channel,
    Delivery,
    FailedRequest,
    FailedRequestIssue,
    IntakeKey,
    Issue,
    IssueHour,
    Item,
    Response,
    Transition,
    User,
)

SAMPLE = 200
"""Releases, keys, customers and products are told from so many of the latest failures: nothing counts the log."""
PAGE = 25
_STORY = 20
_MOST_VALUES = 8


class Bars(msgspec.Struct, frozen=True):
    """Failures by hour over 24 hours, or by day over 28."""

    slots: tuple[Slot, ...]
    failures: tuple[int, ...]


class Impact(msgspec.Struct, frozen=True):
    """What the latest failures have in common: each value with how many of them have it, the most frequent first."""

    sampled: int
    releases: tuple[tuple[str, int], ...]
    keys: tuple[tuple[str, int], ...]
    products: tuple[tuple[str, int], ...]
    customers: int
    """How many distinct customers."""


class Example(msgspec.Struct, frozen=True):
    """The latest failure: its own words, with the values that the issue leaves out."""

    response_id: int
    message: str
    sent_at: datetime


class Requests(msgspec.Struct, frozen=True):
    """A page of affected requests."""

    rows: tuple[FailedRequest, ...]
    after: str


def bars(issue: Issue, *, now: datetime, zone: ZoneInfo) -> tuple[Bars, Bars]:
    """Return the last 24 hours and the last 28 days, from one query."""
    day = periods.slots(periods.DEFAULT, now=now, zone=zone)
    month = periods.slots(periods.MONTH, now=now, zone=zone)
    found = IssueHour.objects.filter(issue=issue, hour__gte=month[0].first, hour__lt=month[-1].end)
    counted = list(found.values_list("hour", "failures"))
    return _bars(day, counted), _bars(month, counted)


def _bars(slots: tuple[Slot, ...], counted: Sequence[tuple[int, int]]) -> Bars:
    first, place_of = slots[0].first, periods.places(slots)
    failures = [0] * len(slots)
    for hour, number in counted:
        if 0 <= hour - first < len(place_of):
            failures[place_of[hour - first]] += number
    return Bars(slots, tuple(failures))


def sample(user: User, issue: Issue) -> tuple[Example | None, Impact]:
    """Return the latest failure, and what the latest ones have in common. An issue may be a response's or an item's."""
    responses = Response.objects.visible_in(user, issue.integration_id).filter(issue_id=issue.pk)
    whole = responses.order_by("-id").values_list("id", "release", "key_id", "customer_id")[:SAMPLE]
    of_issue = Item.objects.filter(issue_id=issue.pk, response__integration_id=issue.integration_id).order_by("-id")
    items = of_issue.values_list(
        "response_id", "response__release", "response__key_id", "response__customer_id", "product"
    )[:SAMPLE]
    found: dict[int, Any] = {row[0]: row[1:4] for row in items} | {row[0]: row[1:] for row in whole}
    latest = [found[response_id] for response_id in sorted(found, reverse=True)[:SAMPLE]]
    names = dict(IntakeKey.objects.filter(id__in={row[1] for row in latest if row[1]}).values_list("id", "name"))
    impact = Impact(
        sampled=len(latest),
        releases=_most(row[0] for row in latest),
        keys=_most(names.get(row[1]) or "without a name" for row in latest if row[1]),
        products=_most(row[4] for row in items),
        customers=len({row[2] for row in latest if row[2]}),
    )
    return (_example(issue, max(found)) if found else None), impact


def _example(issue: Issue, response_id: int) -> Example | None:
    """Return the words of one failure: the item's, where it is an item's."""
    # By the response alone: with the issue, SQLite would walk through all items of the issue.
    of_items = dict(Item.objects.filter(response_id=response_id).values_list("issue_id", "message"))
    for message, sent_at in Response.objects.filter(pk=response_id).values_list("message", "sent_at"):
        return Example(response_id, of_items.get(issue.pk) or message, sent_at)
    return None


def _most(values: Any) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(value for value in values if value).most_common(_MOST_VALUES))


def open_requests(user: User, issue: Issue, *, after: str, now: datetime) -> Requests:
    """Return a page of the requests whose clock is running, the most urgent first."""
    order = stakes.order(issue, now=now)
    cursor = cursors.read(after, 2)
    following = [key for key in order if key > cursor] if cursor else order
    chosen = following[:PAGE]
    by_id = FailedRequest.objects.visible_to(user).in_bulk([request_id for _, request_id in chosen])
    rows = tuple(by_id[request_id] for _, request_id in chosen if request_id in by_id)
    return Requests(rows, cursors.write(*chosen[-1]) if len(following) > PAGE else "")


def all_requests(issue: Issue, *, after: str) -> Requests:
    """Return a page of all the requests that ever had this cause, the latest first."""
    links = FailedRequestIssue.objects.filter(issue=issue).select_related("failed_request").order_by("-id")
    if cursor := cursors.read(after, 1):
        links = links.filter(id__lt=cursor[0])
    found = list(links[: PAGE + 1])
    following = cursors.write(found[PAGE - 1].pk) if len(found) > PAGE else ""
    return Requests(tuple(link.failed_request for link in found[:PAGE]), following)


class Activity(msgspec.Struct, frozen=True):
    """What happened to an issue: the latest deeds of people and changes, and the messages about these changes."""

    deeds: tuple[AuditEntry, ...]
    changes: tuple[Transition, ...]
    messages: tuple[Delivery, ...]


def activity(user: User, issue: Issue) -> Activity:
    """Return them, but for changes that are only counted with others, and for channels that the person may not see."""
    deeds = AuditEntry.objects.visible_to(user).filter(subject="issue", subject_id=str(issue.pk)).order_by("-id")
    told = Transition.objects.visible_to(user).filter(issue=issue).exclude(fate=Transition.Fate.FOLDED)
    changes = tuple(told.order_by("-id")[:_STORY])
    sent = Delivery.objects.filter(
        transition__in=[one.pk for one in changes], channel__in=Channel.objects.visible_to(user)
    )
    messages = sent.select_related("channel").order_by("id")
    return Activity(tuple(deeds[:_STORY]), changes, tuple(messages))
