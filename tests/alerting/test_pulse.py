"""Which of our own parts are alive, and the heartbeat that is sent out only when all of them are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from pytest_django import Settings

from responses.alerting import pulse
from responses.models import Heartbeat, Transition, ids
from tests.alerting.channels.receiving import Receiver
from tests.factories import NOW
from tests.fakes import Reply, silent_port

pytestmark = pytest.mark.django_db
EVER = NOW - timedelta(days=30)


@pytest.fixture
def switch() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def see(*names: str, ago: timedelta = timedelta(0)) -> None:
    for name in names:
        Heartbeat.objects.note(name, "", now=NOW - ago)


def wait_to_be_told(*, ago: timedelta) -> None:
    Transition.objects.create(id=ids.new(NOW - ago), kind=Transition.Kind.ISSUE_OPENED, at=NOW - ago)


def test_a_part_that_is_alive_shows_that_the_database_is() -> None:
    pulse.alive(pulse.WEB, now=NOW, clock=lambda: 0.0)

    assert pulse.last_seen() == {"web": NOW, "database": NOW}


def test_a_database_that_writes_slowly_is_not_well() -> None:
    ticks = count(step=6.0)

    pulse.alive(pulse.WEB, now=NOW, clock=lambda: float(next(ticks)))

    assert pulse.last_seen() == {"web": NOW}


def test_since_when_the_database_is_well_begins_anew_after_a_gap() -> None:
    for seconds in (0, 30, 80, 200, 210):
        pulse.alive(pulse.WEB, now=NOW + timedelta(seconds=seconds), clock=lambda: 0.0)

    assert pulse.database_since() == NOW + timedelta(seconds=200)


@pytest.mark.parametrize(("ago", "is_well"), [(0, True), (120, True), (121, False)])
def test_a_part_is_well_while_it_was_seen_lately(ago: int, is_well: bool) -> None:
    see(pulse.BEAT, ago=timedelta(seconds=ago))

    assert pulse.is_well(pulse.BEAT, now=NOW) is is_well


def test_what_was_never_seen_is_not_well() -> None:
    assert pulse.is_well(pulse.WORKER, now=NOW) is False


def test_a_worker_that_leaves_changes_waiting_is_not_well() -> None:
    see(pulse.WORKER)
    wait_to_be_told(ago=timedelta(minutes=3))

    assert pulse.is_well(pulse.WORKER, now=NOW) is False
    assert pulse.well_until(pulse.last_seen(), since=EVER)[pulse.WORKER] == NOW - timedelta(minutes=3)


def test_the_time_before_somebody_looked_is_not_held_against_a_part() -> None:
    see(pulse.WORKER, ago=timedelta(hours=3))
    wait_to_be_told(ago=timedelta(hours=2))
    since = NOW - timedelta(minutes=1)

    assert set(pulse.well_until(pulse.last_seen(), since=since).values()) == {since}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_heartbeat_goes_out_while_all_is_well(switch: Receiver, method: str) -> None:
    see(*pulse.PARTS)

    assert pulse.ping(switch.url("/ping/secret-id"), method=method, now=NOW) is True

    assert [(call.method, call.path) for call in switch.calls] == [(method, "/ping/secret-id")]
    assert pulse.pings() == pulse.Pings(NOW, None, "")
    assert not pulse.pings().is_failing


@pytest.mark.parametrize("silent", pulse.PARTS)
def test_no_heartbeat_goes_out_while_a_part_is_silent(switch: Receiver, silent: str) -> None:
    see(*pulse.PARTS)
    see(silent, ago=timedelta(minutes=3))

    assert pulse.ping(switch.url(), method="GET", now=NOW) is False

    assert switch.calls == []
    assert pulse.pings().words == f"Not sent: silent for two minutes: {silent}."


def test_no_heartbeat_goes_out_before_all_parts_were_seen(switch: Receiver) -> None:
    see(pulse.WORKER)

    assert pulse.ping(switch.url(), method="GET", now=NOW) is False
    assert switch.calls == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(500), "answered 500"),
        (Reply(404), "answered 404"),
        (Reply(302, "", {"Location": "https://elsewhere.example/"}), "never followed"),
        (Reply(drops=True), "could not be reached"),
    ],
)
def test_a_heartbeat_that_was_not_taken_is_told(switch: Receiver, reply: Reply, words: str) -> None:
    see(*pulse.PARTS)
    pulse.ping(switch.url("/secret-id"), method="GET", now=NOW - timedelta(minutes=1))
    switch.always = reply

    assert pulse.ping(switch.url("/secret-id"), method="GET", now=NOW) is False

    found = pulse.pings()
    assert found.is_failing
    assert (found.arrived_at, found.failed_at) == (NOW - timedelta(minutes=1), NOW)
    assert words in found.words
    assert "secret-id" not in found.words


def test_the_next_heartbeat_that_arrives_ends_the_complaint(switch: Receiver) -> None:
    see(*pulse.PARTS)
    with silent_port() as port:
        pulse.ping(f"http://127.0.0.1:{port}/", method="GET", now=NOW - timedelta(minutes=1))
    assert pulse.pings().is_failing

    pulse.ping(switch.url(), method="GET", now=NOW)

    assert not pulse.pings().is_failing


def test_the_heartbeat_keeps_away_from_private_addresses(switch: Receiver, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    see(*pulse.PARTS)

    assert pulse.ping("https://127.0.0.1/x", method="GET", now=NOW) is False
    assert "private network" in pulse.pings().words


def test_only_the_host_of_the_address_is_shown() -> None:
    assert pulse.host("https://hc-ping.example/very-secret-id") == "hc-ping.example"
