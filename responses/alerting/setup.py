"""Adds, switches, tests and removes channels. Each deed of a person leaves an audit entry, in the same transaction.

Sends nothing: a test is a delivery like any other, which whoever asked for it has to nudge.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from responses import audit, sealing
from responses.alerting import wording
from responses.alerting.channels import kinds
from responses.audit import Doer
from responses.models import Channel, Delivery, Integration, ids


def add(
    kind: Channel.Kind, target: str, *, name: str = "", integration: Integration | None, doer: Doer, now: datetime
) -> Channel:
    """Add a channel that is on, called by its hint unless it has a name; ``TargetError`` when the target is refused."""
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
            created_at=now,
        )
        after = {"kind": kind.value, "name": channel.name, "target": shown}
        _log(doer, "channel.added", channel, after=after, now=now)
    return channel


def switch(channel: Channel, *, is_on: bool, doer: Doer, now: datetime) -> None:
    """Switch a channel on or off. Off ends its pause: what waits for it is then given up, not kept for later."""
    with transaction.atomic():
        changed = Channel.objects.kept().filter(pk=channel.pk, is_on=not is_on)
        if changed.update(is_on=is_on, paused_until=None, failures_in_a_row=0):
            _log(doer, "channel.switched", channel, before={"is_on": not is_on}, after={"is_on": is_on}, now=now)


def remove(channel: Channel, *, doer: Doer, now: datetime) -> None:
    """Remove a channel: its target is wiped, its history stays."""
    with transaction.atomic():
        kept = Channel.objects.kept().filter(pk=channel.pk)
        if kept.update(removed_at=now, is_on=False, target_sealed=b"", paused_until=None):
            before = {"kind": channel.kind, "name": channel.name, "target": channel.target_hint}
            _log(doer, "channel.removed", channel, before=before, now=now)


def ask_for_test(channel: Channel, *, doer: Doer, now: datetime) -> Delivery:
    """Make the delivery of a test message; whoever asked nudges it once this is committed."""
    with transaction.atomic():
        delivery = Delivery.objects.create(id=ids.new(now), channel=channel, next_attempt_at=now)
        _log(doer, "channel.tested", channel, now=now)
    return delivery


def _log(
    doer: Doer,
    action: str,
    channel: Channel,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    audit.log(
        doer.user,
        action,
        integration_id=channel.integration_id,
        subject="channel",
        subject_id=channel.pk,
        before=before,
        after=after,
        address=doer.address,
        now=now,
    )
