"""One response in depth: what was sent and answered (redacted), what became of each item, and what it belongs to."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from responses.exchanges import FailureKind, ItemState, Outcome
from responses.models import FailedRequest, FailureBody, FollowUp, Issue, Item, Response, SuccessBody, User
from responses.ordergroove import codes, endpoints
from responses.ordergroove.codes import CodeInfo
from responses.recording import bodies
from responses.recording.bodies import Shown

MOST_ITEMS = 500


class One(msgspec.Struct, frozen=True):
    """A response and what stands around it."""

    shown: Shown | None
    """``None`` when its bodies are no longer kept."""
    items: tuple[Item, ...]
    issue: Issue | None
    request: FailedRequest | None
    follow_up: FollowUp | None
    """Of an accepted purchase, or of an answer about one."""
    meaning: str
    advice: str
    about: CodeInfo


def read(user: User, response: Response) -> One:
    """Return all that its page shows."""
    items = tuple(response.items.order_by("position", "id")[:MOST_ITEMS])
    issue = Issue.objects.visible_to(user).filter(pk=response.issue_id).first() if response.issue_id else None
    requests = FailedRequest.objects.visible_to(user)
    request = requests.filter(pk=response.failed_request_id).first() if response.failed_request_id else None
    shown = shown_of([response]).get(response.pk)
    return One(
        shown=shown,
        items=items,
        issue=issue,
        request=request,
        follow_up=_follow_up(user, response, shown),
        meaning=meaning_of(response),
        advice=advice_of(response, items),
        about=_about(response),
    )


def shown_of(responses: list[Response]) -> dict[int, Shown]:
    """Return what was sent and answered, by response id. What is no longer kept, or cannot be read, is left out."""
    ids = [response.pk for response in responses]
    found: dict[int, Shown] = {}
    for model in (FailureBody, SuccessBody):
        for response_id, codec, data in model.objects.filter(pk__in=ids).values_list("pk", "codec", "data"):
            try:
                found[response_id] = bodies.unpack(codec, bytes(data))
            except (ValueError, msgspec.MsgspecError):
                continue
    return found


def meaning_of(response: Response) -> str:
    """Return what it means, in a sentence: by the code, and by the content where that says something else."""
    outcome, code = Outcome(response.outcome), response.status_code
    about = _about(response)
    if outcome is Outcome.SUCCESS and code in (200, 206, 207):
        is_of_items = code != 200 or response.items_created
        return "Every item of this answer succeeded." if is_of_items else "The request did what it asked for."
    if code is None or code >= 300 or about.klass == outcome.word:
        return about.meaning
    if outcome is Outcome.SUCCESS:
        return "The request did what it asked for."
    if outcome is Outcome.ACCEPTED:
        return "Ordergroove has received the order, no more. Whether its subscriptions were created is told later."
    if outcome is Outcome.PARTIAL:
        return "The code says success, but only some of the items were created."
    if outcome is Outcome.NEEDS_FIX and response.items_failed:
        return "The code says success, but none of the items was created."
    if outcome is Outcome.NEEDS_FIX:
        return "The code says success, but the answer holds an error: nothing was created."
    return "Ordergroove accepted it, and nobody knows what became of it."


def advice_of(response: Response, items: tuple[Item, ...]) -> str:
    """Return what to do next."""
    outcome = Outcome(response.outcome)
    if outcome is Outcome.SUCCESS:
        return "Nothing to do."
    if outcome is Outcome.ACCEPTED:
        return codes.about(202).next_step
    failed = next((item for item in items if item.state == ItemState.FAILED.value), None)
    field, message = (failed.field, failed.message) if failed is not None else split(response.message)
    return codes.advice(response.endpoint, response.status_code, field, message, failure=_failure(response))


def item_advice(response: Response, item: Item) -> str:
    """Return what to do about one item that failed; ``""`` where nothing more exact is known than for the whole."""
    if item.state != ItemState.FAILED.value or not item.message:
        return ""
    return codes.advice(response.endpoint, response.status_code, item.field, item.message)


def _about(response: Response) -> CodeInfo:
    return codes.about(response.status_code, _failure(response))


def _failure(response: Response) -> FailureKind | None:
    return FailureKind(response.failure) if response.failure else None


def split(message: str) -> tuple[str, str]:
    """Take the field apart that stands before a message, as recording has put them together."""
    field, colon, words = message.partition(": ")
    return (field, words) if colon and " " not in field else ("", message)


def _follow_up(user: User, response: Response, shown: Shown | None) -> FollowUp | None:
    """Return the pursuit that this response began, or that it is an answer to."""
    found = FollowUp.objects.visible_in(user, response.integration_id)
    if response.outcome == Outcome.ACCEPTED.value and (begun := found.filter(response_id=response.pk).first()):
        return begun
    if shown is None or not response.endpoint.endswith("/response"):
        return None
    subs_req_id = _path_id(response.method, shown.url)
    return found.filter(subs_req_id=subs_req_id).first() if subs_req_id else None


def _path_id(method: str, url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    match = endpoints.match(method, "sc", path)
    is_status = match.endpoint.kind is endpoints.Kind.PURCHASE_STATUS
    return match.ids[0] if is_status and match.ids else ""
