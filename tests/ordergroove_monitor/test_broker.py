from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

from ordergroove_monitor import broker

QUEUE = Queue("celery", Exchange("celery", type="direct"), routing_key="celery")


def connect(folder: Path, **options: Any) -> Any:
    return Connection(
        "embedded://localhost",
        transport="ordergroove_monitor.broker:Transport",
        transport_options={"folder": str(folder)} | options,
    )


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    with connect(tmp_path / "broker") as opened:
        yield opened


def send(connection: Any, *values: object) -> None:
    producer = connection.Producer(serializer="json")
    for value in values:
        producer.publish(value, exchange=QUEUE.exchange, routing_key="celery", declare=[QUEUE])


def receive(connection: Any) -> list[Any]:
    """Everything that is there."""
    simple = connection.SimpleQueue(QUEUE)
    received: list[Any] = []
    while True:
        try:
            message = simple.get(block=False)
        except Empty:
            simple.close()
            return received
        received.append(message.payload)
        message.ack()


def stage(folder: Path, name: str) -> Path:
    return folder / "broker" / "queue-celery" / name


def test_messages_arrive_once_and_in_order(connection: Any, tmp_path: Path) -> None:
    send(connection, *range(50))

    assert receive(connection) == list(range(50))
    assert receive(connection) == []
    assert [path for path in (tmp_path / "broker").rglob("*") if path.is_file()] == []


def test_another_connection_receives_what_was_sent_before(tmp_path: Path) -> None:
    with connect(tmp_path / "broker") as sender:
        send(sender, "hint")
    with connect(tmp_path / "broker") as receiver:
        assert receive(receiver) == ["hint"]


def test_folders_and_files_are_private(connection: Any, tmp_path: Path) -> None:
    send(connection, "hint")

    paths = list((tmp_path / "broker").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "garbage": bytes(range(256)),
    "cut off": b'{"body": "aG',
    "not an object": b"[1, 2]",
    "a number of 5,000 digits": b"9" * 5_000,
    "nested": b"[" * 100_000,
    "no properties": b'{"body": "", "headers": {}}',
    "a body that is not base64": json.dumps(
        {
            "body": "a",
            "headers": {},
            "properties": {"delivery_tag": "x", "delivery_info": {}, "body_encoding": "base64"},
        }
    ).encode(),
    "a body that is no text": json.dumps(
        {
            "body": "\ud800",
            "headers": {},
            "properties": {"delivery_tag": "x", "delivery_info": {}, "body_encoding": "base64"},
        }
    ).encode(),
    "an unknown encoding": json.dumps(
        {"body": "", "headers": {}, "properties": {"delivery_tag": "x", "delivery_info": {}, "body_encoding": "zip"}}
    ).encode(),
    "too long": b'"' + b"a" * broker.LARGEST + b'"',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_put_aside_and_its_neighbours_arrive(connection: Any, tmp_path: Path, content: bytes) -> None:
    send(connection, "before")
    (stage(tmp_path, "ready") / f"{time.time_ns():020d}-broken.json").write_bytes(content)
    send(connection, "after")

    assert receive(connection) == ["before", "after"]
    assert [path.name[-12:] for path in stage(tmp_path, "broken").iterdir()] == ["-broken.json"]


def test_what_is_not_a_file_is_put_aside(connection: Any, tmp_path: Path) -> None:
    send(connection, "hint")
    (tmp_path / "secret").write_text("{}")
    (stage(tmp_path, "ready") / "0-folder").mkdir()
    (stage(tmp_path, "ready") / "1-link").symlink_to(tmp_path / "secret")
    os.mkfifo(stage(tmp_path, "ready") / "2-pipe")

    assert receive(connection) == ["hint"]
    assert {path.name for path in stage(tmp_path, "broken").iterdir()} == {"0-folder", "1-link", "2-pipe"}


def test_only_so_many_broken_files_are_kept(connection: Any, tmp_path: Path) -> None:
    send(connection, "hint")
    for number in range(broker.MOST_BROKEN + 20):
        (stage(tmp_path, "ready") / f"{number:04d}").touch()

    assert receive(connection) == ["hint"]
    assert len(list(stage(tmp_path, "broken").iterdir())) == broker.MOST_BROKEN


def test_an_emptied_folder_loses_hints_and_nothing_else(connection: Any, tmp_path: Path) -> None:
    send(connection, "lost")
    for path in sorted((tmp_path / "broker").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    assert receive(connection) == []
    send(connection, "found")
    assert receive(connection) == ["found"]


def test_a_claimed_folder_that_is_gone_is_made_again(connection: Any, tmp_path: Path) -> None:
    send(connection, "hint")
    stage(tmp_path, "claimed").rmdir()

    assert receive(connection) + receive(connection) == ["hint"]


def test_what_a_dead_process_has_left_is_cleared_up(tmp_path: Path) -> None:
    with connect(tmp_path / "broker", abandoned_after_seconds=-1) as connection:
        send(connection, "hint")
        (message,) = stage(tmp_path, "ready").iterdir()
        message.rename(stage(tmp_path, "claimed") / message.name)
        (stage(tmp_path, "drafts") / "half").write_text("{")

        assert receive(connection) == ["hint"]

    assert list(stage(tmp_path, "drafts").iterdir()) == []


def test_what_a_live_process_is_working_on_is_left_alone(connection: Any, tmp_path: Path) -> None:
    send(connection, "hint")
    (message,) = stage(tmp_path, "ready").iterdir()
    message.rename(stage(tmp_path, "claimed") / message.name)

    assert receive(connection) == []


def test_a_queue_that_nobody_reads_stops_growing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with connect(tmp_path / "broker", most_ready=250) as connection:
        send(connection, *range(2_000))

    # Looked up once in a hundred: near enough to a bound.
    assert len(list(stage(tmp_path, "ready").iterdir())) < 2_000
    assert "is a worker running?" in caplog.text


def test_a_long_message_is_refused(connection: Any) -> None:
    with pytest.raises(ValueError, match="too long"):
        send(connection, "a" * broker.LARGEST)


def test_a_queues_name_cannot_leave_the_folder(connection: Any, tmp_path: Path) -> None:
    queue = Queue("../../escape", Exchange("x", type="direct"), routing_key="x")
    connection.Producer(serializer="json").publish("hint", exchange=queue.exchange, routing_key="x", declare=[queue])

    assert {path.name for path in tmp_path.iterdir()} == {"broker"}


def _send_many(folder: Path, first: int, count: int) -> None:
    with connect(folder) as connection:
        send(connection, *range(first, first + count))


def _receive_until_quiet(folder: Path, results: Any) -> None:
    received: list[int] = []
    with connect(folder) as connection:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 1.0:
            new = receive(connection)
            received += new
            if new:
                quiet_since = time.monotonic()
            else:
                time.sleep(0.02)
    results.put(received)


@pytest.mark.processes
@pytest.mark.slow
def test_several_processes_send_and_receive_each_message_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    folder, results = tmp_path / "broker", context.Queue()
    receivers = [context.Process(target=_receive_until_quiet, args=(folder, results)) for _ in range(2)]
    senders = [context.Process(target=_send_many, args=(folder, 1_000 * number, 200)) for number in range(3)]
    for process in [*senders, *receivers]:
        process.start()

    received = sorted(results.get(timeout=120) + results.get(timeout=120))

    for process in [*senders, *receivers]:
        process.join()
    assert received == sorted(value for first in (0, 1_000, 2_000) for value in range(first, first + 200))


def _send_for_ever(folder: Path) -> None:
    with connect(folder) as connection:
        number = 0
        while True:
            send(connection, number)
            number += 1


@pytest.mark.processes
@pytest.mark.slow
def test_a_killed_sender_leaves_no_half_message(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = stage(tmp_path, "ready")
    for _ in range(3):
        sender = context.Process(target=_send_for_ever, args=(tmp_path / "broker",))
        sender.start()
        before = len(list(ready.iterdir())) if ready.exists() else 0
        while not ready.exists() or len(list(ready.iterdir())) < before + 20:
            time.sleep(0.01)
        sender.kill()
        sender.join()

    assert {type(json.loads(path.read_bytes())) for path in ready.iterdir()} == {dict}
    with connect(tmp_path / "broker") as connection:
        assert len(receive(connection)) >= 60
    assert list(stage(tmp_path, "broken").iterdir()) == []
