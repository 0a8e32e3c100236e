"""How much waits where: the numbers of the navigation, counted only as far as anybody reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db.models import Count

from responses.exchanges import Outcome
from responses.insight import alerts
from responses.models import FailedRequest, Issue, Resend, User, ids
from responses.recording.prepare import CLOCK

CAP = 100


class Queues(msgspec.Struct, frozen=True):
    """Numbers of one integration; ``CAP`` means that many or more."""

    issues: int = 0
    to_fix: int = 0
    partial: int = 0
    retries: int = 0
    alerts: int = 0


def of_integration(user: User, integration_id: int, *, now: datetime) -> Queues:
    """Return how many issues are open, how many requests need a person, how many are partial, how many are
    being sent again, and how many alerts are open, those about the monitor itself included.
    """
    issues = Issue.objects.visible_to(user).filter(integration_id=integration_id).open()
    requests = FailedRequest.objects.visible_to(user).filter(integration_id=integration_id)
    # The clock of whatever is older has run out, so the id keeps this from walking through all that ever was partial.
    partial = requests.open().filter(outcome=Outcome.PARTIAL.value, id__gte=ids.floor(now - CLOCK))
    retries = Resend.objects.visible_to(user).filter(integration_id=integration_id).live()
    return Queues(
        issues.order_by()[:CAP].count(),
        requests.to_fix().order_by()[:CAP].count(),
        partial.order_by()[:CAP].count(),
        retries.order_by()[:CAP].count(),
        alerts.visible(user, integration_id).open().order_by()[:CAP].count(),
    )


def open_issues(user: User, integration_ids: Sequence[int]) -> dict[int, int]:
    """Return how many issues are open in each of several integrations, for the switch between them."""
    found = Issue.objects.visible_to(user).filter(integration_id__in=integration_ids).open().order_by()
    return dict(found.values_list("integration_id").annotate(number=Count("id")))
