"""Hides what nobody may see in a recorded exchange: credentials, card and personal data, in whatever shape they came.

Pure: bytes and values in, copies out; never raises, whatever comes in, and never decides what is stored. What stays
visible is what people need to understand a failure: order, product, customer and other opaque ids, quantities,
prices, offers, dates, countries and states, error messages. In doubt a value is masked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import msgspec

from responses.exchanges import Request
from responses.redaction import bodies, echoes, heads, keys, leaves, messages, shapes, tree
from responses.redaction.heads import CREDENTIAL_HEADERS as CREDENTIAL_HEADERS
from responses.redaction.state import CARD as CARD
from responses.redaction.state import EMAIL as EMAIL
from responses.redaction.state import MASK as MASK

T = TypeVar("T")


class Redacted(msgspec.Struct, Generic[T], frozen=True):
    """What may be shown; and whether a card security code or a clear card number was seen.

    If one was, the original must not be kept, not even encrypted.
    """

    value: T
    has_clear_card: bool


class RedactedRequest(msgspec.Struct, frozen=True):
    """As it may be shown, with what was hidden; and whether a security code or clear card number was seen."""

    url: str
    headers: dict[str, str]
    body: bytes
    has_clear_card: bool
    hidden: frozenset[str]

    def echoes(self) -> tuple[str, ...]:
        """What an answer may quote of it: given as ``known`` to the other functions, it is masked there too."""
        return echoes.of(self.hidden)


def of_request(request: Request) -> RedactedRequest:
    """Target, header fields and body in one pass. Only this sees all that decides whether the original may be kept."""
    state = shapes.new_state()
    url = heads.url(request.url, state)
    headers = heads.headers(request.headers, state)
    body = bodies.clean(request.body, request.headers.get("content-type", ""), state, mode=leaves.OPEN)
    return RedactedRequest(url, headers, body, state.has_clear_card, frozenset(state.hidden))


def of_headers(headers: dict[str, str], *, known: tuple[str, ...] = ()) -> dict[str, str]:
    """Header fields as they may be shown."""
    return heads.headers(headers, shapes.new_state(known=known))


def of_url(url: str) -> str:
    """A URL as it may be shown."""
    return heads.url(url, shapes.new_state())


def of_text(text: str, *, known: tuple[str, ...] = ()) -> str:
    """A message as it may be shown."""
    return shapes.clean(text, shapes.new_state(known=known))


def of_id(text: str) -> str:
    """An id as it may be shown: it stays, unless somebody uses an e-mail address, or worse, for one."""
    return shapes.clean(text, shapes.new_state(), is_id=True)


def of_message(text: str, *, field: str, known: tuple[str, ...] = ()) -> str:
    """A complaint about a field: where the field is sensitive, only words that are nobody's data stay."""
    mode = leaves.OPEN
    for part in field.split("."):
        mode = leaves.INNER[mode][keys.rule(part)]
    shown = of_text(text, known=known)
    return messages.kept(shown) if mode & 7 >= leaves.HIDDEN and shown else shown


def of_data(data: object, *, is_answer: bool = False) -> Redacted[Any]:
    """Decoded JSON as it may be shown: a copy."""
    state = shapes.new_state()
    holder = [_copied(data)]
    tree.walk(holder, state, leaves.MESSAGES if is_answer else leaves.OPEN)
    return Redacted(holder[0], state.has_clear_card)


def of_body(
    body: bytes, *, content_type: str = "", is_answer: bool = False, known: tuple[str, ...] = ()
) -> Redacted[bytes]:
    """A body as it may be shown.

    ``is_answer``: it answers that something went wrong, so that a text under a sensitive name may be a complaint about
    that field, and not its value; `messages` holds the rule. ``known``: what was hidden in
    the request, from `RedactedRequest.echoes`.
    """
    return _shown(body, content_type, known, is_message=is_answer, knows_of_card=False)


def of_answer(body: bytes, *, content_type: str = "", is_failure: bool, known: tuple[str, ...] = ()) -> bytes:
    """A response's body as it may be shown.

    The same as `of_body`, but for what decides about sealing: no answer is ever sealed, so that nobody looks for cards in
    what is masked anyway.
    """
    return _shown(body, content_type, known, is_message=is_failure, knows_of_card=True).value


def _shown(
    body: bytes, content_type: str, known: tuple[str, ...], *, is_message: bool, knows_of_card: bool
) -> Redacted[bytes]:
    if not body:
        return Redacted(body, has_clear_card=False)
    state = shapes.new_state(known=echoes.found_in(body, known) if known else ())
    state.has_clear_card = knows_of_card
    shown = bodies.clean(body, content_type, state, mode=leaves.MESSAGES if is_message else leaves.OPEN)
    return Redacted(shown, state.has_clear_card)


def _copied(data: object) -> object:
    """A copy as deep as the data, made without recursion; what is no JSON becomes text or a mark."""
    holder: list[Any] = [data]
    stack: list[Any] = [holder]
    while stack:
        node = stack.pop()
        places: Iterable[tuple[Any, Any]] = list(node.items()) if type(node) is dict else list(enumerate(node))
        for place, value in places:
            if isinstance(value, dict):
                node[place] = {key if isinstance(key, str) else str(key): inner for key, inner in value.items()}
            elif isinstance(value, (list, tuple)):
                node[place] = list(value)
            else:
                if isinstance(value, (bytes, bytearray)):
                    node[place] = bytes(value).decode("utf-8", "replace")
                continue
            stack.append(node[place])
    return holder[0]
