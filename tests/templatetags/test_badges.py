"""Badges: an icon and a word for every value that can be stored."""

from __future__ import annotations

import pytest

from responses.exchanges import FailureKind, ItemState, Origin, Outcome
from responses.insight import retries
from responses.models import FailedRequest, Issue, Resend
from responses.ordergroove.codes import Actor
from responses.templatetags import badges, icons


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_shown_alike_as_member_number_and_word(outcome: Outcome) -> None:
    shown = badges.outcome(outcome)

    assert "<svg" in shown
    assert badges.OUTCOMES[outcome.word].word in shown
    assert badges.outcome(outcome.value) == badges.outcome(outcome.word) == shown


@pytest.mark.parametrize("state", list(FailedRequest.State))
def test_every_state_of_a_request_has_icon_and_word(state: FailedRequest.State) -> None:
    assert badges.REQUEST_STATES[state.value].word == state.label
    assert state.label in badges.request_state(state)


@pytest.mark.parametrize("value", [*retries.GROUPS, *Resend.ENDED])
def test_every_group_and_every_end_of_a_resend_has_a_look(value: str) -> None:
    assert str(value) in badges.RESEND_STATES


@pytest.mark.parametrize("state", list(Issue.State))
def test_every_state_of_an_issue_has_icon_and_word(state: Issue.State) -> None:
    assert badges.ISSUE_STATES[state.value].word == state.label


@pytest.mark.parametrize("state", list(ItemState))
def test_every_state_of_an_item_has_a_look(state: ItemState) -> None:
    assert badges.item_state(state) == badges.item_state(state.value) == badges.item_state(state.word)
    assert state.word in badges.ITEM_STATES


@pytest.mark.parametrize("origin", list(Origin))
def test_every_origin_has_a_look(origin: Origin) -> None:
    assert origin.word in badges.ORIGINS
    assert badges.origin(origin.value) == badges.origin(origin)


@pytest.mark.parametrize("actor", list(Actor))
def test_who_acts_is_said_in_the_words_of_the_codes(actor: Actor) -> None:
    assert actor.value in badges.who(actor)
    assert badges.UNKNOWN_LOOK.icon not in badges.WHO[actor.name.lower()].icon


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_stands_where_a_code_would(kind: FailureKind) -> None:
    assert badges.FAILURES[kind.value] in badges.code(None, failure=kind)
    assert badges.code(0, failure=kind.value) == badges.code(None, failure=kind)


def test_all_looks_use_vendored_icons() -> None:
    tables = (
        badges.OUTCOMES,
        badges.ITEM_STATES,
        badges.REQUEST_STATES,
        badges.ISSUE_STATES,
        badges.RESEND_STATES,
        badges.MARKS,
        badges.ORIGINS,
    )
    names = {look.icon for table in (*tables, badges.WHO) for look in table.values()}

    assert names <= icons.shapes().keys()


@pytest.mark.parametrize(
    ("status_code", "tone"),
    [(200, "success"), (202, "accepted"), (206, "partial"), (207, "partial"), (301, "needs_fix"), (400, "needs_fix"),
     (409, "needs_fix"), (423, "transient"), (429, "transient"), (500, "transient"), (599, "transient")],
)  # fmt: skip
def test_a_bare_code_takes_the_tone_of_its_class(status_code: int, tone: str) -> None:
    assert f"tone-{tone}" in badges.code(status_code)


def test_the_outcome_decides_the_tone_of_a_code() -> None:
    assert "tone-success" in badges.code(207, Outcome.SUCCESS)


def test_a_value_nobody_knows_is_shown_as_its_word() -> None:
    assert "Brand new" in badges.request_state("brand_new")


def test_what_was_recorded_is_escaped() -> None:
    assert "<b>" not in badges.endpoint("GET /<b>/x")
    assert "<b>" not in badges.request_state("<b>")
    assert "<b>" not in badges.code(400, url='"><b>')


def test_no_mark_is_no_markup() -> None:
    assert badges.mark("") == ""
    assert "Regressed" in badges.mark("regressed")
