"""What somebody does who has just cloned the project: start it, run the printed command, look, and be told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.stack import Stack, own_database, wait_for
from tests.fakes import FakeMail, FakeSlack

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def mail() -> Iterator[FakeMail]:
    with FakeMail() as made:
        yield made


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, mail: FakeMail) -> Iterator[Stack]:
    with own_database() as database_url:
        made = Stack(tmp_path_factory.mktemp("first") / "data", database_url, EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        made.start()
        try:
            yield made
        finally:
            made.close()


def sign_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/login/")
    page.get_by_label("Username").fill(stack.username)
    page.get_by_label("Password").fill(stack.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_be_visible()


def test_the_printed_command_is_recorded_shown_and_told(stack: Stack, mail: FakeMail, chromium: Browser) -> None:
    assert stack.password
    assert stack.curl
    with FakeSlack() as slack:
        stack.manage("create_channel", "email", "team@example.com")
        stack.manage("create_channel", "slack", slack.url)

        done = subprocess.run(["sh", "-c", stack.curl], capture_output=True, text=True, timeout=30, check=True)

        result = json.loads(done.stdout)["results"][0]
        assert (result["status"], result["outcome"]) == ("recorded", "partial")
        assert result["items"] == {"created": 1, "failed": 1, "unknown": 0}
        wait_for(lambda: len(mail.accepted) == 1, "a mail")
        wait_for(lambda: len(slack.accepted) == 1, "a Slack message")
    letter = mail.accepted[0].get_body(("plain",))
    assert letter is not None
    links = re.findall(rf"{re.escape(stack.url)}/issues/\d+/", letter.get_content())
    assert links
    assert links[0] in json.dumps(slack.accepted[0])
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, stack)
    expect(page.locator("main")).to_contain_text("quantity")
    page.goto(result["url"])
    expect(page.locator("main")).to_contain_text("1001")
    expect(page.locator("main")).to_contain_text(re.compile("this field is required", re.IGNORECASE))
    page.goto(links[0])
    expect(page.locator("main")).to_contain_text("quantity")
    context.close()


@pytest.mark.parametrize("child", ["web", "worker", "beat"])
def test_a_child_that_is_killed_is_started_again(stack: Stack, child: str) -> None:
    before = stack.pids_of(child)
    victim = min(before)

    os.kill(victim, signal.SIGKILL)

    wait_for(lambda: victim not in (now := stack.pids_of(child)) and len(now) == len(before), f"a new {child}")
    wait_for(lambda: _is_up(stack), "an answer")


def test_a_second_run_keeps_everything_and_prints_no_secret(stack: Stack) -> None:
    everybody = stack.processes()
    assert len(everybody) >= 4
    password, key = stack.password, stack.key
    assert stack.stop() == 0
    assert [pid for pid in everybody if Path(f"/proc/{pid}/cmdline").exists()] == []
    before = stack.look("summary")

    stack.start()

    said = stack.said
    assert password not in said
    assert key not in said
    assert "ogm_" not in said
    assert "with the password" not in said
    assert stack.look("summary") == before
    assert httpx2.post(f"{stack.url}/login/", trust_env=False).status_code == 403
    answer = stack.post({"request": {"method": "GET", "url": "https://restapi.ordergroove.com/orders/"},
                         "response": {"status_code": 200, "headers": {}, "body": "{}"}})  # fmt: skip
    assert answer.status_code == 202
    logs = "".join(path.read_text() for path in (stack.data_dir / "logs").glob("*.log"))
    assert password not in logs
    assert key not in logs


def test_a_second_monitor_on_the_same_data_is_refused_in_words(stack: Stack) -> None:
    other = Stack(stack.data_dir, stack.environment.get("DATABASE_URL", ""))

    with pytest.raises(AssertionError, match="already running on"):
        other.start()
    assert "Traceback" not in other.said
    other.close()


def _is_up(stack: Stack) -> bool:
    try:
        return httpx2.get(f"{stack.url}/healthz", timeout=2, trust_env=False).status_code < 500
    except httpx2.HTTPError:
        return False
