"""One request of a bulk run: whether it is ready, its approval, and what became of it.

The same checks as for a correction by hand decide, at the dry run and again when it is approved. The approval's nonce is
the row's own, so that however often a worker dies and another one goes on, a request is approved once in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from responses.correcting import approve, checks, documents, editing, recipes
from responses.correcting.operations import Op
from responses.correcting.recipes import RecipeError
from responses.models import BulkRow, BulkRun, FailedRequest, Resend, Resubmission, User
from responses.sending import wishes
from responses.sending.guard import Reason
from responses.sending.wishes import Deed

State = BulkRow.State
WAITS = frozenset({"paused", "breaker", "half_open", "limited"})
"""Reasons that pass by themselves, for the whole run."""
BUSY = frozenset({"resource", "in_flight"})
"""Reasons that pass by themselves, for this one."""
LONGEST_REASON = 300
MOST_CHANGES = 50
_CLOSED = {
    FailedRequest.State.RESOLVED: ("succeeded", "It has succeeded already"),
    FailedRequest.State.EXPIRED: ("expired", "Its 24 hours are over"),
    FailedRequest.State.DISMISSED: ("dismissed", "It was dismissed"),
}
_LATE = frozenset({"deadline"})


class NotReady(Exception):
    """Why a request cannot be corrected by a recipe: a word for grouping, and a sentence for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Finding(msgspec.Struct, frozen=True):
    """What the dry run says of one request."""

    state: BulkRow.State
    code: str = ""
    reason: str = ""
    changes: list[dict[str, Any]] = []
    saw: str = ""


class Made(msgspec.Struct, frozen=True):
    """What the recipe makes of one request: the text as an editor would hold it, its order id, the redacted diff."""

    text: str
    order_id: str | None
    changes: list[dict[str, Any]]


def check(request: FailedRequest, run: BulkRun, recipe: Sequence[Op], user: User, *, now: datetime) -> Finding:
    """Say whether ``request`` could be corrected and sent now. Reads only."""
    try:
        _check_open(request)
        _check_guard(request, run, user, now=now)
        made = make(request, run, recipe)
    except NotReady as why:
        return Finding(State.NOT_READY, why.code[:20], why.words[:LONGEST_REASON])
    return Finding(State.READY, changes=made.changes, saw=wishes.seen(request))


def make(request: FailedRequest, run: BulkRun, recipe: Sequence[Op]) -> Made:
    """Apply the recipe to one request. Raises ``NotReady``."""
    try:
        found = editing.open_original(request, only_failed=run.only_failed)
        document = documents.parse(found.text)
        locked = recipes.touched(recipe, [place.path for place in found.locked])
        if locked:
            raise NotReady("locked", f"The recipe would change {locked[0]}, which is locked in this request.")
        document, changed = recipes.apply(recipe, document)
    except editing.CannotEdit as why:
        first = why.reasons[0]
        raise NotReady(first.code, " ".join(reason.words for reason in why.reasons)) from None
    except (RecipeError, documents.Unreadable) as error:
        raise NotReady("invalid", str(error)) from None
    if recipe and not changed:
        raise NotReady("no_match", "The recipe changes nothing in it.")
    order_id = found.order_id if run.only_failed else None
    text = documents.pretty(document)
    corrected = editing.corrected(found, text, order_id=order_id)
    wrong = [problem for problem in corrected.problems if problem.is_error]
    if wrong:
        raise NotReady("invalid", f"{wrong[0].path}: {wrong[0].words}".removeprefix(": "))
    return Made(text, order_id, [msgspec.structs.asdict(one) for one in corrected.changes[:MOST_CHANGES]])


def approve_one(row: BulkRow, run: BulkRun, recipe: Sequence[Op], user: User, *, now: datetime) -> Deed:
    """Approve what the recipe makes of it, and plan the one send. The same row twice is one approval."""
    request = row.failed_request
    try:
        _check_open(request)
        made = make(request, run, recipe)
    except NotReady as why:
        return Deed(reasons=(Reason(why.code, why.words),))
    return approve.approve(
        request,
        user,
        text=made.text,
        only_failed=run.only_failed,
        order_id=made.order_id,
        reason=run.reason or f"Bulk run “{run.name}”",
        overrides=frozenset(),
        nonce=f"bulk:{row.pk}",
        saw=row.saw,
        now=now,
        address="",
        bulk_row=row,
    )


def result(resend: Resend) -> tuple[BulkRow.State, str, str] | None:
    """Return state, code and reason of a row whose request was sent; ``None`` while nothing is known yet."""
    words = resend.reason[:LONGEST_REASON]
    match resend.state:
        case Resend.State.SUCCEEDED:
            return State.SUCCEEDED, "", words
        case Resend.State.PARTIAL:
            return State.REFUSED, "partial", words
        case Resend.State.FAILED | Resend.State.EXHAUSTED:
            return State.REFUSED, "refused", words
        case Resend.State.UNKNOWN | Resend.State.VERIFYING:
            return State.UNKNOWN, "unknown", words
        case Resend.State.HELD | Resend.State.EXPIRED | Resend.State.CANCELLED | Resend.State.SUPERSEDED:
            return State.SKIPPED, str(resend.state), words
    return None


def _check_open(request: FailedRequest) -> None:
    if request.closed_at is None:
        return
    code, words = _CLOSED[FailedRequest.State(request.state)]
    by = f", by {request.get_resolved_by_display().lower()}" if request.resolved_by else ""
    raise NotReady(code, f"{words}{by}.")


def _check_guard(request: FailedRequest, run: BulkRun, user: User, *, now: datetime) -> None:
    kind = Resubmission.Kind.ONLY_FAILED if run.only_failed else Resubmission.Kind.FIX
    found = [line for line in checks.lines(request, user, kind=kind, now=now) if not line.is_good]
    wrong = [line for line in found if line.code not in WAITS | BUSY]
    if wrong:
        code = "expired" if wrong[0].code in _LATE else wrong[0].code
        raise NotReady(code, " ".join(line.words for line in wrong))
