"""Charts as SVG: links, words, a table, and nothing that the content security policy forbids."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from responses import charts
from responses.templatetags import plots

SERIES = (charts.Series("needs_fix", "Needs a fix"), charts.Series("success", "Success"))
BUCKETS = [
    charts.Bucket(
        "14:00 to 15:00", (2, 98), tick="14:00", url="/?hour=14", urls=("/?hour=14&bad=1", "/?hour=14&good=1")
    ),
    charts.Bucket("15:00 to 16:00", (0, 0), url="/?hour=15"),
]
HOSTILE = '"><script>&'


def every_chart(words: str) -> list[str]:
    bucket = charts.Bucket(words, (3,), tick=words, url=words)
    plot = charts.trend((charts.Series("success", words),), [bucket], stretches=[charts.Stretch(0.2, 0.4, words)])
    part = charts.Part("success", words, 3, url=words)
    line = charts.time_line([charts.Mark(1, words, words, title=words)], end=2)
    return [
        plots.trend_chart(plot, words),
        plots.spark([1, 2], words),
        plots.spark_line([1, 2], words),
        plots.time_line(line, words),
        plots.partial_bar(2, 1, 1),
        plots.split_bars([charts.Row(words, (part,), words, words)], words),
        plots.donut([part], words, words, words),
    ]


def test_each_bar_and_each_segment_leads_to_its_responses() -> None:
    shown = plots.trend_chart(charts.trend(SERIES, BUCKETS), "Responses")

    links = re.findall(r'<a class="(bar|segment)[^"]*" href="([^"]*)"', shown)
    assert links == [
        ("bar", "/?hour=14"),
        ("segment", "/?hour=14&amp;bad=1"),
        ("segment", "/?hour=14&amp;good=1"),
        ("bar", "/?hour=15"),
    ]


def test_each_bar_says_what_it_holds() -> None:
    shown = plots.trend_chart(charts.trend(SERIES, BUCKETS), "Responses")

    assert 'aria-label="14:00 to 15:00: 2 Needs a fix, 98 Success"' in shown
    assert 'aria-label="15:00 to 16:00: nothing"' in shown


def test_a_table_holds_the_same_numbers() -> None:
    shown = plots.trend_chart(charts.trend(SERIES, BUCKETS), "Responses")

    assert '<a href="/?hour=14">14:00 to 15:00</a></th><td class="num">2</td><td class="num">98</td>' in shown
    assert "<table" not in plots.trend_chart(charts.trend(SERIES, BUCKETS), "Responses", with_table=False)


@pytest.mark.parametrize("nth", range(7))
def test_charts_are_well_formed_and_need_no_inline_style(nth: int) -> None:
    shown = every_chart("words")[nth]

    ET.fromstring(shown.replace(" data-bars", ' data-bars=""'))
    assert "style=" not in shown


@pytest.mark.parametrize("nth", range(7))
def test_words_of_strangers_are_escaped(nth: int) -> None:
    assert "<script>" not in every_chart(HOSTILE)[nth]


def test_a_partial_result_is_said_in_words_as_well() -> None:
    shown = plots.partial_bar(2, 1)

    assert "2/3" in shown
    assert 'aria-label="2 of 3: 2 created, 1 failed"' in shown


def test_nothing_to_split_is_said() -> None:
    assert "Nothing in this period." in plots.split_bars([], "By code")


def test_marked_times_are_drawn_and_said_in_words() -> None:
    stretches = [charts.Stretch(nth / 10, nth / 10 + 0.05, f"Stop {nth}") for nth in range(5)]

    shown = plots.trend_chart(charts.trend(SERIES, BUCKETS, stretches=stretches), "Responses")

    assert '<rect x="10.0%" y="-6" width="5.0%" height="206"/>' in shown
    assert shown.count("<title>Stop") == 5
    assert re.findall(r"<li>(Stop \d)</li>", shown) == ["Stop 4", "Stop 3", "Stop 2"]
    assert "and 2 before" in shown
