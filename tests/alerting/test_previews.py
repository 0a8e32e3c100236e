"""What a rule's message would look like."""

from __future__ import annotations

import pytest

from responses.alerting import compose, rules
from responses.alerting.message import Kind
from responses.models import AlertRule, Issue
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_refusal, record

pytestmark = pytest.mark.django_db
Trigger = AlertRule.Trigger


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("has_integration", [True, False])
def test_every_trigger_has_a_preview_that_says_that_it_is_made_up(trigger: Trigger, has_integration: bool) -> None:
    rule = AlertRule(trigger=trigger, threshold=3, window_minutes=30)

    said = compose.preview(rule, make_integration() if has_integration else None, now=NOW)

    assert said.footer.startswith("An example: its numbers are made up.")
    assert all([said.title, said.meaning, said.url])
    assert said.who or trigger is Trigger.DIGEST


def test_a_preview_is_about_the_newest_issue_that_fits() -> None:
    shop = make_integration(name="Shop EU")
    record(shop, make_refusal(), make_refusal(message="no offer"))
    record(shop, make_exchange(make_purchase(), 503))
    Issue.objects.filter(message__contains="offer").update(last_seen_at=NOW.replace(hour=13))

    said = compose.preview(AlertRule(trigger=Trigger.NEW_ISSUE, codes="4xx"), shop, now=NOW)

    assert (said.kind, said.title) == (Kind.NEW, "no offer")
    assert said.footer.startswith("A preview with the newest issue that fits.")
    assert said.actions == ()


def test_a_rule_about_what_passes_is_not_shown_with_an_issue_that_does_not() -> None:
    shop = make_integration()
    record(shop, make_refusal())

    said = compose.preview(AlertRule(trigger=Trigger.LASTING, window_minutes=10), shop, now=NOW)

    assert said.title == "Service Unavailable"


def test_nothing_is_written() -> None:
    shop = make_integration()
    record(shop, make_refusal())
    rules.ensure_shipped()
    before = AlertRule.objects.count()

    for rule in AlertRule.objects.all():
        compose.preview(rule, shop, now=NOW)

    assert AlertRule.objects.count() == before
