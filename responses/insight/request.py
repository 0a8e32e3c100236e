"""One failed request in depth: every call and answer in order, what changed between them, its items, its story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from responses.exchanges import FailureKind, ItemState, Origin
from responses.insight import exhibits, response
from responses.models import AuditEntry, FailedRequest, FollowUp, Issue, Item, Response, User
from responses.ordergroove import codes
from responses.recording.bodies import Shown

MOST_ATTEMPTS = 50
MOST_ISSUES = 20
_MOST_FOLLOW_UPS = 10
_MOST_CHANGES = 4
_MOST_LEAVES = 600
_MOST_DEEDS = 50


class Attempt(msgspec.Struct, frozen=True):
    """One call (or one question of ours about it), and what was different from the call before."""

    response: Response
    changes: tuple[str, ...]
    gap: timedelta | None
    """Since the call before."""


class Depth(msgspec.Struct, frozen=True):
    """Everything that belongs to one failed request."""

    attempts: tuple[Attempt, ...]
    """The newest first."""
    is_more: bool
    latest: Response | None
    """The caller's last call."""
    latest_shown: Shown | None
    follow_ups: tuple[FollowUp, ...]
    items: tuple[Item, ...]
    """Of the last answer that named any."""
    issues: tuple[Issue, ...]


def read(user: User, request: FailedRequest) -> Depth:
    """Return all that its page shows."""
    follow_ups = FollowUp.objects.visible_in(user, request.integration_id).filter(request_key=request.request_key)
    pursued = tuple(follow_ups.order_by("-id")[:_MOST_FOLLOW_UPS])
    found, is_more = _responses(user, request, pursued)
    shown = response.shown_of(found)
    calls = [one for one in found if not Origin(one.origin).is_own_question and one.request_key == request.request_key]
    latest = calls[-1] if calls else None
    return Depth(
        attempts=tuple(reversed(list(_attempts(found, calls, shown)))),
        is_more=is_more,
        latest=latest,
        latest_shown=shown.get(latest.pk) if latest else None,
        follow_ups=pursued,
        items=_items(request),
        issues=tuple(request.issues.order_by("-last_seen_at")[:MOST_ISSUES]),
    )


def deeds(user: User, request: FailedRequest) -> tuple[AuditEntry, ...]:
    """Return what people did to it, the latest first."""
    found = AuditEntry.objects.visible_to(user).filter(subject="request", subject_id=str(request.pk))
    return tuple(found.order_by("-id")[:_MOST_DEEDS])


def advice(request: FailedRequest, items: Iterable[Item]) -> str:
    """Return what to do about the last failure, as exactly as its words allow."""
    failed = next((item for item in items if item.state == ItemState.FAILED.value and item.message), None)
    field, message = (failed.field, failed.message) if failed is not None else response.split(request.message)
    failure = FailureKind(request.failure) if request.failure else None
    return codes.advice(request.endpoint, request.status_code, field, message, failure=failure)


def _responses(user: User, request: FailedRequest, pursued: tuple[FollowUp, ...]) -> tuple[list[Response], bool]:
    """Return the newest responses of the request and about it, the oldest first. Each source has its index."""
    mine = Response.objects.visible_in(user, request.integration_id)
    results = [one.result_response_id for one in pursued if one.result_response_id]
    asked = set(mine.filter(pk__in=results).values_list("request_key", flat=True)) if results else set()
    sources = (
        mine.filter(request_key__in=sorted(asked | {request.request_key})),
        mine.filter(failed_request_id=request.pk),
        mine.filter(pk__in=[one.response_id for one in pursued]),
    )
    found: dict[int, Response] = {}
    for source in sources:
        found.update((one.pk, one) for one in source.order_by("-id")[: MOST_ATTEMPTS + 1])
    ordered = sorted(found.values(), key=lambda one: (one.sent_at, one.pk))
    return ordered[-MOST_ATTEMPTS:], len(ordered) > MOST_ATTEMPTS


def _attempts(found: list[Response], calls: list[Response], shown: dict[int, Shown]) -> Iterator[Attempt]:
    before: Response | None = None
    is_call = {one.pk for one in calls}
    for one in found:
        if one.pk not in is_call:
            yield Attempt(one, (), None)
            continue
        changes = tuple(changed(before, one, shown)) if before is not None else ()
        yield Attempt(one, changes, one.sent_at - before.sent_at if before is not None else None)
        before = one


def changed(before: Response, after: Response, shown: dict[int, Shown]) -> Iterator[str]:
    """Say what differs between two calls of one request: what was sent, then what came back."""
    sent, resent = shown.get(before.pk), shown.get(after.pk)
    if sent is not None and resent is not None:
        differences = list(_differences(_leaves(sent, before), _leaves(resent, after)))
        yield from differences[:_MOST_CHANGES]
        if len(differences) > _MOST_CHANGES:
            yield f"and {len(differences) - _MOST_CHANGES} more fields"
        if not differences:
            yield "The same request"
    if (before.status_code, before.failure) == (after.status_code, after.failure):
        if before.message == after.message:
            yield "the same answer" if sent is not None and resent is not None else "The same answer"
        else:
            yield "another message"


def _leaves(shown: Shown, row: Response) -> dict[str, str]:
    """Return every value of a request's body by its path; a body that is no data is one value."""
    data = exhibits.data_of(shown.request_body, is_purchase=row.endpoint == exhibits.PURCHASE)
    if data is None:
        return {"body": exhibits.text_of(shown.request_body)} if shown.request_body else {}
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting and len(found) < _MOST_LEAVES:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}.{nth}", inner) for nth, inner in enumerate(value)]
        else:
            found[path] = "" if value is None else str(value)
    return found


def _differences(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        if path == "body" and old and new:
            yield "another body"
        elif old is None:
            yield f"{path} added: {_short(new)}"
        elif new is None:
            yield f"{path} removed"
        else:
            yield f"{path}: {_short(old)} → {_short(new)}"


def _short(value: str | None) -> str:
    text = value or "empty"
    return text if len(text) <= 40 else f"{text[:39]}…"


def _items(request: FailedRequest) -> tuple[Item, ...]:
    """Return the items of the last answer that had any."""
    mine = Item.objects.filter(failed_request_id=request.pk)
    last = mine.order_by("-response_id").values_list("response_id", flat=True).first()
    if last is None:
        return ()
    return tuple(mine.filter(response_id=last).order_by("position", "id")[: response.MOST_ITEMS])


def is_over(request: FailedRequest, *, now: datetime) -> bool:
    """Whether its clock has run out."""
    return request.deadline_at is not None and request.deadline_at <= now
