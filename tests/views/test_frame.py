"""What stands around a page: the integration, numbers, our own health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from responses.alerting import pulse
from responses.insight import health
from responses.models import Channel, Heartbeat, Integration, Role, Transition
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def parts_are_well() -> None:
    for name in (health.WORKER, health.BEAT):
        Heartbeat.objects.create(name=name, seen_at=NOW)


@pytest.fixture(autouse=True)
def _installed_yesterday(integration: Integration) -> None:
    Integration.objects.update(created_at=NOW - timedelta(days=1))


def page_of(client: Client, target: str = "/issues/") -> str:
    return client.get(target).content.decode()


def test_a_well_monitor_shows_no_banner(parts_are_well: None, sign_in: SignIn) -> None:
    text = page_of(sign_in())

    assert 'aria-label="Warnings about this monitor"' not in text
    assert "All parts are working" in text


def test_a_silent_worker_is_said_on_every_page(parts_are_well: None, sign_in: SignIn) -> None:
    Heartbeat.objects.filter(name=health.WORKER).update(seen_at=NOW - timedelta(minutes=7))

    text = page_of(sign_in())

    assert "worker has been silent for 7 minutes" in text
    assert "health-down" in text


def test_a_worker_that_never_was_is_missed_only_after_the_start(sign_in: SignIn) -> None:
    assert "worker has not been seen yet" in page_of(sign_in())

    Integration.objects.update(created_at=NOW - timedelta(seconds=30))
    assert "worker has not been seen yet" not in page_of(sign_in())


def test_a_silent_timer_is_said(parts_are_well: None, sign_in: SignIn) -> None:
    Heartbeat.objects.filter(name=health.BEAT).update(seen_at=NOW - timedelta(hours=5))

    assert "timer has been silent for 5 hours" in page_of(sign_in())


def test_late_messages_are_said(parts_are_well: None, integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(), now=NOW - timedelta(minutes=3))
    assert "Messages are late" in page_of(sign_in())

    Transition.objects.update(handled_at=NOW)
    assert "Messages are late" not in page_of(sign_in())


def test_a_failing_channel_is_named(parts_are_well: None, sign_in: SignIn) -> None:
    Channel.objects.create(kind="slack", name="#oncall", target_sealed=b"", last_error_at=NOW, last_error="HTTP 410")

    text = page_of(sign_in())

    assert "Slack · #oncall does not take messages (HTTP 410)" in text
    assert "1 channel failing" in text


def test_a_heartbeat_that_does_not_get_out_is_said(parts_are_well: None, sign_in: SignIn, settings: Settings) -> None:
    settings.HEARTBEAT_URL = "https://hc-ping.example/very-secret-id"
    Heartbeat.objects.note(pulse.FAILED, "The heartbeat's address answered 500.", now=NOW)
    client = sign_in()

    text = page_of(client)
    assert "outgoing heartbeat does not get through" in text
    assert "Heartbeat not sent" in text
    assert "very-secret-id" not in text

    Heartbeat.objects.filter(name=health.BEAT).update(seen_at=NOW - timedelta(hours=5))
    assert "outgoing heartbeat" not in page_of(client)


def test_numbers_stand_at_the_navigation(parts_are_well: None, integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(), make_partial(), make_exchange(make_rest(), 503, b""))

    text = page_of(sign_in())

    start = text.index(">Issues</span>")
    assert ">3</span>" in text[start : start + 160]


def test_the_switch_shows_what_is_open_elsewhere(integration: Integration, sign_in: SignIn) -> None:
    other = make_integration("zebra")
    record(other, make_refusal(), make_partial())
    user = make_user(integration=integration)
    user.memberships.create(integration=other)

    text = page_of(sign_in(user=user))

    assert "2<span class=" in text
    assert "integration=zebra" in text


def test_a_part_brings_the_numbers_around_it_along(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(), make_partial())

    part = sign_in().get("/issues/?part=live&seen=old", headers={"HX-Request": "true"}).content.decode()

    assert 'hx-swap-oob="outerHTML:.nav-count-issues">2</span>' in part
    assert 'id="health"' in part


def test_a_page_that_is_up_to_date_costs_little(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal())
    client = sign_in()
    text = page_of(client)
    url = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")

    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers={"HX-Request": "true"}).status_code == 204

    # Session, person, roles, integrations, and the two newest ids.
    assert len(queries) == 6


@pytest.mark.slow
@pytest.mark.parametrize("target", ["/", "/issues/", "/preferences/"])
def test_the_frame_does_not_cost_more_with_more_to_show(target: str, integration: Integration, sign_in: SignIn) -> None:
    user = make_user(role=Role.ADMIN, integration=integration)
    user.memberships.create(integration=make_integration())
    client, found = sign_in(user=user), []
    record(integration, make_refusal())
    client.get(target)
    for count in (1, 20):
        for _ in range(count):
            one = make_integration()
            user.memberships.create(integration=one)
            record(one, make_refusal(), make_partial())
        with CaptureQueriesContext(connection) as queries:
            client.get(target)
        found.append(len(queries))
    assert found[0] == found[1]
