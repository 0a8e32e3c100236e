from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ordergroove_monitor import logs
from tests.ordergroove_monitor.test_scrub import CANARIES


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What a handler with our formatter writes."""
    written = io.StringIO()
    formatter_settings = dict(logs.config(level="INFO")["formatters"]["json"])
    formatter = formatter_settings.pop("()")(**formatter_settings)
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_place(stream: io.StringIO) -> None:
    logging.getLogger("tests.logs").warning("Two %s\nlines", "broken")

    (line,) = lines(stream)
    assert line["event"] == "Two broken\nlines"
    assert (line["level"], line["logger"]) == ("warning", "tests.logs")
    assert line["timestamp"].endswith("Z")


def test_both_ways_to_log_end_in_the_same_place(stream: io.StringIO) -> None:
    structlog.get_logger("tests.logs").warning("an event", count=3)

    (line,) = lines(stream)
    assert (line["event"], line["count"], line["level"]) == ("an event", 3, "warning")


def test_the_id_of_the_request_is_in_every_line_until_it_ends(stream: io.StringIO) -> None:
    logs.bind(request_id="r-1")
    logging.getLogger("tests.logs").info("inside")
    logs.unbind()
    logging.getLogger("tests.logs").info("outside")

    assert [line.get("request_id") for line in lines(stream)] == ["r-1", None]


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES.keys())
def test_a_secret_is_masked_wherever_it_stands(stream: io.StringIO, canary: str) -> None:
    logger = structlog.get_logger("tests.logs")
    logger.warning(f"failed: {canary}", note=canary, nested={"list": [canary], canary: 1}, password="hunter2")
    logging.getLogger("tests.logs").warning("failed: %s", canary)
    try:
        raise ValueError(canary)
    except ValueError:
        logger.exception("it raised")

    written = stream.getvalue()
    assert canary not in written
    assert "hunter2" not in written
    assert "ValueError" in written


def test_bytes_are_counted_and_not_shown(stream: io.StringIO) -> None:
    structlog.get_logger("tests.logs").warning("a body", body=b"secret body")

    assert "secret body" not in stream.getvalue()
    assert lines(stream)[0]["body"] == "[11 bytes]"


def test_what_cannot_be_written_as_text_breaks_no_line(stream: io.StringIO) -> None:
    structlog.get_logger("tests.logs").warning("odd \ud800 \x00", value=object(), number=float("nan"))

    assert len(lines(stream)) == 1


def test_no_handler_of_django_is_left() -> None:
    settings = logs.config(level="INFO")

    assert settings["loggers"]["django"]["handlers"] == []
    assert set(settings["handlers"]) == {"stderr"}
