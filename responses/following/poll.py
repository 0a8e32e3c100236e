"""Asks Ordergroove what became of accepted purchases, and records each answer: that is what settles them.

The lease is ``next_poll_at``: whoever moves it forward asks, and if it dies, the next one asks when that time has come.
Asking twice does no harm. No transaction is open while a question is on its way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import F

from responses import sealing
from responses.exchanges import Exchange, Origin
from responses.following import ending, pauses, schedule, verdicts
from responses.following.verdicts import Verdict
from responses.models import FollowUp, Integration, LastRun
from responses.ordergroove import endpoints
from responses.recording import facts, record
from responses.recording.facts import Facts
from responses.recording.prepare import prepare
from responses.sending import budget, client, credentials, destinations, hosts
from responses.sending.credentials import Account

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than a task may run."""
A_TURN = 20
"""So many questions a turn at most, on all accounts together, side by side."""
TURN, HOLD, PAUSE = "poll", timedelta(seconds=30), timedelta(seconds=1)
"""One worker polls at a time, so that a host which hangs never keeps all of them from sending messages."""

Clock = Callable[[], datetime]
Dice = Callable[[], float]


class Claimed(msgspec.Struct, frozen=True):
    """One follow-up whose result is ours to ask for until ``leased_until``."""

    id: int
    subs_req_id: str
    customer_id: str
    accepted_at: datetime
    give_up_at: datetime
    polls: int
    """This question included."""
    leased_until: datetime
    account: Account
    integration: Integration


def poll(*, clock: Clock, dice: Dice, seconds: float = client.ASK_SECONDS) -> frozenset[str]:
    """Ask for the results that are due, at most ``A_TURN``; return the nudges of what was recorded."""
    now = clock()
    if not FollowUp.objects.due(now).exists() or not LastRun.objects.take_turn(TURN, every=HOLD, now=now):
        return frozenset()
    try:
        return _ask_all(claim(now), clock=clock, dice=dice, seconds=seconds)
    finally:
        LastRun.objects.end_turn(TURN, every=HOLD, pause=PAUSE, now=clock())


def _ask_all(claimed: Sequence[Claimed], *, clock: Clock, dice: Dice, seconds: float) -> frozenset[str]:
    """Ask side by side, and keep each answer as soon as it is there."""
    nudges: frozenset[str] = frozenset()
    with ThreadPoolExecutor(A_TURN, "poll") as pool:
        asked: dict[Future[Exchange], Claimed] = {pool.submit(ask, one, clock, seconds): one for one in claimed}
        waiting = set(asked)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            answers = [(asked[future], future.result()) for future in done if _has_worked(future)]
            nudges |= keep(answers, now=clock(), dice=dice)
    return nudges


def _has_worked(future: Future[Exchange]) -> bool:
    """Whether there is an answer to keep. An error of our own must not take its neighbours with it."""
    error = future.exception()
    if error is not None:
        logger.error("a result could not be asked for", exc_info=error)
    return error is None


def claim(now: datetime) -> list[Claimed]:
    """Take the lease on follow-ups that are due, a fair share of each integration's. No two workers take the same."""
    due = FollowUp.objects.due(now)
    integration_ids = list(due.values_list("integration_id", flat=True).distinct())
    claimed: list[Claimed] = []
    share = max(1, A_TURN // max(1, len(integration_ids)))
    for integration in Integration.objects.filter(pk__in=integration_ids).order_by("pk"):
        most = pauses.allowance(integration, min(share, A_TURN - len(claimed)), now=now)
        most = budget.let(hosts.of(integration, "sc"), integration.pk, most, now=now)
        if most > 0:
            claimed += _claim_of(integration, most, now=now)
    return claimed


def _claim_of(integration: Integration, most: int, *, now: datetime) -> list[Claimed]:
    try:
        account = credentials.account_of(integration)
        destinations.origin_of(account.base_urls.get("sc", ""))
    except (sealing.SealError, destinations.DestinationError) as error:
        pauses.begin([integration.pk], f"Nobody can ask: {error}", until=now + pauses.LONG)
        return []
    until = now + LEASE
    fields = ("id", "subs_req_id", "customer_id", "accepted_at", "give_up_at", "polls", "next_poll_at")
    found = FollowUp.objects.due(now).filter(integration=integration).order_by("next_poll_at").values_list(*fields)
    claimed = []
    with transaction.atomic():
        for row_id, subs_req_id, customer_id, accepted_at, give_up_at, polls, seen in list(found[:most]):
            reason = why_not(account, subs_req_id, customer_id)
            mine = FollowUp.objects.filter(pk=row_id, state=FollowUp.State.PENDING, next_poll_at=seen)
            if reason:
                mine.update(state=FollowUp.State.UNCONFIRMED, next_poll_at=None, last_problem=reason)
            elif mine.update(next_poll_at=until, polls=F("polls") + 1):
                one = Claimed(
                    row_id, subs_req_id, customer_id, accepted_at, give_up_at, polls + 1, until, account, integration
                )
                claimed.append(one)
    return claimed


def why_not(account: Account, subs_req_id: str, customer_id: str) -> str:
    """Return why this result can never be asked for, ``""`` when it can."""
    if not account.can_sign(customer_id):
        return "The hash key signs for a customer, and the purchase names none."
    try:
        path = status_path(subs_req_id)
    except destinations.DestinationError as error:
        return str(error)
    if endpoints.match("GET", "sc", path).endpoint.kind is not endpoints.Kind.PURCHASE_STATUS:
        return "The id that Ordergroove gave cannot be part of a path safely."
    return ""


def status_path(subs_req_id: str) -> str:
    """Return the path of the status endpoint for one accepted purchase."""
    return destinations.path_of("subscription", subs_req_id, "response")


def ask(one: Claimed, clock: Clock, seconds: float = client.ASK_SECONDS) -> Exchange:
    """Ask once. Touches no database: it runs beside others in a thread."""
    call = client.Call(method="GET", role="sc", path=status_path(one.subs_req_id), customer_id=one.customer_id)
    return client.send(one.account, call, origin=Origin.POLL, now=clock(), seconds=seconds)


def keep(answers: Sequence[tuple[Claimed, Exchange]], *, now: datetime, dice: Dice) -> frozenset[str]:
    """Record the answers, which settles what they tell; note when to ask again for the rest. Returns the nudges."""
    snapshots = {one.integration.pk: facts.of(one.integration) for one, _ in answers}
    batch = [prepare(snapshots[one.integration.pk], exchange, now=now) for one, exchange in answers]
    nudges = record.write(batch, now=now).nudges
    for one, exchange in answers:
        verdict = verdicts.of(exchange, now=now)
        pauses.heed(one.integration, verdict, now=now)
        budget.tell(hosts.of(one.integration, "sc"), one.integration.pk, exchange, is_question=True, now=now)
        nudges |= _note(one, verdict, snapshots[one.integration.pk], now=now, dice=dice)
    return nudges


def _note(one: Claimed, verdict: Verdict, known: Facts, *, now: datetime, dice: Dice) -> frozenset[str]:
    """Write when to ask again; where the time is over, end the pursuit. Nothing, where the answer has settled it."""
    mine = FollowUp.objects.filter(pk=one.id, state=FollowUp.State.PENDING, next_poll_at=one.leased_until)
    if now >= one.give_up_at:
        return ending.end(one.id, known, verdict, now=now) if mine.exists() else frozenset()
    seconds = verdict.wait
    if verdict.problem:
        seconds = max(seconds, schedule.wait_after_problem(one.polls, random=dice()))
    again_at = schedule.next_poll(
        one.integration.follow_schedule,
        accepted_at=one.accepted_at,
        give_up_at=one.give_up_at,
        now=now,
        wait=seconds,
    )
    mine.update(next_poll_at=again_at, last_problem=verdict.problem[:300])
    return frozenset()
