from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from responses.alerting import pulse
from responses.management import health_checks
from responses.models import FollowUp, Heartbeat, Integration
from tests.factories import NOW, make_accepted, make_integration, make_refusal, record
from tests.following.buying import after
from tests.management.running import Printed, run

pytestmark = pytest.mark.django_db


def check(*arguments: str) -> tuple[int, Printed]:
    """Run the command at ``NOW``; the exit code and what was printed."""
    with time_machine.travel(NOW, tick=False):
        try:
            return 0, run("check_health", *arguments)
        except SystemExit as ended:
            return int(str(ended.code)), Printed("", "")


def bad() -> dict[str, str]:
    return {one.name: one.words for one in health_checks.run(NOW) if not one.is_well}


def live() -> None:
    for name in ("worker", "beat"):
        Heartbeat.objects.beat(name, now=NOW - timedelta(seconds=5))


def test_all_is_well_while_everything_runs() -> None:
    live()
    code, printed = check()
    assert code == 0
    assert {row[1]: row[0] for row in printed.rows[1:]} == dict.fromkeys(
        ("database", "migrations", "worker", "beat", "messages", "results", "broker"), "ok"
    )
    assert "seen 5 s ago" in printed.out
    assert check("--quiet")[1].out == ""


def test_silence_is_told_by_the_exit_code() -> None:
    assert check()[0] == 1
    assert bad() == dict.fromkeys(("worker", "beat"), "never seen: is manage.py up running?")
    Heartbeat.objects.create(name="worker", seen_at=NOW - timedelta(hours=3))
    assert bad()["worker"] == "seen 3 h ago"


def test_messages_that_wait_too_long_are_told() -> None:
    live()
    record(make_integration(), make_refusal("1"), now=NOW - timedelta(minutes=10))
    assert bad() == {"messages": "the oldest waits 10 min"}


def test_a_pause_in_asking_is_told_with_its_reason() -> None:
    live()
    shop = make_integration("shop", api_key_sealed=b"x")
    record(shop, make_accepted("1"), now=NOW - timedelta(minutes=30))
    assert bad() == {"results": "the oldest should have been asked for 29 min ago"}
    Integration.objects.update(follow_problem="401 Unauthorized: check the key.", follow_paused_until=after(60))
    assert bad() == {"results of shop": "401 Unauthorized: check the key."}
    FollowUp.objects.all().delete()
    Integration.objects.update(follow_problem="")
    assert bad() == {}


def test_a_missing_migration_is_told_and_nothing_is_read() -> None:
    MigrationRecorder.Migration.objects.using(connection.alias).filter(app="responses").order_by("-id")[0].delete()
    assert bad() == {"migrations": "1 missing: run manage.py migrate"}


def test_a_heartbeat_that_does_not_get_out_is_told(settings: Settings) -> None:
    live()
    settings.HEARTBEAT_URL = "https://hc-ping.example/id"
    Heartbeat.objects.note(pulse.FAILED, "The heartbeat's address answered 500.", now=NOW)
    assert bad() == {"outgoing heartbeat": "The heartbeat's address answered 500."}
    Heartbeat.objects.note(pulse.ARRIVED, "", now=after(60))
    assert bad() == {}
