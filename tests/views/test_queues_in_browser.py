"""The log, a request and the queues in a real browser: accessible, within the content security policy, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from responses.models import FailedRequest, Heartbeat, Integration, Response, Role, User
from tests.factories import make_exchange, make_integration, make_partial, make_refusal, make_rest, make_user, record

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
PAGES = ("/responses/?outcome=needs_fix", "/responses/{response}/", "/requests/{request}/", "/requests/{request}/?tab=items",
         "/requests/{request}/?tab=request", "/fix/", "/repeated/", "/partial/", "/codes/")  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # The browser's loop runs in this thread, and Django would take that for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shop() -> Integration:
    """An integration with something on each page. The browser has a clock of its own, so this is the real time."""
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    shop = make_integration("acme")
    record(
        shop,
        *(make_refusal("1001", sent_at=now - timedelta(hours=23, minutes=30 - nth)) for nth in range(4)),
        make_exchange(make_rest("/orders/", method="GET"), 503, b"", sent_at=now - timedelta(hours=2)),
        make_partial("1002", sent_at=now - timedelta(hours=3)),
        now=now,
    )
    return shop


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, shop: Integration) -> Iterator[Open]:
    """Opens a page as Ada; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(make_user("ada", role=Role.SUPPORT, integration=shop))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str, *, width: int = 1280, theme: str = "light", is_scripted: bool = True) -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=is_scripted)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        response, request = Response.objects.get(status_code=207), FailedRequest.objects.get(order_id="1002")
        page.goto(live_server.url + target.format(response=response.pk, request=request.pk))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("target", PAGES)
def test_pages_are_accessible_and_never_wider_than_the_screen(
    open_page: Open, target: str, theme: str, width: int
) -> None:
    page = open_page(target, theme=theme, width=width)

    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_row_opens_in_the_drawer_and_the_arrows_step_on(open_page: Open) -> None:
    page = open_page("/responses/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2").first).to_have_text("207 Partial success (multi-status)")
    assert Axe().run(page).response["violations"] == []

    page.keyboard.press("ArrowDown")
    expect(page.locator("#drawer h2").first).to_have_text("503 Service Unavailable")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


def test_without_script_a_row_leads_to_its_page_and_a_request_can_be_closed(open_page: Open) -> None:
    page = open_page("/responses/", is_scripted=False)
    page.locator("[data-row-link]").first.click()
    expect(page.locator("h1")).to_have_text("POST /subscription/create")
    page.get_by_role("link", name="Order 1002").click()

    page.locator("#ask-handle summary").click()
    page.locator("#reason-handle").fill("Ordered anew by phone.")
    page.locator("#ask-handle button").click()

    expect(page.locator("#request")).to_contain_text("A person handled it elsewhere. Ordered anew by phone.")


def test_evidence_is_copied(open_page: Open) -> None:
    page = open_page("/requests/{request}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.locator("[data-copy='#evidence']").click()

    expect(page.locator("#toasts")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith("# Failed request: order 1002")
