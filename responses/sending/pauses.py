"""A person stops all sends of an integration, or to a host, and lets them go on. Each deed is written down."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from responses import audit
from responses.models import Gate, Integration, Role, User
from responses.sending import gates, hosts, rates

_LONGEST_REASON = 300


def may(scope: str, user: User) -> bool:
    """Whether the person may pause and release: Engineer in the integration, of a host in each that uses it."""
    concerned = _concerned(scope)
    return bool(concerned) and all(user.has_role(integration_id, Role.ENGINEER) for integration_id in concerned)


def pause(scope: str, user: User, *, reason: str, now: datetime, address: str = "") -> bool:
    """Stop all sends through a gate until somebody releases it; ``False`` when it was paused already.

    What is on its way is not called back. Raises ``PermissionDenied``, and ``ValueError`` without a reason.
    """
    _check(scope, user)
    reason = reason.strip()[:_LONGEST_REASON]
    if not reason:
        raise ValueError("Say why: others will want to know.")
    with transaction.atomic():
        Gate.objects.bulk_create([Gate(scope=scope)], ignore_conflicts=True)
        idle = Gate.objects.filter(pk=scope, is_paused=False)
        if not idle.update(is_paused=True, paused_at=now, pause_reason=reason, paused_by=user):
            return False
        _log(scope, user, "sending.paused", is_paused=True, reason=reason, address=address, now=now)
    return True


def release(scope: str, user: User, *, now: datetime, reason: str = "", address: str = "") -> bool:
    """Let sends go on, slowly at first; ``False`` when no person had paused them. Breakers stay as they are."""
    _check(scope, user)
    with transaction.atomic():
        gate = Gate.objects.select_for_update().filter(pk=scope, is_paused=True).first()
        if gate is None:
            return False
        gate.is_paused, gate.paused_at, gate.pause_reason, gate.paused_by = False, None, "", None
        if gates.host_in(scope):
            # What has piled up must not arrive at once.
            rates.begin_again(gate, at=now, now=now)
        gate.save()
        _log(scope, user, "sending.released", is_paused=False, reason=reason, address=address, now=now)
    return True


def _concerned(scope: str) -> list[int]:
    integration_id = gates.integration_id_in(scope)
    if integration_id is not None:
        return list(Integration.objects.filter(pk=integration_id).values_list("pk", flat=True))
    host = gates.host_in(scope)
    return list(hosts.users_of(host).roles) if host else []


def _check(scope: str, user: User) -> None:
    if not may(scope, user):
        raise PermissionDenied


def _log(scope: str, user: User, action: str, *, is_paused: bool, reason: str, address: str, now: datetime) -> None:
    concerned = _concerned(scope)
    audit.log(
        user,
        action,
        integration_id=concerned[0] if len(concerned) == 1 else None,
        subject="gate",
        subject_id=scope,
        before={"is_paused": not is_paused},
        after={"is_paused": is_paused},
        reason=reason.strip(),
        address=address,
        now=now,
    )
