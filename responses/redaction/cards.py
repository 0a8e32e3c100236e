"""Finds clear card numbers by issuer, length and Luhn digit, in any text; never decides what happens to them.

Opaque ids are digits too, and one in ten passes Luhn by chance. So a number counts only when its first digits and
its length are those of an issuer; and where the context says "id" (an order, a product, an EAN barcode, a path
segment), only in the shapes that nearly every card has: 15 digits of Amex, or 16 of the large issuers.
"""

from __future__ import annotations

import re

# What may stand between two digits of one number: blanks, dashes, dots, invisible characters. Not comma, colon, quote
# or slash: those separate numbers.
_BETWEEN = r"[ \t\-._+\x00-\x08\xa0\xad\u2000-\u2015\u2022\u202f\u205f\u2060\u3000\ufeff]"
_RUN = re.compile(rf"\d(?:{_BETWEEN}{{0,3}}\d){{12,}}")
_CONTIGUOUS = re.compile(r"\d{13}")
_GROUP = re.compile(r"\d+")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_MANY_GROUPS = 40
"""No card number is written in so many groups; a longer run is searched as one number."""

# First digits of the issuers, with the lengths of their numbers.
_ISSUERS = (
    (re.compile("4"), frozenset((13, 16, 19))),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), frozenset((16,))),  # Mastercard
    (re.compile("3[47]"), frozenset((15,))),  # American Express
    (re.compile("6011|64[4-9]|65|622"), frozenset((16, 17, 18, 19))),  # Discover
    (re.compile("30[0-5]|3095|3[689]"), frozenset((14, 16, 17, 18, 19))),  # Diners Club
    (re.compile("35(?:2[89]|[3-8])"), frozenset((16, 17, 18, 19))),  # JCB
    (re.compile("62|81"), frozenset((16, 17, 18, 19))),  # UnionPay
    (re.compile("50|5[6-9]|6[03789]"), frozenset((13, 14, 15, 16, 17, 18, 19))),  # Maestro, Elo, RuPay, Hipercard
    (re.compile("220[0-4]|9792"), frozenset((16, 17, 18, 19))),  # Mir, Troy
)
_COMMON = re.compile(
    r"4\d{15}|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
)
_COMMON_AHEAD = re.compile(f"(?=({_COMMON.pattern}))")

# The digit classes of a whole body, for `may_hold`: digits, dots, and nothing of what else may stand between digits.
_CLASSES = bytes(48 if 48 <= byte <= 57 else 46 if byte == 46 else 120 for byte in range(256))
_DROPPED = b" \t-_+\x00\x01\x02\x03\x04\x05\x06\x07\x08"
_THIRTEEN = b"0" * 13
# Dots between digits are common (prices, session ids, versions): only the groupings that cards are written in count.
_DOTTED = (b"0000.0000.0000", b".000000.0000x", b".000000.00000x")


def may_hold(raw: bytes) -> bool:
    """Whether a card number can stand in these bytes: a filter of a few microseconds, which errs towards yes.

    Where characters are escaped or not ASCII (other digits and blanks exist), the answer is always yes.
    """
    if not raw.isascii() or b"\\" in raw or b"%" in raw or (b"&" in raw and b"&#" in raw):
        return True
    classes = raw.translate(_CLASSES, _DROPPED)
    return _THIRTEEN in classes or (b".0000" in classes and any(map((classes + b"x").__contains__, _DOTTED)))


def spans(text: str, *, is_id: bool = False) -> list[tuple[int, int]]:
    """Where clear card numbers stand in a text, separators included, in order."""
    if len(text) < 13 or (_CONTIGUOUS if text.isalnum() else _RUN).search(text) is None:
        return []
    found: list[tuple[int, int]] = []
    for run in _RUN.finditer(text):
        groups = [(group.start(), group.end()) for group in _GROUP.finditer(text, run.start(), run.end())]
        if is_id and len(groups) == 1:
            found += _common_only(text, *groups[0])
        else:
            found += _in_groups(text, groups)
    return found


def mask(text: str, replacement: str, *, is_id: bool = False) -> tuple[str, bool]:
    """The text with ``replacement`` for each card number, and whether there was one."""
    found = spans(text, is_id=is_id)
    if not found:
        return text, False
    parts: list[str] = []
    at = 0
    for start, end in found:
        parts += (text[at:start], replacement)
        at = end
    return "".join(parts) + text[at:], True


def is_card(digits: str) -> bool:
    """Whether bare digits are a card number: issuer, length, Luhn."""
    length = len(digits)
    return any(
        length in lengths and pattern.match(digits) is not None for pattern, lengths in _ISSUERS
    ) and _passes_luhn(digits)


def _common_only(text: str, start: int, end: int) -> list[tuple[int, int]]:
    digits = _ascii(text[start:end])
    return [(start, end)] if _COMMON.fullmatch(digits) is not None and _passes_luhn(digits) else []


def _in_groups(text: str, groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Card numbers that begin and end with a group; else those that are glued to other digits."""
    if len(groups) > _MANY_GROUPS:
        return _inside(text, groups)
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(groups):
        last = _card_from(text, groups, first)
        if last is not None:
            found.append((groups[first][0], groups[last][1]))
            first = last
        elif groups[first][1] - groups[first][0] >= 17:
            found += _inside(text, [groups[first]])
        first += 1
    return found or (_inside(text, groups) if len(groups) > 1 else found)


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of a card number that begins with group ``first``."""
    digits = ""
    for last in range(first, len(groups)):
        start, end = groups[last]
        digits += _ascii(text[start:end])
        if len(digits) > 19:
            return None
        # One point is a decimal number, not a card.
        is_decimal = last == first + 1 and text[groups[first][1] : start] == "."
        if len(digits) >= 13 and not is_decimal and is_card(digits):
            return last
    return None


def _inside(text: str, groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Card numbers of the common shapes that are glued to other digits, an expiry date for example.

    Where blanks stand between the digits, they must stand as on a card: several numbers in a row are no card.
    """
    digits = _ascii("".join(text[start:end] for start, end in groups))
    places = [place for start, end in groups for place in range(start, end)]
    found: list[tuple[int, int]] = []
    done = 0
    for match in _COMMON_AHEAD.finditer(digits):
        first, end = match.span(1)
        if first >= done and (len(groups) > _MANY_GROUPS or _is_grouped(places[first:end])) and _passes_luhn(match[1]):
            done = end
            found.append((places[first], places[done - 1] + 1))
    return found


def _is_grouped(places: list[int]) -> bool:
    """Whether digits at these places stand together, or in the groups that are printed on cards."""
    breaks = tuple(at for at in range(1, len(places)) if places[at] != places[at - 1] + 1)
    return breaks in ((), (4, 8, 12), (4, 10))


def _ascii(digits: str) -> str:
    """Digits of any script as ASCII ones, one for one."""
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def _passes_luhn(digits: str) -> bool:
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0
