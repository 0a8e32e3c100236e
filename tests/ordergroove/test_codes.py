"""The code reference is complete, and every code and failure has an explanation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.exchanges import FailureKind, Outcome
from responses.ordergroove import codes
from responses.ordergroove.codes import Actor
from responses.ordergroove.schedules import Policy

REFERENCE = [200, 201, 202, 204, 206, 207, 400, 401, 403, 404, 409, 423, 429, 500, 502, 503]


def test_every_code_of_the_reference_stands_in_order() -> None:
    assert [info.code for info in codes.ALL] == REFERENCE


def test_every_kind_of_failure_is_explained() -> None:
    assert {info.failure for info in codes.NO_ANSWER} == set(FailureKind)


@pytest.mark.parametrize(
    ("status_code", "outcome"),
    [
        (200, Outcome.SUCCESS),
        (201, Outcome.SUCCESS),
        (202, Outcome.ACCEPTED),
        (204, Outcome.SUCCESS),
        (206, Outcome.PARTIAL),
        (207, Outcome.PARTIAL),
        (226, Outcome.SUCCESS),
        (400, Outcome.NEEDS_FIX),
        (401, Outcome.NEEDS_FIX),
        (403, Outcome.NEEDS_FIX),
        (404, Outcome.NEEDS_FIX),
        (409, Outcome.NEEDS_FIX),
        (418, Outcome.NEEDS_FIX),
        (423, Outcome.TRANSIENT),
        (429, Outcome.TRANSIENT),
        (500, Outcome.TRANSIENT),
        (502, Outcome.TRANSIENT),
        (503, Outcome.TRANSIENT),
        (504, Outcome.TRANSIENT),
        (599, Outcome.TRANSIENT),
        (100, Outcome.NEEDS_FIX),
        (301, Outcome.NEEDS_FIX),
        (304, Outcome.NEEDS_FIX),
        (600, Outcome.NEEDS_FIX),
        (999, Outcome.NEEDS_FIX),
        (0, Outcome.NEEDS_FIX),
    ],
)
def test_a_code_has_its_outcome(status_code: int, outcome: Outcome) -> None:
    assert codes.outcome_of(status_code) is outcome


@given(st.integers(-10, 1200))
def test_every_code_is_explained_and_the_class_is_its_outcome(status_code: int) -> None:
    info = codes.about(status_code)
    assert info.klass == codes.outcome_of(status_code).word
    assert info.code == status_code
    assert info.label == str(status_code)
    assert info.name
    assert info.meaning
    assert info.next_step


@pytest.mark.parametrize("kind", list(FailureKind))
def test_no_answer_is_explained_by_its_kind(kind: FailureKind) -> None:
    info = codes.about(None, kind)
    assert (info.failure, info.klass, info.label) == (kind, "no_answer", kind.value)


def test_nothing_at_all_is_explained_too() -> None:
    assert codes.about(None).klass == "no_answer"


@pytest.mark.parametrize(
    ("status_code", "who"),
    [(200, Actor.NOBODY), (207, Actor.YOU), (400, Actor.YOU), (401, Actor.KEY), (403, Actor.KEY), (503, Actor.MONITOR)],
)
def test_each_code_says_who_acts(status_code: int, who: Actor) -> None:
    assert codes.about(status_code).who is who


@pytest.mark.parametrize("status_code", [206, 207, 400, 401, 403])
def test_what_a_person_must_fix_says_that_24_hours_count(status_code: int) -> None:
    assert "24 hours" in codes.about(status_code).next_step


@pytest.mark.parametrize("info", [*codes.ALL, *codes.NO_ANSWER], ids=lambda info: info.label)
def test_failures_say_whether_something_was_created_and_texts_are_short(info: codes.CodeInfo) -> None:
    words = f"{info.meaning} {info.next_step}"
    assert len(words) < 420
    if info.klass in ("needs_fix", "partial", "no_answer"):
        assert "created" in words or "may have done the work" in words


def test_each_transient_code_names_its_schedule() -> None:
    assert codes.about(423).policy is Policy.LOCKED
    assert codes.about(429).policy is Policy.LIMITED
    assert {codes.about(code).policy for code in (500, 502, 503, 504, 599)} == {Policy.PURCHASE}
    assert {codes.about(None, kind).policy for kind in FailureKind} == {Policy.SAFE}
    assert [info.code for info in codes.ALL if info.klass != "transient" and info.policy] == []
    assert codes.about(202).offsets == (2, 5, 15, 60, 300)
