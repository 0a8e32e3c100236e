"""Quiet hours: when what a rule finds waits for the digest. Pure: reads no clock and no table."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from responses.models import AlertRule


def is_quiet(rule: AlertRule, now: datetime, zone: ZoneInfo) -> bool:
    """Whether ``now`` lies in a rule's quiet hours, which begin and end by the clocks of ``zone``, midnight or not."""
    begins, ends = rule.quiet_from, rule.quiet_until
    if begins is None or ends is None:
        return False
    time = now.astimezone(zone).time()
    if begins <= ends:
        return begins <= time < ends
    return time >= begins or time < ends
