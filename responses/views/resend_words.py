"""What a Resend is doing, in words: its group, how far it has come, what its last attempt got. Asks no database."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from responses.models import Attempt, Resend
from responses.sending import gates
from responses.sending.gates import GateView

State = Resend.State
TABS = {
    "": "All",
    "due": "Due now",
    "sending": "Being sent",
    "later": "Backing off",
    "resource": "Object in use",
    "budget": "Budget",
    "stopped": "Paused",
    "day": "24 hours",
    "held": "Held",
    "unknown": "Unknown",
}
EMPTY = {
    "": ("Nothing is being retried", "Every request was looked at: none is waiting to be sent again."),
    "due": ("Nothing is due", "What is due is sent within seconds."),
    "sending": ("Nothing is being sent", "No attempt is on the wire at this moment."),
    "later": ("Nothing is backing off", "No request waits for its next attempt."),
    "resource": ("Nothing waits for its object", "Requests for one object are sent one after the other."),
    "budget": ("Nothing waits for the budget", "There is room for everything that is due."),
    "stopped": ("Nothing is stopped", "No pause and no open breaker holds anything back."),
    "day": ("Nothing waits for its 24 hours", "No order is left for its one last attempt."),
    "held": ("Nothing is held", "No request waits for a person to release it."),
    "unknown": ("Nothing is unknown", "Of every attempt it is known whether it took effect."),
}
_NUMBER = re.compile(r"^\d+(?:st|nd|rd|th) of \d+: ")
_TOO_LATE = {
    State.CLAIMED: "It is about to be sent.",
    State.SENDING: "It is on the wire, and cannot be called back.",
    State.VERIFYING: "It is being looked up at this moment.",
}


class Deed(msgspec.Struct, frozen=True):
    """One button. ``why_not``: it is there, but forbidden now."""

    key: str
    label: str
    icon: str
    why_not: str = ""
    needs_reason: bool = False
    question: str = ""
    """Asked before it is done; empty where a mistake costs nothing."""
    help: str = ""


NOW = Deed("now", "Now", "player-play")
CANCEL = Deed(
    "cancel", "Cancel", "x", question="Stop sending it again? It stays open, and a person can still send it.",
)  # fmt: skip
RELEASE = Deed("release", "Release", "lock-off", needs_reason=True, help="Say why it may be sent after all.")


def count(resend: Resend) -> str:
    """Say how far it has come: ``attempt 2 of 4``."""
    number = resend.sends if resend.state in (State.SENDING, State.UNKNOWN, State.VERIFYING) else resend.sends + 1
    if number == 0:
        return "the caller's own call"
    of = f"attempt {min(number, resend.max_sends)} of {resend.max_sends}" if resend.max_sends > 1 else "one attempt"
    if resend.not_sent:
        of += f" · {resend.not_sent} never left"
    return of


def why(resend: Resend) -> str:
    """Say why it is in this state or due then, without the number, which stands beside it."""
    words = _NUMBER.sub("", resend.reason)
    words = words[:1].upper() + words[1:]
    return words if not words or words.endswith((".", "!", "?")) else f"{words}."


def last(attempt: Attempt | None) -> str:
    """Say what the last attempt got, where a code does not."""
    if attempt is None or attempt.status_code is not None:
        return ""
    if attempt.result == Attempt.Result.OPEN:
        return "under way"
    return {"not_sent": "never left", "unknown": "no answer"}.get(attempt.result, "") + (
        f": {attempt.words}" if attempt.words else ""
    )


def waits_for(resend: Resend, group: str, doors: Sequence[GateView]) -> str:
    """Say why it is not sent although it is due; else nothing."""
    if group == "stopped":
        return stopped_by(resend, doors)
    if group == "resource":
        return "Another request for the same object is under way, or its outcome is unknown: it goes first."
    if group == "budget":
        return "The budget of this minute is used up: it is sent as soon as there is room."
    return ""


def stopped_by(resend: Resend, doors: Sequence[GateView]) -> str:
    """Say which pause or breaker keeps it from being sent now; else nothing."""
    mine = (gate for gate in doors if gates.host_in(gate.scope) in ("", resend.host))
    return next((gate.words for gate in mine if gate.is_stopped), "")


def deeds(resend: Resend, group: str, *, stopped: str = "") -> list[Deed]:
    """Return the buttons of a live one in a list; ``stopped`` says why nothing is sent now."""
    if resend.state == State.HELD:
        return [RELEASE, CANCEL]
    if resend.state != State.SCHEDULED:
        return []
    if group == "due":
        return [CANCEL]
    return [msgspec.structs.replace(NOW, why_not=stopped), CANCEL]


def too_late(resend: Resend) -> str:
    """Say why there is no button; nothing where there are some."""
    return _TOO_LATE.get(State(resend.state), "")
