"""How our own parts are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from responses.alerting import pulse
from responses.insight import health
from responses.models import Channel, Heartbeat, Transition
from tests.factories import NOW, make_integration, make_refusal, make_user, record

pytestmark = pytest.mark.django_db


def beat(name: str, *, ago: timedelta) -> None:
    Heartbeat.objects.create(name=name, seen_at=NOW - ago)


def test_parts_that_were_never_seen_are_silent() -> None:
    found = health.read(make_user(), now=NOW)

    assert found.is_worker_silent
    assert found.is_beat_silent
    assert not found.is_late


def test_parts_that_beat_are_well() -> None:
    beat(health.WORKER, ago=timedelta(seconds=20))
    beat(health.BEAT, ago=timedelta(seconds=119))

    found = health.read(make_user(), now=NOW)

    assert (found.is_worker_silent, found.is_beat_silent) == (False, False)
    assert found.worker == timedelta(seconds=20)


def test_a_part_that_stopped_is_silent() -> None:
    beat(health.WORKER, ago=timedelta(minutes=3))

    assert health.read(make_user(), now=NOW).is_worker_silent


def test_a_change_that_nobody_was_told_of_is_late_after_a_minute() -> None:
    record(make_integration(), make_refusal(), now=NOW)

    assert not health.read(make_user(), now=NOW + timedelta(seconds=59)).is_late
    late = health.read(make_user(), now=NOW + timedelta(seconds=61))
    assert late.is_late
    assert late.oldest_transition == timedelta(seconds=61)
    Transition.objects.update(handled_at=NOW)
    assert not health.read(make_user(), now=NOW + timedelta(seconds=61)).is_late


def test_a_failing_channel_is_named_to_those_who_may_see_it() -> None:
    mine, other = make_integration(), make_integration()
    for integration in (mine, other):
        Channel.objects.create(
            kind="slack", name=integration.slug, integration=integration, target_sealed=b"", last_error_at=NOW
        )
    Channel.objects.create(
        kind="slack", name="well", integration=mine, target_sealed=b"", last_error_at=NOW, last_success_at=NOW
    )

    found = health.read(make_user(integration=mine), now=NOW)

    assert [channel.name for channel in found.failing] == [mine.slug]


def test_a_heartbeat_that_does_not_get_out_is_known_where_one_is_wanted(settings: Settings) -> None:
    Heartbeat.objects.note(pulse.ARRIVED, "", now=NOW - timedelta(minutes=2))
    Heartbeat.objects.note(pulse.FAILED, "The heartbeat's address answered 500.", now=NOW)
    assert not health.read(make_user(), now=NOW).pings.is_failing

    settings.HEARTBEAT_URL = "https://hc-ping.example/id"

    found = health.read(make_user(), now=NOW).pings
    assert (found.is_failing, found.words) == (True, "The heartbeat's address answered 500.")
