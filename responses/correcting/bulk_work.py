"""What a worker does for bulk runs: it checks, approves in small portions, and notes what became of each.

Nothing is sent from here: approved requests go out through the send machine with its budget. Every step is its own
short transaction, and may be done again after a worker died in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet

from responses.correcting import bulk, bulk_rows, recipes
from responses.correcting.operations import Op
from responses.models import BulkRow, BulkRun, LastRun, Resend, User
from responses.recording import batch
from responses.sending.guard import Reason

logger = logging.getLogger(__name__)

OUTSTANDING = 40
"""So many requests of a run are on their way at most: a pause takes hold at once, and recording is not crowded out."""
PORTION = 25
LOOKED_AT = 200
"""So many waiting rows are looked at in one turn."""
SAMPLES = 5
TURN, HOLD = "bulk", timedelta(seconds=30)
TAKING = timedelta(seconds=8)
UNSETTLED = timedelta(days=2)
"""So long after its end a run still learns what became of an unknown one."""
Clock = Callable[[], datetime]
State = BulkRun.State
Row = BulkRow.State


def run_due(*, clock: Clock, is_stopping: Callable[[], bool] = lambda: False) -> frozenset[str]:
    """Do what the active runs need now, for some seconds. Returns the nudges of what was planned."""
    now = clock()
    waits = BulkRun.objects.filter(pk__in=_active(now)).exists()
    if not waits or is_stopping() or not LastRun.objects.take_turn(TURN, every=HOLD, now=now):
        return frozenset()
    try:
        return _work(clock, lambda: not is_stopping() and clock() - now < TAKING)
    except OperationalError:
        logger.warning("bulk runs wait: the database does not answer", exc_info=True)
        return frozenset()
    finally:
        LastRun.objects.end_turn(TURN, every=HOLD, pause=timedelta(0), now=clock())


def _active(now: datetime) -> list[int]:
    """Return the runs that need work: those going on, and those that wait to learn the outcome of some."""
    going = BulkRun.objects.filter(state__in=(State.CHECKING, State.RUNNING)).order_by("id")
    ended = BulkRow.objects.filter(
        Q(run__ended_at__gte=now - UNSETTLED) | Q(run__state=State.PAUSED), _unsettled(), resubmission__isnull=False
    )
    return [*going.values_list("pk", flat=True), *ended.values_list("run_id", flat=True).distinct()]


def _unsettled() -> Q:
    return Q(state__in=(Row.PLANNED, Row.UNKNOWN)) | Q(state=Row.SKIPPED, code=Resend.State.HELD)


def _work(clock: Clock, has_time: Callable[[], bool]) -> frozenset[str]:
    has_planned = False
    for run in BulkRun.objects.filter(pk__in=_active(clock())).select_related("made_by", "integration").order_by("id"):
        try:
            has_planned |= _work_on(run, clock, has_time)
        except OperationalError:
            raise
        except Exception:
            # The others must go on.
            logger.exception("a bulk run failed in a way of its own")
    return frozenset({batch.RETRYING}) if has_planned else frozenset()


def _work_on(run: BulkRun, clock: Clock, has_time: Callable[[], bool]) -> bool:
    """Do what one run needs; whether anything was planned."""
    if run.state == State.CHECKING:
        check(run, clock, has_time)
        return False
    settle(run, now=clock())
    return run.state == State.RUNNING and _go_on(run, clock, has_time)


def check(run: BulkRun, clock: Clock, has_time: Callable[[], bool]) -> None:
    """Make the dry run, a portion at a time."""
    recipe, user = recipes.load(run.recipe), run.made_by
    while has_time():
        rows = _rows(run).filter(state=Row.UNCHECKED)[:PORTION]
        found = [(row, _checked(row, run, recipe, user, now=clock())) for row in rows]
        if not found:
            BulkRun.objects.filter(pk=run.pk, state=State.CHECKING).update(state=State.PREVIEW)
            return
        samples = SAMPLES - BulkRow.objects.filter(run=run, state=Row.READY).exclude(changes=[])[:SAMPLES].count()
        with transaction.atomic():
            for row, finding in found:
                is_sample = samples > 0 and bool(finding.changes)
                samples -= is_sample
                _note(row, finding, now=clock(), is_sample=is_sample)


def _checked(
    row: BulkRow, run: BulkRun, recipe: Sequence[Op], user: User | None, *, now: datetime
) -> bulk_rows.Finding:
    if user is None:
        return bulk_rows.Finding(Row.NOT_READY, "error", "Whoever asked for the run is gone.")
    try:
        return bulk_rows.check(row.failed_request, run, recipe, user, now=now)
    except OperationalError:
        raise
    except Exception:
        logger.exception("a request of a bulk run could not be checked")
        return bulk_rows.Finding(Row.NOT_READY, "error", "The monitor failed on it. The reason is in its log.")


def _note(row: BulkRow, finding: bulk_rows.Finding, *, now: datetime, is_sample: bool) -> None:
    BulkRow.objects.filter(pk=row.pk, state=Row.UNCHECKED, run__state=State.CHECKING).update(
        state=finding.state,
        code=finding.code,
        reason=finding.reason,
        changes=finding.changes if is_sample else [],
        saw=finding.saw,
        updated_at=now,
    )


def settle(run: BulkRun, *, now: datetime) -> None:
    """Note what became of what was sent."""
    sent = _rows(run).filter(_unsettled(), resubmission__isnull=False).select_related("resubmission__resend")
    for row in sent:
        found = bulk_rows.result(row.resubmission.resend)
        if found is not None and found != (row.state, row.code, row.reason):
            _set(row, *found, now=now)


def _go_on(run: BulkRun, clock: Clock, has_time: Callable[[], bool]) -> bool:
    """Approve the next portion, and end the run where nothing is left. Whether anything was planned."""
    if run.made_by is None:
        bulk.halt(run, "Whoever started it is gone: resume it in your own name.", now=clock())
        return False
    waiting = _rows(run).filter(state=Row.PLANNED, resubmission__isnull=True)
    room = OUTSTANDING - _rows(run).filter(state=Row.PLANNED, resubmission__isnull=False).count()
    rows = list(waiting[:LOOKED_AT]) if room > 0 else []
    if not rows and room == OUTSTANDING:
        _end(run, now=clock())
        return False
    return _approve(run, run.made_by, rows, room, clock, has_time)


def _approve(
    run: BulkRun, user: User, rows: Iterable[BulkRow], room: int, clock: Clock, has_time: Callable[[], bool]
) -> bool:
    recipe, planned = recipes.load(run.recipe), 0
    busy = _busy(run)
    for row in rows:
        if planned == room or not has_time() or not _is_running(run):
            break
        key = row.failed_request.resource_key
        if key and key in busy:
            continue
        reasons = _approved(row, run, recipe, user, now=clock())
        codes = {reason.code for reason in reasons}
        words = " ".join(reason.words for reason in reasons)[: bulk_rows.LONGEST_REASON]
        if "role" in codes:
            bulk.halt(run, words, now=clock())
            break
        if codes & bulk_rows.WAITS:
            BulkRun.objects.filter(pk=run.pk, state=State.RUNNING).update(state_reason=words)
            break
        busy |= {key}
        if not codes:
            planned += 1
        elif not codes <= bulk_rows.BUSY:
            _set(row, Row.SKIPPED, reasons[0].code, words, now=clock())
    if planned and run.state_reason:
        BulkRun.objects.filter(pk=run.pk, state=State.RUNNING).update(state_reason="")
    return planned > 0


def _approved(row: BulkRow, run: BulkRun, recipe: Sequence[Op], user: User, *, now: datetime) -> tuple[Reason, ...]:
    """Approve one; return why not. What fails in a way of its own must not hold up the others."""
    try:
        return bulk_rows.approve_one(row, run, recipe, user, now=now).reasons
    except PermissionDenied:
        words = f"{user.get_username()} may not send in this integration any more: resume it in your own name."
        return (Reason("role", words),)
    except OperationalError:
        raise
    except Exception:
        logger.exception("a request of a bulk run could not be approved")
        return (Reason("error", "The monitor failed on it. The reason is in its log."),)


def _busy(run: BulkRun) -> set[str]:
    """Return the objects on which something of this run is under way: the next one on them waits for its turn."""
    live = Resend.objects.live().filter(resubmission__bulk_row__run=run)
    return {key for key in live.values_list("resource_key", flat=True) if key}


def _is_running(run: BulkRun) -> bool:
    return BulkRun.objects.filter(pk=run.pk, state=State.RUNNING).exists()


def _end(run: BulkRun, *, now: datetime) -> None:
    left = BulkRow.objects.filter(run=run, state=Row.PLANNED)
    if not left.exists():
        running = BulkRun.objects.filter(pk=run.pk, state=State.RUNNING)
        running.update(state=State.DONE, state_reason="", ended_at=now)


def _set(row: BulkRow, state: BulkRow.State, code: str, reason: str, *, now: datetime) -> None:
    """Change one row, if it still is what was read."""
    mine = BulkRow.objects.filter(pk=row.pk, state=row.state)
    mine.update(state=state, code=code[:20], reason=reason[: bulk_rows.LONGEST_REASON], updated_at=now)


def _rows(run: BulkRun) -> QuerySet[BulkRow]:
    return BulkRow.objects.filter(run=run).select_related("failed_request__integration").order_by("id")
