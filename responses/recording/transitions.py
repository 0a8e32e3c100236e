"""Writes down that failed requests came to a bad end, in the transaction that ended them. It tells nobody by itself.

One row for each issue, however many of its requests ended together: a storm that ends at once is one piece of news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from responses.models import FailedRequest, Issue, Transition, ids

KINDS = {
    FailedRequest.State.EXHAUSTED.value: Transition.Kind.REQUEST_EXHAUSTED,
    FailedRequest.State.EXPIRED.value: Transition.Kind.REQUEST_EXPIRED,
}
_WORDS = {Transition.Kind.REQUEST_EXHAUSTED: "exhausted", Transition.Kind.REQUEST_EXPIRED: "expired"}


class Ended(msgspec.Struct, frozen=True):
    """A failed request that has just come to an end in ``KINDS``."""

    request_id: int
    integration_id: int
    cause: str
    """The fingerprint of its last failure, which names the issue."""
    state: str


def write(ended: Sequence[Ended], *, now: datetime) -> int:
    """Write a Transition for each kind and issue, with the number of requests; return how many. Inside a transaction."""
    if not ended:
        return 0
    issues = _issues(ended)
    groups: dict[tuple[str, int, int | None], list[int]] = {}
    for one in ended:
        group = KINDS[one.state].value, one.integration_id, issues.get((one.integration_id, one.cause))
        groups.setdefault(group, []).append(one.request_id)
    Transition.objects.bulk_create(_row(*group, request_ids, now=now) for group, request_ids in groups.items())
    return len(groups)


def _issues(ended: Sequence[Ended]) -> dict[tuple[int, str], int]:
    found = Issue.objects.filter(
        integration_id__in={one.integration_id for one in ended}, fingerprint__in={one.cause for one in ended}
    )
    rows: Any = found.values_list("integration_id", "fingerprint", "pk")
    return {(integration_id, fingerprint): issue_id for integration_id, fingerprint, issue_id in rows}


def _row(kind: str, integration_id: int, issue_id: int | None, request_ids: list[int], *, now: datetime) -> Transition:
    about = f"integration:{integration_id}:{_WORDS[Transition.Kind(kind)]}" if issue_id is None else f"issue:{issue_id}"
    return Transition(
        id=ids.new(now),
        kind=kind,
        integration_id=integration_id,
        issue_id=issue_id,
        failed_request_id=request_ids[0] if len(request_ids) == 1 else None,
        at=now,
        subject=about,
        number=len(request_ids),
    )
