"""Channels as their page shows them: how each fares, and what the person may do with it."""

from __future__ import annotations

import msgspec
from django.conf import settings
from django.db.models import Count

from responses.alerting import pulse
from responses.alerting.pulse import Pings
from responses.models import Channel, Delivery, Role, User
from responses.views import links
from responses.views.frame import Frame

REFRESH_SECONDS = 2


class Row(msgspec.Struct, frozen=True):
    """A channel as the list shows it, and what the person may do with it."""

    channel: Channel
    state: str
    tone: str
    icon: str
    may_change: bool
    waiting: int
    """How many messages wait for it."""
    test: Delivery | None = None
    live_url: str = ""
    """Where to ask how the test went; empty when it is over."""
    live_every: int = REFRESH_SECONDS


class Switch(msgspec.Struct, frozen=True):
    """The dead man's switch; ``host`` is empty where none was named."""

    host: str
    pings: Pings


def of_page(page: Frame, integration_id: int, *, tested: int) -> list[Row]:
    """The channels that hear about an integration, its own first; ``tested`` is a test whose result is awaited."""
    channels = list(
        Channel.objects.visible_to(page.user)
        .kept()
        .select_related("integration", "fallback")
        .filter(integration_id__in=[integration_id])
        .order_by("name", "id")
    ) + list(
        Channel.objects.visible_to(page.user)
        .kept()
        .select_related("fallback")
        .filter(integration__isnull=True)
        .order_by("name", "id")
    )
    test = Delivery.objects.filter(pk=tested, transition=None).first() if tested else None
    return of(page, channels, test)


def of(page: Frame, channels: list[Channel], test: Delivery | None = None) -> list[Row]:
    """The rows of ``channels``, with ``test`` in the one that it belongs to."""
    waiting = dict(
        Delivery.objects.filter(channel__in=channels, state=Delivery.State.PENDING, transition__isnull=False)
        .values_list("channel_id")
        .annotate(count=Count("pk"))
    )
    return [_row(page, channel, waiting.get(channel.pk, 0), test) for channel in channels]


def may_change(user: User, channel: Channel) -> bool:
    """Whether the person may change it: an Engineer of its integration, or a superuser where it hears about all."""
    if channel.integration_id is None:
        return user.is_superuser
    return user.has_role(channel.integration_id, Role.ENGINEER)


def switch() -> Switch:
    """How the outgoing heartbeat fares."""
    url = settings.HEARTBEAT_URL
    return Switch(pulse.host(url) if url else "", pulse.pings())


def _row(page: Frame, channel: Channel, waiting: int, test: Delivery | None) -> Row:
    state, tone, icon = "On", "success", "circle-check"
    if not channel.is_on:
        state, tone, icon = "Off", "unknown", "player-pause"
    elif channel.is_failing:
        state, tone, icon = "Failing", "needs_fix", "alert-triangle"
    mine = test if test is not None and test.channel_id == channel.pk else None
    url = links.page(page, "channel-test-result", mine.pk) if mine is not None and not mine.is_over else ""
    return Row(channel, state, tone, icon, may_change(page.user, channel), waiting, mine, url)
