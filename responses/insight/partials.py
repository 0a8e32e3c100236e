"""Requests of which only a part was created: which items failed, why, and of which the answers said nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from django.db.models import Max, Sum

from responses import fingerprints
from responses.exchanges import ItemState, Outcome
from responses.insight import cursors, periods
from responses.models import FailedRequest, HourlyCount, Item, User
from responses.models.failed_request import FailedRequestQuerySet

PAGE = 30
SAMPLE = 300
"""The breakdown is made from so many of the newest partial requests."""
MOST_REASONS, MOST_PRODUCTS = 8, 6
UNMENTIONED = "Not mentioned in the answer"
UNEXPLAINED = "No reason given"
_WEEK = timedelta(days=7)


class Reason(msgspec.Struct, frozen=True):
    """Why items failed, in the words of the answers without the values of a single request."""

    words: str
    state: str
    """``failed`` or ``unknown``."""
    issue_id: int | None
    total: int
    by_product: tuple[int, ...]
    """In the order of ``Breakdown.products``; what belongs to other products counts in ``total`` only."""


class Breakdown(msgspec.Struct, frozen=True):
    """Error reason × product, of the newest partial requests."""

    sampled: int
    products: tuple[str, ...]
    reasons: tuple[Reason, ...]
    most: int


class Page(msgspec.Struct, frozen=True):
    """A page of partial requests, the newest first; ``after`` is the cursor of the next one."""

    rows: tuple[tuple[FailedRequest, tuple[Item, ...]], ...]
    after: str


def page(user: User, integration_id: int, *, has_closed: bool, after: str = "", size: int = PAGE) -> Page:
    """Return one page, each request with its items that were not created."""
    found = _partial(user, integration_id, has_closed=has_closed)
    if key := cursors.read(after, 1):
        found = found.filter(id__lt=key[0])
    rows = list(found.order_by("-id")[: size + 1])
    items = last_items([row.pk for row in rows[:size]])
    shown = tuple((row, tuple(items.get(row.pk, ()))) for row in rows[:size])
    return Page(shown, cursors.write(rows[size - 1].pk) if len(rows) > size else "")


def breakdown(user: User, integration_id: int, *, has_closed: bool) -> Breakdown:
    """Return which reasons hit which products."""
    found = _partial(user, integration_id, has_closed=has_closed).order_by("-id")
    sampled = list(found.values_list("id", flat=True)[:SAMPLE])
    cells: Counter[tuple[tuple[str, str], str]] = Counter()
    issues: dict[tuple[str, str], int | None] = {}
    for items in last_items(sampled).values():
        for item in items:
            key = _reason_of(item)
            cells[key, item.product or "without a name"] += 1
            issues[key] = issues.get(key) or item.issue_id
    by_reason: Counter[tuple[str, str]] = Counter()
    by_product: Counter[str] = Counter()
    for (key, product), number in cells.items():
        by_reason[key] += number
        by_product[product] += number
    products = tuple(name for name, _ in by_product.most_common(MOST_PRODUCTS))
    reasons = tuple(
        Reason(key[0], key[1], issues[key], total, tuple(cells[key, product] for product in products))
        for key, total in by_reason.most_common(MOST_REASONS)
    )
    return Breakdown(len(sampled), products, reasons, max(cells.values(), default=0))


def last_items(request_ids: Sequence[int]) -> dict[int, list[Item]]:
    """Return the items that were not created by request id, as the last answer that named any told them."""
    mine = Item.objects.filter(failed_request_id__in=request_ids)
    last = dict(mine.order_by().values_list("failed_request_id").annotate(last=Max("response_id")))
    bad = (ItemState.FAILED.value, ItemState.UNKNOWN.value)
    found: dict[int, list[Item]] = {}
    for item in mine.filter(state__in=bad).order_by("position", "id"):
        if item.failed_request_id is not None and item.response_id == last[item.failed_request_id]:
            found.setdefault(item.failed_request_id, []).append(item)
    return found


def clean_bulk(user: User, integration_id: int, *, now: datetime) -> int:
    """Return how many 206 and 207 of the last week had no failure: they are not listed."""
    counted = HourlyCount.objects.visible_in(user, integration_id).filter(
        hour__gte=periods.hour_of(now - _WEEK),
        status_code__in=(206, 207),
        outcome=Outcome.SUCCESS.value,
    )
    return counted.aggregate(number=Sum("responses"))["number"] or 0


def _partial(user: User, integration_id: int, *, has_closed: bool) -> FailedRequestQuerySet:
    found = FailedRequest.objects.visible_in(user, integration_id).filter(outcome=Outcome.PARTIAL.value)
    return found if has_closed else found.open()


def _reason_of(item: Item) -> tuple[str, str]:
    if item.state == ItemState.UNKNOWN.value and not item.message:
        return UNMENTIONED, "unknown"
    words = fingerprints.normalise(item.message)
    said = f"{item.field}: {words}" if item.field and words else words or item.field
    return said or UNEXPLAINED, ItemState(item.state).word
