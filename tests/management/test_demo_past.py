from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from responses.exchanges import Exchange, RetryBy
from responses.management import demo_past, demo_run
from responses.models import (
    FailedRequest,
    FollowUp,
    Integration,
    LastRun,
    OutcomeHour,
    Resend,
    Response,
    Transition,
    User,
    ids,
)
from responses.models.integration import new_intake_key
from responses.sandbox import history
from tests.factories import NOW, make_integration

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

DAYS = 3


def quiet(_at: datetime, _end: datetime) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def shop() -> Integration:
    hosts = dict.fromkeys(("sc", "restapi", "api", "om", "webhooks"), "http://127.0.0.1:9100")
    return make_integration(demo_run.SLUG, hosts=hosts)


def make(shop: Integration, *, tell: demo_past.Told = quiet, now: datetime = NOW) -> int:
    def invent(start: datetime, end: datetime) -> Iterator[tuple[datetime, Exchange]]:
        return history.exchanges(start, end, 150, 7, hosts=shop.hosts, is_followed=True)

    return demo_past.make(shop, invent, now=now, tell=tell, days=DAYS)


def test_the_past_is_recorded_at_its_own_time_and_known_to_the_counts(shop: Integration) -> None:
    recorded = make(shop)

    assert 200 < recorded == Response.objects.count()
    assert sum(OutcomeHour.objects.values_list("responses", flat=True)) < recorded
    for row in Response.objects.all():
        assert NOW - timedelta(days=DAYS) <= row.sent_at <= row.recorded_at + timedelta(milliseconds=1)
        assert row.recorded_at - row.sent_at <= timedelta(minutes=6)
        assert not row.is_foreign_host
    assert ids.time_of(Response.objects.latest("id").id) <= NOW


def test_clocks_have_run_out_where_they_would_have_and_run_where_they_would(shop: Integration) -> None:
    make(shop)

    still_open = FailedRequest.objects.open().exclude(state=FailedRequest.State.UNKNOWN).exclude(deadline_at=None)
    assert not still_open.filter(deadline_at__lte=NOW - timedelta(hours=1)).exists()
    assert still_open.filter(deadline_at__gt=NOW).exists()
    for row in FailedRequest.objects.filter(state=FailedRequest.State.EXPIRED):
        assert row.deadline_at is not None
        assert row.closed_at is not None
        assert row.deadline_at <= row.closed_at <= row.deadline_at + timedelta(hours=6)
    assert not FollowUp.objects.filter(state=FollowUp.State.PENDING, give_up_at__lte=NOW).exists()
    assert FollowUp.objects.filter(state=FollowUp.State.CREATED, polls__gte=1).exists()


def test_nothing_of_the_past_becomes_a_message_and_nobody_invented_can_sign_in(shop: Integration) -> None:
    make(shop)

    assert Transition.objects.exists()
    assert not Transition.objects.unhandled().exists()
    assert not [person for person in User.objects.all() if person.has_usable_password()]


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def test_an_interrupted_past_goes_on_where_it_stopped_and_is_the_same(shop: Integration) -> None:
    def stop_half_way(at: datetime, end: datetime) -> None:
        if at > end - timedelta(days=DAYS / 2):
            raise Interrupted

    with pytest.raises(Interrupted):
        make(shop, tell=stop_half_way)
    begun = Response.objects.count()
    assert begun > 0
    assert not demo_past.is_made()

    later = make(shop, now=NOW + timedelta(hours=1))

    assert demo_past.is_made()
    assert begun + later == Response.objects.count()
    assert Response.objects.latest("id").sent_at < NOW


def test_the_command_refuses_real_data_and_does_nothing_twice(shop: Integration, settings: Settings) -> None:
    with pytest.raises(CommandError, match="DEMO is not set"):
        call_command("demo_history")
    settings.DEMO = True
    LastRun.objects.create(name=demo_past.MADE, ran_at=NOW)
    out = StringIO()

    call_command("demo_history", stdout=out)

    assert "there already" in out.getvalue()
    assert not Response.objects.exists()


def test_what_failed_in_the_past_is_never_sent_although_the_monitor_retries(shop: Integration) -> None:
    shop.retry_by = Integration.Retry.MONITOR
    shop.save()
    new_intake_key(shop, may_retry=True)

    make(shop)

    assert set(FailedRequest.objects.values_list("retry_by", flat=True)) == {RetryBy.CALLER.value}
    assert not Resend.objects.exists()
