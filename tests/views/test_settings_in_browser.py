"""The settings in a real browser: accessible in light and dark and on a phone, quiet on the console, and usable."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from responses.alerting import deliver, pulse, setup
from responses.audit import Doer
from responses.models import Channel, Delivery, Heartbeat, Integration, Role, User
from responses.models.integration import new_intake_key
from tests.factories import PASSWORD, make_integration, make_user
from tests.fakes import FakeSlack

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
REFUSED = "status of 422"


@pytest.fixture
def shop() -> Integration:
    shop = make_integration("shop-eu", name="Shop EU", created_at=timezone.now())
    new_intake_key(shop, name="checkout")
    return shop


@pytest.fixture
def ada(shop: Integration) -> User:
    return make_user("ada", role=Role.ADMIN, integration=shop)


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, ada: User) -> Iterator[Open]:
    """Signs in and opens a page; at the end, nothing may have been said on the browser's console.

    But for refused input: the browser itself tells of each answer 422 there.
    """
    said: list[str] = []
    contexts = []

    def open_one(target: str, *, width: int = 1280, theme: str = "light") -> Page:
        User.objects.filter(pk=ada.pk).update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.extend([message.text] if REFUSED not in message.text else []))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{live_server.url}/login/?next={target}")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(live_server.url + target)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


def make_channels(shop: Integration, slack_url: str = "https://127.0.0.1:9/services/T/B/verysecret1234") -> Channel:
    now = timezone.now()
    setup.add(Channel.Kind.EMAIL, "ada@example.com, bob@example.org", integration=shop, doer=Doer(), now=now)
    slack = setup.add(Channel.Kind.SLACK, slack_url, name="On call", integration=shop, doer=Doer(), now=now)
    every = setup.add(Channel.Kind.EMAIL, "all@example.com", name="Everybody", integration=None, doer=Doer(), now=now)
    setup.add(Channel.Kind.WEBHOOK, "https://127.0.0.1/hooks/monitor", integration=shop, doer=Doer(), now=now)
    setup.add(Channel.Kind.SENTRY, "https://key@127.0.0.1/42", name="Bugs", integration=shop, doer=Doer(), now=now)
    setup.change(slack, name="On call", hourly_cap=5, fallback=every, doer=Doer(), now=now)
    Channel.objects.filter(pk=slack.pk).update(
        last_success_at=now - timedelta(hours=2),
        last_error_at=now - timedelta(minutes=3),
        last_error="Slack answered 503: Service Unavailable.",
        paused_until=now + timedelta(minutes=5),
    )
    return slack


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "target",
    ["/settings/channels/", "/settings/integrations/", "/settings/integrations/shop-eu/", "/settings/new-integration/"],
)
def test_the_settings_are_accessible_and_never_scroll_sideways(
    open_page: Open, shop: Integration, target: str, theme: str, width: int
) -> None:
    make_channels(shop)
    page = open_page(target, width=width, theme=theme)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{target.strip('/').replace('/', '-')}-{theme}-{width}.png", full_page=True)

    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_of_channels_is_accessible_when_all_is_unfolded_and_refused(
    open_page: Open, shop: Integration, settings: Settings, theme: str, width: int
) -> None:
    settings.HEARTBEAT_URL = "https://hc-ping.example/id"
    Heartbeat.objects.note(
        pulse.FAILED, "The heartbeat's address answered 500: Internal Server Error.", now=timezone.now()
    )
    channel = make_channels(shop)
    page = open_page("/settings/channels/", width=width, theme=theme)
    page.get_by_role("radio", name="Webhook").check()
    page.get_by_label("Where to").fill("https://ada@example.com/")
    page.get_by_text("How much, and what if it is down").click()
    page.get_by_label("Messages an hour, at most").fill("7")
    page.get_by_label("While it does not work").select_option(label="Email · Everybody")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("must not hold a user name")).to_be_visible()
    page.get_by_text("What to write there").click()
    look_at(page, f"channels-refused-{theme}-{width}", width)

    page.get_by_label("Where to").fill("https://127.0.0.1/hooks/pager")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("region", name="The secret of")).to_contain_text("whsec_")
    look_at(page, f"channels-secret-{theme}-{width}", width)
    added = Channel.objects.get(kind=Channel.Kind.WEBHOOK, hourly_cap=7)
    assert added.fallback is not None

    page.locator(f"#channel-{channel.pk}").get_by_role("link", name="Change").click()
    expect(page.get_by_label("Messages an hour, at most")).to_have_value("5")
    look_at(page, f"channel-change-{theme}-{width}", width)


def look_at(page: Page, name: str, width: int) -> None:
    """Accessible, and never wider than the screen; a picture where one is wanted."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_test_message_shows_its_result_without_a_reload(open_page: Open, shop: Integration) -> None:
    with FakeSlack() as server:
        make_channels(shop, server.url)
        page = open_page("/settings/channels/")
        row = page.locator(".channel", has_text="On call")
        row.get_by_role("button", name="Send a test").click()
        expect(row.get_by_role("status")).to_contain_text("on its way")

        send_waiting()

        expect(row.get_by_role("status")).to_contain_text("The test was accepted")
        assert "Nothing is wrong" in server.accepted[0]["text"]


def test_a_new_key_is_shown_once_and_a_removal_is_asked_about(open_page: Open, shop: Integration) -> None:
    make_channels(shop)
    page = open_page("/settings/integrations/shop-eu/")
    page.get_by_role("region", name="Intake keys").get_by_label("Name").fill("gateway")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()

    page.goto(page.url.replace("keys/", ""))
    expect(page.get_by_role("heading", name="Your new key")).to_have_count(0)
    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("cannot be undone")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("is revoked")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_schedule_that_hammers_is_refused_in_view_and_one_that_is_polite_is_drawn(
    open_page: Open, shop: Integration, theme: str
) -> None:
    page = open_page("/settings/integrations/shop-eu/", width=390, theme=theme)
    orders = page.get_by_role("group", name="Orders that Ordergroove could not take")
    expect(orders.get_by_role("img")).to_have_accessible_name(re.compile("4th 24 h$"))

    orders.get_by_label("Minutes after the first failure").fill("1, 1.5")
    page.get_by_role("button", name="Save the schedules").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(orders).to_contain_text("Each must be at least 60 seconds later than the one before.")
    expect(orders.get_by_label("Minutes after the first failure")).to_have_value("1, 1.5")
    if folder := os.environ.get("SCREENSHOTS"):
        orders.screenshot(path=f"{folder}/schedule-refused-{theme}-390.png")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    orders.get_by_label("Minutes after the first failure").fill("2, 5")
    orders.get_by_label("Once more when 24 hours are over").uncheck()
    page.get_by_role("button", name="Save the schedules").click()
    expect(orders.get_by_role("img")).to_have_accessible_name(re.compile("1st 2 m; 2nd 5 m$"))
    if folder := os.environ.get("SCREENSHOTS"):
        orders.screenshot(path=f"{folder}/schedule-saved-{theme}-390.png")


def send_waiting() -> None:
    """What the worker does, in a thread of its own."""

    def work() -> None:
        for delivery in Delivery.objects.filter(state=Delivery.State.PENDING):
            deliver.send(delivery.pk, timezone.now())
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
