"""What the editor of a failed request shows: the values to correct, the checks, what changes, who else is at it."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from responses.correcting import checks, drafts, editing, fields, trials
from responses.correcting.changes import Change
from responses.correcting.checks import Line
from responses.correcting.editing import Corrected, Editable
from responses.correcting.fields import Field
from responses.exchanges import ItemState, Outcome
from responses.insight import corrections
from responses.insight import request as insight
from responses.models import FailedRequest
from responses.sending import wishes
from responses.sending.guard import Reason
from responses.views import links, parts, request_words
from responses.views.corrections import unmasked
from responses.views.frame import Frame

MOST_FIELDS = 30
MOST_OTHERS = 80
LOOK_AGAIN_SECONDS = 2


class Typed(msgspec.Struct, frozen=True):
    """What the form holds: from the original, from a draft, or from the form itself."""

    text: str
    saw: str
    reason: str = ""
    overrides: tuple[str, ...] = ()
    nonce: str = ""
    draft: drafts.Kept | None = None
    """The draft that it was taken from."""


class Verdict(msgspec.Struct, frozen=True):
    """What is to be said of what was typed."""

    corrected: Corrected
    lines: tuple[Line, ...]
    reasons: tuple[Reason, ...] = ()
    """Why it was not sent."""


def is_only_failed(row: FailedRequest) -> bool:
    """Whether a part of it was created: then only the rest may be sent."""
    return row.items_created > 0 or row.outcome == Outcome.PARTIAL


def begun(page: Frame, row: FailedRequest, editable: Editable) -> Typed:
    """Return the draft of the person, else the original."""
    kept = drafts.of(row, page.user, only_failed=is_only_failed(row))
    if kept is None:
        return Typed(editable.text, wishes.seen(row))
    return Typed(kept.text, kept.saw, kept.reason, draft=kept)


def judged(page: Frame, row: FailedRequest, editable: Editable, typed: Typed) -> Verdict:
    """Return what is to be said of what was typed, before anything is sent."""
    lines = checks.lines(row, page.user, kind=editable.kind, now=page.now)
    return Verdict(editing.corrected(editable, typed.text), tuple(lines))


def shown(page: Frame, row: FailedRequest, editable: Editable, typed: Typed, verdict: Verdict) -> dict[str, Any]:
    """Return all that the page shows."""
    depth = insight.read(page.user, row)
    failing = _failing(editable, typed.text)
    new_id = fields.of(typed.text, [(editing.ORDER_ID, "")] if is_only_failed(row) and editable.order_id else [])
    return verdict_of(page, row, editable, typed, verdict) | trials_of(page, row) | {
        "list_url": links.page(page, "fix-list"),
        "latest_words": row.message,
        "advice": insight.advice(row, depth.items),
        "editable": editable,
        "typed": typed,
        "fields": [one for one in failing if one.kind != "json"],
        "in_json": [one for one in failing if one.kind == "json"],
        "locked_failing": _locked_failing(editable),
        "groups": _others(editable, typed.text, {one.path for one in failing} | {editing.ORDER_ID if new_id else ""}),
        "new_id": new_id[0] if new_id else None,
        "changed_meanwhile": typed.draft is not None and typed.saw != wishes.seen(row),
        "kept_items": [one for one in depth.items if one.state == ItemState.CREATED.value],
        "sent_items": [one for one in depth.items if one.state != ItemState.CREATED.value],
        "colleagues": drafts.others(row, page.user, now=page.now)[:3],
        "before": corrections.of_request(page.user, row)[:1],
        "stagings": trials.stagings(row, page.user),
    }  # fmt: skip


def verdict_of(page: Frame, row: FailedRequest, editable: Editable, typed: Typed, verdict: Verdict) -> dict[str, Any]:
    """Return what changes with each value that is typed."""
    corrected = verdict.corrected
    stops = [line for line in verdict.lines if not line.is_good and not line.may_override]
    return {
        "now": page.now,
        "request_row": row,
        "name": request_words.name_of(row),
        "is_only_failed": is_only_failed(row),
        "here": links.page(page, "request-resubmit", row.pk),
        "request_url": links.page(page, "request-detail", row.pk),
        "settings_url": links.page(page, "integration-detail", row.integration.slug),
        "nonce": typed.nonce or secrets.token_urlsafe(12),
        "saw": typed.saw,
        "reason": typed.reason,
        "overrides": typed.overrides,
        "lines": verdict.lines,
        "stops": stops,
        "may_be_overridden": any(not line.is_good and line.may_override for line in verdict.lines),
        "refusals": [reason for reason in verdict.reasons if reason.words not in {line.words for line in stops}],
        "errors": [_problem(one) for one in corrected.problems if one.is_error],
        # That nothing was changed stands where the changes do.
        "warnings": [
            _problem(one) for one in corrected.problems if not one.is_error and (one.path or corrected.changes)
        ],
        "changes": [_change(one) for one in corrected.changes],
        "needs_reason": corrected.needs_reason,
    }


def trials_of(page: Frame, row: FailedRequest) -> dict[str, Any]:
    """Return what was tried on staging; it looks again while an answer is awaited."""
    found = corrections.trials(row)
    here = links.page(page, "request-trials", row.pk)
    return {
        "trials": found,
        "trials_wait": any(one.ended_at is None for one in found),
        "trials_url": parts.live_url(here, seen=""),
        "trials_every": LOOK_AGAIN_SECONDS,
    }


def _failing(editable: Editable, text: str) -> list[Field]:
    locked = {one.path for one in editable.locked}
    wanted = [(one.path, one.words) for one in editable.failing if one.path and one.path not in locked]
    return fields.of(text, wanted)[:MOST_FIELDS]


def _locked_failing(editable: Editable) -> list[str]:
    """Name what Ordergroove complained about and nobody can see here."""
    locked = {one.path for one in editable.locked}
    return [fields.label_of(one.path) for one in editable.failing if one.path in locked]


def _others(editable: Editable, text: str, but: set[str]) -> list[tuple[str, list[Field]]]:
    """Return every other single value, by what it belongs to."""
    left_out = but | {one.path for one in editable.locked}
    said = {one.path: one.words for one in editable.sensitive}
    paths = [path for path in fields.leaves(text, most=MOST_OTHERS + len(left_out)) if path not in left_out]
    found: dict[str, list[Field]] = {}
    for one in fields.of(text, [(path, said.get(path, "")) for path in paths[:MOST_OTHERS]]):
        group, colon, label = one.label.partition(": ")
        name, short = (group, label) if colon else ("The request itself", group)
        found.setdefault(name, []).append(msgspec.structs.replace(one, label=short[:1].upper() + short[1:]))
    return list(found.items())


def _change(change: Change) -> dict[str, str | None]:
    return {
        "label": fields.label_of(change.path) or "The request",
        "before": change.before,
        "after": unmasked(change.after),
    }


def _problem(problem: editing.Problem) -> dict[str, str]:
    return {"path": problem.path, "label": fields.label_of(problem.path), "words": problem.words}
