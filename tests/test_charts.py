"""The geometry of charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import charts

SERIES = (charts.Series("needs_fix", "Needs a fix"), charts.Series("success", "Success"))


def bucket(*values: int) -> charts.Bucket:
    return charts.Bucket("a while", values)


@pytest.mark.parametrize(
    ("most", "step"), [(1, 1), (4, 1), (5, 2), (9, 5), (40, 10), (41, 20), (900, 500), (10_001, 5000)]
)
def test_lines_are_at_round_numbers(most: int, step: int) -> None:
    assert charts.nice_step(most, 4) == step


def test_the_first_series_stands_on_the_base_line() -> None:
    plot = charts.trend(SERIES, [bucket(100, 300)], height=200)

    errors, successes = plot.bars[0].segments

    assert errors.y + errors.height == 200
    assert successes.y + successes.height == pytest.approx(errors.y)


def test_one_error_among_ten_thousand_successes_is_seen() -> None:
    plot = charts.trend(SERIES, [bucket(1, 9_999)], height=200)

    errors, successes = plot.bars[0].segments

    assert errors.height == charts.LEAST_SEGMENT
    assert errors.height + successes.height == pytest.approx(200, abs=0.1)


def test_a_segment_of_nothing_is_not_drawn() -> None:
    plot = charts.trend(SERIES, [bucket(0, 7), bucket(0, 0)])

    assert [piece.series for piece in plot.bars[0].segments] == [1]
    assert plot.bars[1].segments == ()


def test_a_chart_of_no_calls_still_has_an_axis() -> None:
    plot = charts.trend(SERIES, [bucket(0, 0)] * 24)

    assert [tick.label for tick in plot.up] == ["0", "1"]
    assert plot.totals == (0, 0)


def test_a_chart_of_no_buckets_is_empty() -> None:
    assert charts.trend(SERIES, []).bars == ()


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=200))
def test_every_bar_lies_within_the_chart(values: list[tuple[int, int]]) -> None:
    plot = charts.trend(SERIES, [bucket(*pair) for pair in values], height=200)

    for bar in plot.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100.01
        for piece in bar.segments:
            assert piece.height >= charts.LEAST_SEGMENT - 0.1
            assert piece.y >= -0.2 - charts.LEAST_SEGMENT
            assert piece.y + piece.height <= 200.2


def test_every_second_label_is_minor_where_there_are_many() -> None:
    buckets = [charts.Bucket("", (0, 0), tick=str(nth)) for nth in range(6)]

    assert [tick.is_minor for tick in charts.trend(SERIES, buckets).across] == [False, True, False, True, False, True]


@pytest.mark.parametrize(
    ("count", "width", "shown"),
    [
        (60, timedelta(minutes=1), ["14:30", "14:40", "14:50", "15:00", "15:10", "15:20"]),
        (24, timedelta(hours=1), ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]),
        (48, timedelta(minutes=30), ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]),
        (28, timedelta(hours=6), ["Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22"]),
        (30, timedelta(days=1), ["24 Oct", "29 Oct", "3 Nov", "8 Nov", "13 Nov", "18 Nov"]),
    ],
)
def test_labels_stand_at_round_times(count: int, width: timedelta, shown: list[str]) -> None:
    last = datetime(2026, 11, 22, 15, 25, tzinfo=UTC)
    if width >= timedelta(minutes=30):
        last = last.replace(minute=0)
    if width == timedelta(hours=6):
        last = last.replace(hour=12)
    if width == timedelta(days=1):
        last = last.replace(hour=0)
    starts = [last - width * nth for nth in reversed(range(count))]

    labels = charts.ticks(starts)

    assert len(labels) == count
    assert [label for label in labels if label] == shown


def test_a_spark_has_a_piece_for_each_hour_that_had_something() -> None:
    assert charts.spark_bars([0, 3, 0, 1], width=96, height=24).count("M") == 2
    assert charts.spark_bars([0, 0], width=96, height=24) == ""


def test_a_flat_line_lies_at_the_bottom() -> None:
    points = charts.spark_line([5, 5, 5], width=120, height=36)

    assert {y for _, y in points} == {34}
    assert charts.spark_line([5], width=120, height=36) == ()


def test_labels_that_would_touch_get_lanes_of_their_own() -> None:
    marks = [charts.Mark(seconds, "try") for seconds in (0, 60, 120, 86_400)]

    line = charts.time_line(marks, end=86_400)

    assert [placed.lane for placed in line.marks] == [0, 1, 2, 0]
    assert line.lanes == 3
    assert [placed.anchor for placed in line.marks][-1] == "end"


def test_a_growing_schedule_gets_room_for_its_first_minutes() -> None:
    marks = [charts.Mark(seconds, "try") for seconds in (0, 60, 180, 540, 86_400)]

    line = charts.time_line(marks, end=86_400, is_log=True)

    assert line.marks[1].x > 10
    assert [placed.x for placed in line.marks] == sorted(placed.x for placed in line.marks)


def test_a_mark_after_the_end_stays_on_the_line() -> None:
    line = charts.time_line([charts.Mark(200, "late")], end=100, is_log=True)

    assert line.marks[0].x <= 100


def test_parts_follow_each_other_and_fill_the_whole() -> None:
    parts = [
        charts.Part("success", "created", 2),
        charts.Part("unknown", "unknown", 0),
        charts.Part("needs_fix", "failed", 2),
    ]

    found = charts.pieces(parts, whole=4)

    assert [(piece.start, piece.length) for piece in found] == [(0, 50), (50, 50)]


def test_a_marked_time_is_cut_to_the_chart_and_wide_enough_to_be_seen() -> None:
    assert charts.stretch(-0.5, 0.25, "down") == charts.Stretch(0.0, 0.25, "down")
    assert charts.stretch(0.5, 0.5, "down") == charts.Stretch(0.5, 0.5 + charts.LEAST_STRETCH, "down")
    assert charts.stretch(0.9999, 3, "down") == charts.Stretch(1 - charts.LEAST_STRETCH, 1.0, "down")
    assert charts.stretch(-2, -1, "before") is None
    assert charts.stretch(1, 2, "after") is None


def test_times_below_a_line_keep_apart_and_the_last_one_is_never_left_out_on_a_phone() -> None:
    across = [(5, "5 s"), (60, "1 m"), (70, "70 s"), (600, "10 m"), (3600, "1 h"), (86_400, "24 h")]

    line = charts.time_line([charts.Mark(60, "1st")], end=3600, is_log=True, across=across)

    assert [tick.label for tick in line.across] == ["1 m", "10 m", "1 h"]
    assert [tick.is_minor for tick in line.across] == [False, True, False]
    assert line.across[0].position == line.marks[0].x
    assert line.across[-1].position == 98


def test_a_line_without_length_is_all_at_its_beginning() -> None:
    assert charts.along(50, end=0, is_log=True) == charts.along(0, end=60, is_log=False) == 2
