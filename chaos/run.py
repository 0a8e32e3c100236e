"""One run: a stack is started, loaded and hurt; when everything has settled, ledgers and tables are compared."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from chaos import canaries, checker, evidence, faults, numbers, told
from chaos.evidence import Evidence, Rows
from chaos.faults import Fault, Kind
from chaos.stack import PROJECT, Stack
from chaos.watching import Watcher

ASK_SECONDS = 10.0
"""Each look starts a process of its own, which takes its share of the machine that is being tried."""
# With a colon it is our own lock that could not be had, because its holder is frozen.
_LOCKED = re.compile(r"OperationalError: database is locked(?!:)")
_DIED = re.compile(r"exited with 'signal 9")
_CUT_SHORT = re.compile(r"Soft time limit \(")
AUDIT = {"integration.added": 1, "credentials.changed": 1, "channel.added": 2, "key.added": 1}
"""What the stack does as a person would, before the load."""


class Outcome(msgspec.Struct, frozen=True):
    """What a run found: violations by check, and numbers that say what it was worth."""

    cell: str
    seed: int
    mutant: str
    violations: dict[str, list[str]]
    figures: dict[str, int]
    faults: dict[str, int]
    folder: str

    @property
    def is_clean(self) -> bool:
        """Whether everything held."""
        return not any(self.violations.values())


def run(
    cell: str,
    *,
    seconds: float,
    seed: int,
    mutant: str = "",
    kinds: tuple[Kind, ...] = faults.KINDS,
    after_load: tuple[Fault, ...] = (),
    drain_seconds: float = numbers.DRAIN_SECONDS,
    per_second: float = 5.0,
    keep: bool = False,
) -> Outcome:
    """Run for ``seconds`` of load and faults in one cell. The data stays in the folder only on violations or ``keep``.

    ``kinds`` are the harms to draw from, ``after_load`` those that are done when the shop has closed.
    """
    wrong = numbers.broken_relations(numbers.Numbers())
    if wrong:
        raise SystemExit(f"the numbers of chaos do not fit together: {'; '.join(wrong)}")
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    stack = Stack(folder, cell, seed, mutant=mutant, per_second=per_second, has_failpoints=not mutant)
    try:
        stack.begin()
        watcher = Watcher(stack)
        stack.begin_load()
        doer = faults.Doer(stack)
        began_at = time.monotonic()
        doer.run(faults.plan(seed, seconds, cell, kinds))
        time.sleep(max(0.0, began_at + seconds - time.monotonic()))
        stack.end_load()
        stack.end_failpoints()
        doer.run(list(after_load))
        settled_after = wait_until_settled(stack, drain_seconds)
        ended = stack.stop("beat", "worker", "worker-2", "web", "web-2")
        deaths = sum(len(_DIED.findall(text)) for text in logs_of(stack))
        found = collect(stack, watcher.stop(), ended, harms=deaths + doer.between_answer_and_mark)
    finally:
        stack.end()
    found = msgspec.structs.replace(found, leaks=canaries.found_in(leak_folders(folder)))
    violations = checker.check(found)
    outcome = Outcome(
        cell=cell,
        seed=seed,
        mutant=mutant,
        violations=violations,
        figures=figures(found, doer, settled_after, deaths),
        faults=dict(doer.done),
        folder=str(folder),
    )
    if outcome.is_clean and not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def wait_until_settled(stack: Stack, most: float) -> float:
    """Wait until nothing is left to do, or the time for it is over; return the seconds that it took."""
    began_at = time.monotonic()
    while time.monotonic() - began_at < most:
        rows = read_rows(stack, "quick")
        found = Evidence(rows=rows, ended_at=time.time())
        waiting = any(message.state in ("pending", "sending") for message in rows.messages)
        if not list(checker.nothing_is_stuck(found)) and not rows.unhandled_transitions and not waiting:
            break
        time.sleep(ASK_SECONDS)
    return time.monotonic() - began_at


def read_rows(stack: Stack, *words: str) -> Rows:
    """Read the tables in a process that is configured like the monitor's."""
    done = subprocess.run(
        [sys.executable, "-m", "chaos.rows", *words],
        cwd=PROJECT,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the tables cannot be read:\n{done.stderr[-2000:]}")
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1].encode(), type=Rows)


def collect(stack: Stack, peaks: evidence.Peaks, ended: dict[str, int | None], *, harms: int) -> Evidence:
    """Gather what the run left behind."""
    ledgers = evidence.of_ledgers(stack.ledgers)
    return Evidence(
        load=ledgers["load"],
        upstream=ledgers["upstream"],
        messages=ledgers["messages"],
        rows=read_rows(stack),
        peaks=peaks,
        ended=ended,
        expected_audit=AUDIT,
        ended_at=time.time(),
        settle_seconds=numbers.SETTLE_SECONDS,
        after_5xx_seconds=float(numbers.AFTER_5XX_SECONDS),
        lost_turns=sum(len(_LOCKED.findall(text)) for text in logs_of(stack)),
        harms=harms + sum(len(_CUT_SHORT.findall(text)) for text in logs_of(stack)),
    )


def logs_of(stack: Stack) -> list[str]:
    """What the monitor's processes have said."""
    return [path.read_text(encoding="utf-8", errors="replace") for path in sorted(stack.logs.glob("*.log"))]


def leak_folders(folder: Path) -> list[Path]:
    """Where a planted secret must not be found. The secrets of the data folder hold other things."""
    return [folder / name for name in ("data", "logs", "ledgers", "postgres") if (folder / name).exists()]


def figures(found: Evidence, doer: faults.Doer, settled_after: float, deaths: int) -> dict[str, int]:
    """The numbers that say what a run was worth."""
    ours = [line for line in found.upstream if line["event"] == "received" and line["who"] == "monitor"]
    unknown = [attempt for attempt in found.rows.attempts if attempt.result == "unknown"]
    resolved = [failed for failed in found.rows.failed if failed.state == "resolved"]
    return {
        "calls of the shop": sum(line["event"] == "called" for line in found.load),
        "acknowledged": sum(line["event"] == "acknowledged" for line in found.load),
        "requests of the monitor": len(ours),
        "attempts": len(found.rows.attempts),
        "of unknown outcome": len(unknown),
        "look-ups": sum(line["event"] == "asked" for line in found.upstream),
        "failed requests": len(found.rows.failed),
        "resolved": len(resolved),
        "changes of which people are told": sum(change.fate == told.TOLD for change in found.rows.changes),
        "counted in another message": sum(change.fate == told.FOLDED for change in found.rows.changes),
        "messages accepted": sum(line["event"] == "accepted" for line in found.messages),
        "messages put off": sum(line["event"] == "put off" for line in found.messages),
        "messages refused for good": sum(line["event"] == "refused" for line in found.messages),
        "accepted unheard": told.unseen(found).total(),
        "copies": told.copies(found).total(),
        "harms that may make a copy": found.harms,
        "faults": sum(doer.done.values()),
        "kills of workers": doer.kills_of_workers,
        "pool processes that died": deaths,
        "settled after, s": round(settled_after),
    }
