"""The watch over the other parts: who speaks for a dead worker, and for a database that is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection

from responses.alerting import pulse, setup
from responses.audit import Doer
from responses.front.watch import Watch
from responses.models import AlertRule, Channel, Delivery, Heartbeat, Transition
from tests.factories import NOW
from tests.fakes import FakeSlack

pytestmark = pytest.mark.django_db
PATIENCE_SECONDS = 30
TURN = timedelta(seconds=15)


class Times:
    """A clock that the test moves, for dates and for durations."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - NOW).total_seconds()


class Broken:
    """Makes every statement fail while it is switched on, as a database does that is away."""

    is_on = False

    def __call__(self, execute: object, *_statement: object) -> object:
        if self.is_on:
            raise DatabaseError("away")
        assert callable(execute)
        return execute(*_statement)


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def nudged() -> list[int]:
    return []


@pytest.fixture
def watch(times: Times, nudged: list[int], tmp_path: Path) -> Iterator[Watch]:
    AlertRule.objects.get_or_create(
        shipped="monitor", defaults={"trigger": AlertRule.Trigger.MONITOR, "window_minutes": 2}
    )
    watch = make_watch(times, nudged, tmp_path)
    yield watch
    watch.stop()


def make_watch(times: Times, nudged: list[int], folder: Path) -> Watch:
    return Watch(
        clock=times, nudge=lambda: nudged.append(1), lock=folder / "watch.lock", monotonic=times.seconds, every=15.0
    )


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broken]:
    """A database that can be taken away; the watch's closing of its connection is left out, the test needs it."""
    broken = Broken()
    monkeypatch.setattr(connection, "close", lambda: None)
    with connection.execute_wrapper(broken):
        yield broken


def pass_time(watch: Watch, times: Times, *, minutes: float, alive: tuple[str, ...] = ()) -> None:
    """Take turns, while the parts in ``alive`` show themselves."""
    for _ in range(int(minutes * 4)):
        times.now += TURN
        for name in alive:
            Heartbeat.objects.beat(name, now=times.now)
        watch.turn()


def make_channel(slack: FakeSlack) -> Channel:
    return setup.add(Channel.Kind.SLACK, slack.url, name="On call", integration=None, doer=Doer(), now=NOW)


def test_a_turn_shows_that_the_web_process_and_the_database_live(watch: Watch, times: Times) -> None:
    watch.turn()

    assert pulse.last_seen() == {"web": NOW, "database": NOW}


def test_while_all_is_well_nothing_is_written(watch: Watch, times: Times, nudged: list[int]) -> None:
    pass_time(watch, times, minutes=10, alive=("worker", "beat"))

    assert not Transition.objects.exists()
    assert nudged == []


def test_for_a_silent_beat_the_worker_is_asked_to_speak(watch: Watch, times: Times, nudged: list[int]) -> None:
    pass_time(watch, times, minutes=3, alive=("worker",))

    assert Transition.objects.get().subject == "monitor:beat"
    assert nudged
    assert not Delivery.objects.exists()


def test_for_a_silent_worker_the_web_process_speaks_itself(watch: Watch, times: Times, slack: FakeSlack) -> None:
    make_channel(slack)

    pass_time(watch, times, minutes=4, alive=("beat",))

    [payload] = slack.accepted
    assert "worker" in payload["text"]


def test_two_processes_say_it_once(watch: Watch, times: Times, slack: FakeSlack, tmp_path: Path) -> None:
    make_channel(slack)
    other = make_watch(times, [], tmp_path)

    for _ in range(16):
        pass_time(watch, times, minutes=0.25, alive=("beat",))
        other.turn()

    assert len(slack.accepted) == 1


def test_a_process_that_slept_blames_nobody_for_it(watch: Watch, times: Times) -> None:
    pass_time(watch, times, minutes=3, alive=("worker", "beat"))
    times.now += timedelta(hours=8)

    watch.turn()

    assert not Transition.objects.exists()


def test_a_database_that_is_away_is_told_once_and_its_return_too(
    watch: Watch, times: Times, slack: FakeSlack, database: Broken
) -> None:
    make_channel(slack)
    pass_time(watch, times, minutes=1)

    database.is_on = True
    pass_time(watch, times, minutes=2)
    assert slack.accepted == []
    pass_time(watch, times, minutes=10)
    [away] = slack.accepted
    assert "database does not answer" in away["text"]

    database.is_on = False
    pass_time(watch, times, minutes=1, alive=("worker", "beat"))
    [_, again] = slack.accepted
    assert "answers again" in again["text"]


def test_of_two_processes_one_tells_that_the_database_is_away(
    watch: Watch, times: Times, slack: FakeSlack, database: Broken, tmp_path: Path
) -> None:
    make_channel(slack)
    other = make_watch(times, [], tmp_path)
    other.turn()
    pass_time(watch, times, minutes=0.5)
    database.is_on = True

    for _ in range(20):
        pass_time(watch, times, minutes=0.25)
        other.turn()

    assert len(slack.accepted) == 1
    other.stop()


def test_a_short_absence_of_the_database_is_not_told(
    watch: Watch, times: Times, slack: FakeSlack, database: Broken
) -> None:
    make_channel(slack)
    pass_time(watch, times, minutes=1)
    database.is_on = True
    pass_time(watch, times, minutes=1)
    database.is_on = False

    pass_time(watch, times, minutes=1, alive=("worker", "beat"))

    assert slack.accepted == []


@pytest.mark.django_db(transaction=True)
def test_the_thread_takes_turns_until_it_is_stopped(nudged: list[int], tmp_path: Path) -> None:
    turned = threading.Event()
    times = Times()

    class Noted(Watch):
        def turn(self) -> None:
            super().turn()
            turned.set()

    watch = Noted(clock=times, nudge=lambda: None, lock=tmp_path / "lock", every=0.01)
    watch.start()
    try:
        assert turned.wait(PATIENCE_SECONDS)
    finally:
        watch.stop()

    assert pulse.WEB in pulse.last_seen()
