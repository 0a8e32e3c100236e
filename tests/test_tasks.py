from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.signals import before_task_publish, worker_shutting_down
from django.conf import settings
from kombu.exceptions import OperationalError

from ordergroove_monitor import stopping
from ordergroove_monitor.celery import app
from responses import tasks
from responses.alerting import deliver
from responses.insight import health
from responses.models import (
    FailedRequest,
    FollowUp,
    Heartbeat,
    Integration,
    Issue,
    LastRun,
    Response,
    SealedRequest,
    Transition,
)
from responses.retention import purge
from responses.sandbox import server as sandbox
from tests.factories import NOW, make_exchange, make_integration, make_refusal, make_rest, make_timeout, record
from tests.following.buying import after, buy, make_shop
from tests.retrying import again

pytestmark = pytest.mark.django_db

Hint = tuple[str, tuple[Any, ...]]


@pytest.fixture
def hints() -> Iterator[list[Hint]]:
    """What is published, as task name and arguments."""
    published: list[Hint] = []

    def note(sender: str, body: tuple[Any, ...], **kwargs: Any) -> None:
        published.append((sender.removeprefix("responses.tasks."), tuple(body[0])))

    before_task_publish.connect(note, weak=False)
    yield published
    before_task_publish.disconnect(note)


def test_every_sweep_is_a_task_whose_message_runs_out() -> None:
    app.loader.import_default_modules()
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] == f"responses.tasks.{name}"
        assert entry["task"] in app.tasks
        assert entry["schedule"] < entry["options"]["expires"]
        assert set(entry["options"]) == {"expires"}


def test_polling_settles_what_is_due_and_hints_at_the_message(hints: list[Hint]) -> None:
    with sandbox.running() as box:
        box.control(pending_seconds=0)
        with time_machine.travel(NOW, tick=False):  # the sandbox lives at the same time
            buy(make_shop(box), box, "5001", "fail-quantity")
        with time_machine.travel(after(2), tick=False):
            tasks.poll_due()
        with time_machine.travel(after(4), tick=False):
            tasks.poll_due()
        assert len(box.ledger("/subscription/")) == 2
    assert FollowUp.objects.get().state == "failed"
    assert FailedRequest.objects.get().failures == 1
    assert hints == [("deliver_transitions", ())]
    assert Heartbeat.objects.get(name=health.WORKER).seen_at == after(2)


def test_a_due_failure_is_sent_again_and_an_unknown_one_is_looked_up(hints: list[Hint]) -> None:
    with again.running() as upstream:
        upstream.always = lambda _: None
        request = again.fail(again.make_shop(upstream.url))
        due_at = again.resend_of(request).due_at
        with time_machine.travel(due_at, tick=False):
            tasks.send_due()
        assert again.states(request) == ("unknown", "unknown")
        upstream.always = again.reply(200, {"next": None, "results": []})
        with time_machine.travel(due_at + timedelta(minutes=10), tick=False):
            tasks.look_up_due()
        assert again.states(request) == ("retrying", "scheduled")
        assert len(upstream.received) == 2
    assert set(hints) == {("deliver_transitions", ()), ("send_due", ())}


def test_a_worker_that_was_told_to_stop_begins_nothing_new() -> None:
    with again.running() as upstream:
        request = again.fail(again.make_shop(upstream.url))
        stopping.begin()
        try:
            with time_machine.travel(again.resend_of(request).due_at, tick=False):
                tasks.send_due()
        finally:
            stopping._shared[0] = 0
        assert upstream.received == []
    assert again.states(request) == ("retrying", "scheduled")


def test_children_hear_that_their_worker_stops() -> None:
    answer, said = os.pipe()
    child = os.fork()
    if child == 0:
        while not stopping.has_begun():
            time.sleep(0.01)
        os.write(said, b"heard")
        os._exit(0)
    try:
        worker_shutting_down.send(sender="worker", sig="SIGTERM", how="Warm", exitcode=0)
        assert os.read(answer, 5) == b"heard"
    finally:
        stopping._shared[0] = 0
        os.waitpid(child, 0)


def test_a_transition_is_handled_once(hints: list[Hint]) -> None:
    record(make_integration(), make_refusal("5010"))
    with time_machine.travel(after(1), tick=False):
        tasks.deliver_transitions()
        tasks.deliver_due()
        tasks.deliver_transitions()
    assert Transition.objects.get().handled_at == after(1)
    assert hints == []


def test_overdue_pursuits_clocks_and_originals_end() -> None:
    shop = make_integration()
    request = make_refusal("5020").request
    record(shop, make_timeout(request), make_refusal("5021"))
    record(shop, make_exchange(request, 200, {"subs_req_id": "abc"}, sent_at=after(5)), now=after(5))
    with time_machine.travel(NOW + timedelta(hours=26), tick=False):
        for _ in range(2):
            tasks.end_overdue()
            tasks.expire_overdue()
    assert dict(FailedRequest.objects.values_list("order_id", "state")) == {"5020": "unknown", "5021": "expired"}
    assert not SealedRequest.objects.exists()


def test_a_muted_issue_opens_when_its_time_is_over() -> None:
    record(make_integration(), make_refusal())
    Issue.objects.update(state="muted", muted_until=NOW + timedelta(hours=1))
    for minutes, state in ((59, "muted"), (60, "open")):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            tasks.expire_overdue()
        assert Issue.objects.get().state == state


def test_what_is_too_old_goes_once_a_day() -> None:
    record(make_integration(), make_exchange(make_rest(method="GET")))
    with time_machine.travel(NOW + timedelta(days=91), tick=False):
        tasks.retain()
        tasks.retain()
    assert not Response.objects.exists()
    assert LastRun.objects.get(name=purge.DAILY).ran_at == NOW + timedelta(days=91)


def test_the_heartbeat_shows_that_beat_and_worker_live() -> None:
    for seconds in (0, 3, 10):
        with time_machine.travel(after(seconds), tick=False):
            tasks.heartbeat()
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    assert seen == {"beat": after(10), "worker": after(10), "database": after(10)}


def test_a_heartbeat_is_written_every_few_seconds_at_most(django_assert_num_queries: Any) -> None:
    Heartbeat.objects.beat("worker", now=NOW)
    with django_assert_num_queries(1):
        Heartbeat.objects.beat("worker", now=after(4))
    assert Heartbeat.objects.get().seen_at == NOW


def test_a_heartbeat_from_the_future_is_put_right() -> None:
    Heartbeat.objects.beat("worker", now=after(10_000))
    Heartbeat.objects.beat("worker", now=NOW)
    assert Heartbeat.objects.get().seen_at == NOW


def test_a_nudge_is_published_for_each_kind(hints: list[Hint]) -> None:
    tasks.nudge(frozenset({"following", "alerting", "retrying"}))
    assert hints == [("deliver_transitions", ()), ("poll_due", ()), ("send_due", ())]


def test_a_delivery_that_is_gone_is_no_error(hints: list[Hint]) -> None:
    tasks.send_delivery(1)
    assert hints == []


@pytest.mark.parametrize(("seconds", "sent"), [(60.0, [1, 2, 3]), (0.0, [1])])
def test_one_message_follows_the_other_for_a_moment(
    seconds: float, sent: list[int], hints: list[Hint], monkeypatch: pytest.MonkeyPatch
) -> None:
    after_it = {1: [2, 8], 2: [3], 3: []}
    found: list[int] = []

    def send(delivery_id: int, _now: datetime) -> list[int]:
        found.append(delivery_id)
        return after_it[delivery_id]

    monkeypatch.setattr(deliver, "send", send)
    monkeypatch.setattr(tasks, "CHAIN_SECONDS", seconds)
    tasks.send_delivery(1)
    assert found == sent
    later = [8] if 2 in sent else [2, 8]
    assert hints == [("send_delivery", (one,)) for one in later]


@pytest.mark.parametrize("error", [OperationalError("gone"), ConnectionRefusedError(), FileNotFoundError()])
def test_a_broker_that_is_down_stops_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        def delay(self) -> None:
            raise error

    tasks._hint(Down())
    assert "a hint could not be published" in caplog.text


def test_a_turn_is_taken_by_one_and_comes_again() -> None:
    every = timedelta(seconds=30)
    take = LastRun.objects.take_turn
    assert take("job", every=every, now=NOW)
    assert not take("job", every=every, now=after(29))
    assert take("other", every=every, now=after(29))
    assert take("job", every=every, now=after(30))
    LastRun.objects.end_turn("job", every=every, pause=timedelta(seconds=1), now=after(31))
    assert not take("job", every=every, now=after(31.5))
    assert take("job", every=every, now=after(32))
    assert take("job", every=every, now=NOW - timedelta(days=1))


def test_what_a_sweep_finds_is_hinted_at(hints: list[Hint]) -> None:
    record(make_integration(), *(make_refusal() for _ in range(100)))
    with time_machine.travel(NOW, tick=False):
        tasks.sweep_alerts()
        tasks.sweep_alerts()
    assert Transition.objects.filter(kind="issue_grew").count() == 1
    assert hints == [("deliver_transitions", ())]


def test_nothing_is_asked_without_integrations(hints: list[Hint]) -> None:
    assert not Integration.objects.exists()
    for name in settings.CELERY_BEAT_SCHEDULE:
        getattr(tasks, name)()
    assert hints == []
