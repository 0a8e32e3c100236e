"""A channel that keeps what it is told, in place of the real ones, and the tasks' way of sending."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pytest

from responses.alerting import announce, deliver, setup
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import ChannelError
from responses.alerting.message import Message, Sent, Stamp
from responses.audit import Doer
from responses.models import Channel, Integration
from tests.factories import NOW

DOWN = ChannelError("It is down.", permanent=False)
GONE = ChannelError("It is gone.", permanent=True)


class Taken(NamedTuple):
    """One message that a channel accepted."""

    message: Message
    stamp: Stamp

    @property
    def kind(self) -> str:
        """The kind of the transition it is about."""
        return self.message.about.kind if self.message.about is not None else ""


class Listener:
    """What is known of all channels of one kind: their messages by target, and who refuses at the moment."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Taken]] = {}
        self.asked: list[str] = []
        self.refusing: dict[str, ChannelError] = {}

    def validate(self, target: str) -> str:
        return target

    def hint(self, target: str) -> str:
        return target

    def send(self, target: str, message: Message, stamp: Stamp) -> Sent:
        """Take a message, or refuse it."""
        self.asked.append(target)
        if target in self.refusing:
            raise self.refusing[target]
        taken = self.taken.setdefault(target, [])
        taken.append(Taken(message, stamp))
        return Sent(place=f"place {len(taken)}")

    def kinds(self, target: str) -> list[str]:
        """The kinds of what a target accepted, in order."""
        return [taken.kind for taken in self.taken.get(target, [])]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    """The one behind every channel of the kind ``other``."""
    heard = Listener()
    monkeypatch.setitem(kinds.SPEAKERS, Channel.Kind.OTHER.value, heard)
    return heard


def make_listening(target: str, integration: Integration | None = None, **values: object) -> Channel:
    """A channel whose messages the listener keeps under ``target``."""
    channel = setup.add(Channel.Kind.OTHER, target, integration=integration, doer=Doer(), now=NOW)
    Channel.objects.filter(pk=channel.pk).update(**values)
    channel.refresh_from_db()
    return channel


def drain(now: datetime) -> int:
    """What the tasks do: announce, send what is due, and what that returns. Returns how many sends this took."""
    announce.announce(now)
    waiting, sends = deliver.due(now), 0
    while waiting:
        sends += 1
        waiting += deliver.send(waiting.pop(0), now, clock=lambda: 0.0)
    return sends
