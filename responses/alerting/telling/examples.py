"""Made-up facts, for the preview of a rule that nothing has met yet. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from responses.alerting.impact import Impact
from responses.alerting.message import Kind, Link
from responses.alerting.telling.conditions import Situation
from responses.alerting.telling.digest import Day
from responses.alerting.telling.known import PURCHASE, Facts
from responses.exchanges import Outcome
from responses.models import Transition

What = Transition.Kind
_TRANSIENT = (Kind.LASTS, Kind.EXHAUSTED)


def impact(now: datetime) -> Impact:
    """Twelve orders that can still be saved."""
    return Impact(
        requests=12,
        orders=12,
        customers=11,
        refused=12,
        value=Decimal("418.80"),
        deadline_at=now + timedelta(hours=5, minutes=12),
        deadline_has_order=True,
    )


def facts(kind: Kind, *, integration: str, environment: str, number: int, now: datetime) -> Facts:
    """An issue of a purchase: one that lacks its session id, or where that makes no sense, one that got 503."""
    is_transient = kind in _TRANSIENT
    return Facts(
        issue_id=0,
        kind=kind,
        integration=integration,
        environment=environment,
        endpoint=f"POST {PURCHASE}",
        outcome=Outcome.TRANSIENT if is_transient else Outcome.NEEDS_FIX,
        status_code=503 if is_transient else 400,
        failure=None,
        field="",
        message="" if is_transient else "session id cannot be null",
        title="Service Unavailable" if is_transient else "Session id cannot be null",
        failures=14,
        requests=12,
        orders=12,
        first_seen_at=now - timedelta(minutes=12),
        resolved_at=now - timedelta(days=3) if kind is Kind.BACK else None,
        failures_since=14,
        number=number,
        lasts_for=720,
        impact=impact(now),
    )


def situation(
    what: Transition.Kind,
    kind: Kind,
    *,
    integration: str,
    environment: str,
    minutes: int,
    now: datetime,
    zone: ZoneInfo,
) -> Situation:
    """A condition that has just begun."""
    return Situation(
        what=what,
        kind=kind,
        now=now,
        zone=zone,
        integration=integration,
        environment=environment,
        number=180 if what == What.MONITOR_LAGS else 12,
        minutes=minutes,
        impact=impact(now),
        reason="18 of 20 answers in the last minute were 5xx or did not come",
        usual=140,
        last_at=now - timedelta(minutes=75),
        part="worker",
    )


def day(*, integration: str, environment: str, now: datetime, zone: ZoneInfo) -> Day:
    """A day with a little of everything."""
    return Day(
        day=now.astimezone(zone).date() - timedelta(days=1),
        integration=integration,
        environment=environment,
        calls=12_480,
        failures=31,
        recovered=9,
        opened=2,
        expired=1,
        to_fix=impact(now),
        issues=(Link("14 failures: Session id cannot be null"), Link("8 failures: Service Unavailable")),
        open_issues=2,
        kept=(Link("Issue grows: Service Unavailable"),),
        kept_number=1,
    )
