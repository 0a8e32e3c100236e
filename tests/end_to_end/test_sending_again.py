"""The send machine in real processes: due sends start at their second, and a stop cuts nothing off."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stack import Stack, own_database, wait_for
from tests.retrying import again
from tests.retrying.again import Upstream, reply

pytestmark = [pytest.mark.processes, pytest.mark.slow]

SET_UP = """
from responses.models import Integration, IntakeKey
from responses.sending import credentials
shop = Integration.objects.get()
shop.hosts = dict.fromkeys(("sc", "restapi"), {url!r})
shop.retry_by = "monitor"
credentials.keep_api_key(shop, "the-key-of-the-shop-0042")
shop.save()
IntakeKey.objects.update(may_retry=True)
"""
LOOK = """
import json
from responses.models import Attempt, Resend
sends = [(one.intent_at.timestamp() - one.resend.first_failed_at.timestamp(), one.result)
         for one in Attempt.objects.select_related("resend").order_by("id")]
print(json.dumps({"sends": sends, "states": list(Resend.objects.values_list("state", flat=True))}))
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with again.running() as running:
        running.always = reply(200)
        yield running


@pytest.fixture
def shop(tmp_path: Path, upstream: Upstream) -> Iterator[Stack]:
    with own_database() as database_url:
        made = Stack(tmp_path / "data", database_url)
        made.start()
        try:
            made.manage("shell", "-v", "0", "-c", SET_UP.format(url=upstream.url))
            time.sleep(6)  # what the web process knows of an integration is some seconds old
            yield made
        finally:
            made.close()


def report_busy(shop: Stack, upstream: Upstream, number: int) -> None:
    """Report that an object was in use: it is sent again two seconds later."""
    request = {
        "method": "PATCH",
        "url": f"{upstream.url}/subscriptions/s{number}/cancel/",
        "headers": {"content-type": "application/json"},
        "body": "{}",
    }
    record = {
        "request": request,
        "response": {"status_code": 423, "body": "{}"},
        "sent_at": datetime.now(UTC).isoformat(),
    }
    answer = shop.post(record)
    assert answer.status_code == 202, answer.text


def look(shop: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shop.manage("shell", "-v", "0", "-c", LOOK).splitlines()[-1])
    return found


def test_a_send_starts_at_its_second_and_at_most_two_later(shop: Stack, upstream: Upstream) -> None:
    for number in range(8):
        report_busy(shop, upstream, number)
        time.sleep(0.7)
    wait_for(lambda: len(upstream.received) == 8, "the sends", seconds=30)
    wait_for(lambda: set(look(shop)["states"]) == {"succeeded"}, "the answers' recording")
    delays = [delay - 2 for delay, _ in look(shop)["sends"]]
    print("late by", [round(delay, 3) for delay in delays])
    assert len(delays) == 8
    assert all(0 <= delay <= 2 for delay in delays)


def test_a_stop_under_load_leaves_no_unknown(shop: Stack, upstream: Upstream) -> None:
    never = threading.Event()

    def slowly(connection: Any) -> None:
        never.wait(4)
        connection.sendall(reply(200))

    upstream.always = slowly
    for number in range(30):
        report_busy(shop, upstream, number)
    wait_for(lambda: len(upstream.received) >= 5, "the first sends", seconds=30)
    began_at = time.monotonic()
    assert shop.stop() == 0
    took = time.monotonic() - began_at
    found = look(shop)
    print("stopped after", round(took, 1), "s with", len(found["sends"]), "sends")
    assert took < 30
    assert len(upstream.received) == len(found["sends"])
    assert {result for _, result in found["sends"]} == {"answered"}
    assert set(found["states"]) <= {"succeeded", "scheduled"}
