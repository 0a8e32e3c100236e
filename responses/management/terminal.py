"""Reads what the commands ``tail``, ``list`` and ``show`` print. Everything shown is redacted already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TextIO, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper
from django.db.models import QuerySet

from responses.management.printing import Printer
from responses.models import FailedRequest, Integration, Issue, Response, ids

RESPONSE_COLUMNS = ("id", "sent", "integration", "code", "outcome", "endpoint", "order", "items", "message")
_OVERLAP = timedelta(seconds=2)
"""Two processes may write ids in another order than they commit them."""
_AT_ONCE = 500


def printer(stream: OutputWrapper) -> Printer:
    """Return a printer for a command's output."""
    return Printer(cast("TextIO", stream), is_terminal=stream.isatty(), zone=ZoneInfo(settings.DISPLAY_TIME_ZONE))


def integration_of(slug: str | None) -> Integration | None:
    """Return the integration that was named, ``None`` for all. Raises ``CommandError``."""
    if not slug:
        return None
    integration = Integration.objects.filter(slug=slug).first()
    if integration is None:
        known = ", ".join(Integration.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no integration {slug}. There are: {known}.")
    return integration


def responses_of(integration: Integration | None, *, is_failed: bool) -> QuerySet[Response]:
    """Return responses, newest first."""
    rows = Response.objects.select_related("integration").order_by("-id")
    rows = rows.filter(integration=integration) if integration else rows
    return rows.failed() if is_failed else rows


def response_row(row: Response) -> tuple[Any, ...]:
    """Return the cells of ``RESPONSE_COLUMNS``."""
    counts = (("created", row.items_created), ("failed", row.items_failed), ("unknown", row.items_unknown))
    items = " ".join(f"{count} {word}" for word, count in counts if count)
    code = row.status_code or row.failure
    order = row.order_id or row.request_id
    return (row.pk, row.sent_at, row.integration.slug, code, row.outcome_word, row.endpoint, order, items, row.message)


def fresh(
    rows: QuerySet[Response], latest: Iterable[int], *, now: datetime, sleep: Callable[[], None]
) -> Iterator[Response]:
    """Yield responses as they come, each once, for ever: those after ``latest``. ``sleep`` waits between two looks."""
    seen = set(latest)
    start = min(seen, default=ids.floor(now))
    while True:
        newest = max(seen, default=start)
        floor = max(start, ids.floor(ids.time_of(newest) - _OVERLAP))
        seen = {pk for pk in seen if pk >= floor}
        found = [row for row in rows.filter(pk__gte=floor).order_by("id")[: _AT_ONCE + len(seen)] if row.pk not in seen]
        yield from found
        seen.update(row.pk for row in found)
        if not found:
            sleep()


def request_row(row: FailedRequest) -> tuple[Any, ...]:
    """Return the cells of one failed request in a list."""
    return (
        row.pk, row.state, row.integration.slug, row.deadline_at, row.endpoint, row.order_id or row.request_id,
        row.failures, row.message,
    )  # fmt: skip


REQUEST_COLUMNS = ("id", "state", "integration", "until", "endpoint", "order", "failures", "message")


def issue_row(row: Issue) -> tuple[Any, ...]:
    """Return the cells of one issue in a list."""
    return (
        row.pk,
        row.state,
        row.integration.slug,
        row.last_seen_at,
        row.failures,
        row.requests,
        row.endpoint,
        row.title,
    )


ISSUE_COLUMNS = ("id", "state", "integration", "last seen", "failures", "requests", "endpoint", "what")
