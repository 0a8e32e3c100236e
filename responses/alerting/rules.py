"""The rules: those the product brings, and what people make of them. Each deed leaves an audit entry in its transaction.

A rule for one integration needs an Engineer there, one for every integration a superuser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps as registry
from django.core.exceptions import PermissionDenied
from django.db import transaction

from responses import audit
from responses.alerting import conditions
from responses.alerting.conditions import RuleError
from responses.audit import Doer
from responses.models import AlertRule, Channel, Integration, Role

__all__ = ["DEFAULTS", "RuleError", "add", "change", "ensure_shipped", "may_change", "remove", "switch"]

FOUR_HOURS = 240
DAY = 1440

DEFAULTS: tuple[dict[str, Any], ...] = (
    {"shipped": "new_issue", "remind_minutes": FOUR_HOURS},
    {"shipped": "partial", "remind_minutes": FOUR_HOURS},
    {"shipped": "regression", "remind_minutes": FOUR_HOURS},
    {"shipped": "growth", "threshold": 5, "window_minutes": 60},
    {"shipped": "lasting", "window_minutes": 10},
    {"shipped": "exhausted", "window_minutes": 60},
    {"shipped": "repeated", "threshold": 3, "window_minutes": DAY},
    {"shipped": "many", "threshold": 25, "window_minutes": 60},
    {"shipped": "auth", "threshold": 5, "window_minutes": 5},
    {"shipped": "breaker"},
    {"shipped": "unknown", "window_minutes": 30},
    {"shipped": "expiring", "window_minutes": 60},
    {"shipped": "expired", "window_minutes": 60, "tells_end": False},
    {"shipped": "silence", "window_minutes": 60},
    {"shipped": "digest", "threshold": 8, "tells_end": False},
    {"shipped": "monitor", "window_minutes": 2},
)
"""The rules of a new installation, for every integration and channel: the name of each is its trigger."""


def ensure_shipped(model: type[AlertRule] = AlertRule, *, using: str = "default") -> None:
    """Bring the rules that were never there; one that was switched off or removed stays so.

    ``model`` is the rule as a migration knows it.
    """
    fresh = [model(trigger=values["shipped"], **values) for values in DEFAULTS]
    model._default_manager.using(using).bulk_create(fresh, ignore_conflicts=True)


def bring_after_migrate(*, using: str, apps: Any = registry, **_: Any) -> None:
    """Bring the shipped rules once there is a table for them; called after migrations, and after all rows are deleted."""
    try:
        model = apps.get_model("responses", "AlertRule")
    except LookupError:
        return
    ensure_shipped(model, using=using)


def may_change(doer: Doer, integration: Integration | None) -> bool:
    """Whether somebody may make and change the rules of an integration, or of all of them (``None``)."""
    if doer.user is None or doer.user.is_superuser:
        return True
    return integration is not None and doer.user.has_role(integration.pk, Role.ENGINEER)


def add(values: Mapping[str, Any], doer: Doer, *, now: datetime) -> AlertRule:
    """Make a rule that is on. ``values`` holds ``conditions.FIELDS`` and ``channels``; ``RuleError`` when one is wrong."""
    wanted, channels = conditions.checked(values), conditions.checked_channels(values)
    _check(doer, wanted["integration"])
    with transaction.atomic():
        rule = AlertRule.objects.create(**wanted, created_at=now)
        rule.channels.set(channels)
        audit.log_by(doer, "rule.added", rule, after=_plain(wanted, channels), now=now)
    return rule


def change(rule: AlertRule, values: Mapping[str, Any], doer: Doer, *, now: datetime) -> bool:
    """Make another rule of it; ``False`` when it was like that already, or has been removed. ``RuleError`` as ``add``."""
    wanted, channels = conditions.checked(values), conditions.checked_channels(values)
    _check(doer, rule.integration)
    _check(doer, wanted["integration"])
    with transaction.atomic():
        kept = AlertRule.objects.kept().select_for_update().filter(pk=rule.pk).first()
        if kept is None:
            return False
        seen = _plain({name: getattr(kept, name) for name in wanted}, list(kept.channels.all()))
        after = _plain(wanted, channels)
        changed = [name for name, value in after.items() if seen[name] != value]
        if not changed:
            return False
        AlertRule.objects.filter(pk=rule.pk).update(**wanted)
        kept.channels.set(channels)
        before = {name: seen[name] for name in changed}
        audit.log_by(doer, "rule.changed", rule, before=before, after={name: after[name] for name in changed}, now=now)
    rule.refresh_from_db()
    return True


def switch(rule: AlertRule, *, is_on: bool, doer: Doer, now: datetime) -> None:
    """Switch a rule on or off. What it has opened stays open until it is over."""
    _check(doer, rule.integration)
    with transaction.atomic():
        if AlertRule.objects.kept().filter(pk=rule.pk, is_on=not is_on).update(is_on=is_on):
            audit.log_by(doer, "rule.switched", rule, before={"is_on": not is_on}, after={"is_on": is_on}, now=now)


def remove(rule: AlertRule, *, doer: Doer, now: datetime) -> None:
    """Remove a rule: what it has told stays, and a shipped one is not brought again."""
    _check(doer, rule.integration)
    with transaction.atomic():
        if AlertRule.objects.kept().filter(pk=rule.pk).update(removed_at=now, is_on=False):
            audit.log_by(doer, "rule.removed", rule, before={"trigger": rule.trigger, "name": rule.name}, now=now)


def _check(doer: Doer, integration: Integration | None) -> None:
    if not may_change(doer, integration):
        raise PermissionDenied


def _plain(values: Mapping[str, Any], channels: Sequence[Channel]) -> dict[str, Any]:
    """What the audit log can hold, and what two versions are compared by."""
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Integration):
            value = value.slug
        plain[name] = value if isinstance(value, str | int | list | None) else str(value)
    return plain | {"channels": sorted(channel.name for channel in channels)}
