"""What the pages of bulk runs show. It answers no request itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django import forms
from django.conf import settings

from responses import charts
from responses.correcting import operations, recipes
from responses.correcting.recipes import RecipeError
from responses.insight import bulk_runs, retries
from responses.models import BulkRow, BulkRun, FailedRequest, Role
from responses.sending import gates
from responses.templatetags.times import span
from responses.views import links, parts, request_words
from responses.views.frame import Frame

State = BulkRun.State
LIVELY_SECONDS, CALM_SECONDS = 2, 10
_LIVELY = (State.CHECKING, State.RUNNING)
LABELS = {
    "ready": ("Ready", "brand", "player-play"),
    "succeeded": ("Succeeded", "success", "circle-check"),
    "refused": ("Refused again", "needs_fix", "circle-x"),
    "unknown": ("Outcome unknown", "unknown", "help-circle"),
    "under_way": ("On their way", "accepted", "send"),
    "waiting": ("Waiting", "neutral", "clock"),
    "skipped": ("Skipped", "partial", "arrow-right"),
    "not_ready": ("Not ready", "partial", "alert-circle"),
    "unchecked": ("Not checked yet", "neutral", "clock"),
}
"""What a group of rows is called, its tone and its icon."""
STATES = {
    State.CHECKING: ("Being checked", "transient", "refresh"),
    State.PREVIEW: ("Dry run", "brand", "eye-check"),
    State.RUNNING: ("Running", "transient", "player-play"),
    State.PAUSED: ("Paused", "partial", "player-pause"),
    State.STOPPED: ("Stopped", "neutral", "circle-minus"),
    State.DONE: ("Done", "success", "circle-check"),
}
WHYS = {
    "succeeded": "Already succeeded",
    "expired": "Expired",
    "dismissed": "Dismissed",
    "locked": "Locked",
    "no_match": "The recipe changes nothing",
    "invalid": "Not valid after the change",
    "original": "Cannot be sent again",
    "partial": "Only a part succeeded",
    "refused": "Refused again",
    "unknown": "Outcome unknown",
    "confirming": "Its result is awaited",
    "held": "Held for a person",
    "cancelled": "Cancelled",
    "superseded": "Superseded",
    "stopped": "The run was stopped",
    "changed": "Changed since the dry run",
    "error": "The monitor failed on it",
    "key": "Its key may not",
    "credentials": "No credentials",
    "later_success": "A later call succeeded",
    "later_write": "A later change succeeded",
}
"""What a reason's word is called."""


class RowFilter(forms.Form):
    """Which rows of a run are shown."""

    rows = forms.ChoiceField(choices=[(name, name) for name in bulk_runs.GROUPS], required=False)
    why = forms.CharField(max_length=20, required=False)
    after = forms.CharField(max_length=80, required=False)

    def read(self) -> Mapping[str, str]:
        """Return the valid values."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in ("rows", "why", "after")}


class Look(msgspec.Struct, frozen=True):
    """A word with its tone and icon."""

    label: str
    tone: str
    icon: str


class Row(msgspec.Struct, frozen=True):
    """One request of a run."""

    request: FailedRequest
    name: str
    url: str
    label: str
    tone: str
    icon: str
    code: str
    reason: str
    new_order_id: str


class Listed(msgspec.Struct, frozen=True):
    """One run in the list."""

    run: BulkRun
    look: Look
    url: str
    issue_url: str
    total: int
    words: str


def listed(page: Frame, after: str) -> dict[str, Any]:
    """Return what the list of runs shows."""
    assert page.integration is not None
    found = bulk_runs.runs(page.user, page.integration.pk, after=after)
    return {
        "now": page.now,
        "rows": [_listed(page, run, counts) for run, counts in found.rows],
        "older_url": links.page(page, "bulk-list", after=found.after) if found.after else "",
        "newer_url": links.page(page, "bulk-list") if after else "",
        "issues_url": links.page(page, "issue-list"),
    }


def _listed(page: Frame, run: BulkRun, counts: Mapping[str, int]) -> Listed:
    issue_url = links.page(page, "issue-detail", run.issue_id) if run.issue_id else ""
    said = [f"{counts[name]:,} {LABELS[name][0].lower()}" for name in LABELS if counts[name]]
    url = links.page(page, "bulk-detail", run.pk)
    return Listed(run, Look(*STATES[State(run.state)]), url, issue_url, sum(counts.values()), ", ".join(said))


def mark(run: BulkRun, counts: Mapping[str, int], *, now: datetime) -> str:
    """Return what changes with everything that the page shows but its clocks."""
    numbers = ".".join(f"{number:x}" for number in counts.values())
    return f"{run.state}.{len(run.state_reason):x}.{numbers}.{int(now.timestamp()) // 60:x}"


def shown(
    page: Frame, run: BulkRun, counts: Mapping[str, int], chosen: Mapping[str, str], *, seen: str
) -> dict[str, Any]:
    """Return what the page of one run shows."""
    here = links.page(page, "bulk-detail", run.pk, **chosen)
    sent = sum(counts[name] for name in ("succeeded", "refused", "unknown", "skipped"))
    most = sent + counts["under_way"] + counts["waiting"]
    is_dry = run.state in (State.CHECKING, State.PREVIEW)
    total = sum(counts.values())
    return {
        "now": page.now,
        "run": run,
        "look": Look(*STATES[State(run.state)]),
        "recipe": _recipe(run),
        "issue_url": links.page(page, "issue-detail", run.issue_id) if run.issue_id else "",
        "list_url": links.page(page, "bulk-list"),
        "total": total,
        "is_dry": is_dry,
        "done": total - counts["unchecked"] if is_dry else sent,
        "most": total if is_dry else most,
        "bar": _bar(counts, total if is_dry else most),
        "figures": [(Look(*LABELS[name]), counts[name], _rows_url(page, run, name)) for name in LABELS if counts[name]],
        "ready": counts["ready"],
        "under_way": counts["under_way"],
        "estimate": _estimate(page, counts["ready"] if is_dry else counts["waiting"]),
        "whys": [
            (WHYS.get(one.code, one.code.replace("_", " ").capitalize()), one, _why_url(page, run, one))
            for one in bulk_runs.whys(run)
        ],
        "samples": [(request_words.name_of(one.failed_request), _url(page, one), one.changes)
                    for one in bulk_runs.samples(run)] if is_dry else [],
        "new_issues": [
            (issue, links.page(page, "issue-detail", issue.pk)) for issue in bulk_runs.new_issues(run)
        ],
        "may_decide": page.may(Role.SUPPORT),
        "here": here,
        "csv_url": links.page(page, "bulk-export", run.pk),
        "live_url": parts.live_url(here, seen=seen),
        "live_every": LIVELY_SECONDS if run.state in _LIVELY or counts["under_way"] else CALM_SECONDS,
        **_table(page, run, counts, chosen, total),
    }  # fmt: skip


def _table(
    page: Frame, run: BulkRun, counts: Mapping[str, int], chosen: Mapping[str, str], total: int
) -> dict[str, Any]:
    group = chosen["rows"]
    found = bulk_runs.rows(run, group, chosen["why"], after=chosen["after"])
    tabs = [("", "All", total), *((name, LABELS[name][0], counts[name]) for name in LABELS if counts[name])]
    filters = {name: value for name, value in chosen.items() if name != "after"}
    return {
        "rows": [_row(page, one) for one in found.rows],
        "why": WHYS.get(chosen["why"], chosen["why"]),
        "all_url": links.page(page, "bulk-detail", run.pk),
        "tabs": [
            {"label": label, "url": _rows_url(page, run, name), "is_current": name == group, "count": count}
            for name, label, count in tabs
        ],
        "older_url": links.page(page, "bulk-detail", run.pk, **filters, after=found.after) if found.after else "",
        "first_url": links.page(page, "bulk-detail", run.pk, **filters) if chosen["after"] else "",
    }


def all_of(page: Frame, run: BulkRun) -> Iterator[Row]:
    """Return all rows of a run, for its file."""
    return (_row(page, one) for one in bulk_runs.everything(run))


def _row(page: Frame, one: BulkRow) -> Row:
    correction = getattr(one, "resubmission", None)
    group = one.state if one.state != BulkRow.State.PLANNED else "under_way" if correction else "waiting"
    label, tone, icon = LABELS[group]
    reason = one.reason or (correction.resend.reason if correction is not None else "")
    return Row(
        request=one.failed_request,
        name=request_words.name_of(one.failed_request),
        url=_url(page, one),
        label=label,
        tone=tone,
        icon=icon,
        code=WHYS.get(one.code, one.code),
        reason=reason,
        new_order_id=correction.order_id if correction is not None else "",
    )


def _url(page: Frame, one: BulkRow) -> str:
    return links.page(page, "request-detail", one.failed_request_id)


def _rows_url(page: Frame, run: BulkRun, group: str) -> str:
    return links.page(page, "bulk-detail", run.pk, rows=group)


def _why_url(page: Frame, run: BulkRun, one: bulk_runs.Why) -> str:
    return links.page(
        page, "bulk-detail", run.pk, rows=one.state if one.state in bulk_runs.GROUPS else "", why=one.code
    )


def _bar(counts: Mapping[str, int], whole: int) -> tuple[charts.Piece, ...]:
    """Draw how far it is: the dry run over all, the run itself over those that were ready."""
    is_all = whole == sum(counts.values())
    found = [
        charts.Part(tone, label.lower(), counts[name])
        for name, (label, tone, _) in LABELS.items()
        if is_all or name != "not_ready"
    ]
    return charts.pieces(found, whole=whole)


def _recipe(run: BulkRun) -> list[str]:
    """Say what the run does, sentence by sentence."""
    try:
        said = [operations.words(op) for op in recipes.load(run.recipe)]
    except RecipeError:
        said = []
    return [*said, "Send only the products that failed, under a new order id."] if run.only_failed else said


def _estimate(page: Frame, number: int) -> str:
    """Say how long the rest takes at what is allowed now."""
    if not number or page.integration is None:
        return ""
    doors = gates.gates_of(page.integration, now=page.now, zone=page.zone)
    stopped = next((door.words for door in doors if door.is_stopped), "")
    if stopped:
        return f"Nothing is sent now. {stopped}"
    allowed = [one.rate for one in retries.allowances(doors, now=page.now)]
    rate = min(allowed, default=settings.SEND_BUDGET_PER_MINUTE)
    seconds = max(1, round(timedelta(minutes=number / max(rate, 1)).total_seconds()))
    return f"About {span(seconds)} at up to {rate:,} sends a minute, shared with the automatic retries."
