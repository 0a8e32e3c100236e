"""Redacts decoded JSON in place: dicts, lists, and what stands in them. Without recursion, however deep it is."""

from __future__ import annotations

from typing import Any

from responses.redaction import keys, leaves
from responses.redaction.keys import Rule
from responses.redaction.state import CARD, EMAIL, MASK, State

_SHORT = 13
"""No card number is shorter, so a short text of letters and digits needs no look."""


def walk(root: dict[Any, Any] | list[Any], state: State, mode: int = leaves.OPEN) -> int:
    """Redacts ``root`` and everything below it. Returns how many fields it met, to notice fields given twice."""
    stack: list[tuple[Any, int]] = [(root, mode)]
    fields = 0
    while stack:
        node, mode = stack.pop()
        if type(node) is list:
            _list(node, mode, state, stack)
        else:
            fields += len(node)
            _dict(node, mode, state, stack)
    return fields


def _dict(node: dict[Any, Any], mode: int, state: State, stack: list[tuple[Any, int]]) -> None:
    known, hidden, inner, digits = keys.get, leaves.IS_HIDDEN[mode], leaves.INNER[mode], state.digits
    odd: list[Any] = []
    for key, value in node.items():
        rule = known(key)
        if rule is None:
            rule = keys.rule(key) if type(key) is str else Rule.UNKNOWN
            if type(key) is not str or not keys.is_plain(key):
                odd.append(key)
        if rule is Rule.NAME and keys.is_of_a_product(node):
            rule = Rule.UNKNOWN
        kind = type(value)
        if kind is str:
            if hidden[rule]:
                node[key] = leaves.text(value, rule, mode, state)
            elif not (value.isalnum() and len(value) < _SHORT):
                node[key] = state.clean(value, state, is_id=rule is Rule.ID)
        elif kind is dict or kind is list:
            stack.append((value, inner[rule]))
        elif hidden[rule] or (digits and kind is not bool and value is not None):
            node[key] = leaves.value(value, rule, mode, state)
    if odd:
        _rename(node, odd, mode, state)


def _list(node: list[Any], mode: int, state: State, stack: list[tuple[Any, int]]) -> None:
    rule = Rule.UNKNOWN
    hidden = leaves.IS_HIDDEN[mode][rule]
    for index, value in enumerate(node):
        kind = type(value)
        if kind is dict or kind is list:
            stack.append((value, mode))
        elif kind is str:
            if hidden or not (value.isalnum() and len(value) < _SHORT):
                node[index] = leaves.text(value, rule, mode, state)
        elif value is not None and kind is not bool:
            node[index] = leaves.value(value, rule, mode, state)


def _rename(node: dict[Any, Any], odd: list[Any], mode: int, state: State) -> None:
    """Names that do not look like names may be data themselves: a product id stays, a card number or an address not."""
    renamed = {key: name(key, mode, state) for key in odd}
    if all(key == shown for key, shown in renamed.items()):
        return
    fields = [(renamed.get(key, key), value) for key, value in node.items()]
    node.clear()
    for key, value in fields:
        node[_free(key, node)] = value


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
