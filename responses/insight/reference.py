"""How often each status code was seen lately. Reads the count tables, never the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum

from responses.insight import periods
from responses.models import HourlyCount, User

WEEK = timedelta(days=7)


def seen(user: User, integration_id: int, *, now: datetime) -> dict[int, int]:
    """Return the number of responses of the last 7 days by status code; 0 stands for no answer."""
    counted = HourlyCount.objects.visible_in(user, integration_id).filter(hour__gt=periods.hour_of(now - WEEK))
    found = counted.order_by().values_list("status_code").annotate(number=Sum("responses"))
    return dict(found)
