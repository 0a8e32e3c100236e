from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from responses.exchanges import Exchange
from responses.intake import payload
from responses.intake.recorder import Recorder
from responses.sandbox import server, shop, weather
from responses.sandbox.shop import Plan
from tests.intake import monitor_double

ROOT = Path(__file__).resolve().parents[2]


def clock() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_every_call_of_the_shop_reaches_the_sandbox_and_the_monitor() -> None:
    with server.running(seed=1) as box, monitor_double.running() as monitor:
        said: list[str] = []
        with Recorder(monitor.url, "key", flush_interval=0.05) as recorder:
            plan = Plan(box.url, seed=3, at_most=60, clock=clock, say=said.append)
            assert asyncio.run(shop.run(plan, recorder)) == 60
            assert recorder.flush(5)
        calls = [entry for entry in box.ledger() if not entry.path.startswith("/_")]

    assert len(calls) == 60
    assert len(monitor.records) == 60
    assert {record["request"]["method"] for record in monitor.records} >= {"GET", "POST"}
    agents = {record["request"]["headers"]["user-agent"] for record in monitor.records}
    assert any(agent.startswith("storefront/") for agent in agents)
    assert all("x-api-key" not in record["request"]["headers"] for record in monitor.records)
    taken = payload.decode(json.dumps({"responses": monitor.records}).encode(), media_type="application/json")
    assert [type(exchange) for exchange in taken] == [Exchange] * 60
    assert {entry.key for entry in calls} == {"x-api-key sandbox-key"}


@pytest.mark.slow
def test_the_weather_is_told_to_the_sandbox_and_taken_back_at_the_end() -> None:
    with server.running(seed=1) as box, Recorder("", "") as recorder:
        asyncio.run(shop.run(Plan(box.url, seed=3, at_most=5, clock=clock, say=print), recorder))
        modes = box.control()

    assert "TEA-SENCHA-100-V2" in modes.unknown_products
    assert modes.weights == weather.CALM.weights


@pytest.mark.slow
@pytest.mark.processes
def test_the_commands_run_together_and_stop_when_asked() -> None:
    with monitor_double.running() as monitor:
        box = start("sandbox", "--bind", "127.0.0.1:0")
        try:
            assert box.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", box.stdout.readline())
            assert found is not None
            options = ["--sandbox", found[0], "--monitor", monitor.url, "--key", "k"]
            done = start("shop", *options, "--once", "10", "--calm")
            assert "shop: 10 calls, 10 reported" in done.communicate(timeout=60)[0]
            live = start("shop", *options, "--rate", "6000")
            for _ in range(200):
                if len(monitor.records) > 12:
                    break
                time.sleep(0.05)
            for process in (live, box):
                process.send_signal(signal.SIGTERM)
            assert "calls" in live.communicate(timeout=20)[0]
            assert (live.returncode, box.wait(timeout=10)) == (0, 0)
        finally:
            box.kill()
            box.communicate()
    assert len(monitor.records) > 12


def test_the_sandbox_prints_what_it_can_answer() -> None:
    out = io.StringIO()
    call_command("sandbox", "--list", stdout=out)

    assert "fail-unknown-product" in out.getvalue()
    assert "429-date" in out.getvalue()


@pytest.mark.parametrize("arguments", [["sandbox", "--bind", "here"], ["sandbox", "--weights", "nonsense=0.1"],
    ["sandbox", "--weights", "503=much"], ["sandbox", "--bind", "127.0.0.1:99999"], ["shop", "--sandbox", "here"],
    ["shop", "--rate", "0"], ["sandbox", "--pending", "-1"]])  # fmt: skip
def test_a_wrong_option_is_a_sentence(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command(*arguments, stdout=io.StringIO())
