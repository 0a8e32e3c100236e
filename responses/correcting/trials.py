"""Tries a correction on the team's staging integration first. It never counts as the real one, and is never recorded.

Only a staging integration is ever sent to, at a host that is nobody's production, with its own credentials and merchant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from responses import audit, sealing
from responses.correcting import documents, editing
from responses.correcting.editing import CannotEdit, Editable
from responses.exchanges import Exchange, Origin, Request
from responses.models import FailedRequest, Integration, Role, Trial, User, ids
from responses.ordergroove import endpoints
from responses.ordergroove.endpoints import Kind
from responses.ordergroove.policies import LEASE
from responses.recording import bodies, facts
from responses.recording.facts import netloc_of
from responses.recording.prepare import prepare, sealed, unsealed
from responses.sending import budget, client, hosts, originals, wishes
from responses.sending.client import Call
from responses.sending.guard import Reason
from responses.sending.originals import CannotSend
from responses.sending.wishes import Deed

A_TURN = 5
WAITS = timedelta(minutes=10)
"""What could not be tried for so long is given up."""
_LONGEST_ANSWER = 20_000
State = Trial.State
Clock = Callable[[], datetime]


def stagings(request: FailedRequest, user: User) -> list[Integration]:
    """Return the staging integrations on which this person may try a correction of ``request``."""
    found = Integration.objects.filter(environment=Integration.Environment.STAGING).exclude(pk=request.integration_id)
    return [one for one in found if one.has_credentials and user.has_role(one.pk, Role.SUPPORT)]


def ask(
    request: FailedRequest,
    user: User,
    *,
    staging: Integration,
    text: str,
    only_failed: bool,
    nonce: str,
    now: datetime,
    order_id: str | None = None,
    address: str = "",
) -> Deed:
    """Have a correction tried on ``staging``. The same ``nonce`` twice is one trial. Raises ``PermissionDenied``."""
    wishes.of(request, user, now=now, reason="", address=address)
    if not user.has_role(staging.pk, Role.SUPPORT):
        raise PermissionDenied
    if not nonce:
        return Deed(reasons=(Reason("nonce", "The form has no number of its own: open it again."),))
    try:
        made = _made(request, staging, text, only_failed=only_failed, order_id=order_id)
        with transaction.atomic():
            Trial.objects.create(
                id=ids.new(now),
                failed_request=request,
                staging=staging,
                asked_by=user,
                nonce=nonce,
                sealed=sealed(Exchange(request=made)),
                body_hash=hashlib.sha256(made.body).hexdigest(),
                created_at=now,
            )
            audit.log(
                user,
                "request.correction_tried",
                integration_id=request.integration_id,
                subject="request",
                subject_id=request.pk,
                after={"staging": staging.slug},
                address=address,
                now=now,
            )
    except CannotEdit as why:
        return Deed(reasons=tuple(why.reasons))
    except CannotSend as why:
        return Deed(reasons=(Reason(why.code, why.words),))
    except IntegrityError:
        if not Trial.objects.filter(nonce=nonce, failed_request=request, asked_by=user).exists():
            return Deed(reasons=(Reason("nonce", "The form was used before: open it again."),))
    return Deed()


def run_due(*, clock: Clock, seconds: float = client.ASK_SECONDS) -> int:
    """Send what waits to be tried; return how many were sent."""
    now = clock()
    _give_up(now)
    done = 0
    waiting = Trial.objects.filter(state=State.WAITING).select_related("staging", "failed_request__integration")
    for trial in waiting.order_by("id")[:A_TURN]:
        done += _run(trial, clock, seconds)
    return done


def _made(
    request: FailedRequest, staging: Integration, text: str, *, only_failed: bool, order_id: str | None
) -> Request:
    """Return the corrected request as staging gets it."""
    editable = editing.open_original(request, only_failed=only_failed)
    corrected = editing.corrected(editable, text, order_id=order_id)
    wrong = [problem for problem in corrected.problems if problem.is_error]
    if wrong:
        raise CannotEdit(*(Reason("invalid", f"{one.path} {one.words}".strip()) for one in wrong))
    endpoint, role, path = originals.called(editable.original, request.endpoint)
    base = _base(staging, request.integration, role)
    body = _for_staging(editable, corrected.body, staging) if endpoint.kind is Kind.PURCHASE else corrected.body
    original = editable.original
    return Request(original.method, base.rstrip("/") + path, original.headers, body)


def _base(staging: Integration, real: Integration, role: str) -> str:
    """Return the base URL to try it at. Raises ``CannotSend`` for anything that could be production."""
    base = staging.base_urls.get(role, "")
    known = {netloc_of(url) for url in endpoints.DEFAULT_HOSTS["production"].values()}
    for one in Integration.objects.filter(environment=Integration.Environment.PRODUCTION):
        known |= {netloc_of(url) for url in one.base_urls.values()}
    if staging.environment != Integration.Environment.STAGING or not base or netloc_of(base) in known | {""}:
        words = f"{staging.name} has no host of its own that is certain to be staging, so nothing is tried there."
        raise CannotSend("staging", words)
    if staging.pk == real.pk:
        raise CannotSend("staging", "This is the integration itself: nothing is only tried there.")
    return base


def _for_staging(editable: Editable, body: bytes, staging: Integration) -> bytes:
    """Name staging's own merchant: it knows no other."""
    written = documents.read(body, is_purchase=True)
    data: dict[str, Any] = written.data
    if staging.merchant_id:
        data = data | {"merchant_id": staging.merchant_id}
    return documents.write(data, editable.written)


def _run(trial: Trial, clock: Clock, seconds: float) -> bool:
    now = clock()
    mine = Trial.objects.filter(pk=trial.pk, state=State.WAITING)
    try:
        call = _call(trial)
        account = originals.account_of(trial.staging, call.customer_id)
    except (CannotSend, sealing.SealError) as error:
        _end(mine, State.FAILED, now=now, words=f"It could not be tried: {error}")
        return False
    host = hosts.of(trial.staging, call.role)
    if not budget.let(host, trial.staging_id, 1, now=now):
        return False
    if mine.update(state=State.SENDING, lease_until=now + LEASE, sealed=b"") != 1:
        return False
    exchange = client.send(account, call, origin=Origin.RESUBMISSION, now=now, seconds=seconds)
    budget.tell(host, trial.staging_id, exchange, is_question=True, now=clock())
    _keep(trial, exchange, now=clock())
    return True


def _call(trial: Trial) -> Call:
    original = unsealed(bytes(trial.sealed))
    if hashlib.sha256(original.body).hexdigest() != trial.body_hash:
        raise CannotSend("original", "it is not what was approved.")
    _, role, path = originals.called(original, trial.failed_request.endpoint)
    if netloc_of(_base(trial.staging, trial.failed_request.integration, role)) != netloc_of(original.url):
        raise CannotSend("host", "the staging host is now another one.")
    customer_id = ""
    if trial.failed_request.endpoint.endswith("/subscription/create"):
        customer_id = editing.customer_of(documents.read(original.body, is_purchase=True).data)
    return Call(
        method=original.method,
        role=role,
        path=path,
        headers=original.headers,
        body=original.body,
        customer_id=customer_id or trial.failed_request.customer_id,
    )


def _keep(trial: Trial, exchange: Exchange, *, now: datetime) -> None:
    """Note what came back, redacted like any answer."""
    read = prepare(facts.of(trial.staging), exchange, now=now)
    mine = Trial.objects.filter(pk=trial.pk, state=State.SENDING)
    answer = bodies.unpack(read.codec, read.data).response_body.decode("utf-8", "replace").replace("\0", "")
    state = State.ANSWERED if read.status_code is not None else State.FAILED
    _end(
        mine,
        state,
        now=now,
        words=read.message,
        status_code=read.status_code,
        outcome=read.outcome.word,
        answer=answer[:_LONGEST_ANSWER],
    )


def _give_up(now: datetime) -> None:
    """End what nobody could try in time, and what a worker left behind: it is not tried twice."""
    late = Trial.objects.filter(state=State.WAITING, created_at__lt=now - WAITS)
    _end(late, State.FAILED, now=now, words="Nobody could try it in time. Try it again.")
    left = Trial.objects.filter(state=State.SENDING, lease_until__lt=now)
    _end(left, State.FAILED, now=now, words="The worker stopped before it had read the answer. Try it again.")


def _end(trials: QuerySet[Trial], state: Trial.State, *, now: datetime, words: str, **values: Any) -> None:
    trials.update(state=state, words=words[:500], ended_at=now, lease_until=None, sealed=b"", **values)
