"""Slots of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from responses.insight import periods
from tests.factories import NOW

BERLIN, KOLKATA, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(("key", "count"), [("1h", 60), ("24h", 24), ("7d", 56), ("30d", 30)])
@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), BERLIN, KOLKATA, NEW_YORK, ZoneInfo("Asia/Kathmandu")], ids=str)
def test_slots_follow_each_other_and_none_leaves_now_out(key: str, count: int, zone: ZoneInfo) -> None:
    period = periods.BY_KEY[key]

    slots = periods.slots(period, now=NOW, zone=zone)

    assert len(slots) == count
    assert all(one.end == other.first for one, other in pairwise(slots))
    number = int(NOW.timestamp() // period.unit.total_seconds())
    assert periods.places(slots)[number - slots[0].first] in (count - 1, count - 2)
    assert all(slot.starts_at.tzinfo is zone for slot in slots)


@pytest.mark.parametrize("minutes", range(0, 24 * 60, 7))
def test_the_hour_that_is_now_is_always_on_the_chart(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    for period in periods.ALL:
        number = int(now.timestamp() // period.unit.total_seconds())
        slots = periods.slots(period, now=now, zone=KOLKATA)
        assert slots[0].first <= number < slots[-1].end


def test_a_day_begins_at_the_viewers_midnight() -> None:
    slots = periods.slots(periods.BY_KEY["30d"], now=NOW, zone=NEW_YORK)

    assert {(slot.starts_at.hour, slot.starts_at.minute) for slot in slots} == {(0, 0)}
    assert slots[-1].starts_at == datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_a_bar_of_the_week_begins_at_a_round_hour_of_the_wall_clock() -> None:
    slots = periods.slots(periods.BY_KEY["7d"], now=NOW, zone=BERLIN)

    assert slots[-1].starts_at == datetime(2026, 11, 22, 12, tzinfo=BERLIN)
    assert {slot.starts_at.hour % 3 for slot in slots} == {0}


def test_the_day_when_clocks_go_back_has_25_hours_and_none_is_lost() -> None:
    now = datetime(2026, 10, 26, 12, tzinfo=UTC)

    slots = periods.slots(periods.BY_KEY["30d"], now=now, zone=BERLIN)

    hours = {slot.starts_at.date().isoformat(): slot.end - slot.first for slot in slots}
    assert hours["2026-10-25"] == 25
    assert set(hours.values()) == {24, 25}


def test_the_day_when_clocks_go_forward_has_23_hours() -> None:
    slots = periods.slots(periods.BY_KEY["7d"], now=datetime(2026, 3, 30, 12, tzinfo=UTC), zone=BERLIN)

    changed = [slot for slot in slots if slot.starts_at.date().isoformat() == "2026-03-29"]
    assert sum(slot.end - slot.first for slot in changed) == 23


def test_the_edges_of_a_slot_are_the_instants_that_it_counts() -> None:
    last = periods.slots(periods.BY_KEY["7d"], now=NOW, zone=KOLKATA)[-1]
    minute = periods.slots(periods.BY_KEY["1h"], now=NOW, zone=KOLKATA)[-1]

    assert (last.counted_from, last.counted_to) == (NOW - timedelta(hours=2), NOW + timedelta(hours=1))
    assert (minute.counted_from, minute.counted_to) == (NOW, NOW + timedelta(minutes=1))


def test_a_number_is_placed_in_the_slot_that_holds_it() -> None:
    slots = periods.slots(periods.BY_KEY["7d"], now=NOW, zone=KOLKATA)

    place_of = periods.places(slots)

    for index, slot in enumerate(slots):
        for number in (slot.first, slot.end - 1):
            assert periods.place(slots, number) == place_of[number - slots[0].first] == index
    assert len(place_of) == slots[-1].end - slots[0].first
    assert periods.place(slots, slots[0].first - 1) is None
    assert periods.place(slots, slots[-1].end) is None


def test_an_hour_and_its_number_are_each_others_inverse() -> None:
    assert periods.time_of(periods.hour_of(NOW)) == NOW
    assert periods.hour_of(NOW + timedelta(minutes=59)) == periods.hour_of(NOW)
