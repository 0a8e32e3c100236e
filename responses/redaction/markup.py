"""Redacts XML and HTML, well-formed or not: what stands in elements and attributes with sensitive names, and all other
text.
"""

from __future__ import annotations

import re

from responses.redaction import keys, leaves, texts
from responses.redaction.keys import Rule, words
from responses.redaction.state import State

_TOKEN = re.compile(
    r"<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|$)|<!--(?P<comment>.*?)(?:-->|$)|<(?P<tag>[A-Za-z/!?][^<>]*)>?", re.DOTALL
)
_TAG_NAME = re.compile(r"/?\s*[?!]?([\w:.\-]+)")
_ATTRIBUTE = re.compile(r"""([\w:.\-]+)(\s*=\s*)("[^"]*"?|'[^']*'?|[^\s"'>]+)""")
_REAL_TAG = re.compile(
    r"""</?[A-Za-z][\w:.\-]{0,60}(?:\s+[\w:.\-]{1,60}(?:\s*=\s*(?:"[^"]*"?|'[^']*'?|[^\s"'>]+))?)*\s*/?>?"""
    r"""|<[!?][A-Za-z][\w:.\-]{0,60}(?:[\s\w:.\-=/]|"[^"]*"|'[^']*')*\??>?"""
)
_NAMING = frozenset(("name", "id", "key", "property", "itemprop", "field", "for"))
_HOLDING = frozenset(("value", "content", "data", "text"))
# HTML elements whose names only sound sensitive, and elements that have no end.
_PLAIN_HTML = words(
    """
    label title input meta link br hr img body head html p td th tr li ul ol option select form cite code
    """
)
_ENDLESS = words("input meta link br hr img")
_DEEPEST = 1_000


def clean(text: str, state: State) -> str:
    """The document with marks in place of what must not be shown."""
    parts: list[str] = []
    open_: list[tuple[str, Rule, int]] = []
    done = 0
    for token in _TOKEN.finditer(text):
        parts.append(_text(text[done : token.start()], open_, state))
        done = token.end()
        if token["tag"] is not None:
            parts.append(_tag(token[0], open_, state))
            continue
        inside = token["cdata"] if token["cdata"] is not None else token["comment"]
        start = token[0].find(inside)
        parts.append(token[0][:start] + _text(inside, open_, state) + token[0][start + len(inside) :])
    parts.append(_text(text[done:], open_, state))
    return "".join(parts)


def _text(text: str, open_: list[tuple[str, Rule, int]], state: State) -> str:
    bare = text.strip()
    if not bare:
        return text
    _, rule, mode = open_[-1] if open_ else ("", Rule.UNKNOWN, leaves.OPEN)
    shown = leaves.text(bare, rule, mode, state)
    return text if shown == bare else text.replace(bare, shown, 1)


def _tag(written: str, open_: list[tuple[str, Rule, int]], state: State) -> str:
    found = _TAG_NAME.match(written, 1)
    if found is None or _REAL_TAG.fullmatch(written) is None or not keys.is_plain(found[1]):
        # An angle bracket in plain text.
        return texts.clean(written, state)
    name = found[1].rpartition(":")[2].lower()
    if written.startswith("</"):
        _close(name, open_)
        return written
    original = found[1].rpartition(":")[2]
    rule = Rule.UNKNOWN if name in _PLAIN_HTML else keys.rule(original)
    mode = open_[-1][2] if open_ else leaves.OPEN
    if open_ and open_[-1][1] is not Rule.UNKNOWN:
        mode = leaves.INNER[mode][open_[-1][1]]
    attributes, named = _attributes(written[found.end() :], rule, mode, state)
    if written[1] not in "?!" and not written.endswith("/>") and name not in _ENDLESS and len(open_) < _DEEPEST:
        open_.append((name, max(rule, named), mode))
    return written[: found.end()] + attributes


def _close(name: str, open_: list[tuple[str, Rule, int]]) -> None:
    """Closes the innermost element of that name, and what was left open in it; an end without a start is ignored."""
    for at in range(len(open_) - 1, max(len(open_) - 50, 0) - 1, -1):
        if open_[at][0] == name:
            del open_[at:]
            return


def _attributes(written: str, rule: Rule, mode: int, state: State) -> tuple[str, Rule]:
    """The attributes as they may be shown, and the rule of what they name: ``<input name="email" value="...">``."""
    named = Rule.UNKNOWN
    for attribute in _ATTRIBUTE.finditer(written):
        if attribute[1].lower() in _NAMING:
            named = max(named, keys.rule(attribute[3].strip("\"'")))

    def shown(attribute: re.Match[str]) -> str:
        name = attribute[1].lower()
        value = attribute[3].strip("\"'")
        if name in _HOLDING:
            own = max(rule, named)
        elif name in _NAMING or name == "type":
            own = Rule.KEEP
        else:
            own = keys.rule(attribute[1].rpartition(":")[2])
        result = leaves.text(value, own, mode, state)
        quote = attribute[3][0] if attribute[3][0] in "\"'" else '"'
        return attribute[0] if result == value else f"{attribute[1]}{attribute[2]}{quote}{result}{quote}"

    return _ATTRIBUTE.sub(shown, written), named if named >= Rule.PERSON else Rule.UNKNOWN
