"""Finds the shape of a text, has it opened, and redacts what is inside; texts hold texts, a few levels deep."""

from __future__ import annotations

import binascii
import html
import re
from urllib.parse import unquote

import msgspec

from responses.redaction import cards, keys, leaves, markup, scanner, texts, tree
from responses.redaction.state import CARD, DEEPEST, MASK, State

# What a harmless short value never has: anything but letters, digits and the signs of ids, dates, prices and paths; a
# label; a telephone number.
_SUSPECT = re.compile(r"[^\w.:/\-]|[A-Za-z_]:(?!//|$)|\d{3}[.\-]\d{3}[.\-]?\d{4}|\d-\d{7}")
_HARMLESS = re.compile(
    r"-?\d{1,9}(?:\.\d{1,6})?|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?Z|[+-]\d\d:?\d\d)?)?"
)
"""Amounts, dates and times."""
_SEEN_SIZE, _SEEN_LENGTH = 4_096, 160
_seen: set[str] = set()
"""Messages that were looked at and left as they are: the same few come again and again."""
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ENTITY = re.compile(r"&#?\w{2,8};")
_TAG = re.compile(r"<[A-Za-z/!?]")
_STRUCTURE = re.compile(r"""[{\[](?=[\s{\[]{0,20}["'])|\{(?=\s*[A-Za-z_$][\w$]{0,60}\s*:|\s*\Z)|\[(?=\s*-?\d{6})""")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{20,}={0,2}")
_SEALED = re.compile(r"[A-Za-z0-9+/]{21,}={1,2}")
"""Signatures and encrypted values: nothing that a person could read."""
_STANDARD = str.maketrans("-_", "+/")


def new_state(*, digits: bool = True, known: tuple[str, ...] = ()) -> State:
    """The state of a pass over one body."""
    return State(clean, digits=digits, known=known)


def clean(text: str, state: State, *, is_id: bool = False) -> str:
    """Any visible text as it may be shown. Never raises."""
    if state.known:
        text = texts.without(text, state.known)
    if text.isalnum() or _SUSPECT.search(text) is None:
        if len(text) < 13:
            return text
        if state.digits and _HARMLESS.fullmatch(text) is None:
            text, found = cards.mask(text, CARD, is_id=is_id)
            state.has_clear_card |= found
        if len(text) < 20 or text.islower():
            return text
        return _without_base64(texts.without_signed(text) if "." in text or "_" in text else text, state)
    if _SEALED.fullmatch(text) is not None:
        _opaque(text, state)
        return MASK
    if text in _seen or _HARMLESS.fullmatch(text) is not None:
        return text
    if state.depth >= DEEPEST:
        # Nobody looked inside, so nobody can vouch for it.
        state.has_clear_card = True
        return MASK
    state.depth += 1
    shown = _opened(text, state, is_id=is_id)
    state.depth -= 1
    if shown == text and not is_id and len(text) <= _SEEN_LENGTH and state.digits:
        if len(_seen) >= _SEEN_SIZE:
            _seen.clear()
        _seen.add(text)
    return shown


def _opened(text: str, state: State, *, is_id: bool) -> str:
    if text.lstrip()[:1] in ("{", "[", '"') and (parsed := structured(text, state)) is not None:
        return parsed
    has_tags = "<" in text and _TAG.search(text) is not None
    has_structure = ("{" in text or "[" in text) and _STRUCTURE.search(text) is not None
    # What has a shape is read in that shape first: undone escapes may turn a value into a border. What has none may be
    # escaped as a whole.
    is_shaped = has_tags or has_structure
    if not is_shaped and (shown := _decoded(text, state)) != text:
        return shown
    if has_tags:
        text = texts.swept(markup.clean(text, state), state)
    elif has_structure:
        text = texts.swept(texts.labelled(mixed(text, state), state), state)
    else:
        text = texts.clean(text, state, is_id=is_id)
        text = _without_base64(text, state) if len(text) >= 20 else text
    if is_shaped:
        text = _decoded(text, state)
    return _kept(text, scanner.unescaped(text), state) if "\\" in text else text


def _decoded(text: str, state: State) -> str:
    """The text redacted without its percent escapes or HTML entities, where that makes a difference."""
    if "%" in text and _PERCENT.search(text) is not None:
        text = _kept(text, unquote(text, errors="surrogateescape"), state)
    if "&" in text and _ENTITY.search(text) is not None:
        text = _kept(text, html.unescape(text), state)
    return text


def _kept(text: str, decoded: str, state: State) -> str:
    """The text as it is, unless there is something to hide in its decoded form: then that, redacted."""
    if decoded == text:
        return text
    digits, state.digits = state.digits, True
    shown = clean(decoded, state)
    state.digits = digits
    return text if shown == decoded else shown


def structured(text: str, state: State) -> str | None:
    """Redacts a text that is JSON as a whole; ``None`` when it is not, or when a name is given twice in it."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if type(data) is str:
        shown = state.clean(data, state)
        return text if shown == data else _encoded(shown)
    if type(data) is not dict and type(data) is not list:
        return None
    fields = tree.walk(data, state)
    if fields != text.count('":'):
        # Names given twice, or colons elsewhere: only the scanner sees every value.
        return mixed(text, state)
    return _encoded(data)


def _encoded(data: object) -> str | None:
    try:
        return msgspec.json.encode(data).decode()
    except (UnicodeEncodeError, RecursionError):
        return None


def mixed(text: str, state: State) -> str:
    """Redacts text with structures inside: a log line with JSON, a dict in Python's writing, JSON that was cut off."""
    parts: list[str] = []
    at = 0
    while (found := _STRUCTURE.search(text, at)) is not None:
        before = text[at : found.start()]
        parts.append(texts.clean(before, state))
        label = texts.label_before(before.rstrip(" \t:=>\"'"), len(before.rstrip(" \t:=>\"'")))
        rule = texts.rule_of_label(label) if label and before.rstrip()[-1:] in (":", "=", ">") else keys.Rule.UNKNOWN
        shown, at = scanner.scan(text, found.start(), leaves.INNER[leaves.MESSAGES][rule], state)
        parts.append(shown)
    parts.append(texts.clean(text[at:], state))
    return "".join(parts)


def _without_base64(text: str, state: State) -> str:
    return _BASE64.sub(lambda found: _opaque(found[0], state), text)


def _opaque(token: str, state: State) -> str:
    """A piece of base64 is masked when what it holds would be; what holds no text is an id or a key, and stays."""
    bare = token.rstrip("=")
    if bare.islower() or bare.isupper() or bare.isdecimal():
        return token
    try:
        standard = bare.translate(_STANDARD) if "-" in bare or "_" in bare else bare
        inside = binascii.a2b_base64(standard + "=" * (-len(bare) % 4)).decode()
    except (ValueError, UnicodeDecodeError):
        return token
    if not inside.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return token
    if state.depth >= DEEPEST:
        return MASK
    digits, state.digits = state.digits, True
    state.depth += 1
    shown = clean(inside, state)
    state.depth -= 1
    state.digits = digits
    return token if shown == inside else MASK
