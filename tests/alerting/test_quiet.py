"""Quiet hours: what a rule finds then is left to the digest, but for what is critical."""

from __future__ import annotations

from datetime import time

import pytest
from pytest_django import Settings

from responses.alerting import rules
from responses.audit import Doer
from responses.models import Alert, AlertRule, Channel, Delivery, Integration
from tests.alerting.changes import (
    Fate,
    Severity,
    channel,
    fates,
    make_channel,
    make_issue,
    shop,
)
from tests.factories import NOW

__all__ = ["channel", "shop"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("begins", "ends", "is_quiet"),
    [
        (time(11), time(13), True),
        (time(12), time(13), True),
        (time(11), time(12), False),
        (time(22), time(6), False),
        (time(22), time(12, 1), True),
        (time(11, 59), time(6), True),
    ],
)
def test_in_its_quiet_hours_a_rule_leaves_it_to_the_digest(
    shop: Integration, channel: Channel, begins: time, ends: time, is_quiet: bool
) -> None:
    AlertRule.objects.update(quiet_from=begins, quiet_until=ends)

    make_issue(shop)

    assert fates() == [Fate.QUIET if is_quiet else Fate.TOLD]
    assert Delivery.objects.exists() is not is_quiet
    assert Alert.objects.open().count() == 1


def test_quiet_hours_are_those_of_the_team(shop: Integration, channel: Channel, settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Asia/Tokyo"  # 21:00 there
    AlertRule.objects.update(quiet_from=time(20), quiet_until=time(22))

    make_issue(shop)

    assert fates() == [Fate.QUIET]


def test_what_is_critical_knows_no_quiet_hours(shop: Integration, channel: Channel) -> None:
    AlertRule.objects.update(quiet_from=time(11), quiet_until=time(13))

    make_issue(shop, status_code=401)

    assert fates() == [Fate.TOLD]
    assert Alert.objects.get().severity == Severity.CRITICAL


def test_a_rule_without_quiet_hours_tells_its_channels(shop: Integration, channel: Channel) -> None:
    night = make_channel(shop)
    rules.add({"trigger": "new_issue", "every_channel": False, "channels": [night]}, Doer(), now=NOW)
    AlertRule.objects.filter(shipped="new_issue").update(quiet_from=time(11), quiet_until=time(13))

    make_issue(shop)

    assert [one.channel for one in Delivery.objects.all()] == [night]
