"""From the meaning of a failure to its causes: one fingerprint for all failures that have one reason.

Endpoint, outcome, status code and field tell causes apart, and so do the words of a complaint, but for what differs
from one request to the next: ids, amounts, dates, e-mails, quoted values, names. A changed rule is a new ``VERSION``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from responses.exchanges import Exchange, FailureKind, Item, ItemState, Meaning, Outcome, Problem
from responses.ordergroove import bodies, codes, storable
from responses.ordergroove.endpoints import Endpoint

VERSION = 1
MOST_CAUSES = 20
TITLE_LENGTH = 200
MESSAGE_LENGTH = 200

VALUE = "[value]"
NOT_MENTIONED = "The answer does not mention what became of the products"


class Cause(msgspec.Struct, frozen=True):
    """Why something failed: what an issue is made from."""

    fingerprint: str
    version: int
    endpoint: str
    outcome: Outcome
    status_code: int | None
    failure: FailureKind | None
    field: str
    message: str
    """Normalised: ``""`` when the code says all there is to say."""
    title: str
    """One line for people, without the values of a single request."""


# --- normalising --------------------------------------------------------------------------------------------------

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}"
_CURRENCY = r"(?:USD|EUR|GBP|CAD|AUD)"
_STOP = (
    r"(?!(?:Not|Does|Do|Is|Are|Was|Were|Has|Have|Had|Already|Cannot|Can|Could|Must|May|Should|Will|Invalid|Id|ID|IDs|Ids|SKU|Sku|Order|"
    r"Product|Customer|Offer|Item|Type|Code|Name|Number|Price|Quantity|Date|Status|Group|List|Error|Failed|Missing|Required|"
    r"Exists?|Found|With|In|For|To|At|On|Of|And|Or|No|None|Null|Token|Tokenization|Encryption|Placed|Placement|Info|Data)\b)"
)
# Each alternative is one kind of value. The order matters: the first that fits at a place wins.
_VALUES = re.compile(
    rf"""
      \[(?:masked|card|e-mail|value|id|redacted|filtered)\]                    # a placeholder, by us or others
    | [\w.+\-]{{1,64}}@[\w\-]{{1,63}}(?:\.[\w\-]{{1,63}}){{1,6}}               # an e-mail address
    | \b[a-z][a-z0-9+.\-]{{1,15}}://\S+                                        # a URL
    | (?<=received:).+                                                         # an echo runs to the end
    | (?<=\w)=(?:\[[\w\-]{{1,20}}\]|"[^"]*"|'[^']*'|[^\s,;)\]]+)                                  # name=value
    | (?<!\w)(?:"[^"]*"|'[^']*'|`[^`]*`|“[^”]*”|‘[^’]*’|«[^»]*»)(?!\w)         # a quoted value
    | (?<![\w/+])(?=[a-z_]*[^a-z_\s])[A-Za-z0-9+/]{{24,}}={{0,2}}               # base64, long tokens
    | \b{_MONTH}\.?\s+[0-9]{{1,2}}(?:st|nd|rd|th)?(?:,?\s+[0-9]{{4}})?\b       # Nov 22, 2026
    | \b[0-9]{{1,2}}\.?\s+{_MONTH}\.?(?:\s+[0-9]{{4}})?\b                      # 22 Nov 2026
    | (?:{_CURRENCY}\s?|[$€£¥]\s?)?(?<!\w)[+\-#]?[0-9](?:[\w.,:/+\-]*\w)?[%€£¥]?(?:\s?{_CURRENCY}\b)?  # numbers, dates
    | \b[A-Za-z_\-]*[0-9][\w\-]*\b                                             # anything with a digit in it: see _value
    | \b[0-9a-f]{{16,}}\b                                                      # hex without a digit
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAME_WITH_NUMBER = re.compile(r"[a-z]{2,}(?:_[a-z]+)*_?[0-9]", re.IGNORECASE)
_NAMES = re.compile(
    rf"\b((?i:products?|items?|skus?|offers?|variants?|customer|user|merchant)(?i:\s+named)?)(\s+|:\s*)"
    rf"{_STOP}[A-Z][\w'’&.\-/]*(?:,?\s+(?:(?:of|and|the|with|for|&)\s+)?{_STOP}(?:[A-Z][\w'’&.\-/]*|\[value\]|&))*"
)
# Most complaints are a plain sentence, in which no alternative above can find anything.
_PLAIN = re.compile(r"[A-Z]?[a-z_,.!]*(?: [a-z_,.!]+)*")
_RUNS = re.compile(r"\[value\](?:[\s,;:/|]*\[value\])+")
_SPACES = re.compile(r"\s+")


def scrub(text: str) -> str:
    """Return a complaint with ``[value]`` in place of what belongs to one request; letters stay as they are."""
    text = storable.text(text, storable.MESSAGE_LENGTH).removesuffix("…")
    if _PLAIN.fullmatch(text):
        return text
    text = _VALUES.sub(_value, text)
    if not text.isupper():
        text = _NAMES.sub(rf"\1\2{VALUE}", text)
    text = _RUNS.sub(VALUE, text)
    return storable.text(_SPACES.sub(" ", text), storable.MESSAGE_LENGTH)


def _value(hit: re.Match[str]) -> str:
    found = hit[0]
    if _NAME_WITH_NUMBER.fullmatch(found):
        return found
    if found[0] == "=":
        return f"={VALUE}"
    return f" {VALUE}" if found[0] == " " else VALUE


def normalise(text: str) -> str:
    """Return the words of a complaint that are the same for every request: scrubbed, in small letters, no last stop.

    Only the beginning counts: where a long text was cut depends on the values in it.
    """
    return _folded(scrub(text))


def _folded(scrubbed: str) -> str:
    return scrubbed[:MESSAGE_LENGTH].casefold().rstrip(" .!:…")


def normalise_field(field: str) -> str:
    """Return a field's path without list indexes, and with a placeholder for keys that are ids."""
    return bodies.path_of(field)


# --- causes -------------------------------------------------------------------------------------------------------

Found = tuple[Cause, Item | None]


def causes(exchange: Exchange, endpoint: Endpoint, meaning: Meaning) -> tuple[Found, ...]:
    """Return the causes of a failure, each with the item that has it; none when it is no failure.

    One for each failed item, and for each unknown one that has a complaint: its first complaint in the order of the
    fields. One more for complaints that belong to no item. Where there is neither, one for the response. Several items
    may have the same cause; at most ``MOST_CAUSES`` different ones are told apart.
    """
    if not meaning.outcome.is_failure:
        return ()
    found: list[Found] = []
    different: dict[str, Cause] = {}
    for problem, item in _complaints(exchange, meaning):
        cause = _cause(exchange, endpoint, meaning.outcome, problem, item)
        if len(different) < MOST_CAUSES:
            different.setdefault(cause.fingerprint, cause)
        if cause.fingerprint in different:
            found.append((different[cause.fingerprint], item))
    return tuple(found)


def _complaints(exchange: Exchange, meaning: Meaning) -> Iterator[tuple[Problem, Item | None]]:
    any_item = False
    for item in meaning.items:
        if item.problems or item.state is ItemState.FAILED:
            any_item = True
            yield first(item.problems) or Problem("", ""), item
    if any_item and not meaning.problems:
        return
    if meaning.problems and not _is_only_text(exchange, meaning.outcome):
        yield first(meaning.problems) or Problem("", ""), None
    elif not any_item and any(item.state is ItemState.UNKNOWN for item in meaning.items):
        yield Problem("", NOT_MENTIONED), None
    elif not any_item:
        yield Problem("", ""), None


def first(problems: tuple[Problem, ...]) -> Problem | None:
    """Return the first complaint in the order of the fields, so that the order of keys in an answer does not matter."""
    return min(problems, key=lambda problem: (problem.field, problem.message), default=None)


def _is_only_text(exchange: Exchange, outcome: Outcome) -> bool:
    """Whether the words say nothing about the cause: a proxy's page under a 5xx, a client's own words for a timeout."""
    if exchange.response is None:
        return exchange.failure is not None
    start = exchange.response.body.lstrip()[:1]
    return outcome in (Outcome.TRANSIENT, Outcome.PARTIAL) and start not in (b"", b"{", b"[")


def _cause(exchange: Exchange, endpoint: Endpoint, outcome: Outcome, problem: Problem, item: Item | None) -> Cause:
    failure = exchange.failure.kind if exchange.failure is not None else None
    status_code = exchange.status_code
    field = normalise_field(problem.field)
    words = scrub(problem.message)
    message = _folded(words)
    item_code = item.status_code if item is not None else None
    parts = (
        str(VERSION),
        endpoint.name,
        str(int(outcome)),
        str(failure or status_code or ""),
        str(item_code or ""),
        field,
        message,
    )
    digest = blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
    title = _title(status_code, failure, words, field, item_code)
    return Cause(digest, VERSION, endpoint.name, outcome, status_code, failure, field, message, title)


def _title(status_code: int | None, failure: FailureKind | None, words: str, field: str, item_code: int | None) -> str:
    if words and field:
        words = f"{field}: {words}"
    if not words and item_code is not None:
        words = f"Item refused with {item_code}: {codes.about(item_code).name}"
    return storable.text(words or codes.about(status_code, failure).name, TITLE_LENGTH)
