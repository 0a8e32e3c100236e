"""Redacts decoded JSON in place: dicts, lists, and what stands in them. Without recursion, however deep it is."""

from __future__ import annotations

import re
from typing import Any

from responses.redaction import keys, leaves
from responses.redaction.keys import Rule
from responses.redaction.state import CARD, EMAIL, MASK, State

_UNKNOWN = Rule.UNKNOWN
_LONG_NUMBER = re.compile(r"\d{13}")
_SHORT = 13
"""No card number is shorter, so a short text of letters and digits needs no look."""


def walk(root: dict[Any, Any] | list[Any], state: State, mode: int = leaves.OPEN) -> int:
    """Redacts ``root`` and everything below it. Returns how many fields it met, to notice fields given twice."""
    rules, digits, signs, hide = keys.FIXED, state.digits, leaves.SIGNS, state.hidden.add
    long_number = _LONG_NUMBER.search
    is_simple, may_echo = not (digits or state.is_encoded), bool(state.known)
    # Of what is masked anyway nothing is left to find out: always so in an answer.
    knows_enough = state.has_clear_card and not state.is_encoded
    stack: list[tuple[Any, int]] = [(root, mode)]
    fields = 0
    while stack:
        node, mode = stack.pop()
        if type(node) is list:
            _list(node, mode, state, stack)
            continue
        fields += len(node)
        hidden, masked, inner = leaves.TABLES[mode]
        has_odd = False
        for key, value in node.items():
            try:
                rule = rules[key]
            except KeyError:
                rule = _rule(key, node)
                has_odd |= type(key) is not str or not keys.is_plain(key)
            if value is None:
                continue
            kind = type(value)
            if kind is str:
                # Most values are short words, numbers and hexadecimal ids: nothing can hide in them.
                if value.isalnum():
                    is_plain = len(value) < _SHORT or (value.islower() and not (digits and long_number(value)))
                else:
                    is_plain = len(value) < _SHORT and value.replace(".", "", 1).isdigit()
                if hidden[rule]:
                    is_plain = is_plain or (knows_enough and value[:1].isalnum())
                    is_plain = is_plain or (is_simple and len(value) < 20 and signs(value) is None)
                    if is_plain and value and masked[rule]:
                        hide(value)
                        node[key] = MASK
                    else:
                        node[key] = leaves.text(value, rule, mode, state)
                elif may_echo or not is_plain:
                    node[key] = leaves.text(value, rule, mode, state)
            elif kind is dict or kind is list:
                if value:
                    stack.append((value, inner[rule]))
            elif hidden[rule] or (digits and kind is not bool):
                node[key] = leaves.value(value, rule, mode, state)
        if has_odd:
            _rename(node, mode, state)
    return fields


def _rule(key: object, node: dict[Any, Any]) -> Rule:
    return keys.by_neighbours(key, keys.rule(key), node) if type(key) is str else Rule.UNKNOWN


def _list(node: list[Any], mode: int, state: State, stack: list[tuple[Any, int]]) -> None:
    rule = _rule_of_pair(node) if len(node) == 2 else _UNKNOWN
    hidden = leaves.IS_HIDDEN[mode][rule]
    for index, value in enumerate(node):
        if index == 0 and rule is not _UNKNOWN:
            continue
        kind = type(value)
        if kind is dict or kind is list:
            stack.append((value, mode))
        elif kind is str:
            if hidden or state.known or not (value.isalnum() and len(value) < _SHORT):
                node[index] = leaves.text(value, rule, mode, state)
        elif value is not None and kind is not bool:
            node[index] = leaves.value(value, rule, mode, state)


def _rule_of_pair(pair: list[Any]) -> Rule:
    """The rule of ``["first_name", "Ada"]``; two names in a list, say of missing fields, are no pair."""
    name, value = pair
    if type(name) is not str or not keys.is_plain(name) or (rule := keys.rule(name)) < Rule.MASK:
        return Rule.UNKNOWN
    return Rule.UNKNOWN if type(value) is str and keys.rule(value) >= Rule.MASK else rule


def _rename(node: dict[Any, Any], mode: int, state: State) -> None:
    """Names that do not look like names may be data themselves: a product id stays, a card number or an address not."""
    fields = [(key, name(key, mode, state), value) for key, value in node.items()]
    if all(key == shown for key, shown, _ in fields):
        return
    node.clear()
    for _, shown, value in fields:
        node[_free(shown, node)] = value


def name(key: object, mode: int, state: State) -> str:
    """A name that may be shown."""
    if type(key) is not str:
        return str(leaves.value(key, Rule.UNKNOWN, mode, state))
    if keys.is_plain(key):
        return key
    shown = state.clean(key, state, is_id=True)
    if (
        leaves.IS_HIDDEN[mode][Rule.UNKNOWN]
        and not shown.isalnum()
        and shown not in (CARD, EMAIL)
        and mode & 7 >= leaves.HIDDEN
    ):
        return MASK
    return shown


def _free(key: str, taken: dict[str, Any]) -> str:
    """Two names that became the same mark must not hide each other."""
    if key not in taken:
        return key
    number = 2
    while f"{key} {number}" in taken:
        number += 1
    return f"{key} {number}"
