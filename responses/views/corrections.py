"""Corrections on the page of a request: the button that opens the editor, what was sent, and the same fix for the others."""

from __future__ import annotations

from typing import Any

import msgspec

from responses.correcting import fields
from responses.insight import corrections
from responses.models import FailedRequest, Resubmission, Role
from responses.recording.resends import READS
from responses.views import links
from responses.views.frame import Frame

State = FailedRequest.State
_MOST_CHANGES = 6
_MASKS = ("[masked]", "[e-mail]", "[card]")
HIDDEN = "what was typed (hidden in all records)"
_NEVER = (State.RESOLVED, State.DISMISSED, State.CONFIRMING)


class Button(msgspec.Struct, frozen=True):
    """The way to the editor; ``why_not``: it is there, but forbidden now."""

    url: str
    label: str
    is_main: bool
    why_not: str = ""


class Told(msgspec.Struct, frozen=True):
    """One correction in words."""

    row: Resubmission
    title: str
    text: str
    changes: tuple[tuple[str, str | None, str | None], ...]
    """Label, before, after."""


def button(page: Frame, row: FailedRequest) -> Button | None:
    """Return the way to the editor; ``None`` where there is nothing to correct, or for whoever may not."""
    is_expired = row.state == State.EXPIRED
    if row.method in READS or row.state in _NEVER:
        return None
    if not page.user.has_role(row.integration_id, Role.ADMIN if is_expired else Role.SUPPORT):
        return None
    label = "Send only the failed" if row.items_created else "Correct and send again"
    why_not = row.cannot_resend or ("The original is no longer kept." if row.seal_id is None else "")
    url = links.page(page, "request-resubmit", row.pk)
    if not url:
        return None
    return Button(url, label, row.state == State.NEEDS_FIX and not why_not, why_not)


def told(page: Frame, row: FailedRequest) -> dict[str, Any]:
    """Return what was sent, and how many other requests the last fix may help."""
    found = corrections.of_request(page.user, row)
    last = found[0] if found else None
    others = 0
    if last is not None and last.recipe and page.user.has_role(row.integration_id, Role.SUPPORT):
        others = corrections.others_like(page.user, row)
    apply_url = links.page(page, "bulk-new") if others else ""
    return {
        "corrections": [_told(row, one) for one in found],
        "others_like": others,
        "apply_url": _with_from(apply_url, last) if apply_url and last else "",
    }


def unmasked(value: str | None) -> str | None:
    """Say in words that a value is hidden, in place of a mask."""
    return HIDDEN if value in _MASKS else value


def _told(row: FailedRequest, one: Resubmission) -> Told:
    who = one.asked_by.get_username() if one.asked_by else "Somebody"
    is_part = one.kind == Resubmission.Kind.ONLY_FAILED
    parts = [f"{one.kept} kept, {one.sent} sent"] if is_part else []
    parts += [f"order id {one.order_id}"] if one.order_id and one.order_id != row.order_id else []
    changes = tuple(_change(change) for change in one.changes[:_MOST_CHANGES])
    return Told(one, f"{who} {'sent only the failed' if is_part else 'corrected it'}", " · ".join(parts), changes)


def _change(change: dict[str, Any]) -> tuple[str, str | None, str | None]:
    label = fields.label_of(str(change.get("path", ""))) or "The request"
    return label, unmasked(change.get("before")), unmasked(change.get("after"))


def _with_from(address: str, one: Resubmission) -> str:
    return f"{address}{'&' if '?' in address else '?'}from={one.pk}"
