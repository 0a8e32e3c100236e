"""A worker may be killed between any two steps: the database is the queue, and nothing is lost or marked too early."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from responses.alerting import announce, deliver
from responses.models import Alert, AlertThread, Delivery, Transition
from tests.alerting.speaking import Listener, drain, listener, make_listening
from tests.factories import NOW, make_integration, make_refusal, record

__all__ = ["listener"]

pytestmark = pytest.mark.django_db

State = Delivery.State


class Killed(BaseException):
    """No error that anything may catch."""


class Killer:
    """Stands before a function, or behind it, and kills the worker the first time that it is called."""

    def __init__(self, module: str, name: str, *, is_behind: bool, patch: pytest.MonkeyPatch) -> None:
        self.works = getattr(import_module(f"responses.alerting.{module}"), name)
        self.is_behind = is_behind
        self.kills = 0
        patch.setattr(f"responses.alerting.{module}.{name}", self)

    def __call__(self, *args: Any, **values: Any) -> Any:
        if self.kills == 0 and not self.is_behind:
            self.kills = 1
            raise Killed
        result = self.works(*args, **values)
        if self.kills == 0:
            self.kills = 1
            raise Killed
        return result


STEPS = (
    ("judging", "of"),
    ("threads", "begin"),
    ("threads", "go_on"),
    ("addressing", "deliver"),
    ("caps", "judge"),
    ("caps", "hold_back"),
    ("compose", "message_of"),
    ("deliver", "_say"),
    ("deliver", "_end"),
    ("threads", "note"),
    ("deliver", "_accepted"),
)


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize(("module", "name"), STEPS)
def test_a_kill_between_two_steps_loses_nothing(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, module: str, name: str, is_behind: bool
) -> None:
    shop = make_integration()
    make_listening("slack", shop, hourly_cap=2)
    record(shop, *(make_refusal(message=f"Something {cause}") for cause in ("red", "green", "blue")))
    killer = Killer(module, name, is_behind=is_behind, patch=monkeypatch)

    for attempt in range(3):
        now = NOW + attempt * (deliver.LEASE + timedelta(seconds=1))
        try:
            drain(now)
        except Killed:
            # A worker that was killed has marked nothing that its channel has not accepted.
            sent = Delivery.objects.filter(state=State.SENT).count()
            assert sent <= len(listener.taken.get("slack", []))
    assert killer.kills == 1

    ids = [taken.stamp.message_id for taken in listener.taken["slack"]]
    assert len(set(ids)) == 2  # the cap; the third is held back, and counted below
    assert len(ids) <= 2 + killer.kills
    drain(NOW + timedelta(hours=2))
    assert listener.kinds("slack")[-1] == "more"
    assert not Transition.objects.unhandled().exists()
    assert Alert.objects.count() == 3
    assert sorted(AlertThread.objects.values_list("told", flat=True)) == [1, 1, 1]
    assert sorted(Delivery.objects.values_list("state", "told")) == [("heldback", None)] + [("sent", 1)] * 3


def test_what_is_announced_but_never_hinted_at_is_found_by_the_sweep(listener: Listener) -> None:
    shop = make_integration()
    make_listening("slack", shop)
    record(shop, make_refusal())

    announce.announce(NOW)  # and the worker is gone

    assert deliver.due(NOW) == [Delivery.objects.get().pk]
