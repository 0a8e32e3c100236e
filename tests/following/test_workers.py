from __future__ import annotations

import threading

import pytest
from django.db import connection

from responses.following import poll
from responses.models import FailedRequest, FollowUp, Integration, Issue, LastRun
from responses.sandbox.server import Running
from tests.factories import NOW, make_exchange, record
from tests.following.buying import after, asked, buy, make_shop, poll_at, status_request
from tests.sending import hostile

pytestmark = pytest.mark.django_db

State = FollowUp.State


def test_the_callers_own_question_settles_before_ours(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1040")
    answer = {"subscriptions": [{"tea": "0ff0f88accc511e8b6c0bc764e106cf4"}], "errors": {}}
    record(shop, make_exchange(status_request(box, bought), 200, answer, sent_at=after(1)), now=after(1))
    bought.refresh_from_db()
    assert bought.state == State.CREATED
    poll_at(after(2))
    assert asked(box) == 0


def test_a_worker_that_died_before_recording_is_followed_by_another(box: Running) -> None:
    bought = buy(make_shop(box), box, "1041")
    [lost] = poll.claim(after(2))
    poll.ask(lost, lambda: after(2))
    poll_at(after(60))
    assert asked(box) == 1
    poll_at(after(122))
    bought.refresh_from_db()
    assert (bought.state, bought.polls) == (State.CREATED, 2)


def test_a_worker_that_died_between_recording_and_noting_does_no_harm(box: Running) -> None:
    box.control(pending_seconds=10_000)
    bought = buy(make_shop(box), box, "1042")
    [one] = poll.claim(after(2))
    exchange = poll.ask(one, lambda: after(2))
    record(one.integration, exchange, now=after(2))
    poll_at(after(122))
    bought.refresh_from_db()
    assert (bought.state, bought.polls, bought.next_poll_at) == (State.PENDING, 2, after(360))


def test_an_answer_that_comes_after_the_matter_was_settled_changes_nothing(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1043", "tea", "fail-quantity")
    [slow] = poll.claim(after(2))
    exchange = poll.ask(slow, lambda: after(2))
    poll_at(after(123))
    assert poll.keep([(slow, exchange)], now=after(124), dice=lambda: 0.0) == frozenset()
    bought.refresh_from_db()
    assert bought.state == State.PARTIAL
    assert FailedRequest.objects.get().failures == 1
    assert Issue.objects.get().failures == 1


def test_two_claims_never_hold_the_same(box: Running) -> None:
    shop = make_shop(box)
    for number in range(5):
        buy(shop, box, f"1044{number}")
    first = poll.claim(after(2))
    assert (len(first), poll.claim(after(2))) == (5, [])


def test_a_turn_is_bounded_and_shared(box: Running) -> None:
    busy, calm = make_shop(box), make_shop(box)
    for number in range(30):
        buy(busy, box, f"1045{number}")
    late = buy(calm, box, "10460", now=after(1))
    claimed = poll.claim(after(10))
    assert len(claimed) == 11
    assert late.pk in {one.id for one in claimed}
    assert len(poll.claim(after(11))) == 20


def test_a_turn_follows_another_after_a_second(box: Running) -> None:
    shop = make_shop(box)
    for number in range(45):
        buy(shop, box, f"1047{number}")
    counts = []
    for at in (2, 2.9, 3, 4, 5):
        poll_at(after(at))
        counts.append(asked(box))
    assert counts == [20, 20, 40, 45, 45]


def test_one_worker_polls_at_a_time_and_a_dead_one_is_followed_after_its_hold(box: Running) -> None:
    buy(make_shop(box), box, "10480")
    assert LastRun.objects.take_turn(poll.TURN, every=poll.HOLD, now=after(2))
    poll_at(after(31))
    assert asked(box) == 0
    poll_at(after(32))
    assert asked(box) == 1


def test_nothing_due_writes_nothing(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        poll_at(NOW)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_that_poll_at_once_ask_once_for_each(box: Running) -> None:
    shop = make_shop(box)
    for number in range(12):
        buy(shop, box, f"1050{number}")
    barrier = threading.Barrier(4)
    claimed: list[poll.Claimed] = []

    def work() -> None:
        try:
            barrier.wait(5)
            claimed.extend(poll._claim_of(shop, 20, now=after(2)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(claimed) == len({one.id for one in claimed}) == 12


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_four_workers_settle_each_purchase_once(box: Running) -> None:
    shop = make_shop(box)
    for number in range(12):
        buy(shop, box, f"1060{number}", "tea", "fail-quantity")
    barrier = threading.Barrier(4)

    def work() -> None:
        try:
            barrier.wait(5)
            poll_at(after(2))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert asked(box) == 12
    assert FollowUp.objects.filter(polls=1).count() == 12
    assert FailedRequest.objects.count() == 12
    assert Issue.objects.get().failures == 12


def test_a_hostile_server_cannot_stop_the_others(box: Running) -> None:
    shop, trap = make_shop(box), make_shop(box)
    bought = buy(shop, box, "1070")
    caught = buy(trap, box, "1071")
    endless = hostile.answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 3_000_000)
    with hostile.running(endless) as server:
        Integration.objects.filter(pk=trap.pk).update(hosts={"sc": server.url})
        poll_at(after(2))
    bought.refresh_from_db()
    caught.refresh_from_db()
    assert (bought.state, caught.state) == (State.CREATED, State.PENDING)
    assert "longer than 2 MiB" in caught.last_problem
