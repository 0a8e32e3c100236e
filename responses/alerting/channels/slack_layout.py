"""The layout of a message for Slack: words for notifications, blocks within the limits of Block Kit. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from responses.alerting import wording
from responses.alerting.message import Link, Listing, Message, Tone

# Limits of Block Kit.
TEXT_LENGTH = 3_000
HEADER_LENGTH = 150
FIELD_LENGTH = 2_000
MOST_FIELDS = 10

_SIGNS = {Tone.CRITICAL: "🔴", Tone.URGENT: "🔴", Tone.NORMAL: "🟠", Tone.INFO: "🔵", Tone.GOOD: "🟢"}
_STEPS = "▁▂▃▄▅▆▇█"


def text(message: Message) -> str:
    """The whole in a line or two: for notifications, screen readers and where blocks cannot be shown."""
    return wording.cut(f"{escape(message.summary)} {message.url}", TEXT_LENGTH)


def blocks(message: Message, name: str = "") -> list[dict[str, Any]]:
    """The message in Block Kit: where, what, how much, what to do, the links; the most urgent first.

    ``name``: the delivery's, so that two messages in a channel can be told apart.
    """
    found = [_context(_place(message), name), _header(message.title)]
    if lines := _lines(message):
        found.append(_section("\n".join(lines)))
    if message.answers:
        fields = [_field(label, words) for label, words in message.answers[:MOST_FIELDS]]
        found.append({"type": "section", "fields": fields})
    found.append(_section(escape(message.meaning)))
    if message.advice:
        found.append(_section(f"*What to do*\n{escape(message.advice)}"))
    found += [_section(_list(listing)) for listing in message.lists]
    if any(message.trend):
        found.append(_context(f"`{_sparkline(message.trend)}` {escape(message.trend_words)}"))
    found.append(_section(_links(message)))
    found.append(_context(escape(message.footer)))
    return found


def step(message: Message, name: str = "") -> list[dict[str, Any]]:
    """One step of a thread whose first message shows the rest: what happened, and how much of it."""
    lines = [f"*{escape(message.kind.value)}*", *([escape(message.news)] if message.news else [])]
    if message.figures:
        lines.append(_figures(message))
    lines.append(escape(message.meaning) if message.is_good or not message.news else "")
    if message.who:
        lines.append(f"Who acts: *{escape(message.who)}*")
    found = [{**_section("\n".join(line for line in lines if line)), **_named(name)}]
    found += [_section(_list(listing)) for listing in message.lists]
    found.append(_context(_links(message)))
    return found


def _lines(message: Message) -> list[str]:
    lines = []
    if message.answer:
        lines.append(f"*{escape(message.answer)}* on `{_code(message.call)}`")
    if message.news:
        lines.append(f"*{escape(message.news)}*")
    if message.figures:
        lines.append(_figures(message))
    if message.deadline_at is not None:
        lines.append(f"⏳ {message.deadline_label} {_deadline(message)}")
    return lines


def _place(message: Message) -> str:
    sign = "⚪" if message.environment == "staging" and not message.is_good else _SIGNS[message.tone]
    place = f"*{escape(message.place)}* · {escape(message.kind.value)}" if message.place else f"*{message.kind.value}*"
    return f"{sign} {place}"


def _figures(message: Message) -> str:
    return " · ".join(f"*{number}* {escape(words)}" for number, words in message.figures)


def _list(listing: Listing) -> str:
    rows = [f"• {_link(link) if link.url else escape(link.words)}" for link in listing.links]
    return _fitting(f"*{escape(listing.title)}*", rows)


def _fitting(title: str, rows: Sequence[str]) -> str:
    """As many whole rows as there is room for: a link that is cut in two would be none."""
    found = title
    for row in rows:
        if len(found) + len(row) + 1 > TEXT_LENGTH:
            break
        found = f"{found}\n{row}"
    return found


def _links(message: Message) -> str:
    others = "".join(f"   ·   {_link(link)}" for link in message.actions)
    return f"*<{message.url}|{escape(message.url_label)} →>*{others}"


def _link(link: Link) -> str:
    words = escape(link.words).replace("|", "\N{FULLWIDTH VERTICAL LINE}")
    return f"<{link.url}|{words}>"


def _sparkline(values: Sequence[int]) -> str:
    most = max(values)
    return "".join(_STEPS[round(value / most * (len(_STEPS) - 1))] for value in values)


def escape(value: str) -> str:
    """Make text harmless in Slack's markup: no mention, no link, no accidental formatting."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width space keeps what would open or close a format from doing so; it shows as nothing.
    return re.sub(r"[*~`]|(?<!\w)_|_(?!\w)", "\u200b\\g<0>\u200b", value)


def _code(value: str) -> str:
    return value.replace("`", "'").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _deadline(message: Message) -> str:
    """Slack shows the time in each reader's own zone."""
    assert message.deadline_at is not None
    stamp = f"<!date^{int(message.deadline_at.timestamp())}^{{date_short_pretty}} at {{time}}|later>"
    left = wording.span((message.deadline_at - message.as_of).total_seconds())
    return f"until *{stamp}* ({left} left)"


def _header(words: str) -> dict[str, Any]:
    shown = wording.cut(words, HEADER_LENGTH)
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(wording.cut(words, TEXT_LENGTH))}


def _context(words: str, name: str = "") -> dict[str, Any]:
    return {"type": "context", "elements": [_mrkdwn(wording.cut(words, TEXT_LENGTH))], **_named(name)}


def _named(name: str) -> dict[str, str]:
    return {"block_id": name} if name else {}


def _field(label: str, words: str) -> dict[str, Any]:
    return _mrkdwn(wording.cut(f"*{label}*\n{escape(words)}", FIELD_LENGTH))


def _mrkdwn(words: str) -> dict[str, Any]:
    # Verbatim: addresses and names in the words do not become links and mentions.
    return {"type": "mrkdwn", "text": words, "verbatim": True}
