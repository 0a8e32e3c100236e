"""Bulk runs in a real browser: from one correction to all others, by a few clicks, on a phone too, and without script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.correcting import bulk
from responses.correcting.bulk import Wish
from responses.models import BulkRun, FailedRequest, Heartbeat, Issue, Resubmission, User
from tests.correcting import bulking
from tests.retrying import again
from tests.retrying.again import Shop, Upstream

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    """The real time: the browser has a clock of its own."""
    return timezone.now()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with again.running() as running:
        yield running


@pytest.fixture
def shop(now: datetime, upstream: Upstream) -> Shop:
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    return again.make_shop(upstream.url, created_at=now - timedelta(days=2))


@pytest.fixture
def ada(shop: Shop) -> User:
    return bulking.make_ada(shop)


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, ada: User) -> Iterator[Open]:
    """Opens a page as Ada; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(ada)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str, *, width: int = 1280, theme: str = "light", has_script: bool = True) -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=has_script)
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
    # That a form came back with 422 is said by the browser itself.
    assert [words for words in said if "422" not in words] == []


def correct_one(shop: Shop, ada: User, order_id: str, *, now: datetime) -> Resubmission:
    """Ada has corrected one of them by hand, and it was accepted."""
    run = bulking.preview(Issue.objects.get(), ada, name="one", nonce="one", now=now)
    bulking.work(now=now)
    run.rows.exclude(failed_request__order_id=order_id).delete()
    run.refresh_from_db()
    assert bulk.start(run, Wish(ada, now)) == ""
    bulking.go_on(run, now=now)
    BulkRun.objects.all().delete()
    return Resubmission.objects.get()


@pytest.mark.parametrize(("has_script", "width"), [(True, 1280), (True, 390), (False, 390)])
def test_the_fix_of_one_is_applied_to_the_others(
    open_page: Open, shop: Shop, ada: User, upstream: Upstream, now: datetime, has_script: bool, width: int
) -> None:
    bulking.fail_many(shop, 5, now=now, at=now)
    correction = correct_one(shop, ada, "3", now=now)

    page = open_page(f"/bulk/new/?from={correction.pk}", width=width, has_script=has_script)
    expect(page.get_by_label("Field").first).to_have_value("/products/*/offer")
    page.get_by_role("button", name="Check them").click()
    expect(page.get_by_text("0 of 4 checked")).to_be_visible()
    bulking.work(now=now + 5 * MINUTE)
    if not has_script:
        page.reload()
    expect(page.get_by_text("4 of 4 ready")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    page.get_by_role("button", name="Send 4 now").click()
    expect(page.get_by_text("0 of 4 done")).to_be_visible(timeout=20_000)
    bulking.go_on(BulkRun.objects.get(), now=now + 6 * MINUTE)
    if not has_script:
        page.reload()
    expect(page.get_by_text("4 of 4 done")).to_be_visible(timeout=20_000)

    orders = sorted(json.loads(one.body)["merchant_order_id"] for one in upstream.received)
    assert orders == ["1", "2", "3", "4", "5"]
    assert not FailedRequest.objects.filter(state=FailedRequest.State.NEEDS_FIX).exists()


def test_a_run_is_paused_resumed_and_stopped_by_its_buttons(
    open_page: Open, shop: Shop, ada: User, now: datetime
) -> None:
    bulking.fail_many(shop, 3, now=now, at=now)
    run = bulking.started(Issue.objects.get(), ada, now=now)

    page = open_page(f"/bulk/{run.pk}/")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("ada paused it.")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("ada stopped it.").first).to_be_visible(timeout=20_000)

    run.refresh_from_db()
    assert run.state == BulkRun.State.STOPPED


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_the_pages_are_accessible_and_never_wider_than_the_screen(
    open_page: Open, shop: Shop, ada: User, now: datetime, theme: str, width: int
) -> None:
    issue = bulking.fail_many(shop, 3, now=now, at=now)
    bulking.fail(shop, [bulking.refused(shop, "locked", password="secret-word", at=now)], now=now)
    dry = bulking.checked(issue, ada, now=now)
    running = bulking.started(issue, ada, nonce="n2", now=now)

    for target in ("/bulk/", f"/bulk/new/?issue={issue.pk}", f"/bulk/{dry.pk}/", f"/bulk/{running.pk}/"):
        page = open_page(target, theme=theme, width=width)
        assert Axe().run(page).response["violations"] == [], target
        assert page.evaluate("document.documentElement.scrollWidth") <= width, target


def test_a_recipe_that_is_wrong_keeps_what_was_typed(open_page: Open, shop: Shop, now: datetime) -> None:
    issue = bulking.fail_many(shop, 2, now=now, at=now)
    page = open_page(f"/bulk/new/?issue={issue.pk}")

    page.get_by_label("Field").first.fill("products/0/offer")
    page.get_by_label("New value, name or place").first.fill("new & <b>better</b>")
    page.get_by_role("button", name="Check them").click()

    expect(page.get_by_text("A field begins with a slash: /products/*/offer.")).to_be_visible()
    expect(page.get_by_label("Field").first).to_have_value("products/0/offer")
    expect(page.get_by_label("New value, name or place").first).to_have_value("new & <b>better</b>")
    assert not BulkRun.objects.exists()
