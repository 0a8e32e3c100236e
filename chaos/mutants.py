"""Deliberate mistakes, to prove that the checker would find them. Nothing but ``chaos.process`` ever applies one.

Each is a patch of the running product, applied after it was loaded and before it starts to work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chaos.faults import WORKERS, Fault, Kind


class Mutant(msgspec.Struct, frozen=True):
    """One mistake, where it is looked for, which harm brings it out, and which of the checks must find it."""

    apply: Callable[[], None]
    caught_by: tuple[str, ...]
    sign: str = ""
    """What the violation must say, where a run that had no time to settle breaks the same promise in other words."""
    faults: tuple[Kind, ...] = ()
    after_load: tuple[Fault, ...] = ()
    cell: str = "sqlite"
    seconds: float = 25.0
    drain_seconds: float = 30.0


def _module(name: str) -> Any:
    """A module of the product. It is imported here, when Django is ready, and not when the harness starts."""
    __import__(name)
    return sys.modules[name]


def _lease_expiry_means_retry() -> None:
    machine, moves = _module("responses.sending.machine"), _module("responses.sending.moves")
    models = _module("responses.models")
    state = models.Resend.State
    reap_one = machine._reap_one

    def reap_one_and_send_again(resend_id: int, failed_request_id: int, epoch: int, *, now: datetime) -> bool:
        with machine.transaction.atomic():
            moves.locked(failed_request_id)
            resend = models.Resend.objects.abandoned(now).filter(pk=resend_id, epoch=epoch).first()
            if resend is not None and resend.state == state.SENDING:
                ended = {"ended_at": now, "result": models.Attempt.Result.UNKNOWN}
                models.Attempt.objects.open().filter(resend=resend).update(**ended)
                return bool(moves.move(resend, state.SCHEDULED, now=now, due_at=now))
        return bool(reap_one(resend_id, failed_request_id, epoch, now=now))

    machine._reap_one = reap_one_and_send_again


def _settle_zero() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("responses.") and hasattr(module, "SETTLE"):
            vars(module)["SETTLE"] = timedelta(0)


def _intent_after_send() -> None:
    machine, client = _module("responses.sending.machine"), _module("responses.sending.client")
    commit_to = machine._commit_to
    answered: dict[int, Any] = {}

    def send_and_commit(resend: Any, request: Any, found: Any, *, now: datetime) -> Any:
        exchange = client.send(found.account, found.call, origin=machine.Origin.RETRY, now=now)
        sending = commit_to(resend, request, found, now=machine_now())
        if sending is not None:
            answered[sending.attempt_id] = exchange
        return sending

    def machine_now() -> datetime:
        now: datetime = _module("django.utils.timezone").now()
        return now

    machine._commit_to = send_and_commit
    machine.send = lambda sending, *_rest: answered.pop(sending.attempt_id)


def _client_retries() -> None:
    client = _module("responses.sending.client")
    exchange = client._exchange

    def exchange_twice(*words: Any, **more: Any) -> Any:
        try:
            answer = exchange(*words, **more)
        except client.WireError:
            return exchange(*words, **more)
        return exchange(*words, **more) if answer.status_code in (500, 502, 503, 504) else answer

    client._exchange = exchange_twice


def _acknowledge_before_commit() -> None:
    writer, recording = _module("responses.front.writer"), _module("responses.front.recording")
    submit = writer.Writer.submit

    async def submit_later(self: Any, prepared: Sequence[Any]) -> list[Any]:
        loop = writer.asyncio.get_running_loop()
        # The task is remembered, or it could be collected while it waits.
        loop.call_later(1.0, lambda: _REMEMBERED.append(loop.create_task(submit(self, prepared))))
        return [recording.Result(0, "recorded", one.meaning.outcome) for one in prepared]

    writer.Writer.submit = submit_later


def _mark_sent_before_sending() -> None:
    deliver = _module("responses.alerting.deliver")
    say = deliver._say

    def mark_and_say(delivery: Any, now: datetime) -> Any:
        deliver._end(delivery, state=delivery.State.SENT, words="", sent_at=now)
        return say(delivery, now)

    deliver._say = mark_and_say


def _new_id_for_each_attempt() -> None:
    threads = _module("responses.alerting.threads")
    threads.message_id = lambda _delivery_id: f"delivery-{time.time_ns()}"


def _first_refusal_is_final() -> None:
    deliver = _module("responses.alerting.deliver")
    refused = deliver._refused

    def give_up(delivery: Any, error: Any, now: datetime) -> Any:
        error.permanent = True
        return refused(delivery, error, now)

    deliver._refused = give_up


def _handled_before_told() -> None:
    """A transition is marked in a transaction of its own, before its messages are made."""
    announce, models = _module("responses.alerting.announce"), _module("responses.models")
    handle = announce._handle

    def mark_and_handle(group: Sequence[int], active: Any, *, now: datetime) -> Any:
        changes = models.Transition.objects.filter(pk__in=group)
        changes.update(handled_at=now, fate=models.Transition.Fate.TOLD)
        time.sleep(0.3)
        changes.update(handled_at=None)
        return handle(group, active, now=now)

    announce._handle = mark_and_handle


def _redaction_off() -> None:
    shown, redaction = _module("responses.recording.shown"), _module("responses.redaction")
    request_of = redaction.of_request

    def as_it_came(request: Any, *words: Any, **more: Any) -> Any:
        redacted = request_of(request, *words, **more)
        return msgspec.structs.replace(redacted, body=request.body, headers=request.headers)

    redaction.of_request = shown.redaction.of_request = as_it_came


def _deferred_transactions() -> None:
    base = _module("ordergroove_monitor.sqlite.base")
    base.DatabaseWrapper.take_lock = lambda _self: None
    connection = _module("django.db").connections["default"]
    connection.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
    connection.close()


def _countdown_for_backoff() -> None:
    """What waits, waits in the broker, from the moment when the web process hears of the failure. No sweep looks."""
    tasks = _module("responses.tasks")
    app = _module("ordergroove_monitor.celery").app
    app.conf.beat_schedule = {name: entry for name, entry in app.conf.beat_schedule.items() if name != "send_due"}
    hint = tasks._hint
    is_web = "web" in sys.argv

    def hint_later(task: Any, *ids: int) -> None:
        if task is not tasks.send_due:
            hint(task, *ids)
        elif is_web:
            for seconds in (4, 10, 18):
                task.apply_async(countdown=seconds)

    tasks._hint = hint_later


_REMEMBERED: list[Any] = []
_KILLS = Kind("kill", 400, WORKERS)

ALL: dict[str, Mutant] = {
    "lease-expiry-means-retry": Mutant(
        _lease_expiry_means_retry, ("applied once", "sends are patient"), faults=(_KILLS,)
    ),
    "settle-zero": Mutant(_settle_zero, ("applied once", "sends are patient")),
    "intent-after-send": Mutant(_intent_after_send, ("an attempt before each request",), faults=(_KILLS,)),
    "client-retries": Mutant(_client_retries, ("an attempt before each request", "applied once")),
    "acknowledge-before-commit": Mutant(
        _acknowledge_before_commit, ("acknowledged is stored",), faults=(Kind("kill", 400, ("web", "web-2")),)
    ),
    "mark-sent-before-sending": Mutant(
        _mark_sent_before_sending,
        ("alerts arrive",),
        "marked sent, and nobody got it",
        (Kind("away", 60, ("messengers",), (4.0, 8.0)), _KILLS),
    ),
    "new-id-for-each-attempt": Mutant(_new_id_for_each_attempt, ("messages keep their ids",)),
    "first-refusal-is-final": Mutant(_first_refusal_is_final, ("alerts arrive",), "was given up, and nobody"),
    "handled-before-told": Mutant(
        _handled_before_told, ("no news is lost",), "counts as told, and has no message", (_KILLS,)
    ),
    "redaction-off": Mutant(_redaction_off, ("no canary anywhere",), seconds=10.0),
    "deferred-transactions": Mutant(_deferred_transactions, ("writers wait their turn",), seconds=15.0),
    "countdown-for-backoff": Mutant(
        _countdown_for_backoff,
        ("nothing is stuck",),
        "is still scheduled",
        after_load=(Fault(0.0, "lose"),),
        drain_seconds=60.0,
    ),
}
