"""Tells a complaint about a field from the field's value, and keeps of a complaint only words that are nobody's data.

In an error answer ``{"zip_postal_code": ["This field is required."]}`` is a message that people need, while
``{"zip_postal_code": "10004"}`` is an echo. The rule, where the name is sensitive: a text is a message only when
one of its words is a word of refusal (required, invalid, not, ...); and of a message only words of the list below
stay, and numbers that count something ("at most 40 characters"). All else becomes "[masked]". In doubt, that is
nearly everything.
"""

from __future__ import annotations

import re

from responses.redaction.keys import words
from responses.redaction.state import CARD, EMAIL, MASK

_REFUSALS = words(
    """
    required require requires invalid valid not cannot cant can't must missing null none blank empty error
    errors failed fail fails failure exist exists incorrect unknown unsupported wrong expired declined denied
    unable too ensure enter expected doesn't isn't wasn't don't didn't refused rejected unauthorized forbidden
    mismatch malformed unexpected duplicate already disallowed illegal insufficient unavailable undefined
    """
)
_WORDS = _REFUSALS | words(
    """
    a an the this that these those it its is are was were be been being has have had do does did can could may
    might shall should will would at by for from in into of off on onto or out over per to under up upon with
    within without and but if nor so than then when where which while who whose why how as about above after
    again against all also any because before below between both during each either every few first last least
    less more most much neither next no now once one only other own same second single some such there through
    twice two until very you your yours we our ours please sorry accept accepted accepts add added allow
    allowed allows apply applied attempt authentication authorization available belong belongs bytes call
    cardinality case change changed character characters check checked choice choices choose code codes
    combination complete contact contain contains correct could country create created currency current
    customer data date dates day days decimal decimals decode decoded decrypt decrypted default define defined
    delete deleted digit digits either element elements enable enabled encode encoded encoding encrypt
    encrypted encryption end entered entry equal equals exactly exceed exceeds exclude expect expects
    expiration expiry external fewer field fields file find fit follow following format formatted found future
    get give given got greater group id ids include included inactive information input instead integer
    internal items item key keys larger later length letter letters level limit limits list live long longer
    look lower make map match matches matching maximum merchant method min minimum max month months multiple
    name named names need needed needs negative new number numbers numeric object objects offer old omitted
    operation option optional order orders pair pairs parameter parameters parse parsed part past pattern
    payload permission permitted phone place placed positive possible present previous price problem process
    processed product products profile provide provided public quantity range reach reached read receive
    received record records reference registered request requests resource response result retry return same
    save saved schema see send sent server set short shorter size smaller special specified start state status
    store string strings subscription subscriptions submit submitted support supported supplied system take
    text time times token tokenization tokenize tokenized transaction true false try type types unique update
    updated use used user using utf validate validation value values version vault year years zone cc cvv cvc
    holder card cards credit debit number payment payments billing shipping address addresses city state
    province zip postal postcode street region email mail fax company session secret signature sig hash hmac
    ts timestamp label extra sku skus uuid hex base64 json xml html aes ecb paymetric gateway processor issuer
    bank account first_name last_name line lines url uri ip http https header body query verification verified
    verify access api unrecognized character(s) digits. total minutes hours seconds expire expires ending matched
    outside inside
    """
)
_TOKEN = re.compile(r"\[(?:masked|card|e-mail)\]|e-mail|[^\W_]+(?:['’][a-z]+)?|_+|\s+|[^\w\s]+")
_COUNTED = words(
    """
    character characters digit digits byte bytes letter letters or and decimal decimals item items days times
    """
)
_COUNTING = words("than least most between exactly minimum maximum min max length and or")
_MASKS = re.compile(r"(?:\[masked\][\s,.:;/'\"()\-]*){2,}")


def is_word(text: str) -> bool:
    """Whether a text is nothing but one word that messages are made of: as a value it tells nothing about anybody."""
    return text.lower() in _WORDS


def is_message(text: str) -> bool:
    """Whether a text complains: one of its words is a word of refusal."""
    return any(token.lower().replace("’", "'") in _REFUSALS for token in _TOKEN.findall(text[:2_000]))


def kept(text: str) -> str:
    """The message without any word that could be data; ``[masked]`` when it is no message."""
    if not is_message(text):
        return MASK
    tokens = _TOKEN.findall(text[:2_000])
    folded = [token.lower().replace("’", "'") for token in tokens]
    shown = [token if _is_harmless(folded, at) else MASK for at, token in enumerate(tokens)]
    return _MASKS.sub(f"{MASK} ", "".join(shown)).strip()


def _is_harmless(tokens: list[str], at: int) -> bool:
    word = tokens[at]
    if word[0].isalnum():
        return word == "e-mail" or word in _WORDS or (word.isdecimal() and len(word) <= 4 and _is_count(tokens, at))
    # Our own marks stay, and short runs of signs: they hold nothing.
    return len(word) <= 3 or word in (MASK, CARD, EMAIL)


def _is_count(tokens: list[str], at: int) -> bool:
    """Whether a number stands where messages count: "at most 40", "3 or 4 digits"."""
    before = next((tokens[i] for i in range(at - 1, max(at - 4, -1), -1) if tokens[i][0].isalnum()), "")
    after = next((tokens[i] for i in range(at + 1, min(at + 4, len(tokens))) if tokens[i][0].isalnum()), "")
    return (after in _COUNTED and before in _WORDS) or (before in _COUNTING and (not after or after in _WORDS))
