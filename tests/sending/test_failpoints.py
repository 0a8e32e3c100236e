"""Failpoints do nothing unless they are asked for, and exactly what they are asked for."""

from __future__ import annotations

import os
import signal

import pytest
from pytest_django import Settings

from responses.sending import failpoints
from responses.sending.failpoints import Failpoint


def test_nothing_happens_unless_it_is_asked_for(settings: Settings) -> None:
    assert settings.FAILPOINTS == ""
    for name in failpoints.NAMES:
        failpoints.hit(name)


def test_the_setting_names_places_deeds_seconds_and_shares() -> None:
    asked = "send.after:kill:0.1, intent.after:sleep=7, record.before:stop=1:0.5,"
    assert failpoints.parse(asked) == (
        Failpoint("send.after", "kill", 1.0, 0.1),
        Failpoint("intent.after", "sleep", 7.0, 1.0),
        Failpoint("record.before", "stop", 1.0, 0.5),
    )


@pytest.mark.parametrize("asked", ["send.after", "nowhere:kill", "send.after:explode", "send.after:kill:often"])
def test_what_there_is_not_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match="is no failpoint"):
        failpoints.parse(asked)


@pytest.mark.parametrize(("name", "dies"), [("send.after", True), ("send.before", False)])
def test_a_process_dies_at_the_named_place_only(settings: Settings, name: str, dies: bool) -> None:
    settings.FAILPOINTS = "send.after:kill"
    child = os.fork()
    if child == 0:
        failpoints.hit(name)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL) == dies


def test_a_share_of_nothing_never_happens(settings: Settings) -> None:
    settings.FAILPOINTS = "send.after:kill:0.0"
    for _ in range(100):
        failpoints.hit("send.after")
