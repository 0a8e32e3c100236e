from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx2
import pytest

from responses.sandbox import server
from responses.sandbox.server import Running
from tests.sandbox.asking import document

VERIFY = b"POST /order/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
TIMEOUT = httpx2.Timeout(0.2)


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with server.running(seed=1) as running:
        yield running


@pytest.fixture
def box(shared: Running) -> Running:
    shared.control(reset=True)
    return shared


def raw(box: Running, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", box.port), timeout=2) as line:
        line.sendall(data)
        found = b""
        while part := line.recv(65_536):
            found += part
        return found


def test_a_purchase_over_http_is_created_and_in_the_ledger(box: Running) -> None:
    box.control(pending_seconds=0)
    with httpx2.Client(base_url=box.url) as client:
        body = client.post("/subscription/create", json=document("10"), headers={"x-api-key": "sandbox-key"}).json()
        result = client.get(f"/subscription/{body['subs_req_id']}/response").json()

    assert list(result["subscriptions"][0]) == ["10"]
    first, second = box.ledger()
    assert (first.method, first.path, first.key) == ("POST", "/subscription/create", "x-api-key sandbox-key")
    assert (first.merchant_order_id, first.status_code) == ("100045", 200)
    assert [applied["product"] for applied in first.applied] == ["10"]
    assert first.ended_at is not None
    assert first.arrived_at <= first.ended_at <= second.arrived_at
    assert box.state()["applied_twice"] == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("hang", httpx2.ReadTimeout),
        ("hang-body", httpx2.ReadTimeout),
        ("cut", httpx2.RemoteProtocolError),
        ("close", httpx2.RemoteProtocolError),
        ("reset", httpx2.ReadError),
        ("garbage", httpx2.RemoteProtocolError),
    ],
)
@pytest.mark.slow
def test_a_broken_answer_breaks_as_in_real_life(box: Running, name: str, error: type[Exception]) -> None:
    with httpx2.Client(base_url=box.url, timeout=TIMEOUT) as client:
        with pytest.raises(error):
            client.get("/orders/", headers={"x-sandbox-answer": name})
        assert client.get("/orders/").status_code == 200


@pytest.mark.parametrize("name", ["slow", "drip", "bomb", "200-garbage", "503-html", "423"])
def test_a_strange_answer_still_arrives_whole(box: Running, name: str) -> None:
    box.control(slow_seconds=0.02, drip_seconds=0.001)
    with httpx2.Client(base_url=box.url) as client:
        found = client.get("/orders/", headers={"x-sandbox-answer": name})

    assert found.status_code in (200, 423, 500, 503)
    assert found.content


def test_a_request_that_hangs_is_in_the_ledger_before_it_ends(box: Running) -> None:
    with httpx2.Client(base_url=box.url, timeout=httpx2.Timeout(0.05)) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/subscription/create", json=document("10"), headers={"x-sandbox-answer": "apply-hang"})

    assert [entry.answer for entry in box.ledger()] == ["apply-hang"]
    assert box.state()["held"]["purchases"] == 1


def test_pipelined_chunked_and_broken_requests(box: Running) -> None:
    one = b"GET /orders/ HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /items/?order=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    chunked = VERIFY + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"

    assert raw(box, one + one + last).count(b"HTTP/1.1 200 OK") == 3
    assert raw(box, chunked).endswith(b"Invalid Merchant")
    assert raw(box, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_expect_continue_is_honoured(box: Running) -> None:
    head = VERIFY + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"

    assert raw(box, head + b"{}").startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_a_body_over_the_limit_is_413_and_the_next_request_works(box: Running) -> None:
    head = b"POST /order/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", box.port), timeout=2) as line:
        line.sendall(head)
        try:
            for _ in range(20):
                line.sendall(b"x" * 1_048_576)
            found = line.recv(100)
        except OSError:
            found = b"HTTP/1.1 413 "  # the sandbox had closed before everything was sent

    assert found.startswith(b"HTTP/1.1 413 ")
    assert httpx2.get(f"{box.url}/orders/").status_code == 200


def test_two_changes_of_one_resource_at_once_are_423_where_resources_lock(box: Running) -> None:
    box.control(lock_resources=True, slow_seconds=0.05)

    async def both() -> list[int]:
        async with httpx2.AsyncClient(base_url=box.url, headers={"x-sandbox-answer": "slow"}) as client:
            found = await asyncio.gather(*(client.patch("/subscriptions/1/cancel/") for _ in range(2)))
        return sorted(answer.status_code for answer in found)

    assert asyncio.run(both()) == [404, 423]


def test_control_and_ledger_are_reached_over_http(box: Running) -> None:
    with httpx2.Client(base_url=box.url) as client:
        assert client.post("/_control", json={"outage": "503-text"}).json()["outage"] == "503-text"
        assert client.get("/orders/").text == "Service Unavailable\n"
        entries = client.get("/_ledger", params={"since": 0}).json()["entries"]
        assert [(entry["path"], entry["answer"]) for entry in entries] == [("/orders/", "503-text")]
        assert client.get("/_state").json()["requests"] == 1


def test_a_taken_port_is_an_error_and_a_stopped_one_is_free_again(box: Running) -> None:
    with pytest.raises(OSError), server.running(port=box.port):
        pass
    with server.running() as other:
        port = other.port
    with server.running(port=port) as again:
        assert httpx2.get(f"{again.url}/orders/").status_code == 200
