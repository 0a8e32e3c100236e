"""The recorder in real clients, against the sandbox: what they see must be the same as without it."""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
import requests

from responses.intake.recorder import Recorder
from responses.sandbox import server
from responses.sandbox.server import Running
from tests.intake import monitor_double
from tests.intake.monitor_double import Monitor

HEADERS = {"x-api-key": "sandbox-key", "x-sandbox-answer": "ok"}
BODY = b'create_request={"merchant_id": "m"}'


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with server.running(seed=1) as running:
        yield running


@pytest.fixture
def box(shared: Running) -> Running:
    shared.control(reset=True, slow_seconds=0.02, drip_seconds=0.0005)
    return shared


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with monitor_double.running() as running:
        yield running


@pytest.fixture
def recorder(monitor: Monitor) -> Iterator[Recorder]:
    recorder = Recorder(monitor.url, "key", flush_interval=0.01, exit_timeout=1)
    yield recorder
    recorder.close(0.5)


Call = Callable[..., tuple[int, bytes]]


def by_httpx(recorder: Recorder, method: str, url: str, **options: Any) -> tuple[int, bytes]:
    with recorder.install_httpx(httpx2.Client(timeout=0.3)) as client:
        answer = client.request(method, url, **options)
        return answer.status_code, answer.content


def by_async_httpx(recorder: Recorder, method: str, url: str, **options: Any) -> tuple[int, bytes]:
    async def call() -> tuple[int, bytes]:
        async with recorder.install_httpx(httpx2.AsyncClient(timeout=0.3)) as client:
            answer = await client.request(method, url, **options)
            return answer.status_code, answer.content

    return asyncio.run(call())


def by_requests(recorder: Recorder, method: str, url: str, **options: Any) -> tuple[int, bytes]:
    if "content" in options:
        options["data"] = options.pop("content")
    with recorder.install_requests(requests.Session()) as session:
        answer = session.request(method, url, timeout=0.3, **options)
        return answer.status_code, answer.content


EACH = pytest.mark.parametrize("call", [by_httpx, by_async_httpx, by_requests])


def only(recorder: Recorder, monitor: Monitor) -> dict[str, Any]:
    assert recorder.flush(5)
    assert len(monitor.records) == 1
    return monitor.records[0]


@EACH
def test_an_exchange_is_recorded_as_it_was(call: Call, recorder: Recorder, monitor: Monitor, box: Running) -> None:
    status, body = call(recorder, "POST", f"{box.url}/subscription/create?a=1&sig=x", content=BODY, headers=HEADERS)

    record = only(recorder, monitor)
    assert (status, json.loads(body)) == (400, {"error_message": "Merchant order id cannot be null"})
    assert record["request"]["method"] == "POST"
    assert record["request"]["url"] == f"{box.url}/subscription/create?a=1"
    assert record["request"]["body"].encode() == BODY
    assert record["request"]["headers"]["x-sandbox-answer"] == "ok"
    assert "x-api-key" not in record["request"]["headers"]
    assert record["response"]["status_code"] == 400
    assert record["response"]["body"].encode() == body
    assert record["response"]["headers"]["server"] == "sandbox"
    assert record["failure"] is None
    assert record["duration_ms"] < 5_000
    assert "tags" not in record
    assert box.ledger()[0].key == "x-api-key sandbox-key"


@EACH
@pytest.mark.parametrize(
    ("answer", "kind"),
    [("hang", "timeout"), ("hang-body", "timeout"), ("reset", "connection"), ("close", "connection"),
     ("cut", "protocol"), ("garbage", "protocol")],
)  # fmt: skip
@pytest.mark.slow
def test_no_answer_is_recorded_with_its_kind_and_still_raised(
    call: Call, answer: str, kind: str, recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    with pytest.raises((httpx2.HTTPError, requests.RequestException)):
        call(recorder, "GET", f"{box.url}/orders/", headers={"x-sandbox-answer": answer})

    record = only(recorder, monitor)
    assert record["response"] is None
    assert record["failure"]["kind"] == kind
    if answer in ("hang-body", "cut"):
        assert record["failure"]["message"].startswith("status 200 came, then its body broke off")


@EACH
def test_a_refused_connection_and_an_unknown_host_are_told_apart(
    call: Call, recorder: Recorder, monitor: Monitor
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://no-such-host.invalid/"):
        with pytest.raises((httpx2.ConnectError, requests.ConnectionError)):
            call(recorder, "GET", url)

    assert recorder.flush(5)
    assert [record["failure"]["kind"] for record in monitor.records] == ["connection", "dns"]


@EACH
def test_tls_to_a_port_that_does_not_speak_it_is_tls(
    call: Call, recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    with pytest.raises((httpx2.ConnectError, requests.ConnectionError)):
        call(recorder, "GET", box.url.replace("http:", "https:"))

    assert only(recorder, monitor)["failure"]["kind"] == "tls"


@EACH
@pytest.mark.parametrize("answer", ["200-garbage", "204", "404-empty", "drip", "slow", "big"])
def test_strange_answers_arrive_unchanged(
    call: Call, answer: str, recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    plain = httpx2.get(f"{box.url}/orders/", headers={"x-sandbox-answer": answer})

    assert call(recorder, "GET", f"{box.url}/orders/", headers={"x-sandbox-answer": answer}) == (
        plain.status_code,
        plain.content,
    )
    record = only(recorder, monitor)
    assert record["response"]["status_code"] == plain.status_code
    tags = {"recorder_truncated": "response"} if answer == "big" else None
    assert record.get("tags") == tags


@EACH
def test_a_compressed_answer_is_recorded_readable_and_bounded(
    call: Call, recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    status, body = call(recorder, "GET", f"{box.url}/orders/", headers={"x-sandbox-answer": "bomb"})

    assert (status, len(body)) == (500, 10_485_760)
    record = only(recorder, monitor)
    assert record["response"]["body"] == " " * 1_048_576
    assert "content-encoding" not in record["response"]["headers"]


@EACH
def test_redirects_are_recorded_one_by_one(call: Call, recorder: Recorder, monitor: Monitor, box: Running) -> None:
    follow = {} if call is by_requests else {"follow_redirects": True}
    box.control(next=["302"])
    with pytest.raises((httpx2.HTTPError, requests.RequestException)):
        call(recorder, "GET", f"{box.url}/orders/", headers={"host": "x.invalid"}, **follow)

    assert recorder.flush(5)
    assert monitor.records[0]["response"]["status_code"] == 302
    assert len(monitor.records) == 2


def test_a_streamed_request_goes_out_and_is_recorded(recorder: Recorder, monitor: Monitor, box: Running) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (BODY[:10], BODY[10:])

    async def async_pieces() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    by_httpx(recorder, "POST", f"{box.url}/subscription/create", content=pieces())
    by_async_httpx(recorder, "POST", f"{box.url}/subscription/create", content=async_pieces())
    by_requests(recorder, "POST", f"{box.url}/subscription/create", content=pieces())

    assert recorder.flush(5)
    assert [record["request"]["body"].encode() for record in monitor.records] == [BODY] * 3
    assert len({entry.body_sha256 for entry in box.ledger()}) == 1


def test_a_file_is_sent_but_not_read_and_marked_as_not_whole(
    recorder: Recorder, monitor: Monitor, box: Running, tmp_path: Any
) -> None:
    path = tmp_path / "body"
    path.write_bytes(BODY)
    with path.open("rb") as file:
        by_requests(recorder, "POST", f"{box.url}/subscription/create", content=file)

    record = only(recorder, monitor)
    assert box.ledger()[0].body_bytes == len(BODY)
    assert record["redacted"] is True
    assert record["tags"] == {"recorder_truncated": "request"}


def test_a_streamed_answer_stays_a_stream(recorder: Recorder, monitor: Monitor, box: Running) -> None:
    headers = {"x-sandbox-answer": "400-nested"}
    with recorder.install_httpx(httpx2.Client()) as client, client.stream("GET", box.url, headers=headers) as answer:
        assert recorder.stats()["recorded"] == 0
        seen = b"".join(answer.iter_bytes(7))
    with recorder.install_requests(requests.Session()) as session:
        answer_2 = session.get(box.url, headers=headers, stream=True)
        lines = list(answer_2.iter_lines(decode_unicode=True))

    assert recorder.flush(5)
    assert [record["response"]["body"] for record in monitor.records] == [seen.decode(), lines[0]]


def test_an_answer_that_is_closed_or_dropped_unread_is_recorded_all_the_same(
    recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    headers = {"x-sandbox-answer": "503-html"}
    with recorder.install_httpx(httpx2.Client()) as client, client.stream("GET", box.url, headers=headers):
        pass
    with recorder.install_requests(requests.Session()) as session:
        session.get(box.url, headers=headers, stream=True).close()
        assert session.get(box.url, headers=headers, stream=True).status_code == 503
        assert recorder.flush(5)

    assert [record["response"]["status_code"] for record in monitor.records] == [503] * 3
    assert [record["tags"] for record in monitor.records] == [{"recorder_truncated": "response"}] * 3


def test_a_call_that_its_caller_cancels_is_a_timeout(recorder: Recorder, monitor: Monitor, box: Running) -> None:
    async def call() -> None:
        async with recorder.install_httpx(httpx2.AsyncClient()) as client:
            await asyncio.wait_for(client.get(box.url, headers={"x-sandbox-answer": "hang"}), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(call())
    assert only(recorder, monitor)["failure"]["kind"] == "timeout"


def test_a_transport_that_answers_by_itself_is_recorded(recorder: Recorder, monitor: Monitor) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(207, json={"results": []}))
    with recorder.install_httpx(httpx2.Client(transport=transport, mounts={"all://a.example": transport})) as client:
        client.get("https://a.example/")
        client.get("https://b.example/")

    assert recorder.flush(5)
    assert [record["response"]["body"] for record in monitor.records] == ['{"results":[]}'] * 2


def test_what_is_installed_twice_records_once(recorder: Recorder, monitor: Monitor, box: Running) -> None:
    with httpx2.Client() as client, requests.Session() as session:
        for _ in range(2):
            recorder.install_httpx(client)
            recorder.install_requests(session)
        session.mount("http://127.0.0.1", requests.adapters.HTTPAdapter(max_retries=0))
        client.get(box.url)
        session.get(box.url)

    assert recorder.flush(5)
    assert len(monitor.records) == 2


def test_a_client_that_is_none_is_left_alone(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    something = object()

    assert recorder.install_httpx(something) is something
    assert recorder.install_requests(something) is something
    assert caplog.text.count("wants a") == 2


def test_an_answer_can_still_be_pickled_and_its_adapter_asked(
    recorder: Recorder, monitor: Monitor, box: Running
) -> None:
    with recorder.install_requests(requests.Session()) as session:
        answer = session.get(box.url)
        assert session.get_adapter(box.url).max_retries.total == 0

    assert pickle.loads(pickle.dumps(answer)).content == answer.content


def test_the_raw_body_of_requests_can_be_read_as_before(recorder: Recorder, monitor: Monitor, box: Running) -> None:
    headers = {"x-sandbox-answer": "503-html"}
    plain = httpx2.get(box.url, headers=headers).content
    with recorder.install_requests(requests.Session()) as session:
        assert session.get(box.url, headers=headers, stream=True).raw.read() == plain
        assert b"".join(session.get(box.url, headers=headers, stream=True).raw) == plain

    assert recorder.flush(5)
    assert monitor.records[0]["response"]["body"].encode() == plain
    assert "tags" not in monitor.records[0]
    assert [record["response"]["status_code"] for record in monitor.records] == [503, 503]


@pytest.mark.parametrize("data", [gzip.compress(b"plain", mtime=0)[:-9], b"not gzip"])
def test_a_body_that_cannot_be_decompressed_is_kept_as_it_came(
    data: bytes, recorder: Recorder, monitor: Monitor
) -> None:
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(data))
    )
    client = recorder.install_httpx(httpx2.Client(transport=transport))
    with client, client.stream("GET", "https://a.example/") as answer:
        assert b"".join(answer.iter_raw()) == data

    assert only(recorder, monitor)["response"]["status_code"] == 200


def test_a_client_with_a_dead_monitor_works_as_before(box: Running) -> None:
    with Recorder("http://127.0.0.1:1", "key", exit_timeout=0) as recorder:
        assert by_httpx(recorder, "GET", f"{box.url}/orders/")[0] == 200
        assert by_requests(recorder, "GET", f"{box.url}/orders/")[0] == 200
