"""The one thing that is safest to do about a failed request now, for this person, or why there is nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from responses.correcting import checks
from responses.exchanges import RetryBy
from responses.models import FailedRequest, Resubmission, Role, User
from responses.recording.resends import READS
from responses.sending import guard

State = FailedRequest.State
Kind = Resubmission.Kind
CALLERS_TURN = timedelta(hours=1)
"""For so long the caller who sends again by itself is left to do it: two that retry make duplicates."""


class Safest(msgspec.Struct, frozen=True):
    """``deed``: ``correct``, ``send_again``, ``decide``, ``release`` or nothing; ``reasons`` say why it is forbidden now."""

    deed: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether there is something that may be done."""
        return bool(self.deed) and not self.reasons


def of(user: User, request: FailedRequest, *, now: datetime) -> Safest:
    """Return it. The server checks again when it is done."""
    if request.state == State.EXPIRED:
        return Safest(reasons=("Its 24 hours are over: place the order anew, and tell the customer.",))
    if not request.is_open:
        return Safest()
    if request.state == State.RETRYING:
        return Safest(reasons=("Nothing has to be done: the monitor sends it again by itself.",))
    if request.state == State.CONFIRMING:
        return Safest(reasons=("Nothing has to be done: Ordergroove's result is awaited.",))
    is_callers = request.state == State.WAITING and request.retry_by == RetryBy.CALLER.value
    if is_callers and now < request.last_failed_at + CALLERS_TURN:
        return Safest(reasons=("Nothing has to be done yet: the shop sends it again by itself.",))
    deed = _deed(request)
    if not user.has_role(request.integration_id, Role.SUPPORT):
        return Safest(deed, ("Deciding needs the role Support.",))
    return Safest(deed, tuple(_reasons(user, request, deed, now=now)))


def _deed(request: FailedRequest) -> str:
    if request.state == State.UNKNOWN:
        return "decide"
    if request.state == State.HELD:
        return "release"
    return "correct" if request.state == State.NEEDS_FIX else "send_again"


def _reasons(user: User, request: FailedRequest, deed: str, *, now: datetime) -> Iterable[str]:
    if deed == "send_again":
        return [reason.words for reason in guard.why_not(request, now=now)]
    if deed != "correct":
        return []
    if request.method in READS:
        return ["It is a question, which changes nothing: let the caller correct it."]
    kind = Kind.ONLY_FAILED if request.items_created else Kind.FIX
    lines = checks.lines(request, user, kind=kind, now=now)
    return [line.words for line in lines if not line.is_good and not line.may_override]
