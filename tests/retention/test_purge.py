from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from django.contrib.sessions.models import Session
from django.db import models

from responses.exchanges import Origin
from responses.models import (
    CallerId,
    FailedRequest,
    FailedRequestIssue,
    FailureBody,
    FollowUp,
    HourlyCount,
    Issue,
    Item,
    LastRun,
    MinuteCount,
    OutcomeHour,
    Response,
    SuccessBody,
)
from responses.retention import expiry, purge
from tests.factories import NOW, make_accepted, make_exchange, make_integration, make_partial, make_rest, record

pytestmark = pytest.mark.django_db

AGES = purge.Ages(success_bodies=timedelta(days=7), failure_bodies=timedelta(days=30), responses=timedelta(days=90))
MOST = timedelta(milliseconds=1)


def everything() -> dict[str, int]:
    kinds: tuple[type[models.Model], ...] = (
        SuccessBody, FailureBody, CallerId, MinuteCount, Item, FollowUp, FailedRequest, Response, Issue, OutcomeHour,
    )  # fmt: skip
    return {kind.__name__: kind._default_manager.count() for kind in kinds}


def only_twice() -> Callable[[], bool]:
    """Time for two chunks."""
    calls = count(1)
    return lambda: next(calls) <= 2


def fill() -> None:
    shop = make_integration()
    record(
        shop,
        make_exchange(make_rest(method="GET"), caller_id="one"),
        make_partial("4001", caller_id="two"),
        make_accepted("4002"),
    )
    expiry.expire(NOW + timedelta(hours=24))


def purge_at(age: timedelta) -> dict[str, int]:
    before = everything()
    assert purge.purge(AGES, now=NOW + age, has_time=lambda: True)
    after = everything()
    return {name: before[name] - after[name] for name in before if before[name] != after[name]}


def test_each_kind_goes_at_its_age() -> None:
    fill()
    assert everything() == {
        "SuccessBody": 2, "FailureBody": 1, "CallerId": 2, "MinuteCount": 3, "Item": 2, "FollowUp": 1,
        "FailedRequest": 1, "Response": 3, "Issue": 1, "OutcomeHour": 3,
    }  # fmt: skip
    assert purge_at(timedelta(hours=48)) == {}
    assert purge_at(timedelta(hours=48, minutes=1)) == {"MinuteCount": 3}
    assert purge_at(timedelta(days=7)) == {}
    assert purge_at(timedelta(days=7) + MOST) == {"SuccessBody": 2, "CallerId": 2}
    assert purge_at(timedelta(days=30)) == {}
    assert purge_at(timedelta(days=30) + MOST) == {"FailureBody": 1}
    assert purge_at(timedelta(days=90)) == {}
    assert purge_at(timedelta(days=90) + MOST) == {"Item": 2, "FollowUp": 1, "FailedRequest": 1, "Response": 3}
    assert not FailedRequestIssue.objects.exists()
    assert HourlyCount.objects.exists()


def test_a_body_never_outlives_its_response() -> None:
    fill()
    short = purge.Ages(success_bodies=timedelta(days=7), failure_bodies=timedelta(days=30), responses=timedelta(days=2))
    assert purge.purge(short, now=NOW + timedelta(days=2) + MOST, has_time=lambda: True)
    assert (everything()["SuccessBody"], everything()["FailureBody"], everything()["Response"]) == (0, 0, 0)


def test_an_open_request_stays_however_old() -> None:
    record(make_integration(), make_partial("4010"))
    purge_at(timedelta(days=400))
    assert FailedRequest.objects.get().order_id == "4010"
    assert FailedRequestIssue.objects.exists()


def test_a_young_response_stays_where_old_ones_go() -> None:
    shop = make_integration()
    later = NOW + timedelta(days=60)
    record(shop, make_partial("4020"))
    record(shop, make_partial("4021", sent_at=later), now=later)
    expiry.expire(later)
    purge_at(timedelta(days=91))
    assert Response.objects.get().order_id == "4021"
    assert set(Item.objects.values_list("response_id", flat=True)) == {Response.objects.get().pk}


def test_old_history_is_judged_by_when_it_was_recorded() -> None:
    """What was imported yesterday is not deleted tonight."""
    shop = make_integration()
    record(shop, make_exchange(make_rest(method="GET"), sent_at=NOW - timedelta(days=300), origin=Origin.IMPORT))
    purge_at(timedelta(days=1))
    assert Response.objects.count() == 1


def test_it_deletes_in_chunks_and_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "CHUNK", 4)
    monkeypatch.setattr(purge, "REQUESTS", 2)
    shop = make_integration()
    record(shop, *(make_partial(f"41{number}", caller_id=str(number)) for number in range(10)))
    expiry.expire(NOW + timedelta(hours=24))
    now = NOW + timedelta(days=91)
    left = []
    for _ in range(20):
        if purge.purge(AGES, now=now, has_time=only_twice()):
            break
        left.append(sum(everything().values()))
    assert left == sorted(left, reverse=True)
    assert not purge.purge(AGES, now=now, has_time=lambda: False)
    assert purge.purge(AGES, now=now, has_time=lambda: True)
    assert everything()["Response"] == everything()["FailedRequest"] == everything()["Item"] == 0


def test_a_day_is_done_when_nothing_too_old_is_left() -> None:
    fill()
    now = NOW + timedelta(days=91)
    purge.purge_daily(AGES, now=now, has_time=lambda: False)
    assert not LastRun.objects.filter(name=purge.DAILY).exists()
    purge.purge_daily(AGES, now=now, has_time=lambda: True)
    assert LastRun.objects.get(name=purge.DAILY).ran_at == now
    assert not Response.objects.exists()


def test_once_a_day_is_enough() -> None:
    purge.purge_daily(AGES, now=NOW, has_time=lambda: True)
    record(make_integration(), make_exchange(make_rest(method="GET")), now=NOW - timedelta(days=100))
    purge.purge_daily(AGES, now=NOW + timedelta(hours=23), has_time=lambda: True)
    assert Response.objects.count() == 1
    purge.purge_daily(AGES, now=NOW + timedelta(hours=24), has_time=lambda: True)
    assert Response.objects.count() == 0


def test_a_clock_that_was_put_back_does_not_stop_it() -> None:
    LastRun.objects.create(name=purge.DAILY, ran_at=NOW + timedelta(days=300))
    purge.purge_daily(AGES, now=NOW, has_time=lambda: True)
    assert LastRun.objects.get(name=purge.DAILY).ran_at == NOW


def test_sessions_that_are_over_go() -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=NOW + timedelta(days=1))
    purge_at(timedelta())
    assert Session.objects.get().session_key == "new"
