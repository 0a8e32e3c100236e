"""What pages show of bulk runs: how far one is, why some are not ready, what became of each. It only reads."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from responses.insight import cursors
from responses.models import BulkRow, BulkRun, FailedRequest, Issue, Resubmission, User

PAGE = 30
State = BulkRow.State
_SENT = Exists(Resubmission.objects.filter(bulk_row=OuterRef("pk")))
GROUPS: dict[str, Q] = {
    "ready": Q(state=State.READY),
    "not_ready": Q(state=State.NOT_READY),
    "waiting": Q(state=State.PLANNED) & ~Q(_SENT),
    "under_way": Q(state=State.PLANNED) & Q(_SENT),
    "succeeded": Q(state=State.SUCCEEDED),
    "refused": Q(state=State.REFUSED),
    "unknown": Q(state=State.UNKNOWN),
    "skipped": Q(state=State.SKIPPED),
    "unchecked": Q(state=State.UNCHECKED),
}
"""Each row is in one of them."""


class Why(msgspec.Struct, frozen=True):
    """One reason for which some are not sent: its word, how many, and the sentence of one of them."""

    state: str
    code: str
    count: int
    words: str
    is_single: bool
    """Whether all of them say exactly that."""


class Page(msgspec.Struct, frozen=True):
    """A page of rows, in their order. ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[BulkRow, ...]
    after: str


class RunPage(msgspec.Struct, frozen=True):
    """A page of runs, the newest first, each with the number of its rows by group."""

    rows: tuple[tuple[BulkRun, dict[str, int]], ...]
    after: str


def runs(user: User, integration_id: int, *, after: str = "", size: int = PAGE) -> RunPage:
    """Return one page of the runs of an integration."""
    found = BulkRun.objects.visible_to(user).filter(integration_id=integration_id)
    key = cursors.read(after, 1)
    if key:
        found = found.filter(pk__lt=key[0])
    chosen = list(found.select_related("issue", "made_by").order_by("-id")[: size + 1])
    shown = chosen[:size]
    counted = _counts(Q(run__in=[run.pk for run in shown]))
    rows = tuple((run, counted.get(run.pk, dict.fromkeys(GROUPS, 0))) for run in shown)
    return RunPage(rows, cursors.write(shown[-1].pk) if len(chosen) > size else "")


def counts(run: BulkRun) -> dict[str, int]:
    """Return how many rows of a run are in each group."""
    return _counts(Q(run=run)).get(run.pk, dict.fromkeys(GROUPS, 0))


def _counts(which: Q) -> dict[int, dict[str, int]]:
    sums = {name: Count("pk", filter=group) for name, group in GROUPS.items()}
    found = BulkRow.objects.filter(which).order_by().values("run_id").annotate(**sums).values_list("run_id", *GROUPS)
    return {run_id: dict(zip(GROUPS, numbers, strict=True)) for run_id, *numbers in found}


def whys(run: BulkRun) -> tuple[Why, ...]:
    """Return why some are not ready, were skipped or refused, the commonest first."""
    with_reason = BulkRow.objects.filter(run=run).exclude(code="").order_by()
    found = with_reason.values("state", "code").annotate(
        n=Count("pk"), words=Min("reason"), kinds=Count("reason", distinct=True)
    )
    ordered = sorted(found, key=lambda row: (-row["n"], row["code"]))
    return tuple(Why(row["state"], row["code"], row["n"], row["words"], row["kinds"] == 1) for row in ordered)


def rows(run: BulkRun, group: str = "", code: str = "", *, after: str = "", size: int = PAGE) -> Page:
    """Return one page of a run's rows: of one group, of one reason, or all."""
    found = _rows(run).filter(GROUPS.get(group, Q()))
    if code:
        found = found.filter(code=code)
    key = cursors.read(after, 1)
    if key:
        found = found.filter(pk__gt=key[0])
    chosen = list(found.order_by("id")[: size + 1])
    shown = chosen[:size]
    return Page(tuple(shown), cursors.write(shown[-1].pk) if len(chosen) > size else "")


def everything(run: BulkRun) -> Iterator[BulkRow]:
    """Return all rows of a run: there are never more than a few thousand."""
    return _rows(run).order_by("id").iterator(chunk_size=500)


def samples(run: BulkRun) -> tuple[BulkRow, ...]:
    """Return the rows whose diff is kept for people to look at."""
    return tuple(_rows(run).exclude(changes=[]).exclude(state=State.NOT_READY).order_by("id")[:5])


def new_issues(run: BulkRun) -> tuple[Issue, ...]:
    """Return the issues that arose from what the run sent: causes that those requests had not had before."""
    if run.started_at is None:
        return ()
    refused = FailedRequest.objects.filter(
        bulk_rows__run=run, bulk_rows__state__in=(State.REFUSED, State.SUCCEEDED, State.UNKNOWN)
    )
    linked = Issue.objects.filter(integration_id=run.integration_id, failed_requests__in=refused)
    return tuple(
        linked.filter(first_seen_at__gte=run.started_at).exclude(pk=run.issue_id or 0).distinct().order_by("id")[:20]
    )


def _rows(run: BulkRun) -> QuerySet[BulkRow]:
    return BulkRow.objects.filter(run=run).select_related("failed_request", "resubmission__resend")
