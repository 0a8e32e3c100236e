"""A failure for a cause that nobody has seen is reported, and a Slack on loopback hears of it: all in real processes."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stack import Stack, own_database, wait_for
from tests.fakes import FakeSlack

pytestmark = [pytest.mark.processes, pytest.mark.slow]

CAUSES = ("blue", "green", "red")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


@pytest.fixture
def shop(tmp_path: Path, slack: FakeSlack) -> Iterator[Stack]:
    with own_database() as database_url:
        made = Stack(tmp_path / "data", database_url)
        made.start()
        try:
            made.manage("create_channel", "slack", slack.url)
            yield made
        finally:
            made.close()


def refused(cause: str) -> dict[str, Any]:
    """The report of a purchase that was refused."""
    return {
        "request": {
            "method": "POST",
            "url": "https://sc.ordergroove.com/subscription/create",
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"merchant_order_id": f"order of {cause}"}),
        },
        "response": {"status_code": 400, "body": json.dumps({"error_message": f"Something {cause} is wrong"})},
        "sent_at": datetime.now(UTC).isoformat(),
    }


def has_heard(slack: FakeSlack, number: int) -> bool:
    return len(slack.accepted) >= number


def test_each_new_cause_is_told_once(shop: Stack, slack: FakeSlack) -> None:
    delays = []
    for number, cause in enumerate(CAUSES, start=1):
        began_at = time.monotonic()
        assert shop.post(refused(cause)).status_code in (201, 202)
        wait_for(functools.partial(has_heard, slack, number), f"the message about {cause}", seconds=60)
        delays.append(round(time.monotonic() - began_at, 2))
    shop.post([refused(cause) for cause in CAUSES])
    assert shop.stop() == 0

    print("told after", delays, "s")
    texts = [message["text"] for message in slack.accepted]
    assert [f"Something {cause} is wrong" in text for cause, text in zip(CAUSES, texts, strict=True)] == [True] * 3
