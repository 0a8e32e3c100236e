"""The story of a failed request: what people did, how it was sent again, what comes next. Asks no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from responses.insight.sendings import Sending, Sendings
from responses.models import Attempt, AuditEntry, FailedRequest, Resend, Response
from responses.templatetags import badges
from responses.templatetags.badges import Look
from responses.views import links, resend_words
from responses.views.frame import Frame
from responses.views.stories import Entry

State = Resend.State
_DEEDS = {
    "request.handled": ("user-check", "success", "marked it as handled elsewhere"),
    "request.dismissed": ("circle-minus", "neutral", "dismissed it"),
    "request.reopened": ("arrow-back-up", "needs_fix", "reopened it"),
    "request.retried": ("refresh", "transient", "had it sent again"),
    "request.retry_cancelled": ("circle-minus", "neutral", "stopped sending it again"),
    "request.retry_released": ("lock-off", "transient", "released it"),
    "request.found_happened": ("user-check", "success", "found that it took effect"),
    "request.found_absent": ("refresh", "transient", "found that it did not take effect, and had it sent again"),
    "request.correction_approved": ("edit", "accepted", "corrected it and had it sent"),
    "request.correction_tried": ("flask", "neutral", "tried a correction on staging"),
    "request.left_unknown": ("circle-minus", "neutral", "left it as it is"),
}


class Ahead(msgspec.Struct, frozen=True):
    """What comes next, or how the last sending ended: the top of the timeline."""

    resend: Resend
    look: Look
    title: str
    text: str
    is_counted_down: bool = False


def of(deeds: Iterable[AuditEntry]) -> list[Entry]:
    """Return the deeds, the latest first, each with who did it and why."""
    return [_entry(deed) for deed in deeds]


def _entry(deed: AuditEntry) -> Entry:
    icon, key, words = _DEEDS.get(deed.action, ("user", "neutral", deed.action))
    where = f" · from {deed.address}" if deed.address else ""
    text = f"{deed.reason}{where}" if deed.reason else where.removeprefix(" · ")
    return Entry(icon=icon, key=key, title=f"{deed.actor} {words}", at=deed.at, text=text)


def told(found: Sendings) -> dict[int, str]:
    """Say of each answer of a retry which attempt it was, and why it was made then; by the response's id."""
    return {response_id: _told(resend, attempt) for response_id, (resend, attempt) in found.by_response.items()}


def _told(resend: Resend, attempt: Attempt) -> str:
    number = f"Attempt {attempt.number}"
    who = resend.asked_by.get_username() if resend.asked_by else "A person"
    if resend.kind == Resend.Kind.CORRECTION:
        return f"{number}: {who} corrected it."
    if resend.kind == Resend.Kind.PERSON:
        return f"{number}: {who} asked for it."
    return f"{number}: {attempt.why}" if attempt.why else number


def ahead(found: Sendings, request: FailedRequest) -> Ahead | None:
    """Say what comes next. Of a sending that has ended only while the request is still what that made it."""
    newest = found.newest
    if newest is None:
        return None
    resend = newest.resend
    if not resend.is_live:
        is_told = request.closed_at is not None or resend.state in (State.SUCCEEDED, State.SUPERSEDED)
        return None if is_told else _ended(resend)
    count = resend_words.count(resend)
    if resend.state == State.SCHEDULED:
        group = "day" if resend.policy == "purchase" and (resend.due_at - resend.first_failed_at).days else "later"
        return Ahead(
            resend, badges.RESEND_STATES[group], f"Next: {count}", resend_words.why(resend), is_counted_down=True
        )
    if resend.state == State.HELD:
        return Ahead(resend, badges.RESEND_STATES["held"], "Held", resend.reason)
    if resend.state == State.UNKNOWN:
        title = "Looked up next" if resend.lookups else "Settling: looked up first"
        text = (
            resend.reason or "No answer came, so it may have taken effect. It is not sent again before that is known."
        )
        return Ahead(resend, badges.RESEND_STATES["unknown"], title, text, is_counted_down=True)
    title = "Being looked up" if resend.state == State.VERIFYING else f"Under way: {count}"
    return Ahead(resend, badges.RESEND_STATES["sending"], title, "")


def _ended(resend: Resend) -> Ahead:
    look = badges.RESEND_STATES[resend.state]
    return Ahead(resend, look, f"Sending it again ended: {look.word.lower()}", resend.reason)


def known(newest: Sending | None, asked: Sequence[Response], page: Frame) -> list[Entry]:
    """Return what is known of an outcome that nobody knows: what was sent, and what looking it up has found."""
    entries = [
        Entry(
            icon="list-search",
            key=badges.outcome_word(one.outcome),
            title=f"Ordergroove was asked: {one.status_code or 'no answer'}",
            at=one.sent_at,
            text=f"{one.endpoint}{f' · {one.message}' if one.message else ''}",
            url=links.page(page, "response-detail", one.pk),
        )
        for one in asked[:5]
    ]
    if newest is not None:
        entries += [_sent(attempt, page) for attempt in reversed(newest.attempts)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _sent(attempt: Attempt, page: Frame) -> Entry:
    got = str(attempt.status_code) if attempt.status_code else resend_words.last(attempt) or "answered"
    return Entry(
        icon="send",
        key="unknown" if attempt.result == Attempt.Result.UNKNOWN else "neutral",
        title=f"Attempt {attempt.number}: {got}",
        at=attempt.intent_at,
        text=attempt.why,
        url=links.page(page, "response-detail", attempt.response_id) if attempt.response_id else "",
    )
