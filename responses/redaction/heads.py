"""Redacts what stands around a body: the target and the header fields."""

from __future__ import annotations

import re
from urllib.parse import unquote

from responses.redaction import cards, forms, keys, leaves, shapes, texts
from responses.redaction.keys import Rule, words
from responses.redaction.state import CARD, MASK, State

CREDENTIAL_HEADERS = words(
    """
    authorization proxy-authorization x-api-key api-key cookie set-cookie ordergroove-signature x-auth-token
    """
)
"""Never kept, not even sealed: credentials are added anew when a request is sent again."""
_HEADER_RULES = {
    **dict.fromkeys(CREDENTIAL_HEADERS, Rule.MASK),
    **dict.fromkeys(
        words(
            """
            x-forwarded-for x-real-ip forwarded cf-connecting-ip true-client-ip x-client-ip from x-user
            """
        ),
        Rule.MASK,
    ),
    **dict.fromkeys(words("etag if-none-match www-authenticate host date server content-length accept"), Rule.ID),
    # Names that only sound sensitive.
    **dict.fromkeys(
        words(
            """
            x-session-affinity access-control-allow-credentials sec-websocket-key idempotency-key access-
            control-allow-headers access-control-expose-headers vary content-type cache-control keep-alive
            """
        ),
        Rule.ID,
    ),
}
_URLS = words(
    """
    location content-location referer referrer link origin x-original-url x-forwarded-uri
    """
)
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*:)?//([^/?#]*)")
# Nothing but words, hexadecimal ids and short numbers in the path, and no word that announces a secret.
_USUAL_URL = re.compile(
    r"https?://[\w.:\-]+(?:/(?!(?:token|session|key|secret|sig|pass|auth|e?mail|phone))(?:[a-z_\-]{1,40}|[0-9a-f]{32}|\d{1,12}))*/?"
)
_ANNOUNCING = words(
    """
    token tokens session sessions key keys secret signature sig password auth email phone
    """
)


_seen: set[tuple[str, str]] = set()
"""Fields that were looked at and left as they are: the same few come with each request."""
_SEEN_SIZE, _SEEN_LENGTH = 2_048, 200


def headers(fields: dict[str, str], state: State) -> dict[str, str]:
    """The header fields as they may be shown, names as they came."""
    shown: dict[str, str] = {}
    for field in fields.items():
        if field in _seen and not state.known:
            shown[field[0]] = field[1]
            continue
        name, value = _name(field[0], state), _value(field[0].lower(), field[1], state)
        shown[name] = value
        if (name, value) == field and not state.known and len(name) + len(value) <= _SEEN_LENGTH:
            if len(_seen) >= _SEEN_SIZE:
                _seen.clear()
            _seen.add(field)
    return shown


def _name(name: str, state: State) -> str:
    return name if keys.is_plain(name) else shapes.clean(name, state)


def _value(name: str, value: str, state: State) -> str:
    rule = _HEADER_RULES.get(name)
    if rule is None:
        rule = keys.rule(name)
    if name in _URLS:
        return texts.clean(url(value, state), state, is_id=True)
    return leaves.text(value, rule, leaves.OPEN, state) if value else value


def url(given: str, state: State) -> str:
    """A URL as it may be shown: ids in its path stay, its query and its user name are judged."""
    if _USUAL_URL.fullmatch(given) is not None and not state.known:
        return given
    rest, fragment_sign, fragment = given.partition("#")
    rest, query_sign, query = rest.partition("?")
    authority = _AUTHORITY.match(rest)
    head = ""
    if authority is not None:
        head, rest = rest[: authority.end()], rest[authority.end() :]
        if "@" in authority[2]:
            head = f"{authority[1] or ''}//{MASK}@{authority[2].rpartition('@')[2]}"
    shown = head + _path(rest, state)
    if query_sign:
        shown += "?" + forms.clean(query, state, query=True)
    if fragment_sign:
        shown += "#" + forms.clean(fragment, state, query=True)
    return shown


def _path(path: str, state: State) -> str:
    if not _needs_look(path):
        return path
    segments = path.split("/")
    before = ""
    for at, segment in enumerate(segments):
        segments[at] = _segment(segment, before, state)
        before = segment.lower()
    return "/".join(segments)


def _needs_look(path: str) -> bool:
    return not path.isascii() or not path.replace("/", "").replace("_", "").replace("-", "").islower() or len(path) > 12


def _segment(segment: str, before: str, state: State) -> str:
    """One segment. What follows a segment such as ``token`` is one; else ids stay, whatever they look like."""
    if not segment:
        return segment
    if before in _ANNOUNCING:
        return MASK
    piece, sign, parameters = segment.partition(";")
    decoded = piece
    for _ in range(3):
        if "%" not in decoded:
            break
        decoded = unquote(decoded, errors="surrogateescape")
    shown = decoded
    if len(decoded) >= 13:
        shown, found = cards.mask(decoded, CARD, is_id=True)
        state.has_clear_card |= found
    if shown == decoded and not decoded.isalnum():
        shown = shapes.clean(decoded, state, is_id=True)
    piece = piece if shown == decoded else shown
    return piece + sign + forms.clean(parameters, state, query=True) if sign else piece
