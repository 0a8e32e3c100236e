from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ordergroove_monitor.pages import LARGEST_HELD_ANSWER, Message, WholeRequests

Steps = list[str]


class FakeApp:
    """Notes what it gets, and answers."""

    def __init__(self, *, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b"ok") -> None:
        self.headers = [(b"content-length", b"2")] if headers is None else headers
        self.body = body
        self.scope: Any = None
        self.received: Message = {}
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.received = scope, await receive()
        await self.may_go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def scope(method: str = "POST", *headers: tuple[bytes, bytes], query: bytes = b"") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": "/", "headers": list(headers), "query_string": query}


def receiving(*pieces: bytes) -> Callable[[], Awaitable[Message]]:
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


class Sent(list[Message]):
    """``send`` that remembers."""

    async def __call__(self, message: Message) -> None:
        self.append(message)

    @property
    def status_code(self) -> int:
        status: int = self[0]["status"]
        return status


def whole(app: Any, **overrides: Any) -> WholeRequests:
    return WholeRequests(app, **{"largest_body": 100, "body_seconds": 5.0, "most_waiting": 2} | overrides)


def ask(app: Any, asked: dict[str, Any], receive: Callable[[], Awaitable[Message]], **overrides: Any) -> Sent:
    sent = Sent()
    asyncio.run(whole(app, **overrides)(asked, receive, sent))
    return sent


def test_a_body_in_pieces_arrives_whole_and_with_its_length() -> None:
    app = FakeApp()

    sent = ask(app, scope("POST", (b"transfer-encoding", b"chunked")), receiving(b"a=", b"1", b""))

    assert app.received == {"type": "http.request", "body": b"a=1", "more_body": False}
    assert app.scope["headers"] == [(b"content-length", b"3")]
    assert sent.status_code == 200


def test_a_get_gets_no_length_of_its_own() -> None:
    app = FakeApp()

    ask(app, scope("GET"), receiving(b""))

    assert app.scope["headers"] == []


def test_a_field_with_an_underscore_cannot_pass_for_another() -> None:
    app = FakeApp()

    ask(app, scope("GET", (b"x_forwarded_for", b"6.6.6.6"), (b"x-forwarded-for", b"1.1.1.1")), receiving(b""))

    assert app.scope["headers"] == [(b"x-forwarded-for", b"1.1.1.1")]


def test_bytes_outside_ascii_in_a_query_are_encoded() -> None:
    app = FakeApp()

    ask(app, scope("GET", query=b"q=\xc3\xa9&x=%C3%A9+b"), receiving(b""))

    assert app.scope["query_string"] == b"q=%C3%A9&x=%C3%A9+b"


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ([(b"content-length", b"101")], [b""]),
        ([(b"content-length", b"9" * 5_000)], [b""]),
        ([(b"content-length", b"-1")], [b""]),
        ([(b"transfer-encoding", b"chunked")], [b"x" * 60, b"x" * 60]),
    ],
)
def test_a_body_beyond_the_limit_never_reaches_django(headers: list[tuple[bytes, bytes]], pieces: list[bytes]) -> None:
    app = FakeApp()

    sent = ask(app, scope("POST", *headers), receiving(*pieces))

    assert sent.status_code == 413
    assert b"larger than 100 bytes" in sent[1]["body"]
    assert app.scope is None


def test_a_slow_body_takes_no_thread() -> None:
    app = FakeApp()

    async def never() -> Message:
        await asyncio.sleep(60)
        return {}

    sent = ask(app, scope(), never, body_seconds=0.01)

    assert sent.status_code == 408
    assert app.scope is None


def test_a_client_that_has_gone_is_not_served() -> None:
    app = FakeApp()

    assert ask(app, scope(), receiving()) == []
    assert app.scope is None


def test_too_many_waiting_requests_are_told_when_to_come_back() -> None:
    async def three() -> list[Sent]:
        app = FakeApp()
        app.may_go_on.clear()
        door, sents = whole(app), [Sent(), Sent(), Sent()]
        tasks = [asyncio.create_task(door(scope(), receiving(b""), sent)) for sent in sents]
        await tasks[2]
        app.may_go_on.set()
        await asyncio.gather(*tasks)
        return sents

    first, second, third = asyncio.run(three())

    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 503)
    assert (b"retry-after", b"2") in third[0]["headers"]


@pytest.mark.parametrize(
    ("headers", "is_held"),
    [
        ([(b"content-length", b"2")], True),
        ([], False),
        ([(b"content-length", str(LARGEST_HELD_ANSWER + 1).encode())], False),
    ],
)
def test_an_ordinary_answer_is_held_until_the_thread_is_free(headers: list[tuple[bytes, bytes]], is_held: bool) -> None:
    order: Steps = []

    class Noting(FakeApp):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await super().__call__(scope, receive, send)
            order.append("free")

    async def send(message: Message) -> None:
        order.append(message["type"])

    asyncio.run(whole(Noting(headers=headers))(scope(), receiving(b""), send))

    answer = ["http.response.start", "http.response.body"]
    assert order == (["free", *answer] if is_held else [*answer, "free"])


def test_an_answer_to_head_has_no_body() -> None:
    sent = ask(FakeApp(), scope("HEAD", (b"content-length", b"101")), receiving(b""))

    assert sent[1]["body"] == b""
