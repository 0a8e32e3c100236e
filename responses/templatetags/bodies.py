"""Shows recorded bodies: pretty JSON with masked values marked, or text as it came. Everything is escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from responses.templatetags import icons

register = template.Library()

MOST_LINES = 2000
MOST_DEPTH = 60
MASKED = re.compile(r"(\[(?:masked|e-mail|card)\])")
# Lone surrogates cannot be sent as UTF-8; direction marks and control characters could show another text than there is.
UNSHOWABLE = re.compile(r"[\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]")

CLOSINGS = ("}", "]", "},", "],")

Token = tuple[str, str]
Line = tuple[str, int, list[Token]]
"""Path of the value (``products.0.sku``), depth, and tokens as (class, text)."""


def visible(text: str) -> str:
    """``text`` with every character that cannot be sent, or that would deceive, as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return UNSHOWABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def scalar(value: object) -> Token:
    """One value that holds no others."""
    if isinstance(value, str):
        return "str", json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return "lit", json.dumps(value)
    return "num", str(value)


def lines(
    value: object, path: str = "", depth: int = 0, lead: tuple[Token, ...] = (), tail: str = ""
) -> Iterator[Line]:
    """The lines of pretty JSON. What lies deeper than ``MOST_DEPTH`` is left out, visibly."""
    is_object = isinstance(value, dict)
    if not isinstance(value, dict | list | tuple):
        yield path, depth, [*lead, scalar(value), ("", tail)]
        return
    opening, closing = ("{", "}") if is_object else ("[", "]")
    if not value or depth >= MOST_DEPTH:
        yield path, depth, [*lead, ("", opening + ("…" if value else "") + closing + tail)]
        return
    yield path, depth, [*lead, ("", opening)]
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for nth, (key, inner) in enumerate(entries):
        label: tuple[Token, ...] = (("key", json.dumps(str(key), ensure_ascii=False)), ("", ": ")) if is_object else ()
        below = f"{path}.{key}" if path else str(key)
        yield from lines(inner, below, depth + 1, label, "," if nth < len(entries) - 1 else "")
    yield path, depth, [("", closing + tail)]


def marked(text: str) -> str:
    """Escaped text in which what was masked stands out."""
    escaped = escape(visible(text))
    if "[" not in escaped:
        return escaped
    return MASKED.sub(r'<span class="masked" title="Masked before it was stored">\1</span>', escaped)


def is_named(path: str, fields: Iterable[str]) -> bool:
    """Whether ``path`` is one of ``fields``, which may leave out the positions in lists and what stands above."""
    parts = path.split(".")
    plain = path if parts[-1].isdigit() else ".".join(part for part in parts if not part.isdigit())
    return any(
        field and (candidate == field or candidate.endswith(f".{field}"))
        for field in fields
        for candidate in (path, plain)
    )


def drawn_line(line: Line, fields: tuple[str, ...]) -> str:
    """One line of code, marked when it is the value of a field that the answer complained about."""
    path, depth, tokens = line
    # Hundreds of lines a page: put together by hand, every text of a stranger goes through ``marked``.
    inner = "".join(f'<span class="tok-{css}">{marked(text)}</span>' if css else text for css, text in tokens)
    is_bad = bool(fields) and tokens[0][1] not in CLOSINGS and is_named(path, fields)
    return f'<span class="line{" bad" if is_bad else ""}">{"  " * depth}{inner}\n</span>'


def box(inner: SafeString, *, title: str, block_id: str, note: str) -> SafeString:
    """A code block with its heading, its note and a button that copies it."""
    return format_html(
        '<div class="code-box"><div class="code-head"><span class="code-title">{0}</span>'
        '<span class="code-note">{1}</span>'
        '<button type="button" class="btn btn-sm btn-copy" data-copy="#{2}" hidden>{3}<span>Copy</span></button></div>'
        '<pre class="code" id="{2}" tabindex="0" aria-label="{0}"><code>{4}</code></pre></div>',
        title, note, block_id, icons.icon("copy", 14), inner,
    )  # fmt: skip


@register.simple_tag
def json_block(
    data: object, title: str = "JSON", block_id: str = "json", note: str = "", fields: Iterable[str] = ()
) -> SafeString:
    """Decoded data as pretty JSON. ``fields`` are dotted names whose values are marked as the cause of an error."""
    shown: list[str] = []
    named = tuple(fields)
    for line in lines(data):
        if len(shown) == MOST_LINES:
            note = f"{note} Only the first {MOST_LINES:,} lines are shown.".strip()
            break
        shown.append(drawn_line(line, named))
    return box(SafeString("".join(shown)), title=title, block_id=block_id, note=note)


@register.simple_tag
def text_block(text: str, title: str = "Text", block_id: str = "text", note: str = "") -> SafeString:
    """Text as it came: a body that is not JSON, a command, a message."""
    all_lines = text.split("\n")
    if len(all_lines) > MOST_LINES:
        note = f"{note} Only the first {MOST_LINES:,} lines are shown.".strip()
    shown = "".join(f'<span class="line">{marked(line.rstrip(chr(13)))}\n</span>' for line in all_lines[:MOST_LINES])
    return box(SafeString(shown), title=title, block_id=block_id, note=note)
