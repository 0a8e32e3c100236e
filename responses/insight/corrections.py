"""Corrections of a failed request: what was sent, what was tried on staging, and how many others are like it."""

from __future__ import annotations

from responses.models import FailedRequest, Resubmission, Trial, User

MOST = 20
MOST_TRIALS = 3
MOST_COUNTED = 5_000


def of_request(user: User, request: FailedRequest) -> tuple[Resubmission, ...]:
    """Return the corrections that were approved, the newest first."""
    found = Resubmission.objects.visible_to(user).filter(failed_request_id=request.pk)
    return tuple(found.select_related("resend", "asked_by", "bulk_row").order_by("-id")[:MOST])


def trials(request: FailedRequest) -> tuple[Trial, ...]:
    """Return what was tried on staging last, the newest first."""
    return tuple(request.trials.select_related("staging", "asked_by").order_by("-id")[:MOST_TRIALS])


def others_like(user: User, request: FailedRequest) -> int:
    """Return how many other requests of its newest issue wait for a correction, counted up to ``MOST_COUNTED``."""
    issue = request.issues.order_by("-last_seen_at").first()
    if issue is None:
        return 0
    alike = FailedRequest.objects.visible_to(user).filter(
        integration_id=request.integration_id,
        state=FailedRequest.State.NEEDS_FIX,
        issues=issue,
    )
    return alike.exclude(pk=request.pk).order_by()[:MOST_COUNTED].count()
