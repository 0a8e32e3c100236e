"""Schedules are read leniently and written strictly: whatever is stored or sent, none of them hammers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.ordergroove import policies
from responses.ordergroove.schedules import DEFAULTS, Growing, Lasting, Policy, Schedules

CLASSES = ["locked", "limited", "purchase", "safe"]
numbers = st.integers(-5, 5000) | st.integers() | st.floats() | st.booleans() | st.none()
anything: st.SearchStrategy[Any] = st.recursive(
    numbers | st.text(),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
plausible = st.dictionaries(
    st.sampled_from([*CLASSES, "person", ""]),
    anything
    | st.dictionaries(
        st.sampled_from(["first", "cap", "most", "within", "times", "after_a_day", "?"]),
        numbers | st.lists(st.integers(0, 90_000) | numbers, max_size=10) | st.text(),
        max_size=5,
    ),
    max_size=4,
)


def hammers(schedules: Schedules) -> list[str]:
    """Which least gaps, most waits and most sends do not hold."""
    growing: dict[str, tuple[Growing | Lasting, int]] = {
        "locked": (schedules.locked, 1),
        "limited": (schedules.limited, 1),
        "safe": (schedules.safe, 60),
    }
    found = [
        name
        for name, (one, least) in growing.items()
        if not (least <= one.first <= one.cap <= 3600 and 0 <= one.most <= 20)
    ]
    times = (0, *schedules.purchase.times)
    if len(times) > 9 or any(later - earlier < 60 for earlier, later in pairwise(times)):
        found.append("purchase")
    if times[-1] > 23 * 3600 or not 300 <= schedules.safe.within <= 86_400:
        found.append("too long")
    return found


def test_the_defaults_are_those_of_the_table() -> None:
    assert (DEFAULTS.locked.first, DEFAULTS.locked.cap, DEFAULTS.locked.most) == (2, 60, 8)
    assert (DEFAULTS.limited.first, DEFAULTS.limited.cap, DEFAULTS.limited.most) == (5, 300, 10)
    assert (DEFAULTS.purchase.times, DEFAULTS.purchase.after_a_day) == ((60, 180, 540), True)
    assert (DEFAULTS.safe.first, DEFAULTS.safe.most, DEFAULTS.safe.within) == (60, 6, 3600)
    assert hammers(DEFAULTS) == []
    assert {name: policies.max_sends(DEFAULTS, Policy(name)) for name in CLASSES} == {
        "locked": 8,
        "limited": 10,
        "purchase": 4,
        "safe": 6,
    }


@given(anything | plausible)
def test_any_stored_value_is_read_and_never_hammers(stored: Any) -> None:
    assert hammers(Schedules.from_settings(stored)) == []


@given(anything | plausible)
def test_what_is_accepted_is_kept_as_it_is_and_what_is_not_is_explained(wanted: Any) -> None:
    problems = Schedules.problems(wanted)

    if problems:
        assert all(problem.isprintable() and ": " in problem and problem.endswith(".") for problem in problems)
    else:
        read = Schedules.from_settings(wanted)
        for name, part in wanted.items():
            for field, value in part.items():
                kept = getattr(getattr(read, name), field)
                assert kept == (tuple(value) if field == "times" else value)
        assert Schedules.from_settings(read.changes()) == read


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ([], "Retries: give an object"),
        ({"person": {}}, "person: there is no such class."),
        ({"locked": 3}, "locked: give an object of settings."),
        ({"locked": {"speed": 3}}, "locked.speed: there is no such setting."),
        ({"locked": {"first": 0}}, "locked.first: must be a whole number from 1 to 3,600 seconds."),
        ({"limited": {"cap": 3601}}, "limited.cap: must be a whole number from 1 to 3,600 seconds."),
        ({"limited": {"first": True}}, "limited.first: must be a whole number from 1 to 3,600 seconds."),
        ({"limited": {"first": 30, "cap": 20}}, "limited.cap: must not be less than the first wait, 30 seconds."),
        ({"safe": {"first": 59}}, "safe.first: must be a whole number from 60 to 3,600 seconds."),
        ({"safe": {"most": 21}}, "safe.most: must be a whole number from 0 to 20."),
        (
            {"safe": {"within": 299}},
            "safe.within: must be a whole number from 300 to 86,400 seconds (5 minutes to 24 hours).",
        ),
        ({"purchase": {"times": 60}}, "purchase.times: give a list of at most 8 times."),
        (
            {"purchase": {"times": [59]}},
            "purchase.times: each must be a whole number from 60 to 82,800 seconds (1 minute to 23 hours)",
        ),
        (
            {"purchase": {"times": [60, 119]}},
            "purchase.times: each must be at least 60 seconds later than the one before.",
        ),
        (
            {"purchase": {"times": [180, 60]}},
            "purchase.times: each must be at least 60 seconds later than the one before.",
        ),
        ({"purchase": {"times": list(range(60, 600, 60))}}, "purchase.times: give a list of at most 8 times."),
        ({"purchase": {"after_a_day": 1}}, "purchase.after_a_day: must be yes or no."),
    ],
)
def test_a_problem_names_field_rule_and_limit(wanted: Any, problem: str) -> None:
    [found] = Schedules.problems(wanted)

    assert found.startswith(problem)


def test_one_class_that_cannot_be_read_leaves_the_others() -> None:
    read = Schedules.from_settings({"locked": {"first": 0}, "limited": {"most": 3}})

    assert read.locked == DEFAULTS.locked
    assert read.limited.most == 3


def test_only_what_differs_is_stored() -> None:
    read = Schedules.from_settings({"purchase": {"times": [120]}, "locked": {"first": 2}})

    assert read.changes() == {"purchase": {"times": [120], "after_a_day": True}}
    assert DEFAULTS.changes() == {}
