"""The overview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.exchanges import Origin
from responses.models import Integration, Issue, Role, Transition, ids
from tests.factories import (
    NOW,
    make_accepted,
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


def text_of(client: Client, target: str = "/", **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def live_url(text: str) -> str:
    start = text.index('hx-get="') + len('hx-get="')
    return text[start : text.index('"', start)].replace("&amp;", "&")


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    response = client.get("/")

    assert (response.status_code, response.headers["Location"]) == (302, "/login/?next=/")


def test_it_says_what_needs_a_person(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001", sent_at=NOW - timedelta(hours=23, minutes=18)), make_partial("1002"))

    text = text_of(sign_in())

    assert "Open issues" in text
    assert "1 expires within the hour" in text
    assert "in 42 m" in text
    assert "Order 1001" in text


def test_it_says_when_nothing_needs_anybody(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_exchange(make_rest(), 204))

    text = text_of(sign_in())

    assert "Nothing needs you." in text
    assert "Requests to fix" not in text


def test_the_success_rate_counts_only_what_is_proven(integration: Integration, sign_in: SignIn) -> None:
    yesterday = NOW - timedelta(hours=30)
    record(integration, make_exchange(make_rest(), 204, sent_at=yesterday))
    record(integration, *(make_exchange(make_rest(), 204) for _ in range(3)), make_refusal(), make_accepted())

    text = text_of(sign_in())

    assert "75 %" in text
    assert "−25.0 pt" in text
    assert "1 accepted, not confirmed" in text


@pytest.mark.parametrize(("period", "bars"), [("1h", 60), ("24h", 24), ("7d", 56), ("30d", 30), ("nonsense", 24)])
def test_the_trend_shows_the_chosen_period(period: str, bars: int, integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(), make_exchange(make_rest(), 204))

    text = text_of(sign_in(), f"/?period={period}")

    assert text.count('class="column"') == bars


def test_figures_are_those_of_the_selected_integration(integration: Integration, sign_in: SignIn) -> None:
    other = make_integration("zebra")
    record(other, *(make_refusal() for _ in range(7)))
    record(integration, make_refusal())
    user = make_user(integration=integration)
    user.memberships.create(integration=other)
    client = sign_in(user=user)

    assert "1 in the last 24 hours" in text_of(client)
    assert "7 in the last 24 hours" in text_of(client, "/?integration=zebra")
    assert "7 in the last 24 hours" in text_of(client), "the session remembers"


def test_another_persons_integration_does_not_exist(sign_in: SignIn) -> None:
    make_integration("secret")

    assert sign_in().get("/?integration=secret").status_code == 404
    assert sign_in().get("/?integration=never-was").status_code == 404


def test_whoever_may_see_nothing_is_told_so(sign_in: SignIn) -> None:
    assert "You cannot see any integration yet" in text_of(sign_in(user=make_user()))
    Integration.objects.all().delete()
    assert "There is no integration yet" in text_of(sign_in(user=make_user(is_superuser=True)))


def test_an_open_page_is_told_when_nothing_has_changed(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal())
    client = sign_in()
    url = live_url(text_of(client, "/?period=7d"))

    assert "period=7d" in url
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 204

    record(integration, make_refusal(message="Something else"))
    part = text_of(client, url, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div class="stack" id="overview"')
    assert "Something else" in part
    assert "<html" not in part
    assert live_url(part) != url


def test_a_browser_that_opens_the_address_of_a_part_gets_the_page(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal())
    client = sign_in()

    assert "<html" in text_of(client, live_url(text_of(client)))


def test_an_open_page_changes_with_time_alone(
    integration: Integration, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    record(integration, make_refusal(), now=NOW)
    client = sign_in()
    url = live_url(text_of(client))

    clock.shift(60)

    assert "1 m ago" in text_of(client, url, **{"HX-Request": "true"})


def test_times_are_those_of_the_viewers_zone(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal())
    user = make_user(role=Role.VIEWER, integration=integration, time_zone="Asia/Tokyo")

    assert "22 Nov 2026, 21:00:00 JST" in text_of(sign_in(user=user))


def test_recorded_text_is_never_markup(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("<b>1</b>", message="<script>alert(1)</script> is bad"))

    text = text_of(sign_in())

    assert "<script>alert" not in text
    assert "<b>1</b>" not in text


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_can_only_be_read(method: str, sign_in: SignIn) -> None:
    assert getattr(sign_in(), method)("/").status_code == 405


def test_the_number_of_queries_does_not_grow(integration: Integration, sign_in: SignIn) -> None:
    client = sign_in()
    found = []
    for count in (1, 20):
        names = [chr(65 + nth) for nth in range(count)]
        record(integration, *(make_refusal(message=f"Trouble {name}") for name in names), make_partial())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text_of(client)
        found.append(len(queries))
    assert Issue.objects.count() == 21
    assert found[0] == found[1]


def test_what_was_retried_and_fine_has_its_own_card_and_colour(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_exchange(make_rest(), 204, origin=Origin.RETRY), make_exchange(make_rest(), 204))

    text = sign_in().get("/").content.decode()

    assert "Retried, then fine, 24 h" in text
    assert "fill-recovered" in text
    assert "origin=retry" in text


def test_the_trend_marks_when_a_breaker_was_open(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_exchange(make_rest(), 204))
    for kind, minutes in (("breaker_opened", 90), ("breaker_closed", 60)):
        at = NOW - timedelta(minutes=minutes)
        Transition.objects.create(id=ids.new(at), kind=kind, integration=integration, at=at)

    text = sign_in().get("/").content.decode()

    assert text.count("Breaker open, Sun 10:30 to 11:00 (30 m)") == 2
    assert 'class="stretch"' in text
