"""Which harm is done when: drawn from the seed, so that a run can be repeated. The plan is pure; ``Doer`` does it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from chaos import numbers, watching
from chaos.ledger import Ledger
from chaos.stack import Stack

QUIET_SECONDS = 4.0
"""At the beginning, so that there is something to harm."""


class Fault(msgspec.Struct, frozen=True, order=True):
    """One harm, ``at`` seconds after the beginning. ``lasts`` is how long, where it does not pass by itself."""

    at: float
    kind: str
    target: str = ""
    lasts: float = 0.0


class Kind(msgspec.Struct, frozen=True):
    """One kind of fault: how often in ten minutes, and how long it lasts."""

    name: str
    in_ten_minutes: int
    targets: tuple[str, ...] = ("",)
    lasts: tuple[float, float] = (0.0, 0.0)
    cells: tuple[str, ...] = ("sqlite", "postgres")


WORKERS = ("worker", "worker-2")
KINDS = (
    Kind("kill", 130, WORKERS),
    Kind("kill pool", 40, WORKERS),
    Kind("kill", 30, ("web", "web-2")),
    Kind("kill", 12, ("beat",)),
    Kind("freeze", 10, WORKERS, (numbers.FREEZE_SECONDS, numbers.FREEZE_SECONDS)),
    Kind("stop", 12, (*WORKERS, "web", "web-2", "beat")),
    Kind("second beat", 4, lasts=(8.0, 15.0)),
    Kind("refuse", 6, ("upstream",), (2.0, 6.0)),
    Kind("outage", 6, ("upstream",), (3.0, 8.0)),
    Kind("away", 8, ("messengers",), (3.0, 10.0)),
    Kind("restart", 8, ("postgres",), cells=("postgres",)),
    Kind("crash", 5, ("postgres",), cells=("postgres",)),
    Kind("kill", 8, ("redis",), cells=("postgres",)),
    Kind("wipe", 8, cells=("sqlite",)),
)


def plan(seed: int, seconds: float, cell: str, kinds: tuple[Kind, ...] = KINDS) -> list[Fault]:
    """Return what happens in ``seconds``: each kind at its rate, and at least once where there is time for it."""
    dice = random.Random(f"{seed} faults")
    found = []
    for kind in kinds:
        if cell not in kind.cells:
            continue
        for _ in range(max(1, round(kind.in_ten_minutes * seconds / 600))):
            lasts = dice.uniform(*kind.lasts)
            latest = seconds - lasts
            if latest > QUIET_SECONDS:
                at = dice.uniform(QUIET_SECONDS, latest)
                found.append(Fault(round(at, 2), kind.name, dice.choice(kind.targets), round(lasts, 2)))
    return sorted(found)


class Doer:
    """Does the faults of a plan to a stack, one after another; those that last are ended beside it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.done: Counter[str] = Counter()
        """How often each was done, by kind and target without its number."""
        self._ledger = Ledger(stack.ledgers / "faults")
        self._endings: list[threading.Timer] = []
        self._deeds: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill,
            "kill pool": self._kill_pool,
            "freeze": self._freeze,
            "stop": self._stop,
            "second beat": self._second_beat,
            "refuse": lambda fault: self._toggle(fault, signal.SIGUSR2),
            "outage": lambda fault: self._toggle(fault, signal.SIGUSR1),
            "away": self._away,
            "restart": lambda _fault: self.stack.parts["postgres"].send_to_leader(signal.SIGINT),
            "crash": lambda _fault: self.stack.parts["postgres"].send(signal.SIGKILL),
            "wipe": self._wipe,
            "lose": self._lose,
        }

    def run(self, faults: list[Fault]) -> None:
        """Do all of ``faults`` at their times; return when the last has ended."""
        began_at = time.monotonic()
        for fault in faults:
            time.sleep(max(0.0, began_at + fault.at - time.monotonic()))
            self._ledger.write("fault", kind=fault.kind, target=fault.target, lasts=fault.lasts)
            self._deeds[fault.kind](fault)
            self.done[f"{fault.kind} {fault.target.partition('-')[0]}".strip()] += 1
        for ending in self._endings:
            ending.join()

    @property
    def kills_of_workers(self) -> int:
        """How often a worker, or a process of its pool, was killed without warning."""
        return self.done["kill worker"] + self.done["kill pool worker"]

    @property
    def between_answer_and_mark(self) -> int:
        """How often something was done that may keep a channel's answer from being written down."""
        harms = ("kill worker", "freeze worker", "away messengers", "restart postgres", "crash postgres", "lose")
        return sum(self.done[name] for name in harms)

    def _later(self, seconds: float, ending: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, ending)
        self._endings.append(timer)
        timer.start()

    def _kill(self, fault: Fault) -> None:
        self.stack.parts[fault.target].send(signal.SIGKILL)

    def _kill_pool(self, fault: Fault) -> None:
        """Kill a process that works, and leave the one that watches over it."""
        process = self.stack.parts[fault.target].process
        children = watching.children_of(process.pid) if process is not None else []
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _freeze(self, fault: Fault) -> None:
        part = self.stack.parts[fault.target]
        part.send(signal.SIGSTOP)
        # If it is killed meanwhile, its successor is not frozen, and waking it does no harm.
        self._later(fault.lasts, lambda: part.send(signal.SIGCONT))

    def _stop(self, fault: Fault) -> None:
        """Ask it to end in good order; a new one starts when it has."""
        self.stack.parts[fault.target].send_to_leader(signal.SIGTERM)

    def _second_beat(self, fault: Fault) -> None:
        beat = self.stack.parts["beat"]
        self.stack.add("second-beat", beat.argv)
        second = self.stack.parts["second-beat"]

        def end() -> None:
            second.is_wanted = False
            second.send(signal.SIGKILL)

        self._later(fault.lasts, end)

    def _toggle(self, fault: Fault, number: int) -> None:
        upstream = self.stack.parts["upstream"]
        upstream.send_to_leader(number)
        self._later(fault.lasts, lambda: upstream.send_to_leader(number))

    def _away(self, fault: Fault) -> None:
        part = self.stack.parts[fault.target]
        part.is_wanted = False
        part.send(signal.SIGKILL)
        self._later(fault.lasts, lambda: setattr(part, "is_wanted", True))

    def _wipe(self, _fault: Fault) -> None:
        shutil.rmtree(self.stack.data / "broker", ignore_errors=True)

    def _lose(self, fault: Fault) -> None:
        """Take every message, also those that workers have in hand."""
        for name in WORKERS:
            self.stack.parts[name].send(signal.SIGKILL)
        self._wipe(fault)
