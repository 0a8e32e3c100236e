"""Looks up sends of unknown outcome, after a settle time, and decides by what is found. It only ever asks.

A purchase is looked for by the status endpoint and among the customer's subscriptions. What cannot be looked up, and
does no harm when repeated, is sent again; everything else waits for a person, with the evidence in view.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from responses import redaction
from responses.exchanges import Exchange, Origin
from responses.models import Attempt, FollowUp, Integration, LastRun, Resend
from responses.ordergroove import purchase
from responses.ordergroove.endpoints import Kind
from responses.ordergroove.policies import LEASE
from responses.recording import facts, record
from responses.recording.facts import netloc_of
from responses.recording.prepare import prepare
from responses.retrying import conclusions, evidence
from responses.retrying.evidence import Evidence, Proof
from responses.sending import budget, client, destinations, failpoints, hosts, moves, originals
from responses.sending.client import Call
from responses.sending.credentials import Account

logger = logging.getLogger(__name__)

A_TURN = 10
MOST_PAGES = 10
LONGEST = timedelta(seconds=25)
"""After so long no further page is asked for: a task has a time limit, and others wait."""
TURN, HOLD = "look-up", timedelta(seconds=60)
"""One worker looks up at a time, so that a host which hangs never keeps all of them from their other work."""
State = Resend.State
Clock = Callable[[], datetime]
Dice = Callable[[], float]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One unknown outcome whose lease is ours, and what is needed to ask for it."""

    resend_id: int
    failed_request_id: int
    epoch: int
    integration: Integration
    account: Account | None = None
    bought: purchase.Purchase | None = None
    subs_req_id: str = ""
    why_not: str = ""
    """Why nobody can be asked, in words."""
    is_harmless: bool = False
    """Repeating it ends in the same state, so nothing needs to be known."""


def look_up_due(*, clock: Clock, dice: Dice, seconds: float = client.ASK_SECONDS) -> frozenset[str]:
    """Look up what is due, side by side, and decide. Returns the nudges."""
    if not _due(clock()).exists() or not LastRun.objects.take_turn(TURN, every=HOLD, now=clock()):
        return frozenset()
    try:
        return _look_up(claim(clock()), clock=clock, dice=dice, seconds=seconds)
    finally:
        LastRun.objects.end_turn(TURN, every=HOLD, pause=timedelta(0), now=clock())


def _look_up(questions: Sequence[Question], *, clock: Clock, dice: Dice, seconds: float) -> frozenset[str]:
    nudges: frozenset[str] = frozenset()
    with ThreadPoolExecutor(A_TURN, "look-up") as pool:
        asked = {pool.submit(ask, one, clock, seconds): one for one in questions}
        for future in as_completed(asked):
            error = future.exception()
            if error is not None:
                # It is asked again when its lease is over.
                logger.error("an outcome could not be looked up", exc_info=error)
                continue
            nudges |= keep(asked[future], future.result(), now=clock(), dice=dice)
    return nudges


def claim(now: datetime) -> list[Question]:
    """Take the lease on unknown outcomes that are due."""
    found = list(_due(now).select_related("integration", "failed_request")[:A_TURN])
    return [question for one in found if (question := _claim_one(one, now=now)) is not None]


def _due(now: datetime) -> QuerySet[Resend]:
    """Return the unknown outcomes to be looked up now: not those that were left to a person."""
    return Resend.objects.to_look_up(now).filter(lookups__lt=conclusions.MOST)


def _claim_one(resend: Resend, *, now: datetime) -> Question | None:
    question = _question(resend)
    if question.bought is not None:
        for role in ("sc", "restapi") if question.subs_req_id else ("restapi",):
            if not budget.let(hosts.of(question.integration, role), question.integration.pk, 1, now=now):
                return None
    with transaction.atomic():
        request = moves.locked(resend.failed_request_id)
        if conclusions.is_settled(request):
            moves.move(resend, State.SUPERSEDED, now=now, reason=conclusions.SETTLED)
            return None
        if not moves.move(resend, State.VERIFYING, now=now, lease_until=now + LEASE, leased_by="look-up"):
            return None
    failpoints.hit("verify.before")
    return question


def _question(resend: Resend) -> Question:
    """Find out whom to ask for what."""
    request = resend.failed_request
    plain = Question(
        resend_id=resend.pk,
        failed_request_id=request.pk,
        epoch=resend.epoch + 1,
        integration=resend.integration,
    )
    known = originals.endpoint_called(resend.endpoint)
    if known is None or known[1].kind is not Kind.PURCHASE:
        is_harmless = known is not None and known[1].safe_to_repeat
        why_not = "" if is_harmless else "Nothing at Ordergroove tells whether this call took effect."
        return msgspec.structs.replace(plain, why_not=why_not, is_harmless=is_harmless)
    try:
        bought = _purchase(resend)
        account = originals.account_of(resend.integration, bought.customer_id)
    except originals.CannotSend as error:
        return msgspec.structs.replace(plain, why_not=f"Nobody can look it up: {error.words}")
    if not bought.customer_id or not bought.order_id or not bought.expected:
        return msgspec.structs.replace(plain, why_not="It names no customer, order or product to look for.")
    subs_req_id = _accepted_as(resend, bought)
    return msgspec.structs.replace(plain, account=account, bought=bought, subs_req_id=subs_req_id)


def _accepted_as(resend: Resend, bought: purchase.Purchase) -> str:
    """Return the id under which this very order was accepted: not one from before it was corrected."""
    request = resend.failed_request
    corrected = request.resubmissions.filter(resend_id__lte=resend.pk).order_by("-resend_id")
    since = corrected.values_list("resend_id", flat=True).first() or 0
    accepted = FollowUp.objects.filter(
        integration=resend.integration,
        request_key=request.request_key,
        order_id=redaction.of_id(bought.order_id),
        pk__gt=since,
    )
    return accepted.order_by("-id").values_list("subs_req_id", flat=True).first() or ""


def _purchase(resend: Resend) -> purchase.Purchase:
    document = purchase.decode(originals.opened(resend.seal_id, resend.body_hash).body)
    bought = purchase.read(document.data) if document else None
    if bought is None:
        raise originals.CannotSend("original", "The original cannot be read as a purchase.")
    return bought


def ask(question: Question, clock: Clock, seconds: float = client.ASK_SECONDS) -> list[Exchange]:
    """Ask, and return the answers: first of the status endpoint, then the pages of the list. Touches no database."""
    if question.bought is None or question.account is None:
        return []
    ends_at = clock() + LONGEST
    answers = []
    if question.subs_req_id:
        path = destinations.path_of("subscription", question.subs_req_id, "response")
        answers.append(_get(question, "sc", path, clock, seconds))
        if evidence.of_status(answers[0], question.bought).proof is not Proof.NONE:
            return answers
    path_of_page: str | None = evidence.first_page(question.bought.customer_id)
    for _ in range(MOST_PAGES):
        assert path_of_page is not None
        answers.append(_get(question, "restapi", destinations.checked_path(path_of_page), clock, seconds))
        path_of_page = evidence.next_page(answers[-1])
        if path_of_page is None or clock() > ends_at:
            break
    return answers


def _get(question: Question, role: str, path: str, clock: Clock, seconds: float) -> Exchange:
    assert question.account is not None
    assert question.bought is not None
    call = Call(
        method="GET",
        role=role,
        path=path,
        headers={"x-og-api-version": "2"} if role == "restapi" else {},
        customer_id=question.bought.customer_id,
    )
    return client.send(question.account, call, origin=Origin.LOOKUP, now=clock(), seconds=seconds)


def keep(question: Question, answers: list[Exchange], *, now: datetime, dice: Dice) -> frozenset[str]:
    """Record the answers, and decide what they prove. Returns the nudges."""
    known = facts.of(question.integration)
    written = record.write([prepare(known, answer, now=now) for answer in answers], now=now)
    failpoints.hit("verify.after")
    for answer in answers:
        budget.tell(netloc_of(answer.request.url), question.integration.pk, answer, is_question=True, now=now)
    response_ids = [result.id for result in written.results if result.id]
    found = _evidence(question, answers)
    try:
        with transaction.atomic():
            request = moves.locked(question.failed_request_id)
            mine = Resend.objects.filter(pk=question.resend_id, state=State.VERIFYING, epoch=question.epoch)
            resend = mine.first()
            if resend is None:
                return written.nudges
            conclusions.link(request, response_ids)
            had_conflict = resend.attempts.filter(status_code=409, result=Attempt.Result.ANSWERED).exists()
            conclusions.conclude(
                resend,
                request,
                found,
                is_harmless=question.is_harmless,
                can_be_asked=not question.why_not,
                had_conflict=had_conflict,
                response_ids=response_ids,
                schedules=known.schedules,
                now=now,
                random=dice(),
            )
    except IntegrityError:
        logger.exception("a look-up could not be concluded; it is made again")
    return written.nudges


def _evidence(question: Question, answers: list[Exchange]) -> Evidence:
    if question.bought is None:
        return Evidence(Proof.NONE, question.why_not)
    pages = answers
    if question.subs_req_id and answers:
        told = evidence.of_status(answers[0], question.bought)
        if told.proof is not Proof.NONE:
            return told
        pages = answers[1:]
    return evidence.of_list(pages, question.bought)
