"""What the checker says of messages to people: each planted loss, lie and copy is found, and what harm explains is not."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from chaos import checker, moods, told
from chaos.evidence import Change, Evidence, Message
from chaos.moods import Mood
from tests.chaos.made_up import T, accepted, acknowledged, good_run, line, with_ledger, with_rows


def _unheard(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, messages=[])


def _heard_elsewhere(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, messages=[accepted(1, channel="slack")])


def _marked_first(run: Evidence) -> Evidence:
    return with_rows(run, messages=[Message(5, "email", "sent", "delivery-5", transition_id=9, sent_at=T + 0.5)])


def _given_up(run: Evidence) -> Evidence:
    return with_rows(run, messages=[Message(5, "email", "failed", "delivery-5", transition_id=9)])


def _waiting(run: Evidence) -> Evidence:
    return with_rows(run, messages=[Message(5, "email", "pending", "delivery-5", transition_id=9)])


def _no_message(run: Evidence) -> Evidence:
    return with_rows(run, messages=[])


def _with_change(**fields: object) -> Callable[[Evidence], Evidence]:
    def plant(run: Evidence) -> Evidence:
        change = msgspec.structs.replace(Change(10, "issue_opened", "told", alert_id=3), **fields)
        return with_rows(run, changes=[*run.rows.changes, change])

    return plant


def _cause_without_news(run: Evidence) -> Evidence:
    return with_ledger(run, "load", acknowledged(3, name="X000012", answer=400, id="chaos-1"))


def _copy(run: Evidence) -> Evidence:
    return with_ledger(run, "messages", accepted(2))


def _foreign_id(run: Evidence) -> Evidence:
    return with_ledger(run, "messages", accepted(2, id="delivery-6"))


def _no_id(run: Evidence) -> Evidence:
    return with_ledger(run, "messages", accepted(2, id=""))


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (_unheard, "alerts arrive"),
        (_heard_elsewhere, "alerts arrive"),
        (_marked_first, "alerts arrive"),
        (_given_up, "alerts arrive"),
        (_waiting, "alerts arrive"),
        (_no_message, "no news is lost"),
        (_with_change(), "no news is lost"),
        (_with_change(fate="folded"), "no news is lost"),
        (_with_change(fate=""), "no news is lost"),
        (_with_change(fate="no_channel"), "no news is lost"),
        (_with_change(fate="no_rule"), "no news is lost"),
        (_cause_without_news, "no news is lost"),
        (_copy, "copies are explained"),
        (_foreign_id, "messages keep their ids"),
        (_no_id, "messages keep their ids"),
    ],
)
def test_a_planted_violation_is_found(plant: Callable[[Evidence], Evidence], check: str) -> None:
    assert checker.check(plant(good_run()))[check]


@pytest.mark.parametrize(
    "plant",
    [
        _with_change(fate="folded", alert_id=2),
        _with_change(kind="recovered", fate="no_rule"),
        lambda run: with_ledger(_given_up(run), "messages", line(2, "refused", channel="email", id="delivery-5")),
        lambda run: msgspec.structs.replace(_copy(run), harms=1),
        lambda run: with_ledger(run, "messages", accepted(0.9, is_seen=False)),
    ],
)
def test_what_is_explained_is_no_violation(plant: Callable[[Evidence], Evidence]) -> None:
    found = checker.check(plant(good_run()))

    assert [name for name in told_checks() if found[name]] == []


def told_checks() -> list[str]:
    return [name for name, check in checker.CHECKS.items() if check.__module__ == told.__name__]


def test_a_harm_explains_one_copy_in_each_channel() -> None:
    run = msgspec.structs.replace(_copy(_copy(good_run())), harms=1)

    assert checker.check(run)["copies are explained"]


def test_a_message_meets_the_same_mood_in_each_run_and_every_mood_is_met() -> None:
    first, again = ([moods.draw(3, "slack", number) for number in range(500)] for _ in range(2))

    assert first == again
    assert set(first) == set(Mood)
    assert first != [moods.draw(3, "email", number) for number in range(500)]
