"""Keeps a set of processes running: starts them, restarts those that die, and stops them all, leaving no orphan behind.

It knows nothing of what they do. Each child leads a process group of its own, so that a worker's pool goes with it; a
watchdog process ends them all when the supervisor itself is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ordergroove_monitor.child_logs import ChildLog

STOP_SECONDS = 40.0
"""Longer than a send may take (30 s), and noting its answer: who was asked to stop finishes what is on the wire."""
STEADY_SECONDS = 30.0
TICK_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process to keep running."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    """The working directory."""
    descriptors: tuple[int, ...] = ()


@dataclass(kw_only=True)
class _Run:
    """One child and what has become of it."""

    child: Child
    log: ChildLog
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_again_at: float = 0.0


def pause_seconds(failures: int) -> float:
    """How long to wait before a child that has died ``failures`` times in a row is started again."""
    return min(LONGEST_PAUSE_SECONDS, 0.25 * 2.0**failures)


@dataclass(kw_only=True)
class Supervisor:
    """Runs ``children`` until it is told to stop. ``tell`` gets one sentence about each thing worth knowing."""

    children: Sequence[Child]
    log_folder: Path
    tell: Callable[[str], None]
    held_descriptors: tuple[int, ...] = ()
    """Descriptors, of a lock say, that stay open until the last process has gone, whatever happens to this one."""
    stop_seconds: float = STOP_SECONDS
    """How long who was asked to stop may take before being killed."""
    _runs: list[_Run] = field(default_factory=list)
    _watchdog: subprocess.Popen[bytes] | None = None
    _stop_signals: int = 0
    _previous_handlers: dict[int, object] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything once."""
        self.log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._previous_handlers[number] = signal.signal(number, self._on_stop_signal)
        self._start_watchdog()
        for child in self.children:
            log = ChildLog(child.name, self.log_folder / f"{child.name}.log", self.tell)
            self._runs.append(_Run(child=child, log=log))
        for run in self._runs:
            self._start(run)

    def run(self) -> None:
        """Watch until a signal says stop, then stop everything."""
        while not self.is_stopping:
            self.tick()
        self.stop()

    @property
    def is_stopping(self) -> bool:
        return self._stop_signals > 0

    def tick(self) -> None:
        """Look after everybody once, and sleep a moment."""
        now = time.monotonic()
        if self._watchdog is not None and self._watchdog.poll() is not None:
            self._start_watchdog()
        for run in self._runs:
            if run.process is not None and run.process.poll() is not None:
                self._bury(run, now)
            if run.process is None and now >= run.start_again_at:
                self._start(run)
            run.log.follow()
        time.sleep(TICK_SECONDS)

    def is_running(self, name: str) -> bool:
        """Whether the child lives at this moment."""
        return any(run.child.name == name and run.process is not None for run in self._runs)

    def last_lines(self, name: str, count: int) -> list[str]:
        """The end of a child's log."""
        return next(run.log.last_lines(count) for run in self._runs if run.child.name == name)

    def stop(self) -> None:
        """Ask everybody to stop, wait, and kill who does not. A second signal from outside cuts the wait short."""
        asked = self._stop_signals
        for run in self._runs:
            if run.process is not None and run.process.poll() is None:
                run.process.terminate()
        deadline = time.monotonic() + self.stop_seconds
        while any(run.process is not None for run in self._runs):
            is_late = time.monotonic() > deadline or self._stop_signals > max(asked, 1)
            for run in self._runs:
                self._reap(run, kill=is_late)
            time.sleep(0.02)
        self._stop_watchdog()
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _reap(self, run: _Run, *, kill: bool) -> None:
        if run.process is None:
            return
        if kill:
            _kill_group(run.process.pid)
        if run.process.poll() is not None:
            _kill_group(run.process.pid)
            self._inform_watchdog(f"-{run.process.pid}")
            run.process = None
            run.log.follow()

    def _start(self, run: _Run) -> None:
        with run.log.open() as output:
            run.process = subprocess.Popen(
                list(run.child.argv),
                env=dict(run.child.environment),
                cwd=run.child.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=run.child.descriptors,
                start_new_session=True,
                # Covers the moment until the watchdog knows of the child. This process has one thread.
                preexec_fn=_die_with_parent,
            )
        run.started_at = time.monotonic()
        self._inform_watchdog(f"+{run.process.pid}")

    def _bury(self, run: _Run, now: float) -> None:
        assert run.process is not None
        # What it had started must not go on without it: two workers, say, or two schedulers.
        _kill_group(run.process.pid)
        self._inform_watchdog(f"-{run.process.pid}")
        how = _how_it_ended(run.process.returncode)
        run.process = None
        run.failures = 0 if now - run.started_at > STEADY_SECONDS else run.failures + 1
        pause = pause_seconds(run.failures)
        run.start_again_at = now + pause
        run.log.follow()
        self.tell(f"{run.child.name} {how}; starting it again in {pause:g} s (its log: {run.log.path})")

    def _start_watchdog(self) -> None:
        if self._watchdog is not None:
            self._pipe().close()
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=self.held_descriptors,
            start_new_session=True,
            bufsize=0,
        )
        for run in self._runs:
            if run.process is not None:
                self._inform_watchdog(f"+{run.process.pid}")

    def _inform_watchdog(self, line: str) -> None:
        try:
            self._pipe().write(f"{line}\n".encode())
        except BrokenPipeError:
            # It was killed; the next tick starts another, which is told of everybody.
            pass

    def _pipe(self) -> IO[bytes]:
        assert self._watchdog is not None
        assert self._watchdog.stdin is not None
        return self._watchdog.stdin

    def _stop_watchdog(self) -> None:
        self._pipe().close()
        if self._watchdog is not None:
            self._watchdog.wait()
            self._watchdog = None

    def _on_stop_signal(self, _number: int, _frame: object) -> None:
        self._stop_signals += 1


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _how_it_ended(return_code: int) -> str:
    if return_code >= 0:
        return f"ended with code {return_code}"
    try:
        return f"was ended by {signal.Signals(-return_code).name}"
    except ValueError:
        return f"was ended by signal {-return_code}"
