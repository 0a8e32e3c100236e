"""A shop whose failures the monitor sends again, an upstream that answers by script, and a clock that tests move."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from responses.exchanges import Exchange, Request, RetryBy
from responses.models import Attempt, FailedRequest, IntakeKey, Integration, Resend
from responses.models.integration import new_intake_key
from responses.retrying import run
from responses.sending import credentials, machine
from tests.factories import NOW, make_exchange, make_integration, make_purchase, record
from tests.sending import hostile

API_KEY = "the-key-of-the-shop-0042"
Reply = bytes | Callable[[socket.socket], None]


class Received(NamedTuple):
    """One request as it came over the wire."""

    line: str
    fields: dict[str, str]
    body: bytes


def reply(status_code: int = 200, body: object = None, **fields: str) -> bytes:
    """A whole answer. ``body`` is JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    head = f"HTTP/1.1 {status_code} Words\r\ncontent-length: {len(content)}\r\n"
    head += "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in fields.items())
    return head.encode() + b"\r\n" + content


ACCEPTED = reply(200, {"result": "Subscription request received", "subs_req_id": "59f215d4b3ade33e68c8ae9b"})
BUSY = reply(503, b"<html>busy</html>")


class Upstream:
    """Answers by ``replies``, then by ``always``; keeps everything that came in ``received``."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque()
        self.always: Reply = ACCEPTED
        self.url = ""
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def script(self, connection: socket.socket) -> None:
        """Handle one connection."""
        got = _read(connection)
        if got is None:
            return
        with self._lock:
            self.received.append(got)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            answer = self.replies.popleft() if self.replies else self.always
        try:
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)
        finally:
            with self._lock:
                self._now -= 1

    @property
    def lines(self) -> list[str]:
        """The request lines, without the version."""
        return [one.line for one in self.received]


@contextmanager
def running() -> Iterator[Upstream]:
    """``with again.running() as upstream``: on a free port of 127.0.0.1."""
    upstream = Upstream()
    with hostile.running(upstream.script) as server:
        upstream.url = server.url
        yield upstream


def _read(connection: socket.socket) -> Received | None:
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        head += chunk
    head, _, body = head.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): text.strip() for name, _, text in (one.partition(":") for one in rest)}
    while len(body) < int(fields.get("content-length", "0")):
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        body += chunk
    return Received(line.removesuffix(" HTTP/1.1"), fields, body)


class Clock:
    """A clock that moves when it is told to, or when somebody pauses."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Shop(NamedTuple):
    """An integration, and the key with which it reports."""

    integration: Integration
    key: IntakeKey


def make_shop(url: str, *, api_key: str = API_KEY, may_retry: bool = True, **overrides: Any) -> Shop:
    """An integration that had its failures sent again to ``url``; without a key where ``api_key`` is empty."""
    hosts = dict.fromkeys(("sc", "restapi", "api"), url)
    shop = make_integration(**{"hosts": hosts, "retry_by": RetryBy.MONITOR.value} | overrides)
    if api_key:
        credentials.keep_api_key(shop, api_key)
        shop.save()
    return Shop(shop, new_intake_key(shop, may_retry=may_retry)[0])


def purchase(shop: Shop, order_id: str = "", **overrides: Any) -> Request:
    """A Purchase POST to the shop's own host."""
    made = make_purchase(order_id, **overrides)
    return Request(made.method, f"{shop.integration.base_urls['sc']}/subscription/create", made.headers, made.body)


def rest(
    shop: Shop, path: str = "/subscriptions/ab12/cancel/", *, method: str = "PATCH", body: object = None
) -> Request:
    """A call of the REST API to the shop's own host."""
    content = b"" if body is None else json.dumps(body).encode()
    fields = {"content-type": "application/json"}
    return Request(method, shop.integration.base_urls["restapi"] + path, fields, content)


def fail(
    shop: Shop, request: Request | None = None, status_code: int = 503, *, now: datetime = NOW, **overrides: Any
) -> FailedRequest:
    """Record one failure, and return its failed request."""
    exchange = make_exchange(request or purchase(shop), status_code, b"busy", sent_at=now, **overrides)
    return record_for(shop, exchange, now=now)


def record_for(shop: Shop, exchange: Exchange, *, now: datetime = NOW) -> FailedRequest:
    """Record an exchange of the shop, and return the failed request that it belongs to."""
    [response] = record(shop.integration, exchange, key=shop.key, now=now)
    assert response.failed_request_id is not None
    return FailedRequest.objects.get(pk=response.failed_request_id)


def resend_of(request: FailedRequest) -> Resend:
    """Return its newest resend."""
    return Resend.objects.filter(failed_request=request).latest("id")


def run_at(at: datetime, *, seconds: float = 5.0, clock: Clock | None = None) -> frozenset[str]:
    """Send what is due as a worker does at ``at``."""
    clock = clock or Clock(at)
    return run.run_due(clock=clock, pause=clock.pause, seconds=seconds)


def send_one(at: datetime, *, seconds: float = 5.0, worker: str = "worker") -> Attempt:
    """Claim, intend, send and keep the one that is due at ``at``; return its attempt."""
    [claimed] = machine.claim(at, worker, 5).claimed
    sending = machine.intent(claimed, at)
    assert sending is not None
    exchange = machine.send(sending, lambda: at, seconds)
    machine.keep([(sending, exchange)], at)
    return Attempt.objects.get(pk=sending.attempt_id)


def states(request: FailedRequest) -> tuple[str, str]:
    """Return what people see of a request, and the state of its newest resend."""
    request.refresh_from_db()
    return request.state, resend_of(request).state


def codes(reasons: Sequence[Any]) -> list[str]:
    """Return the codes of reasons."""
    return [one.code for one in reasons]
