"""``/api/v1/requests/{id}/correction`` and ``/resubmit``: a failed request as data to correct, and the corrected one to send.

The deciding is done by ``correcting``; nothing is sent from here.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field, JsonValue

from ordergroove_monitor import client_address
from responses import tasks
from responses.api import answers, asking, refusals, requests, shapes
from responses.api.asking import Asked, Id, Name
from responses.correcting import approve, checks, editing, fields
from responses.correcting.editing import CannotEdit, Editable
from responses.models import FailedRequest, Role, User
from responses.recording import batch
from responses.sending import wishes
from responses.sending.guard import Reason

router = Router(tags=["Requests"])
MOST_CHANGES = 200
_WRONG = "It was not sent: something in it is wrong."
_UNCHANGED = Reason("unchanged", "Nothing in it was changed: the same request would be refused again.")
Pointer = Annotated[str, Field(pattern=r"^(/[^/]*)+$", max_length=400, examples=["/session_id"])]


class CorrectionQuery(Asked):
    """Which part of the request."""

    only_failed: bool = Field(default=False, description="Only the failed products, under a new order id.")


class Place(Schema):
    """A place in the document, as a JSON pointer (RFC 6901), and words about it."""

    path: str
    words: str


class Check(Schema):
    """One check of the guard."""

    code: str
    words: str
    is_good: bool
    may_override: bool = Field(description="Whether you may set it aside, by its code and with a reason.")


class Editing(Schema):
    """A failed request as data to correct."""

    document: Any = Field(
        description="With placeholders for what nobody sees: leave those that are locked as they are."
    )
    failing: list[Place] = Field(description="What Ordergroove complained about. The place may not be there yet.")
    locked: list[Place]
    sensitive: list[Place] = Field(description="A change of these needs a reason.")
    order_id: str | None = Field(description="The order id that it would be sent under.")
    kept: int = Field(description="Products that are left out, since they were created already.")
    sent: int
    checks: list[Check]
    saw: str = Field(
        description="What the request is now: send it along, so that nothing else is corrected by mistake."
    )


class Change(Schema):
    """One value of the document."""

    model_config = ConfigDict(extra="forbid")

    path: Pointer
    value: JsonValue


class Correction(Schema):
    """A corrected request: the whole `document`, or only `changes`; of both, the changes are made in the document."""

    model_config = ConfigDict(extra="forbid")

    document: dict[str, JsonValue] | list[JsonValue] | None = Field(
        None,
        description="The whole request, as `/correction` shows it, with its placeholders; else it is the original.",
    )
    changes: list[Change] = Field(
        [], description="Values to set. What is missing in an object is added.", max_length=MOST_CHANGES
    )
    only_failed: bool = False
    reason: Name | None = Field(None, description="Needed where a check is set aside, or a sensitive value changes.")
    overrides: list[Name] = Field([], description="Codes of checks that you set aside.", max_length=20)
    idempotency_key: Name | None = Field(None, description="The same key twice for one request is one send.")
    saw: Name | None = Field(None, description="As `/correction` gave it: refused with 409 when it has changed since.")


@router.get(
    "/requests/{id}/correction",
    response=answers.of(Editing, 403, 404, 409, 422),
    operation_id="get_correction",
    url_name="request-correction",
)
def get_correction(request: HttpRequest, id: Path[Id], asked: Query[CorrectionQuery]) -> Any:  # noqa: A002  # the name that callers read
    """Show it as data to correct, with every check. Needs the role Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    editable = _open(user, found, only_failed=asked.only_failed)
    lines = checks.lines(found, user, kind=editable.kind, now=timezone.now())
    return Editing(
        document=json.loads(editable.text),
        failing=[Place(path=one.path, words=one.words) for one in editable.failing],
        locked=[Place(path=one.path, words=one.words) for one in editable.locked],
        sensitive=[Place(path=one.path, words=one.words) for one in editable.sensitive],
        order_id=editable.order_id or None,
        kept=editable.kept,
        sent=editable.sent,
        checks=[
            Check(code=line.code, words=line.words, is_good=line.is_good, may_override=line.may_override)
            for line in lines
        ],
        saw=wishes.seen(found),
    )


@router.post(
    "/requests/{id}/resubmit",
    response=answers.of(shapes.RequestDetail, 400, 403, 404, 409, 413, 415, 422),
    operation_id="resubmit_request",
    url_name="request-resubmit",
)
def resubmit_request(request: HttpRequest, id: Path[Id], body: Correction) -> Any:  # noqa: A002
    """Send it corrected. 409 says what speaks against it by a code, and what is wrong in it by its place. Needs Support."""
    user = asking.person(request)
    found = requests.visible(user, id)
    editable = _open(user, found, only_failed=body.only_failed)
    text = _text(editable, body)
    corrected = editing.corrected(editable, text)
    if corrected.has_errors:
        wrong: dict[str, list[str]] = {}
        for problem in corrected.problems:
            if problem.is_error:
                wrong.setdefault(f"document{problem.path.replace('/', '.')}", []).append(problem.words)
        raise refusals.Refused(409, _WRONG, errors=wrong)
    if not corrected.changes:
        raise refusals.Refused(409, _UNCHANGED.words, reasons=(_UNCHANGED,))
    done = approve.approve(
        found,
        user,
        text=text,
        only_failed=body.only_failed,
        order_id=None,
        reason=body.reason or "",
        overrides=tuple(body.overrides),
        nonce=_nonce(user, found, body.idempotency_key),
        saw=body.saw or wishes.seen(found),
        now=timezone.now(),
        address=client_address.of(request),
    )
    if not done.is_done:
        raise refusals.Refused(409, " ".join(reason.words for reason in done.reasons), reasons=done.reasons)
    tasks.nudge({batch.RETRYING})
    return requests.shown(user, requests.visible(user, id), now=timezone.now())


def _open(user: User, found: FailedRequest, *, only_failed: bool) -> Editable:
    if not user.has_role(found.integration_id, Role.SUPPORT):
        raise refusals.Refused(403, "This needs the role Support.")
    try:
        return editing.open_original(found, only_failed=only_failed)
    except CannotEdit as why:
        raise refusals.Refused(409, str(why), reasons=why.reasons) from None


def _text(editable: Editable, body: Correction) -> str:
    text = editable.text if body.document is None else json.dumps(body.document, ensure_ascii=False)
    for one in body.changes:
        changed = fields.put_value(text, one.path, json.dumps(one.value, ensure_ascii=False))
        if changed == text and not fields.has(text, one.path):
            words = "There is no object in the request that this could be put in."
            raise refusals.Refused(409, _WRONG, errors={f"document{one.path.replace('/', '.')}": [words]})
        text = changed
    return text


def _nonce(user: User, found: FailedRequest, key: str | None) -> str:
    if key is None:
        return secrets.token_urlsafe(12)
    return hashlib.sha256(f"{user.pk}:{found.pk}:{key}".encode()).hexdigest()[:40]
