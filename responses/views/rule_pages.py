"""What the pages of rules show: sentences, the message as it would be sent, the last seven days. It answers no request itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db.models import Q

from responses.alerting import backtest, compose, rules, sentences
from responses.alerting.message import Message
from responses.alerting.sentences import Sentence
from responses.audit import Doer
from responses.forms.rule import RuleForm
from responses.insight import alerts, narrowing
from responses.models import AlertRule, Channel, Integration, Role
from responses.views import alert_tabs, links
from responses.views.frame import Frame

Trigger = AlertRule.Trigger

CHOICES = (
    ("What fails", (Trigger.NEW_ISSUE, Trigger.PARTIAL, Trigger.REGRESSION, Trigger.GROWTH, Trigger.LASTING, Trigger.MANY,
                    Trigger.REPEATED, Trigger.AUTH)),
    ("What runs out", (Trigger.EXHAUSTED, Trigger.UNKNOWN, Trigger.EXPIRING, Trigger.EXPIRED)),
    ("What stands still", (Trigger.SILENCE, Trigger.BREAKER, Trigger.MONITOR)),
    ("Once a day", (Trigger.DIGEST,)),
)  # fmt: skip
_HELP = {
    Trigger.NEW_ISSUE: "The first failure of a kind that was not seen before.",
    Trigger.PARTIAL: "Some subscriptions of an order were created, others not.",
    Trigger.REGRESSION: "It had been resolved, and fails again.",
    Trigger.GROWTH: "It fails several times as often as before.",
    Trigger.LASTING: "What should pass by itself does not.",
    Trigger.MANY: "One cause, many orders or customers.",
    Trigger.REPEATED: "Repeating does not help: it points to the integration.",
    Trigger.AUTH: "The key was changed, revoked, or is wrong.",
    Trigger.EXHAUSTED: "It was sent again as often as is reasonable, and still fails.",
    Trigger.UNKNOWN: "It was sent, and nobody knows whether it took effect.",
    Trigger.EXPIRING: "24 hours after the first failure an order can no longer be saved.",
    Trigger.EXPIRED: "Their 24 hours are over.",
    Trigger.SILENCE: "Compared with the same hour of the last four weeks.",
    Trigger.BREAKER: "Ordergroove is down, or refuses the key.",
    Trigger.MONITOR: "Nobody else would say so.",
    Trigger.DIGEST: "Yesterday in numbers, what is open, and what quiet hours kept.",
}


class Listed(msgspec.Struct, frozen=True):
    """A rule of the list, and what the person may do with it."""

    rule: AlertRule
    sentence: Sentence
    days: tuple[int, ...]
    url: str
    may_change: bool

    @property
    def spoken(self) -> int:
        """How often it spoke in the last seven days."""
        return sum(self.days)


class Tried(msgspec.Struct, frozen=True):
    """What a rule would say and how often; empty parts where that cannot be told."""

    sentence: Sentence | None = None
    days: tuple[tuple[str, int], ...] = ()
    message: Message | None = None
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def fires(self) -> int:
        """How often in all."""
        return sum(number for _, number in self.days)

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers alone, the oldest first."""
        return tuple(number for _, number in self.days)


def may_add(page: Frame) -> bool:
    """Return whether a person may make rules here."""
    return page.may(Role.ENGINEER)


def listed(page: Frame, integration: Integration) -> dict[str, Any]:
    """Return what the list shows."""
    found = alerts.rules(page.user, integration.pk)
    days = alerts.spoken(found, now=page.now)
    rows = [_listed(page, rule, days[rule.pk]) for rule in found]
    return {
        "now": page.now,
        "tabs": alert_tabs.of(page, "rule-list"),
        "integration": integration,
        "own": [row for row in rows if row.rule.integration_id is not None],
        "shared": [row for row in rows if row.rule.integration_id is None],
        "add_url": links.page(page, "rule-create") if may_add(page) else "",
        "channels_url": links.page(page, "channel-list"),
        "has_channel": Channel.objects.for_integration(integration.pk).exists(),
    }


def _listed(page: Frame, rule: AlertRule, days: tuple[int, ...]) -> Listed:
    return Listed(
        rule=rule,
        sentence=sentence_of(rule, list(rule.channels.all())),
        days=days,
        url=links.page(page, "rule-detail", rule.pk),
        may_change=rules.may_change(Doer(page.user), rule.integration),
    )


def sentence_of(rule: AlertRule, channels: Sequence[Channel]) -> Sentence:
    """Return a rule's sentence with the channels that still are there."""
    return sentences.of(rule, channels=[sentences.name_of(one) for one in channels if one.removed_at is None])


def choices(page: Frame) -> dict[str, Any]:
    """Return what a new rule can look for, in groups."""
    is_for_all = page.user.is_superuser
    return {
        "now": page.now,
        "list_url": links.page(page, "rule-list"),
        "groups": [
            (title, [(f"When {trigger.label}", _HELP[trigger], links.page(page, "rule-create", trigger=trigger.value))
                     for trigger in triggers if is_for_all or trigger != Trigger.MONITOR])
            for title, triggers in CHOICES
        ],
    }  # fmt: skip


def form_of(
    page: Frame, trigger: AlertRule.Trigger, *, data: Mapping[str, Any] | None = None, rule: AlertRule | None = None
) -> RuleForm:
    """Return the form of a rule: a new one, or one that is stored."""
    assert page.integration is not None
    heard = Q(integration_id=page.integration.pk) | Q(integration_id=None)
    chosen = [one.pk for one in rule.channels.all()] if rule is not None else []
    visible = Channel.objects.visible_to(page.user).kept().filter(heard | Q(pk__in=chosen))
    return RuleForm(
        data,
        trigger=trigger,
        integration=page.integration,
        may_be_for_all=page.user.is_superuser,
        channels=list(visible.order_by("name", "id")),
        rule=rule,
    )


def edited(page: Frame, form: RuleForm) -> dict[str, Any]:
    """Return what the page of a rule shows to whoever may change it."""
    assert page.integration is not None
    return _around(page, form.trigger, form.rule) | {
        "form": form,
        "endpoints": narrowing.endpoints(page.user, page.integration.pk, now=page.now),
        "try_url": links.page(page, "rule-try"),
        **tried(page, page.integration, form),
    }


def read_only(page: Frame, rule: AlertRule) -> dict[str, Any]:
    """Return what the page of a rule shows to everybody else."""
    assert page.integration is not None
    return _around(page, Trigger(rule.trigger), rule) | {
        "tried": _tried(page, page.integration, rule, rule.channels.all())
    }


def _around(page: Frame, trigger: AlertRule.Trigger, rule: AlertRule | None) -> dict[str, Any]:
    return {
        "now": page.now,
        "rule": rule,
        "trigger": trigger.value,
        "title": rule.name if rule is not None and rule.name else f"When {trigger.label}",
        "help": _HELP[trigger],
        "list_url": links.page(page, "rule-list"),
    }


def tried(page: Frame, integration: Integration, form: RuleForm) -> dict[str, Any]:
    """Return what the form's rule would say and how often; where it is not complete, what is missing."""
    if not form.is_bound:
        rule, channels = (form.rule, list(form.rule.channels.all())) if form.rule is not None else _beginning(form)
        return {"now": page.now, "tried": _tried(page, integration, rule, channels)}
    if not form.is_valid():
        words = tuple(
            (str(form.fields[name].label or "") if name in form.fields else "", str(error))
            for name, errors in form.errors.items()
            for error in errors
        )
        return {"now": page.now, "tried": Tried(errors=words)}
    rule, channels = form.candidate()
    return {"now": page.now, "tried": _tried(page, integration, rule, channels)}


def _beginning(form: RuleForm) -> tuple[AlertRule, list[Channel]]:
    """The rule as an empty form shows it."""
    shipped = next((one for one in rules.DEFAULTS if one["shipped"] == form.trigger), {})
    given = {name: value for name, value in shipped.items() if name != "shipped"}
    is_for_all = form.initial.get("scope") != "this"
    return AlertRule(trigger=form.trigger, integration=None if is_for_all else form.integration, **given), []


def _tried(page: Frame, integration: Integration, rule: AlertRule, channels: Any) -> Tried:
    ids = [rule.integration_id] if rule.integration_id is not None else [one.pk for one in page.integrations]
    fires = backtest.fires(rule, integration_ids=ids, now=page.now)
    return Tried(
        sentence=sentence_of(rule, list(channels)),
        days=tuple(zip(_days(page, len(fires)), fires, strict=True)),
        message=compose.preview(rule, integration, now=page.now),
    )


def _days(page: Frame, count: int) -> list[str]:
    """The last ``count`` days as ``backtest`` takes them, the oldest first: ``Sun``, ``today``."""
    today = page.now.astimezone(ZoneInfo(settings.DISPLAY_TIME_ZONE))
    return [*(f"{today - timedelta(days=ago):%a}" for ago in range(count - 1, 0, -1)), "today"]
