"""Adds, changes, switches, tests and removes channels. Each deed of a person leaves an audit entry, in the same transaction.

Sends nothing: a test is a delivery like any other, which whoever asked for it has to nudge.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from responses import audit, sealing
from responses.alerting import wording
from responses.alerting.channels import kinds
from responses.audit import Doer
from responses.models import Channel, Delivery, Integration, ids
from responses.models.channel import ChannelQuerySet

DEFAULT_CAP, MOST_AN_HOUR = 20, 1_000


def add(
    kind: Channel.Kind,
    target: str,
    *,
    name: str = "",
    integration: Integration | None,
    hourly_cap: int = DEFAULT_CAP,
    fallback: Channel | None = None,
    doer: Doer,
    now: datetime,
) -> Channel:
    """Add a channel that is on, called by its hint unless it has a name; ``TargetError`` when the target is refused."""
    _check(integration, hourly_cap, fallback)
    speaker = kinds.of(kind)
    kept = speaker.validate(target)
    shown = speaker.hint(kept)
    with transaction.atomic():
        channel = Channel.objects.create(
            kind=kind,
            name=wording.clean(name, 120) or shown,
            integration=integration,
            target_sealed=sealing.seal(kept.encode()),
            target_hint=shown,
            hourly_cap=hourly_cap,
            fallback=fallback,
            created_at=now,
        )
        after = {"kind": kind.value, "target": shown, **_plain(channel.name, hourly_cap, fallback)}
        audit.log_by(doer, "channel.added", channel, after=after, now=now)
    return channel


def stand_ins(integration: Integration | None) -> ChannelQuerySet:
    """The channels that may be the fallback of one that hears about ``integration``, or about all (``None``).

    A channel of one integration is no fallback for messages about another, and Sentry takes only some messages.
    """
    fitting = Q(integration=None) if integration is None else Q(integration=None) | Q(integration=integration)
    return Channel.objects.kept().filter(fitting).exclude(kind=Channel.Kind.SENTRY).order_by("name", "id")


def change(
    channel: Channel, *, name: str, hourly_cap: int, fallback: Channel | None, doer: Doer, now: datetime
) -> bool:
    """Change what may be changed; ``False`` when all of it was so already, or the channel has been removed."""
    _check(channel.integration, hourly_cap, fallback)
    if fallback is not None and fallback.pk == channel.pk:
        raise ValueError("a channel is not its own fallback")
    with transaction.atomic():
        kept = Channel.objects.kept().select_for_update(of=("self",)).select_related("fallback").filter(pk=channel.pk)
        old = kept.first()
        if old is None:
            return False
        before = _plain(old.name, old.hourly_cap, old.fallback)
        after = _plain(wording.clean(name, 120) or old.target_hint, hourly_cap, fallback)
        if before == after and old.fallback_id == (fallback and fallback.pk):
            return False
        Channel.objects.filter(pk=channel.pk).update(name=after["name"], hourly_cap=hourly_cap, fallback=fallback)
        audit.log_by(doer, "channel.changed", channel, before=before, after=after, now=now)
    return True


def switch(channel: Channel, *, is_on: bool, doer: Doer, now: datetime) -> None:
    """Switch a channel on or off. Off ends its pause: what waits for it is then given up, not kept for later."""
    with transaction.atomic():
        changed = Channel.objects.kept().filter(pk=channel.pk, is_on=not is_on)
        if changed.update(is_on=is_on, paused_until=None, failures_in_a_row=0):
            audit.log_by(
                doer, "channel.switched", channel, before={"is_on": not is_on}, after={"is_on": is_on}, now=now
            )


def remove(channel: Channel, *, doer: Doer, now: datetime) -> None:
    """Remove a channel: its target is wiped, its history stays. Where it was the fallback, there is none then."""
    with transaction.atomic():
        kept = Channel.objects.kept().filter(pk=channel.pk)
        if kept.update(removed_at=now, is_on=False, target_sealed=b"", paused_until=None):
            Channel.objects.filter(fallback=channel).update(fallback=None)
            before = {"kind": channel.kind, "name": channel.name, "target": channel.target_hint}
            audit.log_by(doer, "channel.removed", channel, before=before, now=now)


def ask_for_test(channel: Channel, *, doer: Doer, now: datetime) -> Delivery:
    """Make the delivery of a test message; whoever asked nudges it once this is committed."""
    with transaction.atomic():
        delivery = Delivery.objects.create(id=ids.new(now), channel=channel, next_attempt_at=now)
        audit.log_by(doer, "channel.tested", channel, now=now)
    return delivery


def _check(integration: Integration | None, hourly_cap: int, fallback: Channel | None) -> None:
    """The forms say this in words; here it is only made sure."""
    if not 1 <= hourly_cap <= MOST_AN_HOUR:
        raise ValueError("an hourly cap is a number of messages")
    if fallback is not None and not stand_ins(integration).filter(pk=fallback.pk).exists():
        raise ValueError("this channel may not stand in")


def _plain(name: str, hourly_cap: int, fallback: Channel | None) -> dict[str, Any]:
    return {"name": name, "hourly_cap": hourly_cap, "fallback": fallback.name if fallback is not None else ""}
