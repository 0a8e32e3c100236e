"""Placeholders for what nobody may see of a request: put in for the editor, and put back from the seal. Pure.

What redaction would mask anywhere is hidden here. Card data, credentials and the merchant are locked as well: they stay
what they are. Anything else that is hidden may be replaced, never read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from responses import redaction
from responses.correcting import pointers
from responses.ordergroove import storable
from responses.redaction import keys
from responses.redaction.keys import Rule

Path = tuple[str | int, ...]
MERCHANT: Path = ("merchant_id",)
ADDABLE = frozenset({"token_id", "payment_method", "label", "cc_type"})
"""What may be added to a purchase's payment, since an order without payment data is refused."""
_LOOKS = re.compile("‹(?:locked|hidden):")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LOCKED_WORDS = keys.words(
    """
    cc card cards creditcard pan cvv cvc cvn iban bic expiry exp expiration last4 payment payments bank wallet track1
    track2 token tokens auth authorization authorisation signature sig sigs hmac secret secrets password passwd pwd
    pin otp credential credentials apikey key keys hash digest cookie cookies jwt bearer
    """
)
_LABELS = {
    "merchant_id": "merchant",
    "cc_number": "card number",
    "cc_exp_date": "card expiry date",
    "cc_holder": "card holder",
    "cc_type": "card type",
    "token_id": "payment token",
    "email": "e-mail address",
    "zip_postal_code": "postal code",
    "address2": "second address line",
}


@dataclass(frozen=True)
class Lock:
    """One value that nobody sees: where it stands, what stands there instead, and whether it must stay."""

    path: Path
    token: str
    label: str
    is_locked: bool
    value: Any = field(repr=False)


def conceal(data: Any, *, is_purchase: bool) -> tuple[Any, tuple[Lock, ...]]:
    """Return a copy that may be shown, and what was taken out of it."""
    shown = redaction.of_data(plain(data)).value
    found: list[Lock] = []
    used: Counter[str] = Counter()
    return _concealed(data, shown, (), found, used, is_purchase=is_purchase), tuple(found)


def plain(data: Any) -> Any:
    """Return data as redaction reads it: it knows no ``Decimal``."""
    if isinstance(data, dict):
        return {name: plain(value) for name, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return float(data) if isinstance(data, Decimal) else data


def reveal(data: Any, locks: tuple[Lock, ...], lengths: dict[Path, int]) -> tuple[Any, list[tuple[Path, str]]]:
    """Put what was taken out back in. Returns the whole, and what was done to placeholders that may not be.

    ``lengths`` are those of the lists of the text as it was shown: a list that lost an element may have moved others.
    """
    by_token = {lock.token: lock for lock in locks}
    found: list[tuple[str, Path]] = []
    wrong: list[tuple[Path, str]] = []

    def back(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            wrong.extend((path, "The name of a field holds a placeholder.") for name in value if _LOOKS.search(name))
            return {name: back(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [back(inner, (*path, index)) for index, inner in enumerate(value)]
        lock = by_token.get(value) if isinstance(value, str) else None
        if lock is not None:
            found.append((lock.token, path))
            return lock.value
        if isinstance(value, str) and _LOOKS.search(value):
            wrong.append((path, "This is no placeholder of this request: take it out, or put the original one back."))
        return value

    whole = back(data, ())
    wrong += _misplaced(found, by_token, lengths, lengths_of(data))
    present = {token for token, _ in found}
    for lock in locks:
        if lock.is_locked and lock.token not in present:
            wrong.append((lock.path, f"The {lock.label} is locked: put {lock.token} back as it was."))
    return whole, wrong


def lengths_of(data: Any, path: Path = ()) -> dict[Path, int]:
    """Return the length of every list in ``data`` by its path."""
    if isinstance(data, dict):
        return {at: n for name, inner in data.items() for at, n in lengths_of(inner, (*path, name)).items()}
    if isinstance(data, list):
        inside = {at: n for index, inner in enumerate(data) for at, n in lengths_of(inner, (*path, index)).items()}
        return {path: len(data)} | inside
    return {}


def pointer(path: Path) -> str:
    """Return a path as a JSON pointer."""
    return pointers.join(path)


def is_locked_name(path: Path) -> bool:
    """Whether a value under these names is never to be changed by hand: card data and credentials."""
    names = [part for part in path if isinstance(part, str)]
    return any(keys.rule(name) in (Rule.CARD, Rule.CVV) or not _LOCKED_WORDS.isdisjoint(_words(name)) for name in names)


def may_be_added(path: Path, *, is_purchase: bool) -> bool:
    """Whether a field may be added, or filled, under a name that is locked where it has a value."""
    return is_purchase and len(path) == 2 and path[0] == "payment" and path[1] in ADDABLE


def _concealed(value: Any, shown: Any, path: Path, found: list[Lock], used: Counter[str], *, is_purchase: bool) -> Any:
    if path == MERCHANT and is_purchase and value not in (None, ""):
        return _taken(value, path, found, used, is_locked=True)
    if isinstance(value, dict) and isinstance(shown, dict) and list(value) == list(shown):
        if not any(_LOOKS.search(name) for name in value):
            return {
                name: _concealed(inner, shown[name], (*path, name), found, used, is_purchase=is_purchase)
                for name, inner in value.items()
            }
    elif isinstance(value, list) and isinstance(shown, list) and len(value) == len(shown):
        return [
            _concealed(inner, shown[index], (*path, index), found, used, is_purchase=is_purchase)
            for index, inner in enumerate(value)
        ]
    elif not isinstance(value, dict | list) and _is_open(value, shown):
        return value
    return _taken(value, path, found, used, is_locked=is_locked_name(path))


def _is_open(value: Any, shown: Any) -> bool:
    if isinstance(value, str) and _LOOKS.search(value):
        return False
    return type(plain(value)) is type(shown) and bool(plain(value) == shown)


def _taken(value: Any, path: Path, found: list[Lock], used: Counter[str], *, is_locked: bool) -> str:
    label = _label(path)
    used[label] += 1
    number = f" {used[label]}" if used[label] > 1 else ""
    token = f"‹{'locked' if is_locked else 'hidden'}: {label}{number}›"
    found.append(Lock(path, token, label, is_locked, value))
    return token


def _label(path: Path) -> str:
    name = next((part for part in reversed(path) if isinstance(part, str)), "value")
    words = _LABELS.get(name) or " ".join(_words(name)) or "value"
    return storable.text(re.sub(r"[‹›\"\\]", "", words), 40) or "value"


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name[:200])]


def _misplaced(
    found: list[tuple[str, Path]], by_token: dict[str, Lock], before: dict[Path, int], after: dict[Path, int]
) -> Iterator[tuple[Path, str]]:
    """Yield what stands twice, elsewhere, or in another order than before."""
    count = Counter(token for token, _ in found)
    last: dict[tuple[str, ...], Path] = {}
    order = {token: place for place, token in enumerate(by_token)}
    for token, path in sorted(found, key=lambda one: order[one[0]]):
        lock, pattern = by_token[token], tuple("*" if isinstance(part, int) else part for part in path)
        if count[token] > 1:
            yield path, f"{token} stands in more than one place."
        elif not _may_stand(lock.path, path, before, after) or last.get(pattern, ()) > path:
            yield path, f"{token} belongs to another place: put it back."
        last[pattern] = path


def _may_stand(was: Path, path: Path, before: dict[Path, int], after: dict[Path, int]) -> bool:
    """Whether a value is where it was, or only moved along since its list is longer or shorter now."""
    if len(was) != len(path):
        return False
    for depth, (one, other) in enumerate(zip(was, path, strict=True)):
        if one == other:
            continue
        if isinstance(one, str) or isinstance(other, str):
            return False
        if before.get(was[:depth]) == after.get(path[:depth]):
            return False
    return True
