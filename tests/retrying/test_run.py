"""A worker's run: what is due is sent at its second, whatever the server answers, and however many workers there are."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from responses.exchanges import Origin
from responses.models import Attempt, FailedRequest, LastRun, Resend, Response
from responses.recording import record
from responses.retrying import run
from tests.factories import NOW
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import (
    ACCEPTED,
    BUSY,
    Clock,
    Upstream,
    fail,
    make_shop,
    purchase,
    reply,
    resend_of,
    rest,
    run_at,
)

pytestmark = pytest.mark.django_db

HOUR_AGO = after(-3600)
"""So long ago that what failed then says nothing of the host now."""


def make_due(request: FailedRequest, at: float = 0) -> Resend:
    Resend.objects.filter(failed_request=request).update(due_at=after(at))
    return resend_of(request)


def test_nothing_due_asks_little_and_writes_nothing(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(3):  # type: ignore[operator]
        assert run_at(NOW) == frozenset()


def test_everything_due_is_sent_side_by_side(upstream: Upstream) -> None:
    together = threading.Barrier(5)

    def answer(connection_: socket.socket) -> None:
        together.wait(5)
        connection_.sendall(ACCEPTED)

    upstream.always = answer
    shop = make_shop(upstream.url)
    requests = [fail(shop) for _ in range(5)]
    for request in requests:
        make_due(request)
    run_at(NOW)
    assert {again.states(request) for request in requests} == {("confirming", "succeeded")}


def test_what_is_due_in_a_moment_is_waited_for_and_starts_at_its_second(upstream: Upstream) -> None:
    request = fail(make_shop(upstream.url), status_code=423)
    due_at = resend_of(request).due_at
    assert due_at == after(2)
    run_at(NOW)
    began_at = Attempt.objects.get().intent_at
    assert timedelta(0) <= began_at - due_at <= timedelta(seconds=0.3)


@pytest.mark.parametrize("beats", [[0, 2, 4, 6], [0.5, 2.5, 4.5], [1.9, 3.9, 5.9]])
def test_with_a_beat_every_two_seconds_nothing_starts_late(upstream: Upstream, beats: list[float]) -> None:
    shop = make_shop(upstream.url)
    dues = [2.1, 3.0, 4.4, 5.0]
    for due in dues:
        make_due(fail(shop), due)
    clock = Clock()
    for beat in beats:
        clock.now = max(clock.now, after(beat))
        run_at(clock.now, clock=clock)
    delays = [(one.intent_at - one.resend.due_at).total_seconds() for one in Attempt.objects.select_related("resend")]
    assert len(delays) == 4
    assert all(0 <= delay <= 0.3 for delay in delays)


def test_what_is_due_later_is_left_to_the_next_beat(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)), 3)
    clock = Clock()
    run_at(NOW, clock=clock)
    assert (clock.now, upstream.received) == (NOW, [])


def test_a_worker_that_stops_begins_nothing_new_and_finishes_what_it_sends(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    first, second = fail(shop), fail(shop)
    make_due(first)
    make_due(second, 1)
    stopping = threading.Event()

    def answer(connection_: socket.socket) -> None:
        stopping.set()
        connection_.sendall(ACCEPTED)

    upstream.always = answer
    clock = Clock()
    run.run_due(clock=clock, pause=clock.pause, is_stopping=stopping.is_set, seconds=5)
    assert again.states(first) == ("confirming", "succeeded")
    assert again.states(second) == ("retrying", "scheduled")
    assert run.run_due(clock=clock, pause=clock.pause, is_stopping=lambda: True) == frozenset()
    assert not Resend.objects.filter(state="unknown").exists()


def test_one_worker_claims_at_a_time_and_a_dead_one_is_followed(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)))
    assert LastRun.objects.take_turn(run.TURN, every=run.HOLD, now=NOW)
    run_at(after(9.9))
    assert upstream.received == []
    run_at(after(10))
    assert len(upstream.received) == 1


def test_three_beats_send_once(upstream: Upstream) -> None:
    make_due(fail(make_shop(upstream.url)))
    for _ in range(3):
        run_at(NOW)
    assert len(upstream.received) == 1


@pytest.mark.django_db(transaction=True)
def test_answers_that_the_database_did_not_take_are_kept_when_it_does(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = fail(make_shop(upstream.url))
    make_due(request)
    write, failures = record.write, [OperationalError("gone"), OperationalError("gone")]

    def flaky(*values: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return write(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(record, "write", flaky)
    run_at(NOW)
    assert failures == []
    assert again.states(request) == ("confirming", "succeeded")


def test_a_run_reaps_and_expires_first(upstream: Upstream) -> None:
    request, held = fail(make_shop(upstream.url)), fail(make_shop(upstream.url, api_key=""))
    Resend.objects.filter(failed_request=request).update(state="claimed", epoch=1, lease_until=after(5))
    run_at(after(5))
    assert (again.states(request), again.states(held)) == (("retrying", "scheduled"), ("held", "held"))
    run_at(NOW + timedelta(hours=25))
    assert (again.states(request), again.states(held)) == (("expired", "expired"), ("expired", "expired"))


# --- hostile answers: each is a recorded attempt, and the worker goes on ---


def close_at_once(connection_: socket.socket) -> None:
    connection_.shutdown(socket.SHUT_RDWR)


def reset(connection_: socket.socket) -> None:
    connection_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection_.close()


def hang(*pieces: bytes) -> Callable[[socket.socket], None]:
    def answer(connection_: socket.socket) -> None:
        for piece in pieces:
            connection_.sendall(piece)
        connection_.recv(1)  # until the client leaves

    return answer


def drip(connection_: socket.socket) -> None:
    connection_.sendall(b"HTTP/1.1 200 OK\r\n")
    gone = threading.Event()
    while not gone.wait(0.05):
        connection_.sendall(b"x-drip: 1\r\n")


BOMB = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
BOMB_BODY = BOMB.compress(b"\0" * 30_000_000) + BOMB.flush()
CREATED = {"subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}], "errors": {}}

UNREAD: dict[str, again.Reply] = {
    "closes at once": close_at_once,
    "resets": reset,
    "hangs before the head": hang(),
    "hangs within the head": hang(b"HTTP/1.1 200"),
    "hangs before the body": hang(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"),
    "drips": drip,
    "lies about its length": b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}",
    "lies about a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "broken chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n{}",
    "garbage": b"\x00\xff\x16\x03\x01 not HTTP at all\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 40_000,
    "bomb": reply(200, BOMB_BODY, content_encoding="gzip"),
    "broken compression": reply(200, b"not gzip", content_encoding="gzip"),
    "too long": reply(200, b"x" * 2_200_000),
}
ANSWERED = {
    "nonsense in the body": (reply(200, b"<html>\xff\x00"), "confirming", "succeeded"),
    "huge numbers": (reply(200, b'{"subs_req_id": ' + b"9" * 5_000 + b"}"), "confirming", "succeeded"),
    "deep nesting": (reply(200, b"[" * 100_000), "confirming", "succeeded"),
    "a result": (reply(200, CREATED), "resolved", "succeeded"),
    "partial": (reply(207, {"subscriptions": [{"77": "0ff0"}], "errors": {"products": ["x"]}}), "needs_fix", "partial"),
    "redirect": (reply(302, location="http://127.0.0.1:1/elsewhere"), "needs_fix", "failed"),
    "permanent redirect": (reply(308, location="//evil.example/"), "needs_fix", "failed"),
    "refused": (reply(400, {"error": "no"}), "needs_fix", "failed"),
    "unauthorised": (reply(401), "needs_fix", "failed"),
    "forbidden": (reply(403), "needs_fix", "failed"),
    "not found": (reply(404), "needs_fix", "failed"),
    "conflict": (reply(409), "unknown", "unknown"),
    "in use": (reply(423, b"{'details': 'Resource is currently in use.'}"), "retrying", "scheduled"),
    "too many": (reply(429), "retrying", "scheduled"),
    "busy": (BUSY, "retrying", "scheduled"),
    "odd server error": (reply(599), "retrying", "scheduled"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREAD)
def test_an_answer_that_cannot_be_read_is_a_recorded_unknown(upstream: Upstream, name: str) -> None:
    upstream.replies.append(UNREAD[name])
    shop = make_shop(upstream.url)
    request, other = fail(shop), fail(shop)
    make_due(request)
    make_due(other, 10)
    run_at(NOW, seconds=0.5)
    run_at(after(10))
    attempt = Attempt.objects.get(resend__failed_request=request)
    assert again.states(request) == ("unknown", "unknown")
    assert attempt.result == "unknown"
    assert attempt.words
    assert Response.objects.get(pk=attempt.response_id or 0).origin == Origin.RETRY
    assert again.states(other) == ("confirming", "succeeded")
    assert len(upstream.received) == 2


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_that_can_be_read_is_classified(upstream: Upstream, name: str) -> None:
    answer, shown, state = ANSWERED[name]
    upstream.always = answer
    request = fail(make_shop(upstream.url))
    make_due(request)
    run_at(NOW)
    assert again.states(request) == (shown, state)
    attempt = Attempt.objects.get()
    assert attempt.result == "answered"
    assert attempt.status_code == int(answer.split(b" ", 2)[1])
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("7", 7, 7.7),
        ("0", 1, 1.1),
        ("99999", 3600, 3600),
        ("Sun, 22 Nov 2026 12:00:40 GMT", 40, 44),
        ("Sun, 22 Nov 2020 12:00:40 GMT", 1, 1.1),
        ("soon", 5, 20),
        ("-5", 5, 20),
        ("1e9", 5, 20),
        ("NaN", 5, 20),
        ("", 5, 20),
        ("9" * 400, 5, 20),
    ],
)
def test_retry_after_is_honoured_where_it_makes_sense(
    upstream: Upstream, asked: str, least: float, most: float
) -> None:
    upstream.always = reply(429, Retry_After=asked)
    request = fail(make_shop(upstream.url), status_code=429)
    make_due(request)
    again.send_one(NOW)
    wait = (resend_of(request).due_at - NOW).total_seconds()
    assert least <= wait <= most


def test_a_redirect_takes_no_credentials_anywhere(upstream: Upstream) -> None:
    with again.running() as elsewhere:
        upstream.always = reply(307, location=f"{elsewhere.url}/subscription/create")
        make_due(fail(make_shop(upstream.url)))
        run_at(NOW)
        assert elsewhere.received == []


def test_a_423_is_sent_again_one_at_a_time_on_its_object(upstream: Upstream) -> None:
    upstream.replies.extend([reply(423), reply(423)])
    upstream.always = reply(200)
    shop = make_shop(upstream.url)
    requests = [fail(shop, rest(shop, body={"number": number}), 423) for number in range(3)]
    clock = Clock()
    for _ in range(40):
        run_at(clock.now, clock=clock)
        clock.pause(2)
    assert upstream.most_at_once == 1
    assert {again.states(request) for request in requests} == {("resolved", "succeeded")}


def test_purchases_follow_their_schedule_and_end_with_the_day(upstream: Upstream) -> None:
    upstream.always = BUSY
    request = fail(make_shop(upstream.url))
    clock = Clock()
    for _ in range(12):
        resend = resend_of(request)
        if resend.state != "scheduled":
            break
        clock.now = max(clock.now, resend.due_at)
        run_at(clock.now, clock=clock)
    offsets = [(one.intent_at - NOW).total_seconds() for one in Attempt.objects.order_by("number")]
    assert [round(offset / 60) for offset in offsets[:3]] in (
        [1, 3, 9],
        [1, 3, 10],
        [1, 4, 9],
        [1, 4, 10],
        [2, 3, 9],
        [2, 4, 9],
        [2, 3, 10],
        [2, 4, 10],
    )
    assert len(offsets) == 4
    assert 86_400 <= offsets[3] <= 86_400 + 900
    assert again.states(request) == ("expired", "expired")


# --- several workers ---


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_that_run_at_once_send_each_once(upstream: Upstream) -> None:
    shop = make_shop(upstream.url)
    for _ in range(10):
        make_due(fail(shop, purchase(shop), now=HOUR_AGO))
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait(10)
            for _ in range(3):
                run_at(NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({one.body for one in upstream.received}) == len(upstream.received) == 10
    assert set(Resend.objects.values_list("state", flat=True)) == {"succeeded"}
