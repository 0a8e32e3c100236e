"""Checks of what was told to people: nothing lost, nothing marked too early, copies only where harm explains them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaos import behaviours
from chaos.evidence import Change, Evidence, Message
from chaos.ledger import Line

CLOCKS = 0.01
TOLD, FOLDED = "told", "folded"
UNASKED = ("recovered", "breaker_closed")
"""The end of what nobody was told of is told to nobody."""


def _accepted(evidence: Evidence) -> Iterator[Line]:
    return (line for line in evidence.messages if line["event"] == "accepted")


def _arrived(evidence: Evidence) -> dict[tuple[str, str], float]:
    """When each message was first accepted, by channel and id."""
    found: dict[tuple[str, str], float] = {}
    for line in _accepted(evidence):
        found.setdefault((line["channel"], line["id"]), line["at"])
    return found


def _refused(evidence: Evidence) -> set[tuple[str, str]]:
    return {(line["channel"], line["id"]) for line in evidence.messages if line["event"] == "refused"}


def alerts_arrive(evidence: Evidence) -> Iterator[str]:
    """Each message was accepted before it was marked, or refused for good, or is counted in one of these."""
    if evidence.rows.unhandled_transitions:
        yield f"{evidence.rows.unhandled_transitions} transitions were never handled"
    arrived, refused = _arrived(evidence), _refused(evidence)
    for message in evidence.rows.messages:
        at = arrived.get((message.kind, message.mark))
        name = f"{message.kind} delivery {message.id}"
        if message.state == "sent" and at is None:
            yield f"{name} is marked sent, and nobody got it"
        elif (
            message.state == "sent" and at is not None and message.sent_at is not None and message.sent_at < at - CLOCKS
        ):
            yield f"{name} was marked sent {at - message.sent_at:.1f} s before it was accepted"
        elif message.state == "failed" and (message.kind, message.mark) not in refused:
            yield f"{name} was given up, and nobody had refused it"
        elif message.state not in ("sent", "failed"):
            yield f"{name} is {message.state}"


def no_news_is_lost(evidence: Evidence) -> Iterator[str]:
    """Each change is told, or counted in what is told; each cause that the shop met is among them."""
    messages: dict[int, list[Message]] = {}
    for message in evidence.rows.messages:
        messages.setdefault(message.transition_id, []).append(message)
    heard = {change.alert_id for change in evidence.rows.changes if messages.get(change.id)}
    for change in evidence.rows.changes:
        yield from _lost(change, has_messages=change.id in messages, is_heard=change.alert_id in heard)
    titles = "\n".join(change.title for change in evidence.rows.changes if change.kind == "issue_opened")
    for line in evidence.load:
        if line["event"] != "acknowledged" or line["answer"] != 400:
            continue
        is_for_a_cause = line["name"].startswith(behaviours.REFUSED_FOR_A_CAUSE)
        if is_for_a_cause and behaviours.cause_of(line["name"]) not in titles:
            yield f"{line['name']} failed for a new cause, and there is no news of it"


def _lost(change: Change, *, has_messages: bool, is_heard: bool) -> Iterator[str]:
    name = f"{change.kind} {change.id} (“{change.title}”)"
    if change.fate == TOLD and not has_messages:
        yield f"{name} counts as told, and has no message"
    elif change.fate == FOLDED and not is_heard:
        yield f"{name} counts as told with another, and there is none"
    elif change.fate not in (TOLD, FOLDED) and change.kind not in UNASKED:
        yield f"{name} was not told: {change.fate or 'not handled'}"


def copies(evidence: Evidence) -> Counter[str]:
    """How many accepted messages of each channel were not the first with their id."""
    times = Counter((line["channel"], line["id"]) for line in _accepted(evidence))
    found: Counter[str] = Counter()
    for (channel, _), count in times.items():
        found[channel] += count - 1
    return found


def unseen(evidence: Evidence) -> Counter[str]:
    """How many messages each channel accepted without saying so."""
    return Counter(line["channel"] for line in _accepted(evidence) if not line["is_seen"])


def copies_are_explained(evidence: Evidence) -> Iterator[str]:
    """A channel takes one message at a time: a harm explains one copy in each channel."""
    hidden = unseen(evidence)
    for channel, count in copies(evidence).items():
        if count > evidence.harms + hidden[channel]:
            yield f"{channel} got {count} copies; {evidence.harms} harms and {hidden[channel]} unheard answers explain fewer"


def messages_keep_their_ids(evidence: Evidence) -> Iterator[str]:
    known = {(message.kind, message.mark) for message in evidence.rows.messages}
    for line in _accepted(evidence):
        if (line["channel"], line["id"]) not in known:
            yield f"{line['channel']} got a message with the id {line['id'] or '(none)'}, which no delivery has"
