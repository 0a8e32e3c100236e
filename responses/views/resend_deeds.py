"""The buttons and the form with which a person decides about sending a failed request again. Sends nothing."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from django import forms

from responses.insight.sendings import Sendings
from responses.models import FailedRequest, Resend
from responses.retrying import deeds
from responses.sending import guard
from responses.sending.guard import Reason
from responses.views import first_run
from responses.views.first_run import PasswordForm
from responses.views.frame import Frame

State = FailedRequest.State
_SENDABLE = (State.WAITING, State.EXHAUSTED, State.NEEDS_FIX)
_TO_BE_DECIDED = ("unknown", "in_flight")
DECISIONS = {
    "happened": ("It happened", "You have seen it at Ordergroove. The request is done."),
    "again": ("It did not happen: send it again", "You have looked, and it is not there. The same bytes go out again."),
    "leave": ("Leave it as it is", "Nothing is sent, and nobody looks it up again. It stays unknown."),
}


class DecisionForm(forms.Form):
    """What became of an attempt without an answer, and why the person thinks so."""

    decision = forms.ChoiceField(choices=[(key, label) for key, (label, _) in DECISIONS.items()])
    reason = forms.CharField(max_length=300)
    nonce = forms.CharField(max_length=60)
    saw = forms.CharField(max_length=200, required=False)


class DeedForm(forms.Form):
    """What a button sends. ``nonce`` makes a wish that is sent twice one wish."""

    deed = forms.ChoiceField(choices=[(name, name) for name in ("now", "cancel", "release")])
    nonce = forms.CharField(max_length=60)
    saw = forms.CharField(max_length=200, required=False)
    reason = forms.CharField(max_length=300, required=False)
    next = forms.CharField(max_length=2000, required=False)


class Buttons(msgspec.Struct, frozen=True):
    """What may be done about sending it again; ``reasons`` say why the main one is forbidden now."""

    keys: tuple[str, ...]
    label: str
    reasons: tuple[Reason, ...]
    nonce: str
    saw: str

    @property
    def may_be_overridden(self) -> bool:
        """Whether a person may set all that speaks against it aside, with a reason."""
        return bool(self.reasons) and all(reason.code in deeds.OVERRIDDEN for reason in self.reasons)


def buttons(page: Frame, row: FailedRequest, found: Sendings) -> Buttons | None:
    """Return the buttons of a request's page; ``None`` where there is nothing to be sent again."""
    live = found.live.resend if found.live else None
    if live is None and row.state not in _SENDABLE:
        return None
    if live is not None and live.state in Resend.IN_FLIGHT and live.state != Resend.State.CLAIMED:
        return None
    nonce, saw = secrets.token_urlsafe(12), deeds.seen(row)
    if live is not None and live.state == Resend.State.HELD:
        return Buttons(("release", "cancel"), "Release", (), nonce, saw)
    reasons = tuple(guard.why_not(row, now=page.now))
    if live is not None:
        return Buttons(("now", "cancel"), "Send now", reasons, nonce, saw)
    return Buttons(("now",), "Send again", reasons, nonce, saw)


def decision(
    page: Frame, row: FailedRequest, found: Sendings, *, form: DecisionForm | None, password: PasswordForm | None
) -> dict[str, Any] | None:
    """Return what the form to decide an unknown outcome shows; ``None`` where nothing is to be decided."""
    live = found.live.resend if found.live else None
    if row.state != State.UNKNOWN or (live is not None and live.state != Resend.State.UNKNOWN):
        return None
    reasons = [reason for reason in guard.why_not(row, now=page.now) if reason.code not in _TO_BE_DECIDED]
    return {
        "choices": [(key, label, text, reasons if key == "again" else ()) for key, (label, text) in DECISIONS.items()],
        "chosen": form.data.get("decision", "") if form is not None else "",
        "reason": form.data.get("reason", "") if form is not None else "",
        "errors": form.errors if form is not None else {},
        "password": password if password is not None or first_run.is_fresh(page) else PasswordForm(),
        "nonce": secrets.token_urlsafe(12),
        "saw": deeds.seen(row),
        "resend": live,
    }
