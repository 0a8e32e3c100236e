"""Whether anything has changed since a page was drawn: cheap to ask every few seconds, by every open page."""

from __future__ import annotations

from datetime import datetime

from responses.models import AuditEntry, Response, User


def of(user: User, integration_id: int, *, now: datetime) -> str:
    """Return a mark that changes with a new response, a deed of a person, and each minute: clocks and charts move by
    themselves. Two look-ups of a newest id.
    """
    newest = Response.objects.visible_in(user, integration_id).order_by("-id")
    response_id = newest.values_list("id", flat=True).first()
    deed_id = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first()
    return f"{response_id or 0:x}.{deed_id or 0:x}.{int(now.timestamp()) // 60:x}"
