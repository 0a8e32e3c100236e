"""Rules as sentences."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from responses.alerting import rules, sentences
from responses.models import AlertRule, Channel, Integration

Trigger = AlertRule.Trigger


def test_a_rule_with_everything_reads_as_one_sentence() -> None:
    rule = AlertRule(
        trigger="new_issue",
        environment="production",
        outcomes=["needs_fix"],
        endpoint="POST /subscription/create",
        codes="400, 5xx, none",
        every_channel=False,
        remind_minutes=240,
    )

    words = str(sentences.of(rule, channels=["Slack #oncall", "Email team"]))

    assert words == (
        "When a new needs-fix issue appears on POST /subscription/create with 400, 5xx or no answer in Production → "
        "Slack #oncall and Email team, at once; remind every 4 h until acknowledged; say when it is over."
    )


def test_the_sentence_of_the_design() -> None:
    rule = AlertRule(trigger="growth", threshold=5, window_minutes=60, integration=Integration(name="Shop EU"))

    assert str(sentences.of(rule)) == (
        "When an issue grows 5-fold within 1 h in Shop EU → all channels, at once; say when it is over."
    )


def test_quiet_hours_are_said() -> None:
    rule = AlertRule(trigger="silence", window_minutes=60, quiet_from=time(22), quiet_until=time(7), tells_end=False)

    assert sentences.of(rule).how == "at once; from 22:00 to 07:00 only in the digest, unless critical"


def test_a_rule_without_a_channel_says_that_nobody_is_told() -> None:
    assert sentences.of(AlertRule(trigger="breaker", every_channel=False)).to == sentences.NOBODY


@pytest.mark.parametrize("values", rules.DEFAULTS, ids=lambda values: values["shipped"])
def test_every_shipped_rule_has_a_whole_sentence(values: dict[str, Any]) -> None:
    rule = AlertRule(trigger=values["shipped"], **values)

    words = str(sentences.of(rule))

    assert words.startswith("When ")
    assert words.endswith(".")
    assert "{" not in words
    assert "0 time" not in words
    assert " 0 s" not in words


def test_every_trigger_has_words() -> None:
    for trigger in Trigger:
        assert sentences.when(AlertRule(trigger=trigger, threshold=2, window_minutes=60))


@pytest.mark.parametrize("trigger", Trigger.values)
def test_no_condition_is_left_unsaid(trigger: str) -> None:
    rule = AlertRule(
        trigger=trigger, threshold=2, window_minutes=60, endpoint="GET /orders/", codes="5xx", outcomes=["no_answer"]
    )

    for condition in ("GET /orders/", "5xx", "no-answer"):
        assert condition in sentences.when(rule)


def test_the_article_fits_what_follows() -> None:
    def when(*outcomes: str) -> str:
        return sentences.when(AlertRule(trigger="growth", threshold=2, window_minutes=60, outcomes=list(outcomes)))

    assert when().startswith("an issue")
    assert when("transient", "no_answer").startswith("a transient or no-answer issue")


def test_a_channel_is_called_by_its_kind_and_name() -> None:
    assert sentences.name_of(Channel(kind="slack", name="#oncall")) == "Slack #oncall"
