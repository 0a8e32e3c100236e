"""The one way into the audit log: who did what, to what, when, from where, before and after. Never a secret.

Call it in the transaction that makes the change: a deed without its entry must not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from responses.models import AlertRule, AuditEntry, Channel, User, ids

COMMAND = "command"
"""The actor when somebody at the machine's own command line did it."""


class Doer(msgspec.Struct, frozen=True):
    """Who does it: a person and the address they came from, or nobody for a command."""

    user: User | None = None
    address: str = ""


def log(
    user: User | None,
    action: str,
    *,
    integration_id: int | None = None,
    subject: str = "",
    subject_id: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    address: str = "",
    now: datetime,
) -> AuditEntry:
    """Add one entry. ``action`` is a noun and a verb in the past, ``channel.added``; ``address`` is the person's IP."""
    return AuditEntry.objects.create(
        id=ids.new(now),
        at=now,
        user_id=user.pk if user is not None else None,
        actor=user.get_username()[:150] if user is not None else COMMAND,
        action=action[:60],
        integration_id=integration_id,
        subject=subject[:60],
        subject_id=str(subject_id)[:200],
        address=address[:60],
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason[:500],
    )


def log_by(
    doer: Doer,
    action: str,
    row: AlertRule | Channel,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEntry:
    """Add one entry about a row: the noun of ``action`` is its subject."""
    return log(
        doer.user,
        action,
        integration_id=row.integration_id,
        subject=action.partition(".")[0],
        subject_id=row.pk,
        before=before,
        after=after,
        address=doer.address,
        now=now,
    )
