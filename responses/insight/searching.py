"""What a person's words may mean: an order, a customer, a request, an object, an error. Never scans the log's text.

Ids are found by their indexes. Messages are looked for among the issues, of which there are few.
"""

from __future__ import annotations

import msgspec
from django.db.models import Q
from django.db.models.functions import Substr
from django.db.models.lookups import Exact

from responses.models import Issue, Item, Response, User
from responses.models.response import beginning

COLLECTIONS = ("subscriptions", "subscription", "orders", "items", "customers", "addresses", "payments", "products")
"""How resource keys begin (ordergroove/endpoints): an object is known by its collection and its id."""
MOST_ISSUES = 5
_MOST_ITEMS = 200
_COMMON = 2000


class Found(msgspec.Struct, frozen=True):
    """What the words were taken for, beside ids."""

    issues: tuple[Issue, ...]


def sources(user: User, integration_id: int, words: str, issue_id: int) -> tuple[list[Q], Found | None]:
    """Return the conditions of which one must hold, each served by an index; without words one that always does."""
    if issue_id:
        of_issue = Issue.objects.visible_in(user, integration_id).filter(pk=issue_id)
        found = [source for issue in of_issue for source in _of_issues([issue])]
        # Words beside an issue narrow it down: they can only be ids then.
        narrowed = [source & _any_id(words) for source in found] if words else found
        return narrowed, None
    if not words:
        return [Q()], None
    issues = tuple(_issues(user, integration_id, words)) if len(words) >= 3 else ()
    return [*_ids(user, integration_id, words), *_of_issues(issues)], Found(issues)


def _ids(user: User, integration_id: int, words: str) -> list[Q]:
    found = []
    for column in ("order_id", "customer_id", "request_id"):
        begins = beginning(column, words)
        mine = Response.objects.visible_in(user, integration_id).filter(begins)
        is_common = mine.order_by()[:_COMMON].count() == _COMMON
        # What most ids begin with is met soon on the way through the log; its index would have to be sorted.
        found.append(Q(Exact(Substr(column, 1, len(words)), words)) if is_common else begins)
    if 3 <= len(words) <= 200:
        names = [f"{collection}:{words}" for collection in COLLECTIONS]
        mine = Response.objects.visible_in(user, integration_id).filter(resource_key__in=names).failed()
        # Asked for apart: beside the order of the log, SQLite would rather walk through all of it.
        found.append(Q(pk__in=mine.order_by().values("pk")))
    return found


def _any_id(words: str) -> Q:
    found = Q()
    for column in ("order_id", "customer_id", "request_id"):
        found |= beginning(column, words)
    return found


def _issues(user: User, integration_id: int, words: str) -> list[Issue]:
    texts = Q(title__icontains=words) | Q(message__icontains=words) | Q(field__icontains=words)
    found = Issue.objects.visible_in(user, integration_id).filter(texts)
    return list(found.order_by("-last_seen_at")[:MOST_ISSUES])


def _of_issues(issues: tuple[Issue, ...] | list[Issue]) -> list[Q]:
    """A response carries its first cause; the causes of its other items are found by the items."""
    if not issues:
        return []
    found = [Q(issue_id=issue.pk) for issue in issues]
    items: set[int] = set()
    for issue in issues:
        of_issue = Item.objects.filter(issue_id=issue.pk).order_by("-id").values_list("response_id", flat=True)
        items.update(of_issue[:_MOST_ITEMS])
    if items:
        found.append(Q(id__in=sorted(items)))
    return found
