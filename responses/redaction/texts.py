"""Redacts plain text: error messages, log lines, anything without a shape that could be read.

Finds what is labelled (``token=...``, ``"email": "..."``, ``Card number: ...``) and what shows itself by its form:
e-mail addresses, card numbers, telephone numbers, street addresses, signed tokens. A name that stands unlabelled in
a sentence cannot be recognised, unless it is known from the same exchange. Every pattern is linear in the length of
the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from responses.redaction import cards, keys, leaves, messages
from responses.redaction.keys import Rule
from responses.redaction.state import CARD, EMAIL, MASK, State

_SEPARATOR = re.compile(r"""["'\]]{0,2}[ \t]{0,3}(?:=>|:(?!//)|=)[ \t]{0,3}""")
_LABEL = re.compile(r"[A-Za-z$][\w .\-\[\]]{0,50}$")
_LABEL_WORDS = re.compile(r"[^ ]+(?: [^ ]+){0,2}$")
_NEXT_LABEL = r"(?!\s*[\"']?[A-Za-z][\w.\-]{0,40}(?: [\w.\-]{1,40})?[\"']?\s{0,3}(?:=>|[:=]))"
_QUOTED = re.compile(r'"[^"\n]*"?|\'[^\'\n]*\'?')
_AFTER_COLON = re.compile(rf"(?:[^\s;|<>{{}}&,\"]|[ \t,\"]{_NEXT_LABEL})*")
_LINE = re.compile(r"[^\r\n]*")
_WHOLE_LINE = frozenset(("cookie", "set-cookie", "authorization", "proxy-authorization"))

_UNLABELLED = re.compile(
    r"""\b(bearer|basic|digest|hmac|apikey|(?:access|auth|api|private|secret|hash|x-api)[ _\-]?key|token(?:[ _]id)?
    |secret|password|signature|sig|session(?:[ _]?id)?)
    (\s+(?:is\s+|was\s+|of\s+)?["'`]?)
    (?=[^\s"'`,;]*[\d=+/_])([^\s"'`,;<>]{6,})""",
    re.IGNORECASE | re.VERBOSE,
)
_CVV = re.compile(
    r"""\b(cvv2?|cvc2?|cvn|csc|ccv|security[ _\-]?code|card[ _\-]?code)\b
    (\W{0,4}(?:(?:is|was|of|number|code|value)\W{1,3}){0,2})
    (\d{3,4})(?!\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_PHONE_WORD = re.compile(
    r"""\b((?:tele)?phone|tel|mobile|cell|fax)
    (\b\W{0,3}(?:(?:number|no|is|was)\b\W{0,3}){0,2})
    (\+?[\d(][\d\ .()/\-]{5,22}\d)""",
    re.IGNORECASE | re.VERBOSE,
)
_RECEIVED = re.compile(r"\b(received|got|given|submitted|entered)(\s*:\s*)(\S[^\n\r;}\]]*)", re.IGNORECASE)
_PHONE = re.compile(
    r"""(?<![\w.+\-/])(?:
      \+\d(?:[ .()\-/]{0,2}\d){7,14}
    | (?:1[ .\-])?\(\d{3}\)[ .\-]{0,2}\d{3}[ .\-]\d{4}
    | (?:1[ .\-])?\d{3}([ .\-])\d{3}\1\d{4}
    | \d{3}[.\-]\d{7}
    | 0\d{1,4}(?:[ ./()\-]{1,2}\d{2,8}){1,6}
    )(?![\w\-])""",
    re.VERBOSE,
)
_DATE = re.compile(r"\d{1,2}[./\-]\d{1,2}[./\-]\d{2,4}(?!\d)|\d{4}-\d\d-\d\d")
_STREET = re.compile(
    r"""\b\d{1,6}[A-Za-z]?,?\s(?:[^\W\d_][\w'’.\-]*\s){1,4}?
    (?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|ter|way|parkway|pkwy|circle|cir
    |highway|hwy|alley|row|crescent|close)\b\.?(?:,?\s(?:apt|apartment|suite|ste|unit|floor|\#)\.?\s?\w{1,6})?
    |\bp\.?\s?o\.?\s?box\s+\d+
    |\b[^\W\d_]{2,30}(?:straße|strasse|str\.|weg|gasse|allee|platz)\s\d{1,4}[a-z]?\b""",
    re.IGNORECASE | re.VERBOSE,
)
_STREET_HINT = re.compile(r"\d\w?,?\s[^\W\d]|[^\W\d]\.?\s\d")
_SIGNED = re.compile(
    r"\beyJ[\w\-]{6,}\.[\w\-]{4,}(?:\.[\w\-]*)?"
    r"|(?<![\w+/=])[A-Za-z0-9+/]{21,}={1,2}(?![\w+/=])"
    r"|\b(?:sk|pk|rk|whsec|tok|ghp|gho|ghs|glpat|xox[abprs]|shpat|shpss)[_\-][A-Za-z0-9_\-]{8,}|\bAKIA[A-Z0-9]{16}\b"
)
_CVV_STEMS = ("cv", "csc", "code")
_SECRET_STEMS = ("bearer", "basic", "digest", "hmac", "key", "token", "secret", "password", "sig", "session")
_PHONE_STEMS = ("phone", "tel", "mobile", "cell", "fax")
_ECHO_STEMS = ("received", "got", "given", "submitted", "entered")
_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"\d[\d .()/\-]{6,}\d")
_USERINFO = re.compile(r"(?<=://)[^\s/?#@]{1,300}@")
_MAILBOX = re.compile(r"[\w.!#$%&'*+/?^`{|}~\-]{1,64}$")
_DOMAIN = re.compile(r"[\w\-]{1,63}(?:\.[\w\-]{1,63}){0,8}|\[[\d.:a-fA-F]{2,45}\]")


def clean(text: str, state: State, *, is_id: bool = False) -> str:
    """The text with marks in place of what must not be shown."""
    if ":" in text or "=" in text:
        text = labelled(text, state)
    text = _worded(text, state)
    if "@" in text:
        text = _without_mailboxes(_USERINFO.sub(f"{MASK}@", text) if "://" in text else text)
    if state.digits:
        text, found = cards.mask(text, CARD, is_id=is_id) if is_id else _without_cards(text)
        state.has_clear_card |= found
    if "=" in text or "_" in text or "-" in text or "eyJ" in text or "AKIA" in text:
        text = without_signed(text)
    return text if _DIGIT.search(text) is None else _without_places(text, is_id=is_id)


def without_signed(text: str) -> str:
    """The text without signatures, encrypted values, signed tokens and keys that tell themselves by their beginning."""
    return _SIGNED.sub(MASK, text)


def _without_places(text: str, *, is_id: bool) -> str:
    """The text without telephone numbers and street addresses. Ids may begin with a zero and have dashes."""
    if _LONG_NUMBER.search(text) is not None:
        text = _PHONE.sub(_phone_or_id if is_id else _phone, text)
    if _STREET_HINT.search(text) is not None:
        text = _STREET.sub(MASK, text)
    return text


def swept(text: str, state: State) -> str:
    """What was redacted in pieces, looked at once more as a whole: the pieces may have been cut at the wrong places."""
    if "@" in text:
        text = _without_mailboxes(text)
    text, found = cards.mask(text, CARD, is_id=True)
    state.has_clear_card |= found
    return text


def without(text: str, known: Iterable[str]) -> str:
    """The text without values that are known to be somebody's, where they stand as words of their own.

    E-mail addresses go first: a name inside one would leave the rest of it to be read, and to look like words.
    """
    if "@" in text:
        text = _without_mailboxes(text)
    lower = text.lower()
    for value in known:
        if value in lower:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text, flags=re.IGNORECASE)
    return text


def rule_of_label(label: str) -> Rule:
    """The rule of the words before a separator: at most the last three count."""
    words = _LABEL_WORDS.search(label.rstrip(" \"'"))
    return keys.rule(words[0]) if words is not None else Rule.UNKNOWN


def label_before(text: str, at: int) -> str:
    """The words that end at a place, ``""`` when there are none."""
    found = _LABEL.search(text[max(0, at - 52) : at])
    return found[0] if found is not None else ""


def labelled(text: str, state: State) -> str:
    """The text without the values that words and a colon or an equals sign announce."""
    parts: list[str] = []
    done = 0
    for separator in _SEPARATOR.finditer(text):
        if separator.start() < done:
            continue
        label = label_before(text, separator.start())
        rule = rule_of_label(label) if label else Rule.UNKNOWN
        if rule < Rule.PERSON:
            continue
        end = _value_end(text, separator, label)
        value = text[separator.end() : end]
        shown = _shown(value, rule, state)
        if shown != value:
            parts += (text[done : separator.end()], shown)
            done = end
    return "".join(parts) + text[done:] if parts else text


def _value_end(text: str, separator: re.Match[str], label: str) -> int:
    at = separator.end()
    found = _QUOTED.match(text, at)
    if found is None:
        found = (_LINE if label.strip().lower() in _WHOLE_LINE else _AFTER_COLON).match(text, at)
    return found.end() if found is not None else at


def _shown(value: str, rule: Rule, state: State) -> str:
    bare = value.strip("\"' \t,.")
    if rule <= Rule.ADDRESS and ("@" in bare or (" " not in bare and any(map(str.isdigit, bare)))):
        # "customer: 00026001" is an id.
        return value
    if not bare or (rule is Rule.NAME and keys.is_plain(bare) and keys.rule(bare) >= Rule.MASK):
        # name="email" names a field.
        return value
    is_message = messages.is_message(bare)
    shown = leaves.text(bare, rule, leaves.HIDDEN | (leaves.MESSAGES if is_message else 0), state)
    return value.replace(bare, shown, 1)


def _worded(text: str, state: State) -> str:
    """What a word announces without a sign between: "cvv 123", "token tok_1", "phone 5558675309"."""
    lower = text.lower()
    if any(map(lower.__contains__, _CVV_STEMS)):
        text, found = _CVV.subn(rf"\1\2{MASK}", text)
        state.has_clear_card |= found > 0
    if any(map(lower.__contains__, _SECRET_STEMS)):
        text = _UNLABELLED.sub(rf"\1\2{MASK}", text)
    if any(map(lower.__contains__, _PHONE_STEMS)):
        text = _PHONE_WORD.sub(rf"\1\2{MASK}", text)
    if ":" in text and any(map(lower.__contains__, _ECHO_STEMS)):
        text = _RECEIVED.sub(rf"\1\2{MASK}", text)
    return text


def _phone(found: re.Match[str]) -> str:
    text = found[0]
    if _DATE.match(text) is not None or sum(character.isdigit() for character in text) < 9:
        return text
    return MASK


def _phone_or_id(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("0") else _phone(found)


_ID_BEFORE = re.compile(
    r"(?:id|sku|product|order|item|ean|gtin|upc|barcode|subscription|customer|variant|reference)s?(?:\s(?:number|no\.?|id))?[\"']?\s?[:=#]?\s?[\"']?$",
    re.IGNORECASE,
)


def _without_cards(text: str) -> tuple[str, bool]:
    """Card numbers out of a text; a number that its words call an id is judged as one."""
    parts: list[str] = []
    done = 0
    for start, end in cards.spans(text):
        if _ID_BEFORE.search(text[max(0, start - 40) : start]) and not cards.spans(text[start:end], is_id=True):
            continue
        parts += (text[done:start], CARD)
        done = end
    return ("".join(parts) + text[done:], True) if parts else (text, False)


def _without_mailboxes(text: str) -> str:
    """E-mail addresses out of a text: from each "@" outwards, so that no text makes it slow."""
    parts: list[str] = []
    done = 0
    at = text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1)
        start = _mailbox_start(text, at, done)
        if domain is not None and start < at:
            parts += (text[done:start], EMAIL)
            done = domain.end()
        at = text.find("@", max(at + 1, done))
    return "".join(parts) + text[done:] if parts else text


def _mailbox_start(text: str, at: int, done: int) -> int:
    if text[at - 1 : at] == '"':
        quote = text.rfind('"', max(done, at - 66), at - 1)
        return quote if quote >= 0 else at
    found = _MAILBOX.search(text[max(done, at - 64) : at])
    return max(done, at - 64) + found.start() if found is not None else at
