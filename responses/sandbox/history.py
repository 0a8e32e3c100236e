"""Exchanges of a past that never was: the stories of the shop, answered by the sandbox's own logic, without HTTP."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Origin, Request
from responses.sandbox import goods, memory, messages, routes, stories, weather
from responses.sandbox import world as worlds
from responses.sandbox.calls import Call, Heard, Story
from responses.sandbox.memory import Shop
from responses.sandbox.messages import Manner, Plan, Received
from responses.sandbox.weather import Weather
from responses.sandbox.world import Modes, World

HOSTS = {
    "sc": "https://sc.ordergroove.com",
    "restapi": "https://restapi.ordergroove.com",
    "api": "https://api.ordergroove.com",
}
TIMEOUT_SECONDS = 3.0
_CALLS_IN_A_STORY = 2.0
_FEED_HOUR = 3
_MONITOR = "monitor"
_FOLLOWED_AFTER = (2.0, 3.0, 10.0, 45.0, 240.0, 300.0)
"""Seconds from the acceptance, and then from one question to the next: as the monitor asks by default."""
_MEDIAN_MS = {"sc": 240, "restapi": 90, "api": 160}
_NO_ANSWER = {
    Manner.HANG: (FailureKind.TIMEOUT, "ReadTimeout: timed out"),
    Manner.HANG_BODY: (FailureKind.TIMEOUT, "status 200 came, then its body broke off: ReadTimeout: timed out"),
    Manner.CUT: (
        FailureKind.PROTOCOL,
        "status 200 came, then its body broke off: RemoteProtocolError: peer closed connection",
    ),
    Manner.CLOSE: (FailureKind.CONNECTION, "RemoteProtocolError: Server disconnected without sending a response."),
    Manner.RESET: (FailureKind.CONNECTION, "ReadError: [Errno 104] Connection reset by peer"),
    Manner.GARBAGE: (FailureKind.PROTOCOL, "RemoteProtocolError: illegal status line"),
}


@dataclass
class _Past:
    """The shop, the world that answers it, and the stories that go on, by the time of their next call."""

    rng: random.Random
    shop: Shop
    world: World
    hosts: Mapping[str, str]
    is_followed: bool
    told: set[str] = field(default_factory=set)
    """Targets of results that somebody has been told: nobody asks again."""
    waiting: list[tuple[datetime, int, Story, Call]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def go_on(self, story: Story, heard: Heard | None, now: datetime) -> None:
        """Hear the answer and wait for the next call, if there is one."""
        try:
            call = next(story) if heard is None else story.send(heard)
        except StopIteration:
            return
        heapq.heappush(self.waiting, (now + timedelta(seconds=call.after), next(self.numbers), story, call))


def exchanges(
    start: datetime,
    end: datetime,
    per_day: int,
    seed: int,
    *,
    hosts: Mapping[str, str] | None = None,
    is_followed: bool = False,
) -> Iterator[tuple[datetime, Exchange]]:
    """About ``per_day`` exchanges a day between ``start`` and ``end``, each with its ``sent_at``, in its order.

    ``hosts``: the base URL of ``sc``, ``restapi`` and ``api``, the production hosts when it is left out.
    ``is_followed``: with the questions that a monitor would have asked about accepted purchases, which are not counted.
    The same arguments give the same exchanges, ids included.
    """
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    shop = memory.open_shop(rng, start, pace=1.0, poll_share=0.97)
    modes = Modes(pending_seconds=5.0, unknown_products=[goods.renamed(good) for good in goods.TEA])
    past = _Past(rng, shop, worlds.create(rng.getrandbits(64), modes), hosts or HOSTS, is_followed)
    following = start
    feed_day = start.date()
    while True:
        following = _next_story_at(rng, following, per_day)
        while past.waiting and past.waiting[0][0] <= following and past.waiting[0][0] < end:
            yield from _call(past, end)
        if following >= end:
            return
        if following.hour >= _FEED_HOUR and following.date() != feed_day:
            feed_day = following.date()
            past.go_on(stories.feed(shop, weather.in_history(following, end), following), None, following)
        past.go_on(stories.pick(shop, weather.in_history(following, end), following), None, following)


def _next_story_at(rng: random.Random, moment: datetime, per_day: int) -> datetime:
    rate = max(per_day, 1) / _CALLS_IN_A_STORY * weather.busyness(moment) / 86_400
    return moment + timedelta(seconds=min(rng.expovariate(rate), 86_400))


def _call(past: _Past, end: datetime) -> Iterator[tuple[datetime, Exchange]]:
    """Make the next call that is due, and let its story go on when the answer is there."""
    now, _, story, call = heapq.heappop(past.waiting)
    if call.service == _MONITOR and call.target in past.told:
        return
    now_weather = weather.in_history(now, end)
    past.world.modes.weights = now_weather.weights
    plan = routes.answer(past.world, received(call), now)
    exchange = _exchange(past, call, plan, now, now_weather)
    answer = exchange.response
    heard = Heard(answer.status_code, answer.body) if answer is not None else Heard()
    past.go_on(story, heard, now + timedelta(milliseconds=exchange.duration_ms or 0))
    if past.is_followed:
        _follow(past, call, heard, now)
    yield now, exchange


def _follow(past: _Past, call: Call, heard: Heard, now: datetime) -> None:
    """Begin to ask for the result of an accepted purchase; note when somebody has been told it."""
    data = heard.data() if heard.is_good else {}
    if call.method == "POST" and "subs_req_id" in data:
        past.go_on(_questions(str(data["subs_req_id"])), None, now)
    elif heard.status_code == 200 and call.target.endswith("/response"):
        past.told.add(call.target)


def _questions(subs_req_id: str) -> Story:
    for wait in _FOLLOWED_AFTER:
        yield Call("GET", f"/subscription/{subs_req_id}/response", "sc", service=_MONITOR, after=wait)


def received(call: Call) -> Received:
    """A call as it reaches the sandbox."""
    path, _, query = call.target.partition("?")
    headers = {"host": f"{call.role}.ordergroove.com", "content-type": call.content_type}
    headers["x-api-key"] = "revoked" if call.is_old_key else "sandbox-key"
    return Received(call.method, path, dict(parse_qsl(query)), headers, call.body)


def _exchange(past: _Past, call: Call, plan: Plan, now: datetime, now_weather: Weather) -> Exchange:
    """The exchange as the recorder would report it: without credentials."""
    headers = {"accept": "application/json", "user-agent": f"{call.service.replace(' ', '-')}/{now_weather.release}"}
    if call.body:
        headers["content-type"] = call.content_type
    duration_ms = int(past.rng.lognormvariate(0, 0.45) * _MEDIAN_MS[call.role]) + 5
    if "batch" in call.target:
        duration_ms *= 8
    failure = _NO_ANSWER.get(plan.manner)
    if failure is not None and failure[0] is FailureKind.TIMEOUT:
        duration_ms = int(TIMEOUT_SECONDS * 1000) + past.rng.randrange(30)
    is_question = call.service == _MONITOR
    moment = now + timedelta(milliseconds=duration_ms)
    fields = messages.header_fields(plan.reply, moment)
    return Exchange(
        request=Request(call.method, past.hosts[call.role].rstrip("/") + call.target, headers, call.body),
        response=None if failure is not None else Answer(plan.reply.status_code, fields, plan.reply.body),
        failure=Failure(*failure) if failure is not None else None,
        sent_at=now,
        duration_ms=duration_ms,
        caller_id="" if is_question else f"{past.rng.getrandbits(128):032x}",
        tags={} if is_question else {"service": call.service, "release": now_weather.release},
        origin=Origin.POLL if is_question else Origin.CALLER,
    )
