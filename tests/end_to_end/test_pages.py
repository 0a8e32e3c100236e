"""Every page of a running monitor in a real browser, over data of every kind: accessible, silent, usable by keyboard and
without script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.end_to_end import browsing
from tests.end_to_end.stack import Stack
from tests.front.test_shapes import record_of
from tests.shapes import SHAPES

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow]

Open = Callable[..., Page]


def purchase(order: str, status_code: int = 400, answer: str = '{"error_message": "Session id cannot be null"}') -> Any:
    """A Purchase POST of now."""
    body = f'{{"merchant_id": "m", "merchant_order_id": "{order}", "products": [{{"product": "tea"}}]}}'
    return {
        "sent_at": datetime.now(UTC).isoformat(),
        "request": {"method": "POST", "url": "https://sc.ordergroove.com/subscription/create", "body": body},
        "response": {"status_code": status_code, "headers": {"content-type": "application/json"}, "body": answer},
    }


@pytest.fixture(scope="module")
def full(stack: Stack) -> Stack:
    """The stack, with one record of every documented shape, and requests that failed again and again."""
    now = datetime.now(UTC)
    records = [record_of(shape) | {"sent_at": (now - timedelta(minutes=nth)).isoformat()}
               for nth, shape in enumerate(SHAPES)]  # fmt: skip
    records += [purchase("repeated") for _ in range(4)]
    assert stack.post({"responses": records}).status_code == 202
    return stack


@pytest.fixture(scope="module")
def state(full: Stack, chromium: Browser) -> StorageState:
    """The admin's session."""
    with closing(chromium.new_context()) as context:
        page = context.new_page()
        page.goto(f"{full.url}/login/")
        page.get_by_label("Username").fill(full.username)
        page.get_by_label("Password").fill(full.password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_be_visible()
        return context.storage_state()


@pytest.fixture
def open_page(full: Stack, chromium: Browser, state: StorageState) -> Iterator[Open]:
    """Opens a page as the admin; at the end nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts: list[BrowserContext] = []

    def open_one(target: str = "/", **options: Any) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = chromium.new_context(storage_state=state, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        page.goto(full.url + target)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def targets(full: Stack) -> list[str]:
    """The pages, a few of each kind, that a person can get to."""
    with closing(browsing.sign_in(full)) as client:
        return [
            target
            for target, answer in browsing.walk(client, kind_of=browsing.kind_by_tab, most=1)
            if answer.status_code == 200 and b"<html" in answer.content[:300]
        ]


def test_every_page_is_there(targets: list[str]) -> None:
    kinds = {re.sub(r"\d+", "#", target.partition("?")[0]) for target in targets}

    assert kinds >= {"/", "/issues/", "/issues/#/", "/fix/", "/retries/", "/repeated/", "/requests/#/", "/partial/",
                     "/responses/",
                     "/responses/#/", "/alerts/", "/alerts/rules/", "/alerts/rules/#/", "/alerts/rules/new/", "/codes/",
                     "/settings/channels/", "/settings/integrations/",
                     "/settings/integrations/my-shop/", "/settings/new-integration/", "/settings/tokens/", "/password/",
                     "/preferences/"}  # fmt: skip


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_every_page_is_accessible_silent_and_fits(open_page: Open, targets: list[str], look: str) -> None:
    width = 390 if look == "phone" else 1280
    options = {"color_scheme": "dark" if look == "dark" else "light", "viewport": {"width": width, "height": 900}}
    page = open_page(**options)
    wrong = {}
    for target in targets:
        answer = page.goto(page.url.partition("/")[0] + "//" + page.url.split("/")[2] + target)
        assert answer is not None
        violations = [
            (found["id"], found["nodes"][0]["html"][:200]) for found in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            violations.append(("scrolls sideways", str(page.evaluate("document.documentElement.scrollWidth"))))
        if "default-src 'none'" not in answer.headers.get("content-security-policy", ""):
            violations.append(("no policy", ""))
        if violations:
            wrong[target] = violations
    assert wrong == {}


def test_issues_are_walked_by_key_and_opened_and_gone_back_from(open_page: Open) -> None:
    page = open_page("/issues/")
    rows = page.locator("[data-row-link]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.first).to_be_focused()
    title = rows.first.inner_text()

    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text(title)
    page.go_back()
    expect(page.locator("h1")).to_have_text("Issues")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_filters_are_in_the_address_and_survive_going_back(open_page: Open) -> None:
    page = open_page("/responses/")
    page.get_by_label("Outcome", exact=True).select_option("needs_fix")
    expect(page).to_have_url(re.compile("outcome=needs_fix"))
    expect(page.locator("tr[data-row]").first).to_contain_text("Needs a fix")

    page.go_back()

    expect(page).to_have_url(re.compile(r"/responses/$"))
    page.go_forward()
    expect(page).to_have_url(re.compile("outcome=needs_fix"))
    expect(page.get_by_label("Outcome", exact=True)).to_have_value("needs_fix")


def test_a_response_opens_in_the_drawer_and_steps_by_key(open_page: Open) -> None:
    page = open_page("/responses/")
    page.locator("[data-row-link]").first.click()
    drawer = page.locator("#drawer")
    expect(drawer).to_be_visible()
    first = drawer.inner_text()

    page.keyboard.press("ArrowDown")

    expect(drawer).not_to_have_text(first)
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_the_overview_renews_itself_when_a_response_arrives(open_page: Open, full: Stack) -> None:
    page = open_page("/")
    open_issues = (
        page.locator("main").get_by_text("Open issues").locator("xpath=ancestor::*[contains(@class, 'stat')][1]")
    )
    before = re.search(r"\d+", open_issues.inner_text())
    assert before is not None
    answer = '{"error_message": "Something that nobody has ever seen before"}'

    assert full.post(purchase("live", answer=answer)).status_code == 202

    expect(open_issues).to_contain_text(str(int(before[0]) + 1), timeout=15_000)


def test_an_issue_is_muted_and_resolved_and_both_are_taken_back(open_page: Open, full: Stack) -> None:
    record = purchase("undo", answer='{"error_message": "Something to be undone"}')
    assert full.post(record).status_code == 202
    page = open_page("/issues/?q=undone")
    page.locator("[data-row-link]").first.click()
    issue = page.locator("#issue")
    for deed, state in (("Mute for 1 h", "Muted"), ("Resolve", "Resolved")):
        page.get_by_role("button", name=deed).click()
        expect(issue.get_by_text(state, exact=True).first).to_be_visible()
        page.get_by_role("button", name=re.compile("Undo|Reopen|Unmute|Open again", re.IGNORECASE)).first.click()
        expect(issue.get_by_text("Open", exact=True).first).to_be_visible()


def test_everything_works_without_script(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator("nav").get_by_role("link", name="Issues").first.click()
    expect(page.locator("h1")).to_have_text("Issues")
    page.locator("[data-row-link]").first.click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("main")).to_contain_text("Acknowledged")
    page.locator("nav").get_by_role("link", name="Responses").first.click()
    page.get_by_label("Outcome", exact=True).select_option("partial")
    page.get_by_role("button", name=re.compile("Filter|Show")).first.click()
    expect(page).to_have_url(re.compile("outcome=partial"))
    page.locator("[data-row-link]").first.click()
    expect(page.locator("main")).to_contain_text("Partial")
    page.locator("[data-search]").fill("repeated")
    page.locator("[data-search]").press("Enter")
    expect(page.locator("main")).to_contain_text("Order repeated")
