from __future__ import annotations

import ast
import base64
import gc
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from responses.intake import recorder as recording
from responses.intake.recorder import Recorder
from responses.sandbox.forms import Form, write
from tests.intake import monitor_double
from tests.intake.monitor_double import Monitor

SOURCE = Path(recording.__file__)
URL = "https://restapi.ordergroove.com/orders/"


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with monitor_double.running() as running:
        yield running


@pytest.fixture
def start(monitor: Monitor) -> Iterator[Callable[..., Recorder]]:
    started: list[Recorder] = []

    def make(**options: Any) -> Recorder:
        options = {"url": monitor.url, "key": "key-1", "flush_interval": 0.01, "exit_timeout": 1.0, **options}
        started.append(Recorder(**options))
        return started[-1]

    yield make
    monitor.gate.set()
    for recorder in started:
        recorder.close(0.1)


def ok(recorder: Recorder, **changes: Any) -> str:
    return recorder.record(**{"method": "GET", "url": URL, "status_code": 200, **changes})


def sent(recorder: Recorder, monitor: Monitor) -> dict[str, Any]:
    """The one record that has reached the monitor."""
    assert recorder.flush(5)
    assert len(monitor.records) == 1
    return monitor.records[0]


# -- the contract ----------------------------------------------------------------------------------


def test_a_record_has_the_form_of_the_contract(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start(tags={"release": "2.4.1"}, retry="monitor")
    moment = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)

    name = recorder.record(
        method="post", url="https://sc.ordergroove.com/subscription/create",
        request_headers={"Content-Type": "application/json"}, request_body=b"create_request={}",
        status_code=400, response_headers=[("Content-Type", "application/json"), ("Via", "a"), ("Via", "b")],
        response_body='{"error_message": "Session id cannot be null"}', sent_at=moment, duration_ms=231,
        request_id="order 7", tags={"shop": "de"},
    )  # fmt: skip

    assert sent(recorder, monitor) == {
        "id": name,
        "sent_at": "2026-11-22T12:00:00.123Z",
        "duration_ms": 231,
        "request": {
            "method": "POST",
            "url": "https://sc.ordergroove.com/subscription/create",
            "headers": {"content-type": "application/json"},
            "body": "create_request={}",
        },
        "response": {
            "status_code": 400,
            "headers": {"content-type": "application/json", "via": "a, b"},
            "body": '{"error_message": "Session id cannot be null"}',
        },
        "failure": None,
        "request_id": "order 7",
        "retry": "monitor",
        "tags": {"release": "2.4.1", "shop": "de"},
    }
    call = monitor.calls[0]
    assert call["path"] == "/api/v1/responses"
    assert call["headers"]["Authorization"] == "Bearer key-1"
    assert call["headers"]["Content-Type"] == "application/json"
    assert call["headers"]["Content-Encoding"] == "gzip"


def test_a_failure_stands_where_no_answer_came(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start()

    recorder.record(method="GET", url=URL, failure=("timeout", "after 3 s"))

    record = sent(recorder, monitor)
    assert record["failure"] == {"kind": "timeout", "message": "after 3 s"}
    assert record["response"] is None


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"a\x00b", bytes(range(256))])
def test_bytes_that_are_not_text_travel_as_base64(
    body: bytes, monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start()

    ok(recorder, response_body=body, request_body=body)

    record = sent(recorder, monitor)
    for part in (record["request"], record["response"]):
        assert part["body_encoding"] == "base64"
        assert base64.b64decode(part["body"]) == body


def test_credentials_never_leave_the_process(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start()
    headers = dict.fromkeys(("X-API-Key", "AUTHORIZATION", "Cookie", "Ordergroove-Signature"), "secret-1")

    recorder.record(
        method="GET", url="https://user:secret-1@restapi.ordergroove.com/x/?b=2&sig=secret-1%3D&SIG=secret-1&a=1&c",
        request_headers={**headers, "accept": "*/*"}, status_code=200,
        response_headers={"Set-Cookie": "secret-1", "date": "today"},
    )  # fmt: skip

    record = sent(recorder, monitor)
    assert "secret-1" not in json.dumps(record)
    assert record["request"]["url"] == "https://restapi.ordergroove.com/x/?b=2&a=1&c"
    assert record["request"]["headers"] == {"accept": "*/*"}
    assert record["response"]["headers"] == {"date": "today"}
    assert "redacted" not in record


# -- redact=True -------------------------------------------------------------------------------------

PURCHASE = {
    "merchant_id": "m", "merchant_order_id": "1001", "session_id": "m.12.34-session",
    "user": {
             "user_id": "00026001", "email": "ada@example.com", "first_name": "Adelheid",
             "shipping_address": {"city": "Gößweinstein", "note": "blue door"},
             "extra_data": {"vip": "yes, since 2019"}},
    "payment": {"cc_number": "4111111111111111", "cc_exp_date": "JzsOqhg94N4ONRX+/dk=", "cc_type": "1"},
    "products": [{"product": "10", "sku": "10", "comment": "write to bob@example.org"}],
}  # fmt: skip
SECRETS = ("ada@example.com", "Adelheid", "Gößweinstein", "blue door", "since 2019", "4111111111111111",
           "JzsOqhg94N4ONRX", "bob@example.org", "34-session")  # fmt: skip


@pytest.mark.parametrize("form", list(Form))
def test_redact_takes_out_persons_and_cards_in_every_form(
    form: Form, monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start(redact=True)
    echo = {"payment": {"cc_exp_date": ["Expiration date is not valid, received: JzsOqhg94N4ONRX+/dk="]},
            "customer": {"email": ["ada@example.com is taken by Adelheid"]}, "sku": "is a required"}  # fmt: skip

    recorder.record(
        method="POST", url="https://sc.ordergroove.com/subscription/create?email=ada@example.com&x=1",
        request_headers={"content-type": "application/json", "x-customer": "Adelheid"},
        request_body=write(PURCHASE, form), status_code=400, response_body=json.dumps(echo),
    )  # fmt: skip

    record = sent(recorder, monitor)
    text = json.dumps(record, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []
    assert record["redacted"] is True
    for kept in ("merchant_order_id", "1001", "00026001", '\\"product\\": \\"10\\"', "is not valid", "is a required"):
        assert kept in text


def test_redact_keeps_what_a_good_answer_says_about_the_subscriptions(
    monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start(redact=True)
    body = {"results": [{"public_id": "ab", "email": "ada@example.com", "payment": "cd", "price": 3}], "errors": {}}

    ok(recorder, response_body=json.dumps(body))

    found = json.loads(sent(recorder, monitor)["response"]["body"])
    assert found["results"] == [{"public_id": "ab", "email": "[removed]", "payment": "cd", "price": 3}]


@pytest.mark.parametrize("body", [b"card 4111 1111 1111 1111", b"\xff\x00", b"{", b"create_request=%7B", b"[" * 9_999])
def test_redact_takes_a_request_out_that_it_cannot_read(
    body: bytes, monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start(redact=True)

    ok(recorder, request_body=body, response_body=b"\xff")

    record = sent(recorder, monitor)
    assert record["request"]["body"] == "[removed]"
    assert record["response"]["body"] == "[removed]"


def test_redact_masks_cards_and_addresses_in_words(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start(redact=True)

    recorder.record(
        method="GET", url=URL, failure=("protocol", "4111-1111-1111-1111 of a@b.example, order 1234567890123456")
    )

    assert sent(recorder, monitor)["failure"]["message"] == "[card] of [e-mail], order 1234567890123456"


# -- never in the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"status_code": "two"},
        {"status_code": 200, "request_headers": 7},
        {"status_code": 200, "request_body": object()},
        {"status_code": 200, "sent_at": "yesterday"},
        {"status_code": 200, "tags": 3},
    ],
)
def test_a_wrong_call_is_not_recorded_and_does_not_raise(call: dict[str, Any], start: Callable[..., Recorder]) -> None:
    recorder = start()

    name = recorder.record(method="GET", url=URL, **call)

    assert name == "" or not call


def test_a_record_that_cannot_be_written_does_not_take_its_neighbours_with_it(
    monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start(flush_interval=0.2)

    ok(recorder, sent_at=float("nan"))
    kept = ok(recorder)

    assert recorder.flush(5)
    assert monitor.ids() == [kept]
    assert recorder.stats()["refused"] == 1


def test_recording_does_not_wait_for_a_monitor_that_hangs(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    monitor.gate.clear()
    recorder = start()
    begin = time.perf_counter()
    for _ in range(500):
        ok(recorder)

    assert time.perf_counter() - begin < 1.0
    assert recorder.stats()["waiting"] + recorder.stats()["delivered"] == 500


@pytest.mark.parametrize(("url", "key"), [("", "k"), ("ftp://x", "k"), ("http://", "k"), ("http://x:y", "k"),
                                          ("http://x", ""), ("http://x", "two\nlines")])  # fmt: skip
def test_without_a_monitor_nothing_is_recorded(url: str, key: str) -> None:
    recorder = Recorder(url, key)

    assert ok(recorder) == ""
    assert recorder.stats()["waiting"] == 0
    assert recorder.close()


def test_only_the_named_hosts_are_recorded_and_never_the_monitor_itself(
    monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start(hosts=["restapi.ordergroove.com"])
    assert ok(recorder, url="https://example.com/") == ""
    assert ok(recorder) != ""
    assert ok(start(), url=f"{monitor.url}/api/v1/responses") == ""


def test_a_closed_recorder_takes_nothing_more(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start(flush_interval=60)
    kept = ok(recorder)

    assert recorder.close()
    assert monitor.ids() == [kept]
    assert ok(recorder) == ""


@pytest.mark.slow
def test_many_threads_lose_nothing(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start(batch_size=50)
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.extend(ok(recorder) for _ in range(100))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert recorder.flush(10)
    assert sorted(monitor.ids()) == sorted(names)
    assert all(call["records"] <= 50 for call in monitor.calls)


def test_a_record_made_while_the_queue_is_held_is_sent_all_the_same(
    monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    recorder = start()
    ok(recorder)
    assert recorder.flush(5)

    with recorder._lock:  # as when a finaliser runs inside the queue's own code
        ok(recorder)

    assert recorder.flush(5)
    assert len(monitor.records) == 2


# -- memory --------------------------------------------------------------------------------------------


def test_a_full_queue_drops_successes_first_and_reports_dropped_failures(
    monitor: Monitor, start: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    monitor.gate.clear()
    recorder = start(max_records=4)
    ok(recorder)
    wait_until(
        lambda: recorder.stats()["waiting"] == 1 and bool(recorder._in_flight)
    )  # on its way, no longer in the queue
    failures = [ok(recorder, status_code=500) for _ in range(2)]
    receipt = ok(recorder, url="https://sc.ordergroove.com/subscription/create")
    for _ in range(5):
        ok(recorder)
    failures += [ok(recorder, status_code=500) for _ in range(3)]
    assert recorder.stats()["dropped_successes"] == 5
    assert recorder.stats()["dropped_failures"] == 2
    monitor.gate.set()

    with caplog.at_level(logging.WARNING):
        assert recorder.flush(5)

    assert monitor.ids()[1:] == [receipt, *failures[2:]]
    assert monitor.records[1]["tags"] == {"recorder_dropped_failures": "2"}
    assert "tags" not in monitor.records[2]
    assert monitor.calls[1]["headers"]["X-Recorder-Dropped-Failures"] == "2"
    assert monitor.calls[1]["headers"]["X-Recorder-Dropped-Successes"] == "5"
    assert "the queue was full" in caplog.text
    ok(recorder)
    assert recorder.flush(5)
    assert monitor.calls[2]["headers"]["X-Recorder-Dropped-Failures"] == "0"


def test_the_bound_counts_bytes_too(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    monitor.gate.clear()
    recorder = start(max_bytes=100_000, flush_interval=60)
    for _ in range(50):
        ok(recorder, response_body=b"x" * 9_000)

    assert recorder.stats()["waiting"] == 10
    assert recorder._queued_bytes == 100_000


def test_a_body_over_the_limit_is_cut_and_says_so(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start(body_limit=10)

    ok(recorder, request_body=b"a" * 11, response_body=b"b" * 11)

    record = sent(recorder, monitor)
    assert (record["request"]["body"], record["response"]["body"]) == ("a" * 10, "b" * 10)
    assert record["tags"] == {"recorder_truncated": "request, response"}
    assert record["redacted"] is True, "a request that is not whole must never be sent again"


# -- what the monitor answers ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("answer", [(429, {"Retry-After": "0"}, b""), (503, {"Retry-After": "0"}, b""),
                                    (500, {"Retry-After": "0"}, b""), (401, {"Retry-After": "0"}, b""),
                                    (302, {"Retry-After": "0", "Location": "/x"}, b"")])  # fmt: skip
def test_what_the_monitor_cannot_take_now_is_sent_again(
    answer: Any, monitor: Monitor, start: Callable[..., Recorder]
) -> None:
    monitor.answers = [answer, answer]
    recorder = start()
    name = ok(recorder)

    assert recorder.flush(5)
    assert monitor.ids() == [name]
    assert len(monitor.calls) == 3


@pytest.mark.slow
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(form: str, monitor: Monitor, start: Callable[..., Recorder]) -> None:
    value = "1" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    monitor.answers = [(503, {"Retry-After": value}, b"")]
    recorder = start()
    ok(recorder)
    begin = time.monotonic()

    assert recorder.flush(5)
    assert time.monotonic() - begin > 0.9


@pytest.mark.slow
def test_too_large_a_batch_is_halved(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    def at_most_two(records: list[Any]) -> tuple[int, dict[str, str], bytes]:
        return (413 if len(records) > 2 else 202), {}, b"{}"

    monitor.answers = [at_most_two] * 20
    recorder = start(flush_interval=60)
    names = [ok(recorder) for _ in range(7)]

    assert recorder.flush(5)
    assert monitor.ids() == names
    assert recorder.stats()["delivered"] == 7


def test_one_record_that_is_too_large_is_cut(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    def small(records: list[Any]) -> tuple[int, dict[str, str], bytes]:
        return (413 if len(json.dumps(records)) > 100_000 else 202), {}, b"{}"

    monitor.answers = [small] * 20
    recorder = start(flush_interval=60)
    names = [ok(recorder), ok(recorder, response_body=b"x" * 200_000), ok(recorder)]

    assert recorder.flush(5)
    assert monitor.ids() == names
    assert monitor.records[1]["tags"] == {"recorder_truncated": "response"}


@pytest.mark.parametrize("status", [413, 422, 415, 400])
def test_what_is_refused_for_good_is_counted_and_does_not_stop_the_rest(
    status: int, monitor: Monitor, start: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    monitor.answers = [(status, {}, b"no")] * 2
    recorder = start()
    ok(recorder)
    wait_until(lambda: recorder.stats()["refused"] == 1 or len(monitor.calls) == 2)
    monitor.answers = []
    kept = ok(recorder)

    assert recorder.flush(5)
    assert kept in monitor.ids()


@pytest.mark.slow
def test_a_poisonous_record_is_found_and_left_out(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    poison: list[str] = []

    def choke(records: list[Any]) -> tuple[int, dict[str, str], bytes]:
        return (500 if any(record["id"] in poison for record in records) else 202), {"Retry-After": "0"}, b"{}"

    monitor.answers = [choke] * 50
    recorder = start(flush_interval=60)
    names = [ok(recorder) for _ in range(4)]
    poison.append(names[2])

    assert recorder.flush(10)
    assert monitor.ids() == [names[0], names[1], names[3]]
    assert recorder.stats()["refused"] == 1


def test_a_207_counts_the_records_that_were_refused(
    monitor: Monitor, start: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    results = [{"status": "recorded"}, {"status": "rejected", "errors": {"request.url": ["is no address"]}}]
    monitor.answers = [(207, {}, json.dumps({"results": results}).encode())]
    recorder = start(flush_interval=60)
    ok(recorder)
    ok(recorder, url="nonsense")

    assert recorder.flush(5)
    assert recorder.stats()["delivered"] == 1
    assert recorder.stats()["refused"] == 1
    assert "is no address" in caplog.text


@pytest.mark.slow
def test_a_monitor_that_was_down_gets_everything_later(caplog: pytest.LogCaptureFixture) -> None:
    with monitor_double.running() as first:
        port = int(first.url.rpartition(":")[2])
        recorder = Recorder(first.url, "k", flush_interval=0.01)
        before = ok(recorder)
        assert recorder.flush(5)
    meanwhile = ok(recorder)
    wait_until(lambda: "cannot be reached" in caplog.text)
    with monitor_double.running(port) as second:
        assert recorder.flush(10)
        assert second.ids() == [meanwhile]
    assert first.ids() == [before]
    assert caplog.text.count("cannot be reached") == 1
    recorder.close()


@pytest.mark.slow
def test_close_gives_up_in_time_and_says_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        recorder = Recorder(f"http://127.0.0.1:{silent.getsockname()[1]}", "k", flush_interval=0.01)
        ok(recorder)
        begin = time.monotonic()

        assert recorder.close(0.3) is False
        assert time.monotonic() - begin < 1
    assert recorder.stats()["undelivered"] == 1
    assert "could not be delivered in time" in caplog.text


# -- at the end of a process, and after a fork --------------------------------------------------------------


def run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    setup = f"import sys; sys.path.insert(0, {str(SOURCE.parent)!r}); from recorder import Recorder; import os, time\n"
    return subprocess.run(
        [sys.executable, "-I", "-c", setup + code, *args], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.slow
@pytest.mark.processes
def test_what_waits_is_sent_when_the_process_ends(monitor: Monitor) -> None:
    done = run(
        "r = Recorder(sys.argv[1], 'k', flush_interval=60)\n"
        "for _ in range(3): r.record(method='GET', url='https://x.example/', status_code=500)",
        monitor.url,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert len(monitor.records) == 3


@pytest.mark.slow
@pytest.mark.processes
def test_a_dead_monitor_does_not_keep_a_process_from_ending() -> None:
    done = run(
        "r = Recorder('http://127.0.0.1:1', 'k', exit_timeout=0.3)\n"
        "r.record(method='GET', url='https://x.example/', status_code=500)\nprint(time.time())"
    )

    assert done.returncode == 0
    assert time.time() - float(done.stdout) < 2


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_records_on_its_own_and_sends_nothing_twice(monitor: Monitor) -> None:
    done = run(
        "r = Recorder(sys.argv[1], 'k', flush_interval=60)\n"
        "r.record(method='GET', url='https://x.example/parent', status_code=500)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    r.record(method='GET', url='https://x.example/child', status_code=500)\n"
        "    os._exit(0 if r.close(5) else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0",
        monitor.url,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(record["request"]["url"] for record in monitor.records) == [
        "https://x.example/child",
        "https://x.example/parent",
    ]


def test_the_file_needs_nothing_but_the_standard_library_of_python_3_8() -> None:
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 8))
    found = {
        name.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    found |= {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert found <= sys.stdlib_module_names


# -- why there was no answer ---------------------------------------------------------------------------------


class ReadTimeout(Exception):
    pass


class RemoteProtocolError(Exception):
    pass


class NameResolutionError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError("slow"), "timeout"),
        (ReadTimeout(), "timeout"),
        (ConnectionResetError(104, "reset"), "connection"),
        (OSError("All connection attempts failed"), "connection"),
        (socket.gaierror(-2, "Name or service not known"), "dns"),
        (NameResolutionError(), "dns"),
        (ssl.SSLCertVerificationError("expired"), "tls"),
        (RemoteProtocolError("illegal status line"), "protocol"),
        (RemoteProtocolError("Server disconnected without sending a response."), "connection"),
        (OSError("wrapped", socket.gaierror(-2, "Name or service not known")), "dns"),
    ],
)
def test_an_exception_is_one_of_five_kinds(error: Exception, kind: str) -> None:
    assert recording._kind_of(error) == kind


def test_an_error_that_was_being_handled_before_is_not_the_cause() -> None:
    outer = socket.gaierror(-2, "Name or service not known")
    error = ConnectionRefusedError(111, "refused")
    error.__context__ = outer

    assert recording._kind_of(error, outer) == "connection"
    assert recording._kind_of(error) == "dns"


def test_a_signature_in_an_error_text_is_removed(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start()

    recorder.record(method="GET", url=URL, failure=OSError("Max retries exceeded with url: /x?a=1&sig=Zm9v&b=2"))

    assert (
        sent(recorder, monitor)["failure"]["message"]
        == "OSError: Max retries exceeded with url: /x?a=1&sig=[removed]&b=2"
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_nothing_is_left_running_after_close(monitor: Monitor, start: Callable[..., Recorder]) -> None:
    recorder = start()
    ok(recorder)
    recorder.close()
    gc.collect()

    assert recorder._thread is not None
    assert not recorder._thread.is_alive()
