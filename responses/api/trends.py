"""``/api/v1/trends``: how many responses had which outcome, from the count tables."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from responses.api import answers, asking, shapes
from responses.api.asking import Asked, Slug
from responses.insight import periods, splits, trends

router = Router(tags=["Trends"])
_UTC = ZoneInfo("UTC")


class TrendQuery(Asked):
    """Of which integration, and how far back."""

    integration: Slug | None = Field(None, description="The integration's slug. Needed by who may see more than one.")
    period: Literal["1h", "24h", "7d", "30d"] = "24h"


@router.get("/trends", response=answers.of(shapes.Trend, 404, 422), operation_id="get_trend", url_name="trends")
def get_trend(request: HttpRequest, asked: Query[TrendQuery]) -> Any:
    """Count the responses of a period: by stretches of time (in UTC), and by endpoint, status code and outcome."""
    now = timezone.now()
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    period = periods.BY_KEY[asked.period]
    found = trends.trend(user, integration.pk, period, now=now, zone=_UTC)
    kinds = splits.kinds(user, integration.pk, period, now=now, zone=_UTC)
    return shapes.Trend(
        integration=integration.slug,
        period=asked.period,
        total=found.total,
        buckets=[
            shapes.Bucket(
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                counts=shapes.Counts(**dict(zip(trends.STRANDS, counts, strict=True))),
            )
            for slot, counts in zip(found.slots, found.counts, strict=True)
        ],
        kinds=[
            shapes.Split(
                endpoint=kind.endpoint,
                status_code=kind.status_code or None,
                outcome=kind.outcome.word,  # type: ignore[arg-type]  # its words are these
                responses=kind.responses,
                mean_ms=round(kind.duration_ms / kind.responses) if kind.responses else 0,
            )
            for kind in sorted(kinds, key=lambda kind: (-kind.responses, kind.endpoint, kind.status_code))
        ],
    )
