"""Order lookup in a real browser: from an order's id to the editor, on a phone and in the dark too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.models import FailedRequest, Heartbeat, Role, User
from tests.factories import make_accepted, make_exchange, make_partial, make_purchase, make_user, record
from tests.retrying import again
from tests.retrying.again import Shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]


@pytest.fixture
def shop() -> Shop:
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    shop = again.make_shop("http://127.0.0.1:9", retry_by="caller", created_at=now - timedelta(days=2))
    for exchange in (
        make_partial("1001", sent_at=now),
        make_accepted("1002", sent_at=now),
        make_exchange(
            make_purchase("1003", user={"user_id": "7"}), 201, {"subscriptions": [{"77": "s-1"}]}, sent_at=now
        ),
        make_exchange(make_purchase("1004"), 503, {}, sent_at=now - timedelta(hours=2)),
    ):
        target = f"{shop.integration.base_urls['sc']}/subscription/create"
        sent = msgspec.structs.replace(exchange.request, url=target)
        record(shop.integration, msgspec.structs.replace(exchange, request=sent), key=shop.key, now=now)
    return shop


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, shop: Shop) -> Iterator[Open]:
    """Opens a page as Ida; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(make_user("ida", role=Role.SUPPORT, integration=shop.integration))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str, *, width: int = 1280, theme: str = "light", has_script: bool = True) -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=has_script)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(live_server.url + target)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("has_script", [True, False])
def test_an_id_leads_to_the_answer_and_on_to_the_editor(open_page: Open, has_script: bool) -> None:
    page = open_page("/lookup/", has_script=has_script)

    page.get_by_label("Order, customer or subscription id").fill("1001")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator(".answer-words")).to_contain_text("Order 1001: 1 of 2 subscriptions created.")
    assert page.url.endswith("/lookup/?q=1001")
    page.get_by_role("link", name="Send only the failed").click()

    expect(page.locator("#order-id")).to_have_value("1001-r1")


def test_the_explanation_is_copied(open_page: Open) -> None:
    page = open_page("/lookup/?q=1001")

    page.get_by_role("button", name="Copy explanation for the customer").click()
    expect(page.get_by_text("Copied")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()") == (
        "1 of 2 subscriptions of your order 1001 are set up. The rest is not yet. "
        "We are working on it. Please do not order it a second time."
    )


def test_an_address_stays_out_of_the_address_line(open_page: Open) -> None:
    page = open_page("/lookup/")

    page.get_by_label("Order, customer or subscription id").fill("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.locator("article.answer")).to_have_count(3)

    assert page.url.endswith("/lookup/")


def test_send_again_is_one_click(open_page: Open) -> None:
    page = open_page("/lookup/?q=1004")

    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".answer-words")).to_contain_text("It is sent again by itself")

    expect(page.locator(".answer-who")).to_contain_text("ida asked for it.")
    assert FailedRequest.objects.get(order_id="1004").resends.count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("words", ["00026001", "nothing"])
def test_it_is_accessible_and_fits(open_page: Open, words: str, width: int, theme: str) -> None:
    page = open_page(f"/lookup/?q={words}", width=width, theme=theme)
    expect(page.get_by_role("heading", name="Order lookup")).to_be_visible()
    for fold in page.locator(".answer-customer > summary").all():
        fold.click()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/lookup-{words}-{theme}-{width}.png", full_page=True)

    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
