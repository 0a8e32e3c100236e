"""What became of one order, or of a customer's last ones: found by an order, customer or subscription id, or an address.

An e-mail address is compared as a keyed hash (recording/people). Every source has its index; nothing scans the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from django.db.models import Q, QuerySet

from responses import redaction
from responses.correcting import drafts
from responses.exchanges import Origin, Outcome
from responses.insight import corrections, searching, sendings
from responses.insight.response import MOST_ITEMS
from responses.insight.sendings import Sendings
from responses.models import FailedRequest, FollowUp, Item, Response, Resubmission, User
from responses.ordergroove import storable
from responses.recording import people

MOST = 5
LONGEST = 254
_MOST_ROWS = 40
_MASKS = (redaction.MASK, redaction.CARD, redaction.EMAIL)


class Found(msgspec.Struct, frozen=True):
    """One request with all that its answer needs. At least one of the first three is there."""

    by: str
    """What the words were: ``order``, ``customer``, ``subscription`` or ``address``."""
    request: FailedRequest | None
    latest: Response | None
    """The last call, of the caller or our own; questions of ours are none."""
    follow_up: FollowUp | None
    items: tuple[Item, ...] = ()
    sendings: Sendings = Sendings(())
    correction: Resubmission | None = None
    typing: tuple[str, ...] = ()
    """Who else has lately been at a correction of it."""

    @property
    def order_id(self) -> str:
        """The order that it is about; empty for a call about something else."""
        about = self.request or self.follow_up or self.latest
        return about.order_id if about is not None else ""

    @property
    def is_over(self) -> bool:
        """Whether a call that came after the failure has succeeded."""
        if self.latest is None or self.latest.outcome != Outcome.SUCCESS:
            return False
        return self.request is None or (
            self.request.closed_at is not None and self.latest.sent_at >= self.request.last_failed_at
        )


class Answer(msgspec.Struct, frozen=True):
    """What was found, what is open first, then the newest; ``is_more``: there are more than ``MOST``."""

    words: str
    is_address: bool
    found: tuple[Found, ...] = ()
    is_more: bool = False


class Trace(msgspec.Struct, frozen=True):
    """A row that the words led to: its id tells the time, and with the key it stands for one request."""

    at: int
    key: str
    by: str
    request_id: int | None


def read(user: User, integration_id: int, words: str, *, now: datetime) -> Answer:
    """Return what became of what ``words`` name, in one integration. Nothing, for words that can name nothing."""
    words = words.strip()
    is_address = people.is_address(words)
    asked = Answer(words, is_address)
    if is_address:
        traces = list(_of_address(user, integration_id, people.email_hash(integration_id, words)))
    elif _may_be_id(words):
        traces = [*_of_names(user, integration_id, words), *_of_objects(user, integration_id, words)]
    else:
        return asked
    threads: dict[str, list[Trace]] = {}
    for trace in sorted(traces, key=lambda trace: trace.at, reverse=True):
        threads.setdefault(trace.key, []).append(trace)
    found = [_found(user, integration_id, key, traces, now=now) for key, traces in list(threads.items())[:MOST]]
    found.sort(key=lambda one: one.request is None or not one.request.is_open)
    return msgspec.structs.replace(asked, found=tuple(found), is_more=len(threads) > MOST)


def _may_be_id(words: str) -> bool:
    """Whether an id may be written so. A mask stands for many people's, and finds none of them."""
    is_plain = words.isprintable() and len(words) <= LONGEST and storable.identifier(words) == words
    return bool(words) and is_plain and words not in _MASKS and redaction.of_id(words) == words


def _of_address(user: User, integration_id: int, email_hash: str) -> Iterator[Trace]:
    rows = FailedRequest.objects.visible_in(user, integration_id).filter(email_hash=email_hash)
    yield from _of_requests(rows.exclude(email_hash=""), "address")
    followed = FollowUp.objects.visible_in(user, integration_id).filter(email_hash=email_hash)
    yield from _of_follow_ups(followed.exclude(email_hash=""), "address")


def _of_names(user: User, integration_id: int, words: str) -> Iterator[Trace]:
    """By the ids of order and customer, and by the name of an acceptance."""
    for column, by in (("order_id", "order"), ("customer_id", "customer")):
        same, some = {column: words}, {column: ""}
        rows = FailedRequest.objects.visible_in(user, integration_id).filter(**same)
        yield from _of_requests(rows.exclude(**some), by)
        calls = Response.objects.visible_in(user, integration_id).filter(**same)
        yield from _of_responses(calls.exclude(**some), by)
    accepted = FollowUp.objects.visible_in(user, integration_id).filter(subs_req_id=words)
    yield from _of_follow_ups(accepted, "order")


def _of_objects(user: User, integration_id: int, words: str) -> Iterator[Trace]:
    """By the subscription that was created, and by calls that failed for an object or changed it."""
    created = Item.objects.filter(subscription_id=words).exclude(subscription_id="").order_by("-id")
    ids = list(created.values_list("response_id", flat=True)[:_MOST_ROWS])
    seen = Response.objects.visible_in(user, integration_id)
    if ids:
        yield from _of_responses(seen.filter(pk__in=ids), "subscription")
        settled = FollowUp.objects.visible_in(user, integration_id).filter(result_response_id__in=ids)
        yield from _of_follow_ups(settled.order_by("-id"), "subscription")
    names = [f"{collection}:{words}" for collection in searching.COLLECTIONS]
    for calls in (seen.failed(), seen.written()):
        # Asked for apart: beside the order of the log, SQLite would rather walk through all of it.
        found = calls.filter(resource_key__in=names).order_by().values("pk")
        yield from _of_responses(seen.filter(pk__in=found), "subscription")


def _of_requests(rows: QuerySet[FailedRequest], by: str) -> Iterator[Trace]:
    for pk, key in rows.order_by("-id").values_list("pk", "request_key")[:_MOST_ROWS]:
        yield Trace(pk, key, by, pk)


def _of_follow_ups(rows: QuerySet[FollowUp], by: str) -> Iterator[Trace]:
    found = rows.order_by("-id").values_list("pk", "request_key", "failed_request_id")
    for pk, key, request_id in found[:_MOST_ROWS]:
        yield Trace(pk, key, by, request_id)


def _of_responses(rows: QuerySet[Response], by: str) -> Iterator[Trace]:
    calls = rows.filter(origin__lt=Origin.POLL).order_by("-id")
    for pk, key, request_id in calls.values_list("pk", "request_key", "failed_request_id")[:_MOST_ROWS]:
        yield Trace(pk, key, by, request_id)


def _found(user: User, integration_id: int, key: str, traces: list[Trace], *, now: datetime) -> Found:
    calls = Response.objects.visible_in(user, integration_id).filter(request_key=key, origin__lt=Origin.POLL)
    known = {trace.request_id for trace in traces}
    known.update(calls.exclude(failed_request_id=None).order_by("-id").values_list("failed_request_id", flat=True)[:1])
    requests = FailedRequest.objects.visible_in(user, integration_id).filter(
        pk__in=[one for one in known if one is not None]
    )
    request = requests.select_related("integration", "assignee").order_by("-id").first()
    followed = FollowUp.objects.visible_in(user, integration_id).filter(request_key=key)
    follow_up = followed.order_by("-id").first()
    found = Found(traces[0].by, request, calls.order_by("-sent_at", "-id").first(), follow_up)
    if request is None:
        return msgspec.structs.replace(found, items=_items(Q(response_id=_told_by(found))))
    last = Item.objects.filter(failed_request_id=request.pk).order_by("-response_id").first()
    return msgspec.structs.replace(
        found,
        items=_items(Q(failed_request_id=request.pk, response_id=last.response_id)) if last else (),
        sendings=sendings.of_request(user, request),
        correction=next(iter(corrections.of_request(user, request)), None),
        typing=tuple(name for name, _ in drafts.others(request, user, now=now)),
    )


def _told_by(found: Found) -> int:
    """Return the id of the response that names the products; 0, which none has, where nothing does."""
    if found.follow_up is not None and found.follow_up.result_response_id is not None:
        return found.follow_up.result_response_id
    return found.latest.pk if found.latest is not None else 0


def _items(which: Q) -> tuple[Item, ...]:
    return tuple(Item.objects.filter(which).order_by("position", "id")[:MOST_ITEMS])
