"""Bulk runs: what people decide about one. Its scope is frozen when it is asked for; nothing is sent from here.

Who starts a run approves it: everything it sends is sent in that person's name. Each deed is a compare-and-set on the
state that the person saw, and is written down in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from responses import audit
from responses.correcting import operations, recipes
from responses.correcting.operations import Op
from responses.correcting.recipes import RecipeError
from responses.models import BulkRow, BulkRun, FailedRequest, Issue, Resend, Role, User, ids
from responses.sending import moves

MOST_ROWS = 5_000
LATELY = timedelta(hours=24)
"""What has closed since then is listed in a run, too, so that every request is accounted for."""
_AT_ONCE = 500
State = BulkRun.State
Row = BulkRow.State
_STOPPABLE = (State.CHECKING, State.PREVIEW, State.RUNNING, State.PAUSED)


class Wish(msgspec.Struct, frozen=True):
    """Who wants something, from where, when."""

    user: User | None
    """Nobody for what the monitor does by itself."""
    now: datetime
    address: str = ""

    @property
    def name(self) -> str:
        """The person's name."""
        return self.user.get_username() if self.user is not None else "The monitor"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run should do. ``besides`` is the request whose correction it was read off."""

    name: str
    recipe: Sequence[Op] = ()
    only_failed: bool = False
    reason: str = ""
    besides: FailedRequest | None = None


def preview(issue: Issue, plan: Plan, wish: Wish, *, nonce: str) -> BulkRun:
    """Freeze the scope of a run, and have it checked. The same ``nonce`` twice is one run.

    Raises ``RecipeError`` with what is wrong with the plan, and ``PermissionDenied``.
    """
    _must_have_role(wish.user, issue.integration_id)
    recipe = _checked(plan)
    chosen = list(_scope(issue, besides=plan.besides, now=wish.now))
    if not chosen:
        raise RecipeError("No request of this issue is open, and none has closed in the last 24 hours.")
    try:
        with transaction.atomic():
            return _insert(issue, plan, wish, nonce, recipe, chosen)
    except IntegrityError:
        run = BulkRun.objects.filter(nonce=nonce, issue=issue).first()
        if run is None:
            raise RecipeError("This form was used already: open it again.") from None
        return run


def scope_size(issue: Issue, *, besides: FailedRequest | None = None, now: datetime) -> int:
    """Return how many requests a run would list."""
    return sum(1 for _ in _scope(issue, besides=besides, now=now))


def start(run: BulkRun, wish: Wish) -> str:
    """Send what is ready. Returns why not, in words; nothing when it was done."""
    _must_have_role(wish.user, run.integration_id)
    with transaction.atomic():
        changes = {"started_at": wish.now, "made_by": wish.user, "state_reason": ""}
        if not _moved(run, (State.PREVIEW,), State.RUNNING, **changes):
            return _taken(run)
        ready = BulkRow.objects.filter(run=run, state=Row.READY).update(state=Row.PLANNED, updated_at=wish.now)
        if not ready:
            transaction.set_rollback(True)
            return "None of them is ready: there is nothing to send."
        _log(run, wish, "started", ready=ready)
    return ""


def check_again(run: BulkRun, wish: Wish) -> str:
    """Make the dry run anew: much may have happened since."""
    _must_have_role(wish.user, run.integration_id)
    with transaction.atomic():
        if not _moved(run, (State.PREVIEW,), State.CHECKING):
            return _taken(run)
        unchecked = {"state": Row.UNCHECKED, "code": "", "reason": "", "changes": [], "saw": ""}
        BulkRow.objects.filter(run=run).update(**unchecked, updated_at=wish.now)
        _log(run, wish, "checked_again")
    return ""


def pause(run: BulkRun, wish: Wish) -> str:
    """Approve no more for now. What has been approved already goes out."""
    _must_have_role(wish.user, run.integration_id)
    with transaction.atomic():
        words = f"{wish.name} paused it."
        if not _moved(run, (State.RUNNING,), State.PAUSED, state_reason=words):
            return _taken(run)
        _log(run, wish, "paused")
    return ""


def resume(run: BulkRun, wish: Wish) -> str:
    """Go on; what is sent from now on is sent in this person's name."""
    _must_have_role(wish.user, run.integration_id)
    with transaction.atomic():
        if not _moved(run, (State.PAUSED,), State.RUNNING, state_reason="", made_by=wish.user):
            return _taken(run)
        _log(run, wish, "resumed")
    return ""


def stop(run: BulkRun, wish: Wish) -> str:
    """End it. What has been approved and is not on the wire yet is cancelled."""
    _must_have_role(wish.user, run.integration_id)
    with transaction.atomic():
        words = f"{wish.name} stopped it."
        if not _moved(run, _STOPPABLE, State.STOPPED, state_reason=words, ended_at=wish.now):
            return _taken(run)
        open_rows = BulkRow.objects.filter(
            run=run, state__in=(Row.PLANNED, Row.READY, Row.UNCHECKED), resubmission__isnull=True
        )
        left = open_rows.update(state=Row.SKIPPED, code="stopped", reason=words, updated_at=wish.now)
        _log(run, wish, "stopped", left=left)
    _call_back(run, words, now=wish.now)
    return ""


def halt(run: BulkRun, words: str, *, now: datetime) -> bool:
    """Pause a running one by ourselves, and say why."""
    with transaction.atomic():
        if not _moved(run, (State.RUNNING,), State.PAUSED, state_reason=words):
            return False
        _log(run, Wish(None, now), "paused", why=words)
    return True


def _call_back(run: BulkRun, words: str, *, now: datetime) -> None:
    """Cancel what was approved and has not begun. Each for itself: a worker may be faster with any of them."""
    waiting = Resend.objects.filter(
        resubmission__bulk_row__run=run, state__in=(Resend.State.SCHEDULED, Resend.State.HELD)
    )
    for resend_id, request_id in list(waiting.values_list("pk", "failed_request_id")):
        with transaction.atomic():
            moves.locked(request_id)
            live = Resend.objects.filter(pk=resend_id, state__in=(Resend.State.SCHEDULED, Resend.State.HELD)).first()
            if live is not None and moves.move(live, Resend.State.CANCELLED, now=now, reason=words):
                moves.show(request_id, FailedRequest.State.NEEDS_FIX, words, now=now)


def _must_have_role(user: User | None, integration_id: int) -> None:
    if user is None or not user.has_role(integration_id, Role.SUPPORT):
        raise PermissionDenied


def _checked(plan: Plan) -> tuple[Op, ...]:
    if not plan.name.strip():
        raise RecipeError("Give the run a name: it is how others find it.")
    if not plan.recipe and not plan.only_failed:
        raise RecipeError(
            "The recipe is empty: it would send the same requests again, and they would be refused again."
        )
    if recipes.touched(plan.recipe, operations.OWN_FIELDS) and not plan.reason.strip():
        raise RecipeError("It changes order or customer ids: say why.")
    if len(plan.recipe) > recipes.MOST_OPS:
        raise RecipeError(f"A recipe has at most {recipes.MOST_OPS} operations.")
    return tuple(operations.checked(op) for op in plan.recipe)


def _scope(issue: Issue, *, besides: FailedRequest | None, now: datetime) -> Iterator[int]:
    """Return the ids of the requests: the open ones, the most pressing first, then what has closed lately."""
    mine = FailedRequest.objects.filter(failedrequestissue__issue=issue, integration_id=issue.integration_id)
    if besides is not None:
        mine = mine.exclude(pk=besides.pk)
    found = list(mine.open().order_by("first_failed_at", "id").values_list("pk", flat=True)[:MOST_ROWS])
    yield from found
    closed = mine.filter(closed_at__gte=now - LATELY).order_by("first_failed_at", "id")
    yield from closed.values_list("pk", flat=True)[: MOST_ROWS - len(found)]


def _insert(issue: Issue, plan: Plan, wish: Wish, nonce: str, recipe: tuple[Op, ...], chosen: Sequence[int]) -> BulkRun:
    run = BulkRun.objects.create(
        id=ids.new(wish.now),
        integration_id=issue.integration_id,
        issue=issue,
        name=plan.name.strip()[:120],
        recipe=recipes.dump(recipe),
        only_failed=plan.only_failed,
        nonce=nonce,
        made_by=wish.user,
        reason=plan.reason.strip()[:300],
        created_at=wish.now,
    )
    # Their order is the order in which they are sent: the counter within an id may have begun anew among so many.
    numbers = sorted(ids.new(wish.now) for _ in chosen)
    rows = [
        BulkRow(id=number, run=run, failed_request_id=request_id, updated_at=wish.now)
        for number, request_id in zip(numbers, chosen, strict=True)
    ]
    BulkRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
    _log(run, wish, "previewed", requests=len(rows))
    return run


def _moved(run: BulkRun, before: Sequence[BulkRun.State], after: BulkRun.State, **values: object) -> bool:
    """Change the state by compare-and-set, and read the run anew."""
    is_mine = BulkRun.objects.filter(pk=run.pk, state__in=before).update(state=after, **values) == 1
    run.refresh_from_db()
    return is_mine


def _taken(run: BulkRun) -> str:
    """Say who was faster, as far as that is known."""
    if run.state == State.RUNNING and run.made_by is not None:
        return f"It is running already: {run.made_by.get_username()} started it."
    return f"It has changed meanwhile: it is {State(run.state).label.lower()} now. {run.state_reason}".strip()


def _log(run: BulkRun, wish: Wish, deed: str, **after: object) -> None:
    """Write it down where the issue's activity shows it."""
    audit.log(
        wish.user,
        f"bulk_run.{deed}",
        integration_id=run.integration_id,
        subject="bulk_run" if run.issue_id is None else "issue",
        subject_id=run.issue_id or run.pk,
        after={"run": run.pk, "name": run.name, "recipe": run.recipe, "only_failed": run.only_failed, **after},
        reason=run.reason,
        address=wish.address,
        now=wish.now,
    )
