"""What the state of a failed request means, and the safest next step, in words. It reads nothing from the database."""

from __future__ import annotations

from datetime import datetime

from responses.exchanges import Outcome
from responses.models import FailedRequest

State = FailedRequest.State

_MEANS = {
    State.WAITING: "It failed in a way that passes by itself.",
    State.RETRYING: "It is being sent again.",
    State.HELD: "It waits until a person releases it.",
    State.CONFIRMING: "Ordergroove accepted it; whether it was created is not known yet.",
    State.NEEDS_FIX: "It will not pass as it is: a person must correct it.",
    State.UNKNOWN: "Nobody knows whether it took effect.",
    State.EXHAUSTED: "It was sent again as often as is reasonable, and still failed.",
    State.EXPIRED: "24 hours have passed: the cart is no longer reliable.",
    State.RESOLVED: "It is done.",
    State.DISMISSED: "A person said that it does not matter.",
}
_BY = {
    FailedRequest.ResolvedBy.RETRY: "A retry succeeded.",
    FailedRequest.ResolvedBy.RESUBMISSION: "A corrected request succeeded.",
    FailedRequest.ResolvedBy.CALLER: "A later call of yours succeeded.",
    FailedRequest.ResolvedBy.LOOKUP: "A look-up found it created.",
    FailedRequest.ResolvedBy.PERSON: "A person handled it elsewhere.",
}
STUBBORN = 3


def name_of(request: FailedRequest) -> str:
    """Name it in a few words."""
    return f"Order {request.order_id}" if request.order_id else request.endpoint


def about(request: FailedRequest) -> str:
    """Say which object it is about, where its name does not: ``subscriptions ab12``."""
    kind, colon, name = request.resource_key.partition(":")
    return f"{kind} {name}" if colon and not request.order_id and " " not in kind else ""


def means(request: FailedRequest) -> str:
    """Say what its state means, and why it is in it."""
    if request.state == State.RESOLVED and request.resolved_by:
        words = _BY[FailedRequest.ResolvedBy(request.resolved_by)]
    else:
        words = _MEANS[State(request.state)]
    if request.state == State.RETRYING:
        # The timeline says why and when, of each attempt.
        return words
    is_said = not request.reason or request.reason.rstrip(".") in words
    if words.rstrip(".").lower() in request.reason.lower():
        return request.reason
    return words if is_said else f"{words} {request.reason}"


def next_step(request: FailedRequest, advice: str) -> str:
    """Say the safest thing to do next; ``advice`` is what is known about the cause."""
    if not request.is_open:
        return "" if request.state != State.EXPIRED else "Place the order anew, and tell the customer."
    if request.state == State.UNKNOWN:
        what = f"order {request.order_id}" if request.order_id else "it"
        return f"Look up at Ordergroove whether {what} was created before anything is sent again."
    if request.state == State.RETRYING:
        return "Nothing: the monitor sends it again by itself. What comes next stands at the top of the timeline."
    if request.state == State.EXHAUSTED:
        return f"See whether Ordergroove is well again, then send it again. {advice}"
    if request.state == State.CONFIRMING:
        return "Wait for the result; nothing has to be done now."
    if request.state == State.HELD:
        return "Read why it is held, and decide."
    return advice


def stubborn(request: FailedRequest) -> str:
    """Say that repeating does not help, where it evidently does not; else nothing."""
    if request.same_cause < STUBBORN or request.outcome not in (Outcome.NEEDS_FIX, Outcome.PARTIAL):
        return ""
    answer = str(request.status_code) if request.status_code else "error"
    return f"{request.same_cause} times the same {answer}: this will not pass, it points to the integration."


def band(request: FailedRequest, *, now: datetime) -> str:
    """Return how pressing it is: ``over``, ``hour``, ``four``, ``twelve``, ``later``."""
    assert request.deadline_at is not None
    hours = (request.deadline_at - now).total_seconds() / 3600
    if hours <= 0:
        return "over"
    return "hour" if hours <= 1 else "four" if hours <= 4 else "twelve" if hours <= 12 else "later"
