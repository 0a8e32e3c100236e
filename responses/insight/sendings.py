"""How one failed request was sent again: its Resends with their attempts, and what is known of an unknown outcome."""

from __future__ import annotations

import msgspec

from responses.exchanges import Origin
from responses.insight.request import Depth
from responses.models import Attempt, FailedRequest, Resend, Response, User

MOST = 10
_QUESTIONS = (Origin.POLL, Origin.LOOKUP)


class Sending(msgspec.Struct, frozen=True):
    """One Resend with its attempts, the first first."""

    resend: Resend
    attempts: tuple[Attempt, ...]


class Sendings(msgspec.Struct, frozen=True):
    """All that was sent again for one request, the newest first, up to ``MOST``."""

    rows: tuple[Sending, ...]

    @property
    def newest(self) -> Sending | None:
        """The last one, which may be live."""
        return self.rows[0] if self.rows else None

    @property
    def live(self) -> Sending | None:
        """The one that has not ended."""
        return next((row for row in self.rows if row.resend.is_live), None)

    @property
    def by_response(self) -> dict[int, tuple[Resend, Attempt]]:
        """Which attempt each answer belongs to."""
        return {
            attempt.response_id: (row.resend, attempt)
            for row in self.rows
            for attempt in row.attempts
            if attempt.response_id is not None
        }


def of_request(user: User, request: FailedRequest) -> Sendings:
    """Read them: two queries."""
    found = list(
        Resend.objects.visible_to(user)
        .filter(failed_request_id=request.pk)
        .select_related("asked_by")
        .order_by("-id")[:MOST]
    )
    attempts: dict[int, list[Attempt]] = {row.pk: [] for row in found}
    for attempt in Attempt.objects.filter(resend_id__in=list(attempts)).order_by("number") if found else ():
        attempts[attempt.resend_id].append(attempt)
    return Sendings(tuple(Sending(row, tuple(attempts[row.pk])) for row in found))


def questions(depth: Depth) -> tuple[Response, ...]:
    """Return what Ordergroove answered when it was asked about the request, the latest first."""
    return tuple(one.response for one in depth.attempts if Origin(one.response.origin) in _QUESTIONS)
