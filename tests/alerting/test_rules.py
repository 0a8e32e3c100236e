"""Rules: what the product brings, what people make of them, and which of them want a transition."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import transaction

from responses.alerting import matching, rules, setup, transitions
from responses.audit import Doer
from responses.models import AlertRule, AuditEntry, Channel, Integration, Issue, Role, Transition, ids
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db

Trigger = AlertRule.Trigger
Kind = Transition.Kind


def add_rule(trigger: Trigger = Trigger.NEW_ISSUE, doer: Doer | None = None, **values: Any) -> AlertRule:
    return rules.add({"trigger": trigger, **values}, doer or Doer(), now=NOW)


def only(rule: AlertRule) -> None:
    AlertRule.objects.exclude(pk=rule.pk).update(is_on=False)


def make_channel(integration: Integration | None = None) -> Channel:
    return setup.add(Channel.Kind.EMAIL, "team@example.com", integration=integration, doer=Doer(), now=NOW)


def found(transition: Transition) -> list[str]:
    return [rule.shipped for rule in matching.rules_for(transition)]


def test_a_rule_of_each_trigger_is_shipped_and_on() -> None:
    shipped = AlertRule.objects.order_by("id")

    assert sorted(rule.trigger for rule in shipped) == sorted(Trigger.values)
    assert all(rule.is_on and rule.every_channel and rule.integration is None for rule in shipped)


def test_shipped_rules_are_brought_once_and_never_again_when_removed() -> None:
    silence = AlertRule.objects.get(shipped="silence")
    rules.remove(silence, doer=Doer(), now=NOW)
    AlertRule.objects.get(shipped="digest").delete()

    rules.ensure_shipped()
    call_command("migrate", verbosity=0)

    assert AlertRule.objects.count() == len(rules.DEFAULTS)
    assert not AlertRule.objects.active().filter(shipped="silence").exists()


def test_the_values_of_the_shipped_rules_are_valid() -> None:
    for values in rules.DEFAULTS:
        add_rule(Trigger(values["shipped"]), **{name: values[name] for name in values if name != "shipped"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"trigger": "pigeons"}, "trigger"),
        ({"trigger": Trigger.GROWTH, "window_minutes": 60}, "threshold"),
        ({"trigger": Trigger.GROWTH, "threshold": 1, "window_minutes": 60}, "threshold"),
        ({"trigger": Trigger.GROWTH, "threshold": True, "window_minutes": 60}, "threshold"),
        ({"trigger": Trigger.LASTING}, "window_minutes"),
        ({"trigger": Trigger.DIGEST, "threshold": 24}, "threshold"),
        ({"codes": "400, 6xx"}, "codes"),
        ({"codes": ", ".join(str(code) for code in range(400, 500))}, "codes"),
        ({"environment": "moon"}, "environment"),
        ({"outcomes": ["success"]}, "outcomes"),
        ({"outcomes": "needs_fix"}, "outcomes"),
        ({"quiet_from": time(22)}, "quiet_until"),
        ({"quiet_until": time(6)}, "quiet_from"),
        ({"quiet_from": time(6), "quiet_until": time(6)}, "quiet_until"),
        ({"remind_minutes": 1}, "remind_minutes"),
        ({"every_channel": False}, "channels"),
        ({"every_channel": False, "channels": []}, "channels"),
        ({"trigger": Trigger.MONITOR, "window_minutes": 2, "environment": "production"}, "integration"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], field: str) -> None:
    with pytest.raises(rules.RuleError) as refused:
        rules.add({"trigger": Trigger.NEW_ISSUE} | values, Doer(), now=NOW)

    assert refused.value.field == field
    assert not AuditEntry.objects.exists()


def test_a_rule_tells_no_channel_of_another_integration_and_none_that_is_gone() -> None:
    shop, other = make_integration(), make_integration()
    foreign, gone = make_channel(other), make_channel(shop)
    setup.remove(gone, doer=Doer(), now=NOW)
    gone.refresh_from_db()

    for channel in (foreign, gone):
        with pytest.raises(rules.RuleError, match="Choose another channel"):
            add_rule(integration=shop, every_channel=False, channels=[channel])


def test_what_a_trigger_does_not_need_is_not_kept() -> None:
    rule = add_rule(threshold=7, window_minutes=9, codes=" 5XX,none , 400,400")

    assert (rule.threshold, rule.window_minutes, rule.codes) == (None, None, "5xx, none, 400")


def test_deeds_are_written_down_with_what_they_changed() -> None:
    shop = make_integration("shop")
    channel = make_channel()
    engineer = Doer(make_user("ada", role=Role.ENGINEER, integration=shop), "192.0.2.7")
    rule = add_rule(doer=engineer, integration=shop, codes="400")
    values = {"trigger": Trigger.NEW_ISSUE, "integration": shop, "codes": "401"}

    assert rules.change(rule, {**values, "every_channel": False, "channels": [channel]}, engineer, now=NOW)
    assert not rules.change(rule, {**values, "every_channel": False, "channels": [channel]}, engineer, now=NOW)
    rules.switch(rule, is_on=False, doer=engineer, now=NOW)
    rules.switch(rule, is_on=False, doer=engineer, now=NOW)
    rules.remove(rule, doer=engineer, now=NOW)
    rules.remove(rule, doer=engineer, now=NOW)

    entries = list(AuditEntry.objects.filter(subject="rule").order_by("id"))
    assert [entry.action for entry in entries] == ["rule.added", "rule.changed", "rule.switched", "rule.removed"]
    assert {(entry.actor, entry.address, entry.integration_id) for entry in entries} == {("ada", "192.0.2.7", shop.pk)}
    assert entries[1].before == {"codes": "400", "every_channel": True, "channels": []}
    assert entries[1].after == {"codes": "401", "every_channel": False, "channels": [channel.name]}
    assert entries[0].after["integration"] == "shop"
    rule.refresh_from_db()
    assert (rule.removed_at, rule.is_on) == (NOW, False)
    assert not rules.change(rule, {**values, "codes": "402"}, engineer, now=NOW)


def test_a_rule_needs_the_role_in_its_integration_before_and_after() -> None:
    shop, other = make_integration(), make_integration()
    engineer = Doer(make_user(role=Role.ENGINEER, integration=shop))
    support = Doer(make_user(role=Role.SUPPORT, integration=shop))
    own, shipped = add_rule(integration=shop), AlertRule.objects.get(shipped="silence")
    plain = {"trigger": Trigger.NEW_ISSUE}

    for deed in (
        lambda: add_rule(doer=support, integration=shop),
        lambda: add_rule(doer=engineer, integration=other),
        lambda: add_rule(doer=engineer),
        lambda: rules.change(own, plain | {"integration": other}, engineer, now=NOW),
        lambda: rules.change(own, plain | {"integration": None}, engineer, now=NOW),
        lambda: rules.change(shipped, plain | {"integration": shop}, engineer, now=NOW),
        lambda: rules.switch(shipped, is_on=False, doer=engineer, now=NOW),
        lambda: rules.remove(shipped, doer=engineer, now=NOW),
        lambda: rules.remove(own, doer=support, now=NOW),
    ):
        with pytest.raises(PermissionDenied):
            deed()

    rules.switch(shipped, is_on=False, doer=Doer(make_user(is_superuser=True)), now=NOW)
    assert AuditEntry.objects.filter(subject="rule").count() == 2


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["400", "503", "none", "207"]),
        ({"codes": "400"}, ["400"]),
        ({"codes": "5xx, none"}, ["503", "none"]),
        ({"codes": "4XX"}, ["400"]),
        ({"outcomes": ["needs_fix", "partial"]}, ["400", "207"]),
        ({"endpoint": "POST /subscription/create"}, ["400", "503", "none", "207"]),
        ({"endpoint": "GET /subscriptions/"}, []),
        ({"environment": "staging"}, []),
        ({"environment": "production", "codes": "2xx"}, ["207"]),
    ],
)
def test_a_rule_takes_the_issues_that_meet_all_its_conditions(conditions: dict[str, Any], expected: list[str]) -> None:
    shop = make_integration()
    record(shop, make_refusal(), make_exchange(make_purchase(), 503), make_timeout(), make_partial())
    rule = add_rule(**conditions)

    fitting = [issue for issue in Issue.objects.order_by("id") if matching.fits_issue(rule, issue)]

    assert sorted(str(issue.status_code or "none") for issue in fitting) == sorted(expected)


def test_a_rule_of_one_integration_looks_at_no_other() -> None:
    shop, other = make_integration(), make_integration()
    own, monitor = add_rule(integration=shop), AlertRule.objects.get(shipped="monitor")
    staging = add_rule(environment="staging")

    assert [matching.covers(own, integration=one) for one in (shop, other, None)] == [True, False, False]
    assert [matching.covers(monitor, integration=one) for one in (shop, None)] == [True, True]
    assert [matching.covers(staging, integration=one) for one in (shop, None)] == [False, False]


def test_a_change_of_state_finds_the_rules_of_its_trigger() -> None:
    shop = make_integration()
    record(shop, make_refusal())
    opened = Transition.objects.get()

    assert found(opened) == ["new_issue"]
    for kind, expected in (
        (Kind.ISSUE_REGRESSED, ["regression"]),
        (Kind.REQUEST_EXHAUSTED, ["exhausted"]),
        (Kind.REQUEST_EXPIRED, ["expired"]),
        (Kind.BREAKER_CLOSED, ["breaker"]),
        (Kind.ISSUE_GREW, ["growth"]),
        (Kind.RECOVERED, []),
    ):
        assert found(Transition(kind=kind, integration=shop, issue=opened.issue)) == expected


def test_a_partial_success_has_a_trigger_of_its_own() -> None:
    record(make_integration(), make_partial())

    assert found(Transition.objects.get()) == ["partial"]


def test_an_issue_that_is_loud_again_is_told_as_new_where_no_rule_looks_for_growth() -> None:
    record(make_integration(), make_refusal())
    AlertRule.objects.filter(shipped="growth").update(is_on=False)
    opened = Transition.objects.get()

    assert found(Transition(kind=Kind.ISSUE_GREW, integration=opened.integration, issue=opened.issue)) == ["new_issue"]


def test_a_condition_belongs_to_the_rule_that_found_it_while_it_is_on() -> None:
    shop = make_integration()
    rule = add_rule(Trigger.GROWTH, threshold=2, window_minutes=60)
    grew = Transition(kind=Kind.ISSUE_GREW, integration=shop, rule=rule)

    assert matching.rules_for(grew) == [rule]
    rules.switch(rule, is_on=False, doer=Doer(), now=NOW)
    assert matching.rules_for(grew) == []


def test_a_condition_on_the_call_holds_for_no_transition_without_one() -> None:
    shop = make_integration()
    only(add_rule(Trigger.BREAKER, codes="5xx"))

    assert matching.rules_for(Transition(kind=Kind.BREAKER_OPENED, integration=shop)) == []


def test_a_condition_is_written_once_for_its_rule_subject_and_window() -> None:
    shop = make_integration()
    rule, other = AlertRule.objects.get(shipped="silence"), AlertRule.objects.get(shipped="auth")

    def once(rule: AlertRule, subject: str, window: str) -> bool:
        return transitions.once(
            Kind.SILENCE, rule=rule, subject=subject, window=window, integration=shop, number=60, now=NOW
        )

    with transaction.atomic():
        assert once(rule, "integration:1:silence", "2026-11-22T12")
        assert not once(rule, "integration:1:silence", "2026-11-22T12")
    assert once(rule, "integration:1:silence", "2026-11-22T13")
    assert once(rule, "integration:2:silence", "2026-11-22T12")
    assert once(other, "integration:1:silence", "2026-11-22T12")
    first = Transition.objects.order_by("id")[0]
    assert (first.kind, first.integration, first.number, first.at) == (Kind.SILENCE, shop, 60, NOW)
    assert Transition.objects.unhandled().count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_condition_is_written_once_outside_a_transaction_too() -> None:
    rule = AlertRule.objects.get(shipped="monitor")
    windows = [NOW + timedelta(minutes=minute) for minute in (0, 0, 1)]

    written = [
        transitions.once(Kind.MONITOR_LAGS, rule=rule, subject="monitor:beat", window=f"{at:%H:%M}", now=at)
        for at in windows
    ]

    assert written == [True, False, True]
    assert ids.time_of(Transition.objects.order_by("-id")[0].pk) == windows[-1]
