"""One operation of a recipe: what it may be, what it does to a document, and how it is said. Pure.

There are no patterns that could run for ever: ``replace`` compares a whole value, or looks for a plain text in one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from responses.correcting import pointers

SET, REPLACE, REMOVE, RENAME, MOVE = "set", "replace", "remove", "rename", "move"
KINDS = (SET, REPLACE, REMOVE, RENAME, MOVE)
LONGEST_PATH = 300
LONGEST_VALUE = 20_000
DEEPEST_VALUE = 20
TOO_DEEP = f"A value is nested {DEEPEST_VALUE} levels deep at most."
LONGEST_TEXT = 1_000_000
"""A text that grows beyond it by replacing is refused, in characters."""
OWN_FIELDS = ("/merchant_order_id", "/user/user_id", "/customer")
"""Each order has a value of its own there: one for all would mix them up."""


class RecipeError(ValueError):
    """Why a recipe is none, in words for people."""


class Op(msgspec.Struct, frozen=True, kw_only=True):
    """One operation at ``path``: a JSON pointer, where ``*`` is every element of a list.

    ``set`` puts ``value``; ``replace`` puts it where ``old`` stands, or where ``is_part``, for the text ``old`` within
    a text; ``rename`` gives a field the name ``to``; ``move`` brings it to the pointer ``to``.
    """

    kind: str
    path: str
    value: Any = None
    old: Any = None
    to: str = ""
    is_part: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of ``path``."""
        return pointers.split(self.path)

    @property
    def target(self) -> tuple[str, ...]:
        """The steps of where it brings a field; none for the others."""
        if self.kind == RENAME:
            return (*self.steps[:-1], self.to)
        return pointers.split(self.to) if self.kind == MOVE else ()


def checked(op: Op) -> Op:
    """Return ``op``. Raises ``RecipeError`` for one that cannot be, or must not be applied to many."""
    if op.kind not in KINDS:
        raise RecipeError(f"There is no operation {op.kind[:20]!r}: choose {', '.join(KINDS)}.")
    try:
        steps = _checked_path(op.path)
        if op.kind == MOVE:
            _check_move(steps, _checked_path(op.to))
    except ValueError as error:
        raise RecipeError(str(error)) from None
    if op.kind == RENAME and (not op.to.strip() or len(op.to) > LONGEST_PATH):
        raise RecipeError("Give the new name of the field.")
    if op.kind == RENAME and steps[-1] in (pointers.STAR, pointers.END):
        raise RecipeError("Only a field with a name can be renamed.")
    _check_values(op)
    if own := own_fields(op):
        raise RecipeError(f"{own[0]} is each order's own: it cannot be set to one value for all.")
    return op


def own_fields(op: Op) -> list[str]:
    """Return those of ``OWN_FIELDS`` that it would set to one value for all."""
    return [own for own in OWN_FIELDS if op.kind == SET and pointers.touch(op.steps, pointers.split(own))]


def _checked_path(path: str) -> tuple[str, ...]:
    if len(path) > LONGEST_PATH:
        raise ValueError(f"A field has at most {LONGEST_PATH} characters.")
    steps = pointers.split(path.strip())
    if all(step == pointers.STAR for step in steps):
        raise ValueError("Name a field: this would change everything.")
    if path != path.strip():
        raise ValueError("A field has no spaces around it.")
    return steps


def _check_move(steps: Sequence[str], target: Sequence[str]) -> None:
    last = (steps[-1], target[-1])
    if any(step in (pointers.STAR, pointers.END) or pointers.is_index(step) for step in last):
        raise ValueError("Only a field with a name can be moved, to a place with a name.")
    if steps.count(pointers.STAR) != target.count(pointers.STAR):
        raise ValueError("Both places of a move need the same number of *.")
    if tuple(target[: len(steps)]) == tuple(steps):
        raise ValueError("A field cannot be moved into itself.")


def _check_values(op: Op) -> None:
    if _is_deeper(op.value, DEEPEST_VALUE) or _is_deeper(op.old, DEEPEST_VALUE):
        raise RecipeError(TOO_DEEP)
    try:
        text = json.dumps([op.value, op.old, op.path, op.to], default=_as_float, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        raise RecipeError("The value cannot be written as JSON.") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise RecipeError("It holds a NUL character, which cannot be kept.")
    if len(text) > LONGEST_VALUE:
        raise RecipeError(f"A value of a recipe has at most {LONGEST_VALUE:,} characters.")
    if op.kind == REPLACE and isinstance(op.old, dict | list):
        raise RecipeError("Only a text, a number, true, false or null can be replaced.")
    if op.kind == REPLACE and op.is_part and not (op.old and isinstance(op.old, str) and isinstance(op.value, str)):
        raise RecipeError("To replace a part, give the text to look for, and a text for it.")


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inner)


def applied(op: Op, document: Any) -> int:
    """Do it to ``document`` itself; return in how many places that changed something. Raises ``RecipeError``."""
    found = [place for place in pointers.places(document, op.steps) if place.is_there or op.kind == SET]
    match op.kind:
        case "set":
            return sum(_put(place, op.value) for place in found)
        case "replace":
            return sum(_replaced(place, op) for place in found)
        case "remove":
            return sum(_removed(place) for place in reversed(found))
        case "rename":
            return sum(_renamed(place, op.to) for place in found)
    return sum(_moved(place, op, document) for place in found)


def _put(place: pointers.Place, value: Any) -> bool:
    if place.is_there and pointers.same(place.value, value):
        return False
    if isinstance(place.holder, list) and not place.is_there:
        place.holder.append(_copy(value))
    else:
        place.holder[place.key] = _copy(value)
    return True


def _replaced(place: pointers.Place, op: Op) -> bool:
    value = place.value
    if not op.is_part:
        return pointers.same(value, op.old) and _put(place, op.value)
    if not isinstance(value, str) or op.old not in value:
        return False
    if len(value) + value.count(op.old) * (len(op.value) - len(op.old)) > LONGEST_TEXT:
        raise RecipeError(f"{op.path} would grow beyond {LONGEST_TEXT:,} characters.")
    return _put(place, value.replace(op.old, op.value))


def _removed(place: pointers.Place) -> bool:
    del place.holder[place.key]
    return True


def _renamed(place: pointers.Place, name: str) -> bool:
    """Rename a field where it stands. One that has the new name already is not overwritten."""
    if not isinstance(place.holder, dict) or name in place.holder:
        return False
    fields = [(name if key == place.key else key, value) for key, value in place.holder.items()]
    place.holder.clear()
    place.holder.update(fields)
    return True


def _moved(place: pointers.Place, op: Op, document: Any) -> bool:
    """Move a field to a place that is free. What stands there already is not overwritten."""
    found = list(pointers.places(document, pointers.with_stars(op.target, place.stars)))
    if len(found) != 1 or found[0].is_there or not all(isinstance(one.holder, dict) for one in (place, *found)):
        return False
    found[0].holder[found[0].key] = place.holder.pop(place.key)
    return True


def _copy(value: Any) -> Any:
    """Return a value that shares nothing with the recipe."""
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def dumped(op: Op) -> dict[str, Any]:
    """Return it as JSON for a table."""
    found: dict[str, Any] = {"op": op.kind, "path": op.path}
    if op.kind in (SET, REPLACE):
        found["value"] = _plain(op.value)
    if op.kind == REPLACE:
        found["old"] = _plain(op.old)
    if op.is_part:
        found["is_part"] = True
    return found | ({"to": op.to} if op.to else {})


def loaded(raw: Mapping[str, Any]) -> Op:
    """Return what ``dumped`` gave, checked. Raises ``RecipeError``."""
    kind, path, to = (str(raw.get(name, "")) for name in ("op", "path", "to"))
    is_part = raw.get("is_part") is True
    return checked(Op(kind=kind, path=path, value=raw.get("value"), old=raw.get("old"), to=to, is_part=is_part))


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=_as_float))


def _as_float(value: Any) -> float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)
    raise TypeError


def words(op: Op) -> str:
    """Say what it does in a sentence."""
    match op.kind:
        case "set":
            return f"Set {op.path} to {shown(op.value)}."
        case "replace":
            what = f"the text {shown(op.old)} in {op.path}" if op.is_part else f"{shown(op.old)} in {op.path}"
            return f"Replace {what} by {shown(op.value)}."
        case "remove":
            return f"Remove {op.path}."
        case "rename":
            return f"Rename {op.path} to {op.to}."
    return f"Move {op.path} to {op.to}."


def shown(value: Any) -> str:
    """Write a value as JSON, cut to what a sentence can bear."""
    text = json.dumps(value, ensure_ascii=False, default=_as_float)
    return text if len(text) <= 80 else f"{text[:79]}…"
