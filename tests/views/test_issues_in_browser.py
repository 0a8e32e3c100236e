"""Overview and issues in a real browser: accessible, within the content security policy, alive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.models import Heartbeat, Integration, Issue, Role, User
from tests.factories import make_exchange, make_integration, make_partial, make_refusal, make_rest, make_user, record

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]


@pytest.fixture
def shop() -> Integration:
    """An integration with a failure of each kind. The browser has a clock of its own, so this is the real time."""
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    shop = make_integration("acme")
    record(
        shop,
        make_refusal("1001", sent_at=now - timedelta(hours=23, minutes=30)),
        make_partial("1002", sent_at=now - timedelta(hours=3)),
        make_exchange(make_rest("/orders/", method="GET"), 503, b"", sent_at=now - timedelta(hours=2)),
        *(make_exchange(make_rest(), 204, sent_at=now - timedelta(hours=nth)) for nth in range(20)),
        now=now,
    )
    return shop


@pytest.fixture
def ada(shop: Integration) -> User:
    return make_user("ada", role=Role.ADMIN, integration=shop)


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, ada: User) -> Iterator[Open]:
    """Opens a page as Ada; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(ada)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str = "/", *, width: int = 1280, theme: str = "light", is_scripted: bool = True) -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=is_scripted)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
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


def issue_target(status_code: int) -> str:
    return f"/issues/{Issue.objects.get(status_code=status_code).pk}/"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_and_fit(open_page: Open, theme: str, width: int) -> None:
    for target in ("/", "/?period=30d", "/issues/?state=all", issue_target(400), issue_target(207), issue_target(503)):
        page = open_page(target, theme=theme, width=width)
        assert Axe().run(page).response["violations"] == [], target
        assert page.evaluate("document.documentElement.scrollWidth") <= width, target


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_page_of_an_empty_monitor_is_accessible(open_page: Open, theme: str) -> None:
    make_user_of_empty = make_integration("zebra")
    User.objects.get().memberships.create(integration=make_user_of_empty, role=Role.ENGINEER)
    page = open_page("/?integration=zebra", theme=theme)
    assert Axe().run(page).response["violations"] == []

    page.get_by_role("button", name="Make a key and show the command").click()

    expect(page.locator("#first-command")).to_contain_text("Bearer ogm_")
    assert Axe().run(page).response["violations"] == []
    record(make_user_of_empty, make_refusal(), now=timezone.now())
    expect(page.locator("#first-wait")).to_contain_text("The first response is here")
    expect(page.locator("#first-command")).to_contain_text("Bearer ogm_")


def test_a_new_response_appears_by_itself(open_page: Open, shop: Integration) -> None:
    page = open_page("/")
    expect(page.locator(".side .nav-count-issues")).to_have_text("3")

    record(shop, make_refusal("1003", message="Missing payment data to create record"), now=timezone.now())

    expect(page.locator("#overview")).to_contain_text("Missing payment data", timeout=15_000)
    expect(page.locator(".side .nav-count-issues")).to_have_text("4")


def test_an_issue_is_resolved_and_that_is_undone_without_leaving_the_list(open_page: Open) -> None:
    page = open_page("/issues/")
    row = page.locator("tr", has_text="Session id cannot be null")
    row.locator("summary").click()

    row.get_by_role("button", name="Resolve").click()

    expect(page.locator("#issues")).to_contain_text("Resolved:")
    expect(page.locator(".side .nav-count-issues")).to_have_text("2")
    expect(page.locator("#toasts")).to_contain_text("Resolved.")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    expect(page.locator(".side .nav-count-issues")).to_have_text("3")


def test_an_issue_is_decided_on_its_own_page(open_page: Open) -> None:
    page = open_page(issue_target(207))

    page.get_by_role("button", name="Assign to me").click()

    expect(page.get_by_role("button", name="Give it back")).to_be_visible()
    expect(page.locator("#issue")).to_contain_text("ada takes care of it")
    page.get_by_role("button", name="Mute for 1 h").click()
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()


def test_everything_works_without_script(open_page: Open) -> None:
    page = open_page("/issues/", is_scripted=False)
    page.locator("#sort").select_option("newest")
    page.get_by_role("button", name="Show").click()
    row = page.locator("tr", has_text="Session id cannot be null")
    row.locator("summary").click()

    row.get_by_role("button", name="Resolve").click()

    expect(page.locator("#issues")).to_contain_text("Resolved:")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tr", has_text="Session id cannot be null")).to_be_visible()
    page.locator("[data-row-link]").first.click()
    expect(page.locator("#what-title")).to_be_visible()
