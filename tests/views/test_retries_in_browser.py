"""Retries in a real browser: accessible, by a click and by two, with a question first, and by hand where nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.models import AuditEntry, FailedRequest, Gate, Heartbeat, IntakeKey, Integration, Resend, Role, User
from tests.factories import make_user
from tests.views.resending import State, add_attempt, bring, fail, make_shop, open_breaker

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
Shop = tuple[Integration, IntakeKey]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    """The real time: the browser has a clock of its own."""
    return timezone.now()


@pytest.fixture
def shop(now: datetime) -> Shop:
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    return make_shop(now=now, created_at=now - timedelta(days=2))


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, shop: Shop) -> Iterator[Open]:
    """Opens a page as Ada, an engineer; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(make_user("ada", role=Role.ENGINEER, integration=shop[0]))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str, *, width: int = 1280, theme: str = "light") -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900})
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


def make_unknown(shop: Shop, order_id: str, *, now: datetime) -> FailedRequest:
    failed = fail(shop, order_id, now=now - 20 * MINUTE)
    resend = failed.resends.get()
    words = "The read operation timed out"
    add_attempt(resend, now=now - 10 * MINUTE, result="unknown", status_code=None, words=words)
    bring(resend, State.UNKNOWN, now=now, sends=1, due_at=now + 5 * MINUTE)
    return failed


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_the_pages_are_accessible_and_never_wider_than_the_screen(
    open_page: Open, shop: Shop, now: datetime, theme: str, width: int
) -> None:
    fail(shop, "1001", now=now - 5 * MINUTE)
    held = fail(shop, "1002", now=now)
    bring(held.resends.get(), State.HELD, now=now, reason="From a restored backup.")
    bring(fail(shop, "1003", now=now).resends.get(), State.CANCELLED, now=now, reason="ada cancelled it.")
    unknown = make_unknown(shop, "1004", now=now)
    open_breaker(now=now)

    for target in ("/retries/", f"/requests/{unknown.pk}/", f"/requests/{held.pk}/", "/"):
        page = open_page(target, theme=theme, width=width)
        assert Axe().run(page).response["violations"] == [], target
        assert page.evaluate("document.documentElement.scrollWidth") <= width, target


def test_now_in_the_list_needs_no_reload(open_page: Open, shop: Shop, now: datetime) -> None:
    failed = fail(shop, "1001", now=now)
    page = open_page("/retries/")
    expect(page.locator("[data-due]")).to_contain_text("in ")

    page.get_by_role("button", name="Now Order 1001").click()

    expect(page.locator(".toast-note")).to_contain_text("It is sent now.")
    expect(page.locator("tr[data-row]")).to_contain_text("Due now")
    assert failed.resends.get().reason == "ada asked for it now."


def test_a_double_click_is_one_wish(open_page: Open, shop: Shop, now: datetime) -> None:
    failed = fail(shop, "1001", now=now)
    bring(failed.resends.get(), State.CANCELLED, now=now)
    FailedRequest.objects.update(state=FailedRequest.State.WAITING)
    page = open_page(f"/requests/{failed.pk}/")

    page.get_by_role("button", name="Send again").dblclick()

    expect(page.get_by_text("Next: one attempt")).to_be_visible()
    assert Resend.objects.filter(kind=Resend.Kind.PERSON).count() == 1


def test_a_countdown_counts(open_page: Open, shop: Shop, now: datetime) -> None:
    fail(shop, "1001", now=now)
    page = open_page("/retries/")
    shown = page.locator("[data-due]").inner_text()

    expect(page.locator("[data-due]")).not_to_have_text(shown)


def test_cancelling_asks_first(open_page: Open, shop: Shop, now: datetime) -> None:
    failed = fail(shop, "1001", now=now)
    page = open_page("/retries/")

    page.get_by_role("button", name="Cancel Order 1001").click()
    assert failed.resends.get().state == State.SCHEDULED
    page.locator("#confirm-yes").click()

    expect(page.locator("#retries")).to_contain_text("Nothing is being retried")
    assert failed.resends.get().state == State.CANCELLED


def test_all_is_paused_with_a_reason_and_resumed(open_page: Open, shop: Shop, now: datetime) -> None:
    fail(shop, "1001", now=now - 5 * MINUTE)
    page = open_page("/retries/")

    page.locator("#ask-pause > summary").click()
    page.get_by_label("Reason").fill("Deploying.")
    page.locator("#ask-pause button").click()

    expect(page.locator("#banners")).to_contain_text("Deploying.")
    expect(page.locator("tr[data-row]")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#banners")).not_to_contain_text("Deploying.")
    assert not Gate.objects.filter(is_paused=True).exists()


def test_an_unknown_outcome_is_decided_with_the_evidence_in_view(open_page: Open, shop: Shop, now: datetime) -> None:
    failed = make_unknown(shop, "1001", now=now)
    page = open_page(f"/requests/{failed.pk}/")
    expect(page.locator("#decide")).to_contain_text("The read operation timed out")

    page.get_by_label("It happened").check()
    page.get_by_label("How do you know?").fill("Seen in their dashboard.")
    page.get_by_role("button", name="Decide").click()

    expect(page.locator(".toast-note")).to_contain_text("Decided, and written down")
    expect(page.locator("#decide")).to_have_count(0)
    failed.refresh_from_db()
    assert (failed.state, failed.resolved_by) == ("resolved", "person")
    assert AuditEntry.objects.get(action="request.found_happened").reason == "Seen in their dashboard."
