"""The whole way in a real browser: what failed is corrected and sent to the sandbox, whose ledger is the witness."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.exchanges import Exchange, Failure, FailureKind, Origin
from responses.following import poll
from responses.models import FailedRequest, FollowUp, Heartbeat, Resubmission, Role, User
from responses.sandbox import server
from responses.sandbox.server import Running
from responses.sending import client, credentials
from tests.factories import make_purchase, make_user, record
from tests.retrying import again
from tests.retrying.again import Shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
KEY = "sandbox-key"
ADDRESS = {"first_name": "Ada", "address": "75 Broad Street", "city": "New York", "state_province_code": "NY",
           "zip_postal_code": "10004", "country_code": "US"}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with server.running(seed=1) as running:
        yield running


@pytest.fixture
def box(sandbox: Running) -> Running:
    sandbox.control(reset=True)
    sandbox.control(synchronous=True, pending_seconds=0)
    return sandbox


@pytest.fixture
def shop(box: Running) -> Shop:
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    return again.make_shop(box.url, api_key=KEY, retry_by="caller", created_at=now - timedelta(days=2))


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, shop: Shop) -> Iterator[Open]:
    """Opens a page as somebody; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []

    def open_one(
        failed: FailedRequest, tail: str = "resubmit/", *, who: str = "ida", role: Role = Role.SUPPORT,
        width: int = 1280, theme: str = "light", is_scripted: bool = True, expects: str = "",
    ) -> Page:  # fmt: skip
        user = User.objects.filter(username=who).first() or make_user(who, role=role, integration=shop.integration)
        User.objects.update(theme=theme)
        signed_in = Client()
        signed_in.force_login(user)
        cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=is_scripted)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda heard: None if expects and expects in heard.text else said.append(heard.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{live_server.url}/requests/{failed.pk}/{tail}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert said == []


def buy(shop: Shop, box: Running, order_id: str, *products: str, **overrides: Any) -> Exchange:
    """Send a Purchase POST as a shop does, and return what came back."""
    made = make_purchase(order_id, products=products or ("tea",), **overrides)
    call = client.Call(
        method="POST", role="sc", path="/subscription/create", headers=made.headers, body=made.body
    )  # fmt: skip
    account = credentials.Account({"sc": box.url}, "merchant", KEY)
    return client.send(account, call, origin=Origin.CALLER, now=timezone.now(), seconds=10)


def fail(shop: Shop, box: Running, order_id: str, *products: str, **overrides: Any) -> FailedRequest:
    return again.record_for(shop, buy(shop, box, order_id, *products, **overrides), now=timezone.now())


def sent_to(box: Running) -> list[tuple[str, str, list[str]]]:
    """Order id, hash of the body and what was created, for each Purchase POST that arrived."""
    return [
        (entry.merchant_order_id, entry.body_sha256, [one["product"] for one in entry.applied if "product" in one])
        for entry in box.ledger()
        if entry.method == "POST" and entry.path == "/subscription/create"
    ]


def work() -> None:
    """Send what is due, as a worker does."""
    again.run_at(timezone.now())


def value(page: Page, pointer: str) -> Any:
    return page.locator(f'[data-pointer="{pointer}"]')


@pytest.mark.parametrize("width", [1280, 390])
def test_a_missing_field_needs_two_clicks_and_the_value(open_page: Open, shop: Shop, box: Running, width: int) -> None:
    failed = fail(shop, box, "1001", og_cart_tracking=True)
    page = open_page(failed, "", width=width)

    page.get_by_role("link", name="Correct and send again").click()
    expect(value(page, "/session_id")).to_be_focused()
    page.keyboard.type("shop.1.1700000000")
    page.get_by_role("button", name="Send the correction").click()
    expect(page.locator(".corrected")).to_contain_text("ida corrected it")
    work()
    page.reload()

    expect(page.locator("#request")).to_contain_text("A corrected request succeeded.")
    first, second = sent_to(box)
    assert second == ("1001", Resubmission.objects.get().body_hash, ["tea"])
    assert first[2] == []
    assert box.state()["applied_twice"] == []


def test_of_three_products_only_the_failed_is_sent(open_page: Open, shop: Shop, box: Running) -> None:
    failed = fail(shop, box, "1002", "tea", "fail-unknown-product", "milk")
    page = open_page(failed, "")

    page.get_by_role("link", name="Send only the failed").click()
    expect(page.locator(".keep-send")).to_contain_text("2 kept")
    expect(page.locator("#order-id")).to_have_value("1002-r1")
    value(page, "/products/0/product").fill("mate")
    page.get_by_role("button", name="Send only the failed").click()
    expect(page.locator(".corrected")).to_contain_text("2 kept, 1 sent · order id 1002-r1")
    work()
    page.reload()

    expect(page.locator("#request")).to_contain_text("A corrected request succeeded.")
    assert [(order, made) for order, _, made in sent_to(box)] == [("1002", ["tea", "milk"]), ("1002-r1", ["mate"])]
    assert box.state()["applied_twice"] == []


def test_what_was_accepted_and_failed_later_is_completed(open_page: Open, shop: Shop, box: Running) -> None:
    box.control(synchronous=False)
    record(shop.integration, buy(shop, box, "1003", "tea", "fail-unknown-product"), key=shop.key, now=timezone.now())
    poll_all()
    failed = FailedRequest.objects.get(order_id="1003")
    page = open_page(failed)

    value(page, "/products/0/product").fill("mate")
    page.get_by_role("button", name="Send only the failed").click()
    expect(page.locator(".corrected")).to_contain_text("1 kept, 1 sent")
    work()
    poll_all()

    failed.refresh_from_db()
    assert (failed.state, failed.resolved_by) == ("resolved", "resubmission")
    assert box.state()["applied_twice"] == []


def poll_all() -> None:
    """Ask for the results of what was accepted, as if the time for it had come."""
    now = timezone.now()
    FollowUp.objects.update(next_poll_at=now)
    poll.poll(clock=lambda: now, dice=lambda: 0.0, seconds=5.0)
    assert not FollowUp.objects.filter(settled_at__isnull=True).exists()


def test_an_order_that_ordergroove_knows_is_not_sent_by_mistake(open_page: Open, shop: Shop, box: Running) -> None:
    buy(shop, box, "1004")
    failed = fail(shop, box, "1004")
    assert failed.status_code == 409
    page = open_page(failed, expects="409")

    page.locator("#values > summary").click()
    value(page, "/products/0/subscription_info/quantity").fill("2")
    expect(page.locator("#changes ins")).to_have_text("2")
    expect(page.locator("#override-duplicate")).to_be_visible()
    page.get_by_role("button", name="Send the correction").click()

    expect(page.locator("#verdict")).to_contain_text("It was not sent.")
    expect(value(page, "/products/0/subscription_info/quantity")).to_have_value("2")
    assert not Resubmission.objects.exists()


def test_what_nobody_knows_must_be_decided_first(open_page: Open, shop: Shop, box: Running) -> None:
    lost = Failure(FailureKind.TIMEOUT, "The read operation timed out")
    exchange = Exchange(
        request=again.purchase(shop, "1005"), response=None, failure=lost, sent_at=timezone.now(), duration_ms=3000
    )
    page = open_page(again.record_for(shop, exchange, now=timezone.now()))

    expect(page.get_by_role("button", name="Send the correction")).to_be_disabled()
    page.get_by_role("link", name="Decide what became of it").click()
    expect(page.locator("#decide")).to_be_visible()


def test_what_has_expired_only_an_admin_sends_and_says_why(open_page: Open, shop: Shop, box: Running) -> None:
    failed = fail(shop, box, "1006", og_cart_tracking=True)
    now = timezone.now()
    FailedRequest.objects.update(state="expired", closed_at=now, deadline_at=now - timedelta(minutes=1))
    expect(open_page(failed).get_by_role("button", name="Send the correction")).to_be_disabled()
    page = open_page(failed, who="admin", role=Role.ADMIN)

    value(page, "/session_id").fill("shop.1.1700000000")
    page.locator("#override-deadline").check()
    page.get_by_label("Why?").fill("The customer waits on the phone.")
    page.get_by_role("button", name="Send the correction").click()
    expect(page.locator(".corrected")).to_contain_text("The customer waits on the phone.")
    work()

    assert [made for _, _, made in sent_to(box)] == [[], ["tea"]]


def test_without_script_it_is_a_plain_form(open_page: Open, shop: Shop, box: Running) -> None:
    failed = fail(shop, box, "1007", og_cart_tracking=True)
    page = open_page(failed, is_scripted=False)

    value(page, "/session_id").fill("shop.1.1700000000")
    page.keyboard.press("Enter")
    expect(page.locator("#changes ins")).to_be_visible()
    assert not Resubmission.objects.exists()
    page.get_by_role("button", name="Send the correction").click()

    expect(page.locator(".corrected")).to_contain_text("ida corrected it")
    work()
    assert [made for _, _, made in sent_to(box)] == [[], ["tea"]]


def test_values_and_json_stay_in_step(open_page: Open, shop: Shop, box: Running) -> None:
    user = {"user_id": "7", "email": "ada@example.com", "shipping_address": ADDRESS}
    failed = fail(shop, box, "1008", "fail-address", user=user)
    page = open_page(failed)
    page.locator("#values > summary").click()
    value(page, "/products/0/subscription_info/quantity").fill("3")

    page.locator("#json > summary").click()
    editor = page.get_by_role("textbox", name="What will be sent, as JSON")
    expect(page.locator("#text")).to_have_value(re.compile('"quantity": 3'))
    value(page, "/user/user_id").fill("8")
    expect(page.locator("#text")).to_have_value(re.compile('"user_id": "8"'))
    expect(page.get_by_label("Why?")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    editor.press("Control+a")
    page.keyboard.insert_text('{"merchant_order_id": "new", "user": {"user_id": "9"}')

    expect(page.locator("#verdict")).to_contain_text("JSON")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("}")
    expect(value(page, "/user/user_id")).to_have_value("9")
    expect(page.locator("#verdict")).to_contain_text("is locked")


def test_two_clicks_are_one_send_and_two_people_are_told(open_page: Open, shop: Shop, box: Running) -> None:
    failed = fail(shop, box, "1009", og_cart_tracking=True)
    first, second = open_page(failed), open_page(failed, who="bea", expects="409")
    for page in (first, second):
        value(page, "/session_id").fill("shop.1.1700000000")

    first.get_by_role("button", name="Send the correction").dblclick()
    expect(first.locator(".corrected")).to_contain_text("ida corrected it")
    second.get_by_role("button", name="Send the correction").click()

    expect(second.locator("#verdict")).to_contain_text("ida had a correction sent")
    expect(value(second, "/session_id")).to_have_value("shop.1.1700000000")
    work()
    assert len(sent_to(box)) == 2


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_the_editor_is_accessible_and_never_wider_than_the_screen(
    open_page: Open, shop: Shop, box: Running, theme: str, width: int
) -> None:
    for failed in (fail(shop, box, "1010", og_cart_tracking=True), fail(shop, box, "1011", "tea", "fail-offer")):
        page = open_page(failed, theme=theme, width=width)
        page.locator("#json > summary").click()
        expect(page.locator(".cm-editor").first).to_be_visible()
        page.locator("#values > summary").click()

        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
