"""A bulk run in real processes: its worker and the web process are killed in the middle, and each request goes out once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.stack import Stack, own_database, wait_for
from tests.end_to_end.test_sending_again import SET_UP
from tests.factories import make_purchase
from tests.retrying import again
from tests.retrying.again import ACCEPTED, Upstream

pytestmark = [pytest.mark.processes, pytest.mark.slow]

NUMBER = 40
LONG = 400.0
"""Seconds: what a killed worker had claimed is taken back when its lease of two minutes is over."""
BEGIN = """
from django.utils import timezone
from responses.correcting import bulk
from responses.correcting.bulk import Plan, Wish
from responses.correcting.operations import Op
from responses.models import Issue, User
recipe = [Op(kind="replace", path="/products/*/offer", old="old", value="new")]
wish = Wish(User.objects.earliest("pk"), timezone.now())
bulk.preview(Issue.objects.get(), Plan(name="Fix", recipe=recipe), wish, nonce="n1")
"""
START = """
from django.utils import timezone
from responses.correcting import bulk
from responses.correcting.bulk import Wish
from responses.models import BulkRun, User
print(repr(bulk.start(BulkRun.objects.get(), Wish(User.objects.earliest("pk"), timezone.now()))))
"""
LOOK = """
import json
from collections import Counter
from responses.models import BulkRow, BulkRun, Resend, Resubmission
print(json.dumps({
    "run": BulkRun.objects.values_list("state", flat=True).get(),
    "rows": Counter(BulkRow.objects.values_list("state", flat=True)),
    "resends": Counter(Resend.objects.values_list("state", flat=True)),
    "approved": Resubmission.objects.count(),
    "why": Counter(BulkRow.objects.exclude(reason="").values_list("reason", flat=True)),
}))
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    def slowly(connection: Any) -> None:
        time.sleep(0.1)
        connection.sendall(ACCEPTED)

    with again.running() as running:
        running.always = slowly
        yield running


@pytest.fixture
def shop(tmp_path: Path, upstream: Upstream) -> Iterator[Stack]:
    with own_database() as database_url:
        made = Stack(tmp_path / "data", database_url)
        made.start()
        try:
            made.manage("shell", "-v", "0", "-c", SET_UP.format(url=upstream.url))
            made.stop()  # what the web process knows of an integration is some seconds old
            made.start()
            yield made
        finally:
            made.close()


def look(shop: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shop.manage("shell", "-v", "0", "-c", LOOK).splitlines()[-1])
    return found


def report_refusals(shop: Stack, upstream: Upstream) -> None:
    """Report as many refused purchases of one cause."""
    records = []
    for number in range(NUMBER):
        body = json.loads(make_purchase(f"order-{number}").body)
        body["products"][0]["offer"] = "old"
        request = {
            "method": "POST",
            "url": f"{upstream.url}/subscription/create",
            "headers": {"content-type": "application/json"},
            "body": json.dumps(body),
        }
        answer = {"status_code": 400, "body": json.dumps({"products": [{"offer": ["Does not exist."]}]})}
        records.append({"request": request, "response": answer, "sent_at": datetime.now(UTC).isoformat()})
    answered = shop.post({"responses": records})
    assert answered.status_code == 202, answered.text


def bought(upstream: Upstream) -> Counter[str]:
    """How often each order came in as a purchase; look-ups are no purchases."""
    posts = [one for one in list(upstream.received) if one.line.startswith("POST /subscription/create")]
    return Counter(json.loads(one.body)["merchant_order_id"] for one in posts)


def kill(shop: Stack, child: str) -> None:
    before = shop.pids_of(child)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: shop.pids_of(child) - before, f"another {child}", seconds=60)


def test_a_killed_bulk_run_goes_on_and_sends_each_request_once(shop: Stack, upstream: Upstream) -> None:
    report_refusals(shop, upstream)
    shop.manage("shell", "-v", "0", "-c", BEGIN)
    wait_for(lambda: look(shop)["run"] == "preview", "the dry run", seconds=120)
    found = look(shop)
    assert found["rows"] == {"ready": NUMBER}, found["why"]
    assert shop.manage("shell", "-v", "0", "-c", START).splitlines()[-1] == "''"

    wait_for(lambda: len(bought(upstream)) >= 5, "the first sends", seconds=60)
    kill(shop, "worker")
    kill(shop, "web")

    def is_over() -> bool:
        time.sleep(2)  # each look is a process of its own, and a lease has to end
        found = look(shop)
        return found["approved"] == NUMBER and not {"scheduled", "claimed", "sending"} & found["resends"].keys()

    wait_for(is_over, "the end", seconds=LONG)
    found = look(shop)
    counts = bought(upstream)
    assert set(counts.values()) == {1}
    assert set(found["resends"]) <= {"succeeded", "unknown", "verifying"}
    assert (
        found["resends"]["succeeded"] + found["resends"].get("unknown", 0) + found["resends"].get("verifying", 0)
        == NUMBER
    )
    wait_for(lambda: look(shop)["run"] == "done", "the run's own end", seconds=60)
