"""Hints from the web process to the tasks."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from responses.front.nudges import Nudger

PATIENCE_SECONDS = 30


@contextmanager
def running(nudger: Nudger) -> Iterator[Nudger]:
    nudger.start()
    try:
        yield nudger
    finally:
        nudger.stop()


def publishers(published: queue.Queue[str], *kinds: str) -> dict[str, Callable[[], object]]:
    return {kind: lambda kind=kind: published.put(kind) for kind in kinds}  # type: ignore[misc]


def test_only_what_is_nudged_is_published() -> None:
    published: queue.Queue[str] = queue.Queue()
    with running(Nudger(publishers(published, "a", "b"), anyway=3600)) as nudger:
        nudger.nudge(frozenset({"b"}))
        assert published.get(timeout=PATIENCE_SECONDS) == "b"
    assert published.empty()


def test_without_a_beat_every_kind_is_published_now_and_then() -> None:
    published: queue.Queue[str] = queue.Queue()
    with running(Nudger(publishers(published, "a", "b"), anyway=0.01)):
        assert {published.get(timeout=PATIENCE_SECONDS) for _ in range(2)} == {"a", "b"}


def test_a_broker_that_fails_keeps_no_other_hint_back() -> None:
    published: queue.Queue[str] = queue.Queue()

    def fail() -> None:
        raise OSError("no broker")

    with running(Nudger({"a": fail} | publishers(published, "b"), anyway=3600)) as nudger:
        nudger.nudge(frozenset({"a", "b"}))
        assert published.get(timeout=PATIENCE_SECONDS) == "b"
