"""Decides about one value, from the rule of its name and from what it stands in."""

from __future__ import annotations

import re
from urllib.parse import unquote

from responses.redaction import cards, messages
from responses.redaction.keys import Rule, words
from responses.redaction.state import CARD, MASK, State

# What a value stands in. A number, because the walk looks into a table with it.
OPEN, PERSON, HIDDEN, CARD_DATA, CVV_DATA = range(5)
MESSAGES = 8
"""Added to one of them: texts under sensitive names may be complaints."""

_FILLERS = " *xX•●.#-_\t"
_PLACEHOLDERS = words("masked redacted filtered removed hidden card e-mail null none undefined true false nan")
_ADDRESS_ID = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"(?<!\d)\d{3,4}(?!\d)")
_SHAPED = re.compile(r"[{\[<=%&\\:]|[A-Za-z0-9+/_-]{20}")


def _inner(rule: Rule, mode: int) -> int:
    base, flag = mode & 7, mode & MESSAGES
    if rule is Rule.MESSAGES:
        flag = MESSAGES
    if base == CVV_DATA or rule is Rule.CVV:
        return CVV_DATA | flag
    if base == CARD_DATA or rule is Rule.CARD:
        return CARD_DATA | flag
    if base == HIDDEN or rule in (Rule.MASK, Rule.NAME):
        return HIDDEN | flag
    if rule in (Rule.PERSON, Rule.ADDRESS):
        return PERSON | flag
    return (base if rule in (Rule.UNKNOWN, Rule.VALUE) else OPEN) | flag


def _is_hidden(rule: Rule, mode: int) -> bool:
    base = mode & 7
    return (
        base >= HIDDEN
        or rule >= Rule.NAME
        or rule is Rule.ADDRESS
        or (base == PERSON and rule in (Rule.UNKNOWN, Rule.VALUE))
    )


INNER = tuple(tuple(_inner(rule, mode) for rule in Rule) for mode in range(16))
"""``INNER[mode][rule]``: what the elements below a name stand in."""
IS_SIMPLY_MASKED = tuple(
    tuple(
        _is_hidden(rule, mode) and mode <= HIDDEN and rule not in (Rule.ADDRESS, Rule.CARD, Rule.CVV) for rule in Rule
    )
    for mode in range(16)
)
"""Whether a short text of letters and digits needs no look before it is masked."""
IS_HIDDEN = tuple(tuple(_is_hidden(rule, mode) for rule in Rule) for mode in range(16))
"""``IS_HIDDEN[mode][rule]``: whether a single value under that name is masked."""

TABLES = tuple((IS_HIDDEN[mode], IS_SIMPLY_MASKED[mode], INNER[mode]) for mode in range(16))
"""By mode and rule, all that a walk asks: what is hidden, what is simply masked, and what is inside."""
SIGNS = re.compile(r"[{\[<=%&\\:]").search
"""Finds signs without which a text shorter than 20 characters holds no other text."""


def value(given: object, rule: Rule, mode: int, state: State) -> object:
    """A text, a number, a truth value or nothing, as it may be shown."""
    if type(given) is str:
        return text(given, rule, mode, state)
    if given is None or type(given) is bool:
        return given
    if type(given) is int or type(given) is float:
        return number(given, rule, mode, state)
    return MASK


def text(given: str, rule: Rule, mode: int, state: State) -> str:
    """A text as it may be shown. What is empty stays: that a field was empty is often the very cause."""
    if state.is_encoded and "%" in given:
        given = unquote(given, errors="surrogateescape")
    if IS_HIDDEN[mode][rule] or (rule is Rule.PERSON and " " in given):
        return _hidden(given, rule, mode, state)
    return state.clean(given, state, is_id=rule is Rule.ID)


def number(given: float, rule: Rule, mode: int, state: State) -> object:
    """A number as it may be shown; a card number is found even when it was written as a float."""
    digits = _digits(given)
    if IS_HIDDEN[mode][rule]:
        _hidden(digits, rule, mode & 7, state)
        return MASK
    if state.digits and len(digits) >= 13 and cards.spans(digits, is_id=rule is Rule.ID):
        state.has_clear_card = True
        return CARD
    return given


def _digits(given: float) -> str:
    """The digits of a whole number; of a fraction none, since 0.30000000000000004 is no card."""
    if type(given) is float:
        if not given.is_integer() or abs(given) > 1e30:
            return ""
        given = int(given)
    try:
        return str(given)
    except ValueError:
        # Python writes no integer of more than 4,300 digits.
        return ""


def _hidden(given: str, rule: Rule, mode: int, state: State) -> str:
    if _is_placeholder(given):
        return given
    state.hidden.add(given)
    base = mode & 7
    is_complaint = bool(mode & MESSAGES)
    if base == CVV_DATA or rule is Rule.CVV:
        state.has_clear_card |= not is_complaint or _CODE.search(given) is not None
    elif base == CARD_DATA or rule is Rule.CARD:
        state.has_clear_card |= sum(character.isdecimal() for character in given) >= 12 and given.upper() == given
    if not state.has_clear_card:
        _look_for_cards(given, state)
    if rule is Rule.ADDRESS and base <= PERSON and _ADDRESS_ID.fullmatch(given) is not None:
        return given
    return messages.kept(state.clean(given, state)) if is_complaint else MASK


def _is_placeholder(given: str) -> bool:
    """Nothing, or what stands where somebody has already masked: ``****``, ``[redacted]``."""
    return not given.strip(_FILLERS) or (len(given) <= 11 and given.strip("[]<>()*").lower() in _PLACEHOLDERS)


def _look_for_cards(given: str, state: State) -> None:
    """What is masked is not shown, but whether it holds a clear card number or CVV decides about sealing."""
    if "%" in given:
        given = unquote(given, errors="surrogateescape")
    if _SHAPED.search(given) is not None:
        state.clean(given, state)
    elif state.digits and cards.spans(given):
        state.has_clear_card = True
