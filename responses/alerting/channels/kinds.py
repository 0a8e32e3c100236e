"""Which module speaks for which kind of channel. Each has ``validate``, ``hint`` and ``send``."""

from __future__ import annotations

from typing import Protocol

from responses.alerting.channels import email, other, sentry, slack, webhook
from responses.alerting.message import Message, Sent, Stamp
from responses.models import Channel


class Speaker(Protocol):
    """What a module of a kind offers."""

    def validate(self, target: str) -> str:
        """Return the target as it is kept; ``TargetError`` when it must not be used. What it returned, it takes again."""

    def hint(self, target: str) -> str:
        """What a page may show of it."""

    def send(self, target: str, message: Message, stamp: Stamp) -> Sent:
        """Return what the channel said when it accepted; ``ChannelError`` when it has not."""


SPEAKERS: dict[str, Speaker] = {
    Channel.Kind.EMAIL.value: email,
    Channel.Kind.SLACK.value: slack,
    Channel.Kind.WEBHOOK.value: webhook,
    Channel.Kind.SENTRY.value: sentry,
    Channel.Kind.OTHER.value: other,
}


def of(kind: str) -> Speaker:
    """The module of a kind."""
    return SPEAKERS[kind]


def available() -> list[Channel.Kind]:
    """The kinds that can be added here: one needs a library that is not always installed."""
    return [kind for kind in Channel.Kind if kind is not Channel.Kind.OTHER or other.is_installed()]


def secret_of(kind: str, target: str) -> str:
    """The secret that was made for a kept target, to be shown once; empty for kinds that have none."""
    return webhook.secret_of(target) if kind == Channel.Kind.WEBHOOK.value else ""
