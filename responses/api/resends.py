"""``/api/v1/requests/{id}/retry`` and the like: what a person decides about sending a failed request again.

The deciding is done by ``retrying.deeds``; nothing is sent from here.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from ordergroove_monitor import client_address
from responses import tasks
from responses.api import answers, asking, refusals, requests, shapes
from responses.api.asking import Id, Name
from responses.models import FailedRequest, User
from responses.recording import batch
from responses.retrying import deeds
from responses.retrying.deeds import Deed

router = Router(tags=["Requests"])


class Why(Schema):
    """Why a person decides so: others will read it."""

    model_config = ConfigDict(extra="forbid")

    reason: Name


class Decision(Why):
    """What became of an attempt without an answer."""

    decision: Literal["happened", "send_again", "leave"] = Field(
        description="`happened`: it is done. `send_again`: it did not happen, and is sent once more. "
        "`leave`: nothing is sent, and nobody looks it up again."
    )


@router.post(
    "/requests/{id}/retry",
    response=answers.of(shapes.RequestDetail, 403, 404, 409, 422),
    operation_id="retry_request",
    url_name="request-retry",
)
def retry_request(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002  # the name that callers read
    """Send it now, unchanged. A planned send is brought forward; while one is under way, 409. Needs the role Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    done = deeds.retry_now(found, user, nonce=secrets.token_urlsafe(12), saw=deeds.seen(found), **_from(request))
    return _answer(user, found, done)


@router.post(
    "/requests/{id}/cancel-retry",
    response=answers.of(shapes.RequestDetail, 403, 404, 409, 422),
    operation_id="cancel_retry",
    url_name="request-cancel-retry",
)
def cancel_retry(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002
    """Do not send it again by itself. What is on the wire cannot be called back: 409. Needs the role Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    return _answer(user, found, deeds.cancel(found, user, **_from(request)))


@router.post(
    "/requests/{id}/release",
    response=answers.of(shapes.RequestDetail, 400, 403, 404, 409, 413, 415, 422),
    operation_id="release_request",
    url_name="request-release",
)
def release_request(request: HttpRequest, id: Path[Id], body: Why) -> Any:  # noqa: A002
    """Let a held one go on. Needs the role Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    nonce = secrets.token_urlsafe(12)
    return _answer(user, found, deeds.release(found, user, nonce=nonce, reason=body.reason, **_from(request)))


@router.post(
    "/requests/{id}/decide",
    response=answers.of(shapes.RequestDetail, 400, 403, 404, 409, 413, 415, 422),
    operation_id="decide_request",
    url_name="request-decide-unknown",
)
def decide_request(request: HttpRequest, id: Path[Id], body: Decision) -> Any:  # noqa: A002
    """Say what became of one whose outcome nobody knows. Needs the role Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    nonce = secrets.token_urlsafe(12)
    done = deeds.decide(found, user, decision=body.decision, reason=body.reason, nonce=nonce, **_from(request))
    return _answer(user, found, done)


def _from(request: HttpRequest) -> dict[str, Any]:
    return {"now": timezone.now(), "address": client_address.of(request)}


def _answer(user: User, found: FailedRequest, done: Deed) -> shapes.RequestDetail:
    """Show the request as it is now; every reason why not, where nothing was done."""
    if not done.is_done:
        detail = " ".join(reason.words for reason in done.reasons)
        raise refusals.Refused(409, detail, reasons=done.reasons)
    tasks.nudge({batch.RETRYING})
    return requests.shown(user, requests.visible(user, str(found.pk)), now=timezone.now())
