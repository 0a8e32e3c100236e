"""Badges for outcomes, states, status codes and who acts: always an icon and a word, never colour alone."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final

import msgspec
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from responses.exchanges import ItemState, Origin, Outcome
from responses.models import Alert
from responses.templatetags import icons

register = template.Library()


class Look(msgspec.Struct, frozen=True):
    """How one value is shown: its word, its icon, and the tone that the style sheet colours."""

    word: str
    icon: str
    tone: str


OUTCOMES: Final = {
    "success": Look("Success", "circle-check", "success"),
    "accepted": Look("Accepted", "progress-check", "accepted"),
    "partial": Look("Partial", "circle-half-2", "partial"),
    "needs_fix": Look("Needs a fix", "tool", "needs_fix"),
    "transient": Look("Transient", "refresh", "transient"),
    "no_answer": Look("No answer", "cloud-off", "no_answer"),
}
ITEM_STATES: Final = {
    "created": Look("Created", "circle-check", "success"),
    "failed": Look("Failed", "circle-x", "needs_fix"),
    "unknown": Look("Unknown", "help-circle", "unknown"),
}
REQUEST_STATES: Final = {
    "waiting": Look("Waiting", "clock-pause", "transient"),
    "retrying": Look("Retrying", "refresh", "transient"),
    "held": Look("Held", "player-pause", "partial"),
    "confirming": Look("Confirming", "progress-check", "accepted"),
    "needs_fix": Look("Needs a fix", "tool", "needs_fix"),
    "unknown": Look("Unknown", "help-circle", "unknown"),
    "exhausted": Look("Exhausted", "battery-off", "needs_fix"),
    "expired": Look("Expired", "clock-x", "neutral"),
    "resolved": Look("Resolved", "circle-check", "success"),
    "dismissed": Look("Dismissed", "circle-minus", "neutral"),
}
RESEND_STATES: Final = {
    "due": Look("Due now", "player-play", "transient"),
    "later": Look("Backing off", "clock", "transient"),
    "resource": Look("Waits for its object", "lock", "transient"),
    "budget": Look("Waits for the budget", "hourglass-high", "transient"),
    "stopped": Look("Paused", "player-pause", "partial"),
    "day": Look("After 24 hours", "calendar-clock", "transient"),
    "sending": Look("Being sent", "send", "accepted"),
    "held": Look("Held", "player-pause", "partial"),
    "unknown": Look("Unknown", "help-circle", "unknown"),
    "succeeded": Look("Fine", "circle-check", "success"),
    "partial": Look("Partly fine", "circle-half-2", "partial"),
    "failed": Look("Refused", "circle-x", "needs_fix"),
    "exhausted": Look("Used up", "battery-off", "needs_fix"),
    "expired": Look("Expired", "clock-x", "neutral"),
    "cancelled": Look("Cancelled", "circle-minus", "neutral"),
    "superseded": Look("Superseded", "shopping-cart", "neutral"),
}
"""Of a live Resend the group in which pages list it, of one that has ended its state."""
ISSUE_STATES: Final = {
    "open": Look("Open", "alert-circle", "needs_fix"),
    "acknowledged": Look("Acknowledged", "eye-check", "accepted"),
    "muted": Look("Muted", "bell-off", "neutral"),
    "resolved": Look("Resolved", "circle-check", "success"),
}
ALERT_STATES: Final = {
    "open": Look("Open", "bell", "needs_fix"),
    "acknowledged": Look("Acknowledged", "eye-check", "accepted"),
    "muted": Look("Muted", "bell-off", "neutral"),
    "over": Look("Over", "circle-check", "success"),
}
SEVERITIES: Final = {
    "info": Look("For information", "info-circle", "neutral"),
    "normal": Look("Normal", "alert-circle", "transient"),
    "high": Look("Urgent", "alert-triangle", "partial"),
    "critical": Look("Critical", "alert-octagon", "needs_fix"),
}
DELIVERY_STATES: Final = {
    "pending": Look("Waiting", "clock", "neutral"),
    "sending": Look("Being sent", "send", "accepted"),
    "sent": Look("Sent", "check", "success"),
    "failed": Look("Given up", "alert-triangle", "needs_fix"),
    "heldback": Look("Held back", "hourglass-high", "partial"),
}
MARKS: Final = {
    "new": Look("New", "sparkles", "accepted"),
    "regressed": Look("Regressed", "arrow-back-up", "needs_fix"),
}
ORIGINS: Final = {
    "caller": Look("Caller", "shopping-cart", "neutral"),
    "gateway": Look("Gateway", "server-2", "neutral"),
    "import": Look("Import", "file-code", "neutral"),
    "retry": Look("Retry", "refresh", "neutral"),
    "resubmission": Look("Resubmission", "send", "neutral"),
    "poll": Look("Poll", "progress-check", "neutral"),
    "lookup": Look("Look-up", "list-search", "neutral"),
}
WHO: Final = {
    "you": Look("You fix", "tool", "needs_fix"),
    "monitor": Look("We retry", "refresh", "transient"),
    "caller": Look("Your side retries", "refresh", "transient"),
    "ordergroove": Look("Ordergroove", "server-2", "transient"),
    "key": Look("Check the key", "key", "partial"),
    "nobody": Look("Nobody", "circle-check", "neutral"),
}
FAILURES: Final = {
    "timeout": "Timeout",
    "connection": "Connection",
    "tls": "TLS",
    "dns": "DNS",
    "protocol": "Protocol",
}
UNKNOWN_LOOK: Final = Look("", "help-circle", "neutral")


def word_of(value: object) -> str:
    """The plain word of an enum member of ours, of its stored number or of a string: ``needs_fix``."""
    if isinstance(value, Enum):
        word = getattr(value, "word", None)
        return str(word) if word else (value.value if isinstance(value.value, str) else value.name).lower()
    return str(value).lower()


def look(table: dict[str, Look], value: object) -> Look:
    """How ``value`` is shown. A value that the table does not hold is shown as its own word, not refused."""
    word = word_of(value)
    found = table.get(word)
    return found or msgspec.structs.replace(UNKNOWN_LOOK, word=word.replace("_", " ").capitalize())


@lru_cache(maxsize=512)  # a list shows the same few badges in every row
def pill(shown: Look, *, css: str = "pill", title: str = "") -> SafeString:
    """One rounded badge: icon, then word."""
    return format_html(
        '<span class="{} tone-{}"{}>{}<span>{}</span></span>',
        css,
        shown.tone,
        format_html(' title="{}"', title) if title else "",
        icons.icon(shown.icon, 14),
        shown.word,
    )


def outcome_word(value: object) -> str:
    """The word of an Outcome, also when it comes as its stored number."""
    return Outcome(value).word if isinstance(value, int) else word_of(value)


@register.simple_tag
def outcome(value: object, title: str = "") -> SafeString:
    """What a response means: an Outcome, its number or its word."""
    return pill(look(OUTCOMES, outcome_word(value)), title=title)


@register.filter
def outcome_label(value: object) -> str:
    """The words of an outcome without its badge: "Needs a fix"."""
    return look(OUTCOMES, outcome_word(value)).word


@register.simple_tag
def item_state(value: object) -> SafeString:
    """What became of one item: an ItemState, its number or its word."""
    return pill(look(ITEM_STATES, ItemState(value).word if isinstance(value, int) else value))


@register.simple_tag
def request_state(value: object, title: str = "") -> SafeString:
    """The state of a FailedRequest."""
    return pill(look(REQUEST_STATES, value), title=title)


@register.simple_tag
def resend_state(value: object, title: str = "") -> SafeString:
    """The group of a live Resend, or the state of one that has ended."""
    return pill(look(RESEND_STATES, value), title=title)


@register.simple_tag
def issue_state(value: object, title: str = "") -> SafeString:
    """The state of an Issue."""
    return pill(look(ISSUE_STATES, value), title=title)


@register.simple_tag
def alert_state(value: object) -> SafeString:
    """Whether an alert is open, acknowledged, muted or over."""
    return pill(look(ALERT_STATES, value))


@register.simple_tag
def severity(value: int) -> SafeString:
    """How severe an alert is: an ``Alert.Severity`` or its number."""
    return pill(look(SEVERITIES, Alert.Severity(value).name), css="plain-pill")


@register.simple_tag
def delivery_state(value: object, title: str = "") -> SafeString:
    """The state of a Delivery."""
    return pill(look(DELIVERY_STATES, value), title=title)


@register.simple_tag
def mark(value: object) -> SafeString:
    """NEW or REGRESSED beside an issue's title; nothing for an empty value."""
    return pill(look(MARKS, value), css="flag-mark") if value else SafeString()


@register.simple_tag
def origin(value: object) -> SafeString:
    """Where a response came from: an Origin, its number or its word."""
    return pill(look(ORIGINS, Origin(value).word if isinstance(value, int) else value), css="plain-pill")


@register.simple_tag
def who(value: object) -> SafeString:
    """Who acts next: an Actor or its name."""
    name = value.name if isinstance(value, Enum) else str(value)
    first = name.lower().partition("_")[0]
    shown = look(WHO, first)
    words = value.value if isinstance(value, Enum) and isinstance(value.value, str) else ""
    return pill(msgspec.structs.replace(shown, word=words) if " " in words else shown, css="plain-pill")


def tone_of_code(status_code: int) -> str:
    """The tone of a bare status code, where no outcome is known: by its hundred, and the three that differ."""
    special = {202: "accepted", 206: "partial", 207: "partial", 423: "transient", 429: "transient"}
    if status_code in special:
        return special[status_code]
    return {2: "success", 5: "transient"}.get(status_code // 100, "needs_fix")


@register.simple_tag
def code(status_code: int | None, outcome: object = None, failure: object = "", url: str = "") -> SafeString:
    """A status code in the colour of its outcome, or the kind of failure that came instead (no code, or 0)."""
    if not status_code:
        word = FAILURES.get(word_of(failure), "No answer") if failure else "No answer"
        inner, tone, css = format_html("{}{}", icons.icon("cloud-off", 14), word), "no_answer", "code-badge code-none"
    else:
        inner, tone, css = format_html("{}", status_code), tone_of_code(status_code), "code-badge"
    if outcome is not None and outcome != "":
        tone = look(OUTCOMES, outcome_word(outcome)).tone
    if url:
        return format_html('<a class="{} tone-{}" href="{}">{}</a>', css, tone, url, inner)
    return format_html('<span class="{} tone-{}">{}</span>', css, tone, inner)


@register.simple_tag
@lru_cache(maxsize=512)
def endpoint(name: str) -> SafeString:
    """An endpoint's name with its method set apart: ``POST /subscription/create``. Long ones break after a slash."""
    method, _, target = str(name).partition(" ")
    pieces = format_html_join(SafeString("/<wbr>"), "{}", ((piece,) for piece in target.split("/")))
    return format_html('<span class="endpoint"><span class="method">{}</span> {}</span>', method, pieces)


@register.simple_tag
def environment(value: object) -> SafeString:
    """Production, solid and unmistakable; staging, dashed."""
    word = word_of(value)
    name = "world" if word == "production" else "flask"
    return format_html(
        '<span class="env env-{}">{}<span>{}</span></span>', word, icons.icon(name, 14), word.capitalize()
    )
