"""The buttons of an issue."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from responses.views import deeds

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22T13:00", "2026-11-23T08:00"),
        ("2026-11-22T23:30", "2026-11-23T08:00"),
        ("2026-11-23T01:30", "2026-11-23T08:00"),
        ("2026-11-23T02:30", "2026-11-24T08:00"),
        ("2026-10-24T20:00", "2026-10-25T08:00"),
    ],
)
def test_until_morning_is_never_just_a_few_hours(now: str, until: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN).astimezone(UTC)

    assert deeds.morning(at, BERLIN) == datetime.fromisoformat(until).replace(tzinfo=BERLIN)
