from __future__ import annotations

import json
from pathlib import Path

import pytest

from ordergroove_monitor import child_logs
from ordergroove_monitor.child_logs import ChildLog


def write(log: ChildLog, text: str) -> None:
    with log.open() as file:
        file.write(text.encode())


def line(level: str, event: str, **more: str) -> str:
    return json.dumps({"level": level, "event": event} | more) + "\n"


def test_warnings_are_told_and_the_rest_is_only_kept(tmp_path: Path) -> None:
    told: list[str] = []
    log = ChildLog("web", tmp_path / "web.log", told.append)

    write(
        log, line("info", "started") + line("warning", "slow") + line("error", "broken", exception="a\nValueError: x")
    )
    log.follow()

    assert told == ["web: warning: slow", "web: error: broken (ValueError: x)"]
    assert (tmp_path / "web.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["Traceback\n", "[]\n", '"x"\n', "{\n", '{"level": ["error"]}\n', "\xff\n"])
def test_lines_of_other_shapes_are_only_kept(text: str) -> None:
    assert child_logs.for_people("web", text) is None


def test_a_line_is_told_when_it_is_complete(tmp_path: Path) -> None:
    told: list[str] = []
    log = ChildLog("web", tmp_path / "web.log", told.append)
    whole = line("warning", "slow")

    write(log, whole[:10])
    log.follow()
    write(log, whole[10:])
    log.follow()

    assert told == ["web: warning: slow"]


def test_what_was_written_before_is_not_told_again(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text(line("warning", "yesterday"))
    told: list[str] = []
    log = ChildLog("web", tmp_path / "web.log", told.append)

    log.follow()

    assert told == []


def test_a_line_cannot_steer_the_terminal() -> None:
    sentence = child_logs.for_people("web", line("error", "\x1b[2J\x07\nforged: line\u202e"))

    assert sentence is not None
    assert sentence.isprintable()


def test_a_long_log_is_cut_off_and_a_few_generations_are_kept(tmp_path: Path) -> None:
    told: list[str] = []
    log = ChildLog("web", tmp_path / "web.log", told.append, largest=1_000)
    with log.open() as file:
        for number in range(10):
            file.write((line("info", f"event {number}") * 50).encode())
            file.flush()
            log.follow()
        file.write(line("warning", "the last").encode())
    log.follow()

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"web.log", *(f"web.log.{number}" for number in range(1, child_logs.GENERATIONS + 1))}
    assert told == ["web: warning: the last"]
    assert "event 9" in (tmp_path / "web.log.1").read_text()
    assert (tmp_path / "web.log.1").stat().st_mode & 0o777 == 0o600


def test_the_last_lines_are_there_for_an_error_message(tmp_path: Path) -> None:
    log = ChildLog("web", tmp_path / "web.log", lambda _: None)
    assert log.last_lines(3) == []

    write(log, "a\nb\nc\nd\n")

    assert log.last_lines(2) == ["c", "d"]
