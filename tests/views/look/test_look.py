"""The look in a real browser: nothing that the content security policy forbids, accessible, and usable by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as project
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # The browser's loop runs in this thread, and Django would take that for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Open]:
    """Opens a page of the look; at the end, nothing may have been said on the browser's console."""
    settings.ROOT_URLCONF = "tests.views.look.pages"
    folder = Path(__file__).parent / "templates"
    settings.TEMPLATES = [{**project.TEMPLATES[0], "DIRS": [project.BASE_DIR / "templates", folder]}]
    said: list[str] = []
    contexts = []

    def open_one(target: str = "/", *, width: int = 1280, is_scripted: bool = True, expects: str = "") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=is_scripted)
        contexts.append(context)
        page = context.new_page()

        def hear(message: ConsoleMessage) -> None:
            if not (expects and re.search(expects, message.text)):
                said.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(live_server.url + target)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("target", ["/", "/password/"])
def test_pages_are_accessible_in_both_themes_and_on_a_phone(
    open_page: Open, target: str, theme: str, width: int
) -> None:
    page = open_page(f"{target}?theme={theme}&integration=shop-staging", width=width)

    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("target", ["/login/", "/404/", "/500/", "/lockout/"])
def test_pages_without_navigation_are_accessible(open_page: Open, target: str) -> None:
    assert Axe().run(open_page(target)).response["violations"] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_no_page_scrolls_sideways(open_page: Open, width: int) -> None:
    page = open_page(width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_menu_of_a_phone_works_without_script(open_page: Open) -> None:
    page = open_page(width=390, is_scripted=False)

    page.locator(".nav-menu summary").click()

    expect(page.locator(".nav-menu").get_by_role("link", name="Issues")).to_be_visible()


def test_the_script_says_the_same_times_as_the_server(open_page: Open) -> None:
    times = "time[data-ago], time[data-left]"
    served = open_page(is_scripted=False).locator(times).all_inner_texts()

    refreshed = open_page().locator(times).all_inner_texts()

    assert [text.strip() for text in refreshed] == [text.strip() for text in served]


def test_rows_are_walked_by_key_and_open_in_the_drawer(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("j")
    page.keyboard.press("j")

    page.keyboard.press("Enter")
    expect(page.locator("#drawer h2")).to_have_text("Response 2")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("ArrowDown")
    expect(page.locator("#drawer h2")).to_have_text("Response 3")
    page.keyboard.press("Escape")

    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("[data-row-link]").nth(2)).to_be_focused()


def test_without_script_a_row_leads_to_its_page(open_page: Open) -> None:
    page = open_page(is_scripted=False, expects="Not Found")  # the bare part names no icon

    page.locator("[data-row-link]").first.click()

    expect(page.locator("h2").first).to_have_text("Response 1")


def test_the_search_has_a_key_and_so_has_help(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.locator("h1").click()

    page.keyboard.press("?")

    expect(page.locator("#help")).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_single_keys_can_be_switched_off(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("?")
    page.locator("[data-keys]").uncheck()
    page.keyboard.press("Escape")

    page.keyboard.press("/")

    expect(page.locator("[data-search]")).not_to_be_focused()


def test_a_bar_shows_its_numbers_at_once(open_page: Open) -> None:
    page = open_page()

    page.locator("#trend .column").nth(36).hover()

    expect(page.locator(".tip")).to_contain_text("Needs a fix")


def test_the_bars_of_a_chart_are_one_stop_for_the_keyboard(open_page: Open) -> None:
    page = open_page()
    bars = page.locator("#trend a.bar")
    assert bars.evaluate_all("all => all.filter(bar => bar.getAttribute('tabindex') === '0').length") == 1

    bars.last.focus()
    page.keyboard.press("ArrowLeft")

    expect(bars.nth(46)).to_be_focused()


def test_a_dangerous_button_asks_first(open_page: Open) -> None:
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    page.locator("#ask button").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert sent == []
    page.locator("#ask button").click()
    with page.expect_response("**/logout/"):
        page.locator("#confirm-yes").click()


def test_an_error_is_said_in_words(open_page: Open) -> None:
    page = open_page(expects="500")

    page.locator("#broken").click()

    expect(page.locator("#toasts")).to_contain_text("could not do that (error 500)")


def test_a_live_region_asks_by_itself_and_only_while_it_is_seen(open_page: Open) -> None:
    page = open_page()

    with page.expect_response(re.compile("nothing=1")) as answer:
        pass
    assert answer.value.status == 204
    page.keyboard.press("?")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_function("start => performance.now() > start + 2500", arg=page.evaluate("performance.now()"))

    assert asked == []


def test_a_code_block_is_copied_without_line_numbers(open_page: Open) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.locator("[data-copy='#body']").click()

    expect(page.locator("#toasts")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith('{\n  "merchant_id": "9f1c2d",\n')


def test_a_menu_closes_with_escape_and_with_a_click_elsewhere(open_page: Open) -> None:
    page = open_page()
    menu = page.locator("details.switch")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()

    page.locator("h1").click()

    expect(menu).not_to_have_attribute("open", "")
