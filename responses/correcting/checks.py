"""The guard, line by line: every check with a sentence, whether it is good or bad. It only reads.

What is bad is what ``guard.why_not`` says, and a few that only corrections know. Some of it a person may set aside with a
reason of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from responses.correcting import doubts
from responses.exchanges import Outcome
from responses.models import FailedRequest, Resend, Resubmission, Role, User
from responses.sending import guard
from responses.sending.guard import Reason
from responses.sending.originals import endpoint_called

Kind = Resubmission.Kind
State = FailedRequest.State
OVERRIDES: dict[str, Role] = {
    "deadline": Role.ADMIN,
    "later_write": Role.SUPPORT,
    "unsafe": Role.SUPPORT,
    "duplicate": Role.SUPPORT,
}
"""What may be set aside, and by whom at least."""
_GOOD = {
    "settled": "It is still open.",
    "confirming": "No result of it is being followed.",
    "in_flight": "Nothing of it is being sent at this moment.",
    "unknown": "No send of it is of unknown outcome.",
    "doubt": "The answer to the last send was read.",
    "later_success": "No later call of the same request has succeeded.",
    "later_write": "No later change of the same object has succeeded.",
    "duplicate": "Ordergroove did not say that it knows the order.",
    "deadline": "Its 24 hours are not over.",
    "partial": "Nothing of what would be sent was created already.",
    "endpoint": "It is a documented call.",
    "unsafe": "Nothing speaks against making this call once more.",
    "original": "Its sealed original is still kept.",
    "credentials": "The integration has credentials.",
    "key": "It was reported with a key whose records may be sent again.",
    "resource": "Nothing else is being sent to the same object.",
    "paused": "Nothing is paused.",
    "breaker": "The circuit breaker lets it through.",
}
_SAME_LINE = {"half_open": "breaker", "limited": "breaker"}


class Line(msgspec.Struct, frozen=True):
    """One check: a word for programs, a sentence for people, whether it is good, and whether this person may set it aside."""

    code: str
    words: str
    is_good: bool
    may_override: bool = False


def lines(request: FailedRequest, user: User, *, kind: Resubmission.Kind, now: datetime) -> list[Line]:
    """Return every check of a correction, in a fixed order; where one is bad for several reasons, each of them."""
    bad: dict[str, list[Reason]] = {}
    for reason in _reasons(request, kind=kind, now=now):
        bad.setdefault(_SAME_LINE.get(reason.code, reason.code), []).append(reason)
    found = []
    for code in [*_GOOD, *(code for code in bad if code not in _GOOD)]:
        least = OVERRIDES.get(code)
        may = least is not None and user.has_role(request.integration_id, least)
        told = [Line(code, reason.words, is_good=False, may_override=may) for reason in bad.get(code, ())]
        found += told or [Line(code, _GOOD[code], is_good=True)]
    return found + list(_pending(request))


def unmet(found: list[Line], overrides: frozenset[str], *, has_reason: bool) -> list[Reason]:
    """Return what still forbids it, when ``overrides`` are set aside: that needs a reason."""
    left = [line for line in found if not line.is_good and not (line.may_override and line.code in overrides)]
    if left:
        return [Reason(line.code, line.words) for line in left]
    if not has_reason and any(not line.is_good for line in found):
        return [Reason("reason", "Say why this may be set aside.")]
    return []


def _reasons(request: FailedRequest, *, kind: Resubmission.Kind, now: datetime) -> Iterator[Reason]:
    found = guard.why_not(request, now=now, correction=kind)
    is_over = request.state == State.EXPIRED and any(reason.code == "deadline" for reason in found)
    for reason in found:
        if not (is_over and reason.code == "settled"):
            yield reason
    if kind == Kind.ONLY_FAILED and doubts.about_last(request):
        words = "The last send may have arrived: its answer was lost, or was an error. Send that one again unchanged."
        yield Reason("doubt", words)
    if request.status_code == 409:
        words = "Ordergroove answered 409: it knows an order with this id, so this may be there already."
        yield Reason("duplicate", words)
    known = endpoint_called(request.endpoint)
    if known is not None and not known[1].safe_to_repeat and request.outcome in (Outcome.TRANSIENT, Outcome.NO_ANSWER):
        yield Reason("unsafe", "It may have been done, and making this call once more could do it twice.")


def _pending(request: FailedRequest) -> Iterator[Line]:
    """Say what a correction would take the place of."""
    live = request.resends.live().first()
    if live is None or live.state not in (Resend.State.SCHEDULED, Resend.State.HELD):
        return
    what = {
        Resend.Kind.AUTOMATIC: "An automatic retry",
        Resend.Kind.PERSON: "A retry that a person asked for",
        Resend.Kind.CORRECTION: "An earlier correction",
    }[Resend.Kind(live.kind)]
    how = "is planned" if live.state == Resend.State.SCHEDULED else "is held"
    yield Line("pending", f"{what} {how}. This correction takes its place.", is_good=True)
