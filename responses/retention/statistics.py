"""What SQLite should know of its indexes. PostgreSQL gathers it by itself.

Without it, SQLite takes a bounded column for more telling than an equal one, and reads a day of responses where it could
have read one request's. It looks at some rows of each index only: 34 ms with a million responses.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from responses.models import LastRun, Response

EVERY = timedelta(minutes=10)
ENOUGH = 10_000
"""With fewer responses any plan is fast, and what was learned of them would soon be wrong."""
LOOKED_AT = 1_000
"""So many rows of each index."""


def refresh(now: datetime) -> bool:
    """Gather it anew when ``EVERY`` has passed and there is ``ENOUGH`` to look at; whether it did."""
    if connection.vendor != "sqlite" or not LastRun.objects.take_turn("statistics", every=EVERY, now=now):
        return False
    if not Response.objects.order_by()[ENOUGH - 1 : ENOUGH].exists():
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {LOOKED_AT}")
        cursor.execute("ANALYZE")
    return True
