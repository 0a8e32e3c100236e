"""Which module speaks for which kind of channel. Each has ``validate``, ``hint`` and ``send``."""

from __future__ import annotations

from typing import Protocol

from responses.alerting.channels import email, slack
from responses.alerting.message import Message, Sent, Stamp
from responses.models import Channel


class Speaker(Protocol):
    """What a module of a kind offers."""

    def validate(self, target: str) -> str:
        """Return the target as it is kept; ``TargetError`` when it must not be used."""

    def hint(self, target: str) -> str:
        """What a page may show of it."""

    def send(self, target: str, message: Message, stamp: Stamp) -> Sent:
        """Return what the channel said when it accepted; ``ChannelError`` when it has not."""


SPEAKERS: dict[str, Speaker] = {Channel.Kind.EMAIL.value: email, Channel.Kind.SLACK.value: slack}


def of(kind: str) -> Speaker:
    """The module of a kind."""
    return SPEAKERS[kind]
