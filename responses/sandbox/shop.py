"""The simulated shop while it runs: stories told over real HTTP, each exchange reported through the recorder."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import requests

from responses.intake.recorder import Recorder
from responses.sandbox import goods, memory, stories, weather
from responses.sandbox.calls import Call, Heard, Story
from responses.sandbox.memory import Shop
from responses.sandbox.weather import Weather

TIMEOUT_SECONDS = 3.0
PACE = 0.04  # ten minutes of a stubborn job become 24 seconds
_CALLS_IN_A_STORY = 2.0
_WITH_REQUESTS = ("back office", "feed", "reports")
_FEED_EVERY_SECONDS = 150.0
_STORIES_AT_ONCE = 50


@dataclass
class Plan:
    """How a shop runs. ``at_most``: so many calls and then the end, without long waits; 0 for no end."""

    sandbox: str
    per_minute: float = 30.0
    seed: int | None = None
    at_most: int = 0
    is_calm: bool = False
    key: str = "sandbox-key"
    clock: Callable[[], datetime] = datetime.now
    say: Callable[[str], None] = print


@dataclass
class _Counter:
    """The open shop: its memory, its clients, and how far it has come."""

    plan: Plan
    shop: Shop
    client: httpx2.AsyncClient
    session: requests.Session
    pool: ThreadPoolExecutor
    calls_made: int = 0
    weather: Weather = weather.CALM
    started: float = field(default_factory=time.monotonic)

    def has_enough(self) -> bool:
        """Whether the shop has made the calls that it was asked for."""
        return 0 < self.plan.at_most <= self.calls_made


async def run(plan: Plan, recorder: Recorder) -> int:
    """Keep the shop open until it is cancelled or has made ``plan.at_most`` calls; how many it made."""
    rng = random.Random(plan.seed)  # noqa: S311 - a story, not a secret
    shop = memory.open_shop(rng, plan.clock(), pace=PACE, poll_share=0.4)
    client = recorder.install_httpx(httpx2.AsyncClient(base_url=plan.sandbox, timeout=TIMEOUT_SECONDS, trust_env=False))
    session = recorder.install_requests(requests.Session())
    session.trust_env = False
    with ThreadPoolExecutor(1) as pool, session:
        async with client:
            counter = _Counter(plan, shop, client, session, pool)
            await _wait_for_sandbox(counter)
            with contextlib.suppress(asyncio.CancelledError):
                await _keep_open(counter)
            await _control(counter, weather.CALM)
    return counter.calls_made


async def _keep_open(counter: _Counter) -> None:
    going_on: set[asyncio.Task[None]] = set()
    try:
        next_feed = _FEED_EVERY_SECONDS / 5
        while not counter.has_enough():
            await _follow_weather(counter)
            elapsed = time.monotonic() - counter.started
            if elapsed >= next_feed:
                next_feed = elapsed + _FEED_EVERY_SECONDS
                _begin(counter, stories.feed(counter.shop, counter.weather, counter.plan.clock()), going_on)
            _begin(counter, stories.pick(counter.shop, counter.weather, counter.plan.clock()), going_on)
            await _pause(counter, going_on)
    finally:
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)


def _begin(counter: _Counter, story: Story, going_on: set[asyncio.Task[None]]) -> None:
    task = asyncio.ensure_future(_tell(counter, story))
    going_on.add(task)
    task.add_done_callback(going_on.discard)


async def _pause(counter: _Counter, going_on: set[asyncio.Task[None]]) -> None:
    """Until the next customer comes; a shop that was asked for a number of calls serves one after the other."""
    if counter.plan.at_most or len(going_on) >= _STORIES_AT_ONCE:
        await asyncio.wait(going_on, return_when=asyncio.FIRST_COMPLETED)
        return
    busyness = min(max(weather.busyness(counter.plan.clock()), 0.6), 1.4)
    rate = max(counter.plan.per_minute, 0.1) / 60 / _CALLS_IN_A_STORY * busyness
    await asyncio.sleep(min(counter.shop.rng.expovariate(rate), 60.0))


async def _tell(counter: _Counter, story: Story) -> None:
    """One story from beginning to end."""
    heard: Heard | None = None
    while not counter.has_enough():
        try:
            call = next(story) if heard is None else story.send(heard)
        except StopIteration:
            return
        await asyncio.sleep(min(call.after, 0.05) if counter.plan.at_most else call.after)
        if counter.has_enough():
            return
        counter.calls_made += 1
        heard = await _send(counter, call)


async def _send(counter: _Counter, call: Call) -> Heard:
    """One call with the client of its service: old jobs use requests, everything else httpx2."""
    headers = {"accept": "application/json", "x-api-key": "revoked" if call.is_old_key else counter.plan.key,
               "user-agent": f"{call.service.replace(' ', '-')}/{counter.weather.release}"}  # fmt: skip
    if call.body:
        headers["content-type"] = call.content_type
    try:
        if call.service in _WITH_REQUESTS:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(counter.pool, _send_with_requests, counter, call, headers)
        answer = await counter.client.request(call.method, call.target, content=call.body, headers=headers)
        return Heard(answer.status_code, answer.content)
    except (httpx2.HTTPError, requests.RequestException):
        return Heard()


def _send_with_requests(counter: _Counter, call: Call, headers: dict[str, str]) -> Heard:
    url = counter.plan.sandbox.rstrip("/") + call.target
    answer = counter.session.request(call.method, url, data=call.body, headers=headers, timeout=TIMEOUT_SECONDS)
    return Heard(answer.status_code, answer.content)


async def _follow_weather(counter: _Counter) -> None:
    """Tell the sandbox when the weather changes."""
    now = weather.CALM if counter.plan.is_calm else weather.live(time.monotonic() - counter.started)
    if now.name != counter.weather.name:
        counter.weather = now
        counter.plan.say(f"shop: {now.name}")
        await _control(counter, now)


async def _control(counter: _Counter, now: Weather) -> None:
    """The sandbox's own endpoint, with a client that records nothing. One that has gone is no reason to stop."""
    unknown = [goods.renamed(good) for good in goods.TEA]
    data: dict[str, Any] = {"weights": {} if counter.plan.is_calm else now.weights, "unknown_products": unknown}
    with contextlib.suppress(httpx2.HTTPError):
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            await client.post(f"{counter.plan.sandbox.rstrip('/')}/_control", json=data)


async def _wait_for_sandbox(counter: _Counter) -> None:
    """Both may be started in the same second."""
    for _ in range(150):
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
                await client.get(f"{counter.plan.sandbox.rstrip('/')}/_state")
            break
        except httpx2.HTTPError:
            await asyncio.sleep(0.2)
    await _control(counter, weather.CALM)
