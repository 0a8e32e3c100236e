"""The demo from outside: its link signs in once, its shop buys, its purchases are followed, and it leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.stack import Stack, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path / "data", "", DEMO="yes")
    try:
        made.start("--demo")
        yield made
    finally:
        made.close()


def test_a_living_shop_is_seen_and_leaves_no_process_behind(demo: Stack) -> None:
    link = re.findall(r"http://\S+/demo/sign-in/\S+", demo.said)[0]
    with httpx2.Client(base_url=demo.url, trust_env=False, follow_redirects=True, timeout=30) as client:
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(link).text)[0]
        page = client.post(link, data={"csrfmiddlewaretoken": token}, headers={"referer": link})
        assert page.url.path == "/"
        assert "Demo shop" in page.text
    assert httpx2.get(link, trust_env=False).status_code == 410

    wait_for(lambda: {"created", "partial", "failed"} & set(demo.look("follow-ups").values()), "a result", seconds=60)

    # Of issues the rows cannot tell all: a complaint about a whole order, beside those about its products, has no row.
    assert [wrong for wrong in demo.look("miscounts") if not wrong.startswith("issue")] == []
    everybody = demo.processes()
    assert {len(demo.pids_of(name)) for name in ("sandbox", "shop", "worker", "beat")} == {1}
    assert demo.stop() == 0
    assert [pid for pid in everybody if Path(f"/proc/{pid}/cmdline").exists()] == []
