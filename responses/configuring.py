"""Makes and changes integrations and intake keys. Each deed leaves an audit entry in the same transaction.

Whether a person may do it is asked by whoever calls. Nothing is sent, and no secret is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.db import transaction

from responses import audit
from responses.audit import Doer
from responses.exchanges import RetryBy
from responses.models import IntakeKey, Integration, Membership, Role
from responses.models.integration import default_follow_schedule, new_intake_key
from responses.ordergroove.schedules import Schedules
from responses.sending import budget, credentials, destinations

LONGEST_SCHEDULE = 12
LONGEST_WAIT = 24 * 3600
LEAST_FOLLOWING, MOST_FOLLOWING = 60, 24 * 3600


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be changed of an integration after it was made. Environment and slug may not: records depend on them."""

    name: str
    merchant_id: str = ""
    hosts: dict[str, str] = {}
    follow_schedule: list[int] = msgspec.field(default_factory=default_follow_schedule)
    follow_for_seconds: int = 3600


def checked_host(base_url: str) -> str:
    """Return a base URL as it is kept; ``DestinationError`` says why nothing may be sent there."""
    return destinations.origin_of(base_url.strip()).url


def checked_schedule(seconds: list[int]) -> list[int]:
    """Return a follow schedule as it is; ``ValueError`` says what is wrong with it."""
    if not 1 <= len(seconds) <= LONGEST_SCHEDULE:
        raise ValueError(f"Give 1 to {LONGEST_SCHEDULE} times.")
    if not all(1 <= second <= LONGEST_WAIT for second in seconds):
        raise ValueError(f"Each time must lie between 1 and {LONGEST_WAIT:,} seconds.")
    if sorted(set(seconds)) != seconds:
        raise ValueError("Each time must be later than the one before.")
    return seconds


def create(
    slug: str, environment: Integration.Environment, wanted: Settings, *, doer: Doer, now: datetime
) -> Integration:
    """Make an integration. A person who is no superuser becomes its first Admin."""
    with transaction.atomic():
        integration = Integration.objects.create(
            slug=slug, environment=environment, created_at=now, **msgspec.structs.asdict(wanted)
        )
        if doer.user is not None and not doer.user.is_superuser:
            Membership.objects.create(user=doer.user, integration=integration, role=Role.ADMIN)
        after = {"slug": slug, "environment": environment.value, **msgspec.structs.asdict(wanted)}
        _log(doer, "integration.added", integration, after=after, now=now)
    return integration


def change(integration: Integration, wanted: Settings, *, doer: Doer, now: datetime) -> bool:
    """Change an integration; ``False`` when it was like that already."""
    values = msgspec.structs.asdict(wanted)
    before = {name: getattr(integration, name) for name in values if getattr(integration, name) != values[name]}
    if not before:
        return False
    after = {name: values[name] for name in before}
    with transaction.atomic():
        for name, value in after.items():
            setattr(integration, name, value)
        integration.save(update_fields=list(after))
        _log(doer, "integration.changed", integration, before=before, after=after, now=now)
    return True


def give_credentials(
    integration: Integration, *, api_key: str = "", hash_key: str = "", retry_by: RetryBy, doer: Doer, now: datetime
) -> None:
    """Keep new credentials (an empty one leaves what is there) and who retries. ``ValueError`` for what is no key."""
    before = _credentials(integration)
    if api_key:
        credentials.keep_api_key(integration, api_key)
    if hash_key:
        credentials.keep_hash_key(integration, hash_key)
    integration.retry_by = Integration.Retry(retry_by.value)
    given = [name for name, value in (("api_key", api_key), ("hash_key", hash_key)) if value]
    _save_credentials(integration, "credentials.changed", before, {"given": given}, doer=doer, now=now)


def change_schedules(integration: Integration, wanted: Mapping[str, object], *, doer: Doer, now: datetime) -> bool:
    """Keep when what failed is sent again; an empty ``wanted`` goes back to the defaults.

    ``wanted`` has the form in which it is stored (``ordergroove.schedules``); ``ValueError`` says what is wrong with it.
    What is planned already keeps its time. ``False`` when it was like that already.
    """
    if problems := Schedules.problems(wanted):
        raise ValueError(" ".join(problems))
    kept = Schedules.from_settings(integration.retry_policies)
    chosen = Schedules.from_settings(wanted)
    names = [name for name in Schedules.__struct_fields__ if getattr(kept, name) != getattr(chosen, name)]
    if not names:
        return False
    with transaction.atomic():
        integration.retry_policies = chosen.changes()
        integration.save(update_fields=["retry_policies"])
        before, after = ({name: getattr(one, name) for name in names} for one in (kept, chosen))
        _log(
            doer,
            "schedules.changed",
            integration,
            before=msgspec.to_builtins(before),
            after=msgspec.to_builtins(after),
            now=now,
        )
    return True


def forget_credentials(integration: Integration, *, doer: Doer, now: datetime) -> None:
    """Remove the credentials: from then on nothing is asked or sent on the integration's account."""
    before = _credentials(integration)
    integration.api_key_sealed, integration.api_key_last4 = None, ""
    integration.hash_key_sealed, integration.hash_key_last4 = None, ""
    _save_credentials(integration, "credentials.removed", before, {}, doer=doer, now=now)


def make_key(
    integration: Integration,
    *,
    name: str = "",
    is_gateway: bool = False,
    may_retry: bool = False,
    doer: Doer,
    now: datetime,
) -> tuple[IntakeKey, str]:
    """Make an intake key. The second value is the whole key, which is never seen again."""
    with transaction.atomic():
        key, secret = new_intake_key(integration, name=name, is_gateway=is_gateway, may_retry=may_retry)
        after = {"prefix": key.prefix, "name": name, "is_gateway": is_gateway, "may_retry": may_retry}
        _log(doer, "key.added", integration, subject=key, after=after, now=now)
    return key, secret


def revoke_key(key: IntakeKey, *, doer: Doer, now: datetime) -> None:
    """Revoke a key for good. The recording path asks for the keys it knows again within seconds."""
    with transaction.atomic():
        if IntakeKey.objects.usable().filter(pk=key.pk).update(revoked_at=now):
            before = {"prefix": key.prefix, "name": key.name}
            _log(doer, "key.revoked", key.integration, subject=key, before=before, now=now)


def _credentials(integration: Integration) -> dict[str, object]:
    return {
        "api_key": f"…{integration.api_key_last4}" if integration.api_key_sealed else "",
        "hash_key": f"…{integration.hash_key_last4}" if integration.hash_key_sealed else "",
        "retry_by": str(integration.retry_by),
    }


def _save_credentials(
    integration: Integration,
    action: str,
    before: dict[str, object],
    more: dict[str, object],
    *,
    doer: Doer,
    now: datetime,
) -> None:
    # What the old ones were refused for says nothing about the new ones.
    integration.follow_paused_until, integration.follow_problem = None, ""
    fields = ["api_key_sealed", "api_key_last4", "hash_key_sealed", "hash_key_last4", "retry_by"]
    with transaction.atomic():
        integration.save(update_fields=[*fields, "follow_paused_until", "follow_problem"])
        budget.forget_refusals(integration.pk, now=now)
        _log(doer, action, integration, before=before, after=_credentials(integration) | more, now=now)


def _log(
    doer: Doer,
    action: str,
    integration: Integration,
    *,
    subject: IntakeKey | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    now: datetime,
) -> None:
    audit.log(
        doer.user,
        action,
        integration_id=integration.pk,
        subject="key" if subject is not None else "integration",
        subject_id=subject.pk if subject is not None else integration.pk,
        before=before,
        after=after,
        address=doer.address,
        now=now,
    )
