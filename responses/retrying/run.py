"""Sends what is due: one worker at a time claims, many sends run side by side, and each answer is kept as it comes.

It looks a little ahead, so that what is due between two beats starts at its second. Whether beats come often, seldom,
or three at once changes nothing but how soon it looks.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection

from responses.exchanges import Exchange
from responses.models import LastRun, Resend
from responses.sending import client, machine
from responses.sending.machine import Sending

logger = logging.getLogger(__name__)

SIDE_BY_SIDE = 20
AHEAD = timedelta(seconds=2.5)
"""What is due so soon is waited for. Longer than the time between two beats."""
TAKING = timedelta(seconds=20)
"""So long a run takes on new work. With the last send it must end before its task's time limit."""
TRYING = timedelta(seconds=50)
"""So long after its beginning a run tries to store an answer that the database did not take; then it counts as unread."""
TURN, HOLD = "send", timedelta(seconds=10)
"""Whose turn it is to claim. The holder renews it; a dead one is followed after ``HOLD``."""
_RENEW = timedelta(seconds=3)
TICK, LEAST_PAUSE = 0.25, 0.02
"""Seconds after which a run looks up from what it waits for, at the latest and at the earliest."""

Clock = Callable[[], datetime]
Pause = Callable[[float], object]


def run_due(
    *,
    clock: Clock,
    pause: Pause,
    is_stopping: Callable[[], bool] = lambda: False,
    seconds: float = client.SEND_SECONDS,
) -> frozenset[str]:
    """Reap, then send what is due now or in a moment. Returns the nudges of what was recorded.

    ``pause`` waits for some seconds; ``is_stopping`` says that this process should begin nothing new.
    """
    now = clock()
    machine.reap(now)
    machine.expire(now)
    is_due = Resend.objects.due(now + AHEAD).exists()
    if not is_due or is_stopping() or not LastRun.objects.take_turn(TURN, every=HOLD, now=now):
        return frozenset()
    return _Run(clock, pause, is_stopping, seconds).go()


class _Run:
    """One run: what is on the wire, and what could not be stored yet."""

    def __init__(self, clock: Clock, pause: Pause, is_stopping: Callable[[], bool], seconds: float) -> None:
        self.clock, self.pause, self.is_stopping, self.seconds = clock, pause, is_stopping, seconds
        self.began_at = self.renewed_at = clock()
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self.flying: dict[Future[Exchange], Sending] = {}
        self.unkept: list[tuple[Sending, Exchange]] = []
        self.nudges: frozenset[str] = frozenset()
        self.has_turn = True

    def go(self) -> frozenset[str]:
        with ThreadPoolExecutor(SIDE_BY_SIDE, "send") as pool:
            try:
                while self._go_on(pool):
                    pass
            finally:
                self._end_turn()
        return self.nudges

    def _go_on(self, pool: ThreadPoolExecutor) -> bool:
        """Take on what can be taken on, and wait for the next thing to happen. ``False``: there is nothing left."""
        again_at = self._take(pool) if self._may_take() else None
        if not self._may_take():
            self._end_turn()
        if self.flying:
            done, _ = wait(self.flying, timeout=TICK, return_when=FIRST_COMPLETED)
            self._keep([(self.flying.pop(one), one.result()) for one in done])
            return True
        if self.unkept and self.clock() - self.began_at < TRYING:
            self.pause(1.0)
            self._keep([])
            return True
        if again_at is None or again_at > self.clock() + AHEAD:
            return False
        self.pause(min(max((again_at - self.clock()).total_seconds(), LEAST_PAUSE), TICK))
        return True

    def _may_take(self) -> bool:
        return self.has_turn and not self.is_stopping() and self.clock() - self.began_at < TAKING

    def _take(self, pool: ThreadPoolExecutor) -> datetime | None:
        """Claim and begin as much as there is room for. Returns when the next may be claimed."""
        room = SIDE_BY_SIDE - len(self.flying)
        if not room:
            return None
        try:
            self._renew()
            claims = machine.claim(self.clock(), self.worker, room)
            for claimed in claims.claimed:
                sending = machine.intent(claimed, self.clock())
                if sending is not None:
                    self.flying[pool.submit(machine.send, sending, self.clock, self.seconds)] = sending
        except (OperationalError, InterfaceError):
            # What was claimed is taken back when its lease is over; what is on the wire is still to be kept.
            logger.warning("nothing could be claimed: the database does not answer", exc_info=True)
            connection.close_if_unusable_or_obsolete()
            self.has_turn = False
            return None
        # What was put down may have made room for what waited behind it.
        return self.clock() if claims.claimed else claims.again_at

    def _keep(self, answers: list[tuple[Sending, Exchange]]) -> None:
        self.unkept += answers
        if not self.unkept:
            return
        try:
            self.nudges |= machine.keep(self.unkept, self.clock())
            self.unkept = []
        except (OperationalError, InterfaceError):
            logger.warning("answers could not be stored yet: the database does not answer", exc_info=True)
            connection.close_if_unusable_or_obsolete()

    def _renew(self) -> None:
        now = self.clock()
        if now - self.renewed_at >= _RENEW:
            LastRun.objects.filter(name=TURN).update(ran_at=now)
            self.renewed_at = now

    def _end_turn(self) -> None:
        """Let the next one claim, while what is on the wire is still awaited here."""
        if not self.has_turn:
            return
        self.has_turn = False
        try:
            LastRun.objects.end_turn(TURN, every=HOLD, pause=timedelta(0), now=self.clock())
        except (OperationalError, InterfaceError):
            logger.warning("the turn could not be given back: it ends by itself", exc_info=True)
            connection.close_if_unusable_or_obsolete()
