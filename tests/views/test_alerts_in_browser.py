"""Alerts and rules in a real browser: accessible, within the content security policy, alive, and fine without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from responses.alerting import rules
from responses.models import Alert, AlertRule, AlertThread, Heartbeat, Integration, Issue, Role, User
from tests.alerted import make_alert, make_channel, make_issue, make_step
from tests.factories import make_integration, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Open = Callable[..., Page]
REFUSED = "status of 422"
"""What the browser itself says of input that was refused."""
LONG = 30_000
"""Milliseconds: a busy machine takes its time, and nothing here is about speed."""


@pytest.fixture
def shop() -> Integration:
    """An integration with alerts of each state. The browser has a clock of its own, so this is the real time."""
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, seen_at=now + timedelta(hours=1))
    rules.ensure_shipped()  # a test that commits empties the tables
    shop = make_integration("acme")
    slack, mail = make_channel(shop, created_at=now), make_channel(None, "team", "email", created_at=now)
    alert = make_alert(
        shop, issue=make_issue(shop, now=now), at=now - timedelta(hours=3), remind_at=now + timedelta(hours=1)
    )
    make_step(alert, "issue_opened", slack, mail, at=now - timedelta(hours=3), told=14)
    make_step(alert, "request_exhausted", at=now - timedelta(hours=2), fate="folded")
    waits: dict[str, Any] = {"state": "pending", "sent_at": None, "attempts": 3, "last_error": "Slack answered 429."}
    make_step(alert, "issue_grew", slack, at=now - timedelta(hours=1), number=9414, **waits)
    AlertThread.objects.create(alert=alert, channel=slack, told=14, last_sent_at=now)
    make_alert(shop, at=now - timedelta(hours=5), severity=Alert.Severity.CRITICAL)
    make_alert(
        None, subject="monitor:worker", kind="monitor_lags", title="The worker was silent", at=now, closed_at=now
    )
    own = AlertRule.objects.create(
        trigger="new_issue",
        name="Wake me",
        integration=shop,
        outcomes=["needs_fix"],
        every_channel=False,
        quiet_from=time(22),
        quiet_until=time(7),
    )
    own.channels.set([slack])
    AlertRule.objects.create(trigger="silence", integration=shop, window_minutes=60, is_on=False)
    return shop


@pytest.fixture
def ada(shop: Integration) -> User:
    return make_user("ada", is_superuser=True)


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, ada: User) -> Iterator[Open]:
    """Opens a page as Ada; at the end, nothing may have been said on the browser's console."""
    said: list[str] = []
    contexts = []
    client = Client()
    client.force_login(ada)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    def open_one(target: str, *, width: int = 1280, theme: str = "light", is_scripted: bool = True) -> Page:
        User.objects.update(theme=theme)
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=is_scripted)
        context.set_default_timeout(LONG)
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
    assert [words for words in said if REFUSED not in words] == []


def of_issue() -> Alert:
    return Alert.objects.get(issue__isnull=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_and_fit(open_page: Open, theme: str, width: int) -> None:
    alert, rule = of_issue(), AlertRule.objects.get(name="Wake me")
    page = open_page("/alerts/", theme=theme, width=width)
    base = page.url.removesuffix("/alerts/")
    targets = ["/alerts/", "/alerts/?state=all", "/alerts/?severity=4&kind=digest", f"/alerts/{alert.pk}/"]
    targets += [f"/alerts/{alert.pk}/decide/?deed={deed}" for deed in ("acknowledge", "mute", "resolve")]
    targets += [
        "/alerts/rules/",
        "/alerts/rules/new/",
        "/alerts/rules/new/?trigger=digest",
        f"/alerts/rules/{rule.pk}/",
    ]
    for target in targets:
        page.goto(base + target)
        assert Axe().run(page).response["violations"] == [], target
        assert page.evaluate("document.documentElement.scrollWidth") <= width, target


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_a_viewer_sees_is_accessible(open_page: Open, shop: Integration, ada: User, theme: str) -> None:
    User.objects.filter(pk=ada.pk).update(is_superuser=False)
    ada.memberships.create(integration=shop, role=Role.VIEWER)
    rule = AlertRule.objects.get(name="Wake me")
    for target in (
        f"/alerts/{of_issue().pk}/",
        f"/alerts/{of_issue().pk}/decide/",
        "/alerts/rules/",
        f"/alerts/rules/{rule.pk}/",
    ):
        page = open_page(target, theme=theme)
        assert Axe().run(page).response["violations"] == [], target
        expect(page.locator(".why-not").first).to_be_visible()


def test_a_new_step_appears_by_itself(open_page: Open, shop: Integration) -> None:
    alert = of_issue()
    page = open_page(f"/alerts/{alert.pk}/")
    expect(page.locator("#alert")).not_to_contain_text("Reminder sent")

    make_step(alert, "recovered", make_channel(shop, "#late"), at=timezone.now())

    expect(page.locator("#alert .story")).to_contain_text("#late", timeout=LONG)


def test_an_alert_is_muted_until_so_many_an_hour(open_page: Open) -> None:
    page = open_page(f"/alerts/{of_issue().pk}/", width=390)
    page.locator("#ask-mute > summary").click()
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Mute until more than").fill("250")

    page.get_by_label("Mute until more than").press("Enter")

    expect(page.locator("#alert")).to_contain_text("until more than 250 failures an hour")
    expect(page.locator("#toasts")).to_contain_text("Muted until there are more than 250 failures in an hour.")


def test_the_link_of_a_message_leads_to_a_decision(open_page: Open) -> None:
    page = open_page(f"/alerts/{of_issue().pk}/decide/?deed=mute", is_scripted=False)
    page.locator('[name="above"]').fill("0")
    page.get_by_label("Until more than").check()
    page.locator('[name="above"]').fill("40")

    page.get_by_role("button", name="Mute").click()

    expect(page.locator("#alert")).to_contain_text("until more than 40 failures an hour")
    assert Issue.objects.get().muted_above == 40


def test_an_issue_is_muted_until_so_many_an_hour_in_the_list(open_page: Open) -> None:
    page = open_page("/issues/")
    row = page.locator("tr", has_text="Session id cannot be null")
    row.locator("summary").click()
    assert Axe().run(page).response["violations"] == []
    row.get_by_label("Mute until more than").fill("77")

    row.get_by_label("Mute until more than").press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Muted until there are more than 77 failures in an hour.")
    assert Issue.objects.get().muted_above == 77


def test_a_rule_says_what_it_would_do_while_it_is_typed(open_page: Open) -> None:
    page = open_page("/alerts/rules/new/?trigger=growth")
    expect(page.locator("#rule-try")).to_contain_text("an issue grows 5-fold within 1 h in Acme")
    expect(page.locator(".rule-channels")).to_be_hidden()

    page.get_by_label("Grows how many fold").fill("12")
    expect(page.locator("#rule-try")).to_contain_text("an issue grows 12-fold")
    page.get_by_label("Only these").check()
    expect(page.locator("#rule-try")).to_contain_text("Choose at least one channel")
    page.get_by_label("Slack #oncall").check()
    expect(page.locator("#rule-try")).to_contain_text("Slack #oncall, at once")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Add the rule").click()

    expect(page.locator("#toasts")).to_contain_text("The rule is added.")
    made = AlertRule.objects.get(trigger="growth", shipped="")
    expect(page.locator(f"#rule-{made.pk}")).to_contain_text("When an issue grows 12-fold")


def test_a_wrong_rule_keeps_what_was_typed(open_page: Open) -> None:
    page = open_page("/alerts/rules/new/?trigger=new_issue", is_scripted=False)
    page.get_by_label("Codes").fill("400, teapot")
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Add the rule").click()

    expect(page.locator("#rule-form")).to_contain_text("“teapot” is no code")
    expect(page.get_by_label("Name")).to_have_value("Mine")
    page.get_by_label("Codes").fill("400")
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("#rule-try")).to_contain_text("a new issue appears with 400")
    page.get_by_role("button", name="Add the rule").click()

    expect(page.locator("h1")).to_have_text("Rules")
    assert AlertRule.objects.get(name="Mine").codes == "400"


def test_a_wrong_rule_is_shown_accessibly(open_page: Open) -> None:
    page = open_page("/alerts/rules/new/?trigger=growth", width=390, theme="dark")
    page.get_by_label("Grows how many fold").fill("3")
    page.get_by_label("Codes").fill("teapot")
    page.get_by_role("button", name="Add the rule").click()

    expect(page.locator("#rule-form .notice")).to_contain_text("Nothing was saved")
    assert Axe().run(page).response["violations"] == []


def test_removing_a_rule_asks_first(open_page: Open) -> None:
    rule = AlertRule.objects.get(name="Wake me")
    page = open_page(f"/alerts/rules/{rule.pk}/")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#confirm")).to_contain_text("Remove this rule?")

    page.locator("#confirm-yes").click()

    expect(page.locator("#toasts")).to_contain_text("The rule is removed.")
    expect(page.locator(".rules").first).not_to_contain_text("Wake me")


def test_alerts_are_walked_by_key(open_page: Open) -> None:
    page = open_page("/alerts/")
    page.keyboard.press("j")

    expect(page.locator("[data-row-link]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#thread-title")).to_be_visible()
