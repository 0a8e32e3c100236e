"""Recipes: what one person corrected in one request, as operations that can be applied to others. Pure.

``derive`` reads a recipe off two documents, ``apply`` does it to another one. Neither touches the documents it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from responses.correcting import operations, pointers
from responses.correcting.operations import MOVE, REMOVE, RENAME, REPLACE, SET, Op
from responses.correcting.operations import RecipeError as RecipeError

MOST_OPS = 20
"""A longer recipe is no recipe any more."""
_DEEPEST = pointers.MOST_STEPS - 10
_TELLING = 2
"""A text or number of fewer characters is too common to be recognised elsewhere."""

Steps = tuple[str, ...]


def apply(ops: Sequence[Op], document: Any) -> tuple[Any, int]:
    """Return a changed copy of ``document``, and in how many places it changed. Raises ``RecipeError``."""
    changed = copy.deepcopy(document)
    return changed, sum(operations.applied(op, changed) for op in ops)


def derive(before: Any, after: Any) -> tuple[Op, ...]:
    """Return what makes ``before`` into ``after``, as general as it still does exactly that.

    What is each order's own (``operations.OWN_FIELDS``) is left out. Nothing where they are the same, and where it
    would take more than ``MOST_OPS`` or a change of everything.
    """
    found = list(_differences(before, after, ()))
    if any(not op.path for op in found):
        return ()
    shared = [op for op in found if not operations.own_fields(op)]
    if len(shared) < len(found):
        after, _ = apply(shared, before)
    general = _general(_related(shared), _plain(shared), before, after)
    return general if len(general) <= MOST_OPS and _makes(general, before, after) else ()


def dump(ops: Iterable[Op]) -> list[dict[str, Any]]:
    """Return a recipe as JSON for a table."""
    return [operations.dumped(op) for op in ops]


def load(raw: Sequence[Mapping[str, Any]]) -> tuple[Op, ...]:
    """Return a recipe that ``dump`` gave, checked. Raises ``RecipeError``."""
    if len(raw) > MOST_OPS:
        raise RecipeError(f"A recipe has at most {MOST_OPS} operations.")
    return tuple(operations.loaded(one) for one in raw)


def touched(ops: Iterable[Op], paths: Iterable[str]) -> list[str]:
    """Return those of ``paths`` (pointers) that a recipe would change, or take away with what holds them."""
    reached = [steps for op in ops for steps in (op.steps, op.target) if steps]
    return [path for path in paths if any(pointers.touch(steps, pointers.split(path)) for steps in reached)]


def _differences(before: Any, after: Any, at: Steps) -> Iterator[Op]:
    """Return the exact operations, those within lists from the end, so that an index stays what it was."""
    if pointers.same(before, after):
        return
    is_deep = len(at) >= _DEEPEST
    if isinstance(before, dict) and isinstance(after, dict) and not is_deep:
        for key in [key for key in before if key not in after]:
            yield Op(kind=REMOVE, path=pointers.join((*at, key)), old=before[key])
        for key, value in after.items():
            if key in before:
                yield from _differences(before[key], value, (*at, key))
            else:
                yield Op(kind=SET, path=pointers.join((*at, key)), value=value)
    elif isinstance(before, list) and isinstance(after, list) and not is_deep:
        yield from _of_lists(before, after, at)
    elif _is_plain(before) and before not in (None, ""):
        yield Op(kind=REPLACE, path=pointers.join(at), old=before, value=after)
    elif before is None and not isinstance(after, dict | list):
        yield Op(kind=REPLACE, path=pointers.join(at), old=None, value=after)
    else:
        yield Op(kind=SET, path=pointers.join(at), value=after)


def _of_lists(before: list[Any], after: list[Any], at: Steps) -> Iterator[Op]:
    if len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(*pair, (*at, str(index)))
        return
    gone = _left_out(before, after)
    if gone is None:
        yield Op(kind=SET, path=pointers.join(at), value=after)
        return
    for index in reversed(gone):
        yield Op(kind=REMOVE, path=pointers.join((*at, str(index))))


def _left_out(before: list[Any], after: list[Any]) -> list[int] | None:
    """Return the indexes that were left out, ``None`` where something else has changed as well."""
    gone: list[int] = []
    for index, value in enumerate(before):
        kept = index - len(gone)
        if kept >= len(after) or not pointers.same(value, after[kept]):
            gone.append(index)
    return gone if len(before) - len(gone) == len(after) else None


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _related(ops: list[Op]) -> list[Op]:
    """Join a field that went and one that came with the same value: it was renamed, or moved."""
    gone = [op for op in ops if op.kind == REMOVE and _is_telling(op.old)]
    pairs: dict[str, Op] = {}
    for op in gone:
        came = [one for one in ops if one.kind == SET and pointers.same(one.value, op.old)]
        alike = [one for one in gone if pointers.same(one.old, op.old) and _shape(one.path) == _shape(op.path)]
        match = _partner(op, came)
        if match is None or (len(alike) > 1 and _shape(match.path)[:-1] != _shape(op.path)[:-1]):
            continue
        pairs[op.path] = match
    used = [one.path for one in pairs.values()]
    if len(used) != len(set(used)):
        return _plain(ops)
    joined = [op if op.path not in pairs else _joined(op, pairs[op.path]) for op in ops if op.path not in used]
    return _plain(joined)


def _partner(op: Op, came: Sequence[Op]) -> Op | None:
    """Return where the value of a field that went has come to: beside it, or else at one other place."""
    beside = [one for one in came if pointers.split(one.path)[:-1] == op.steps[:-1]]
    found = beside or came
    return found[0] if len(found) == 1 else None


def _joined(gone: Op, came: Op) -> Op:
    if came.steps[:-1] == gone.steps[:-1]:
        return Op(kind=RENAME, path=gone.path, to=came.steps[-1])
    return Op(kind=MOVE, path=gone.path, to=came.path)


def _plain(ops: Sequence[Op]) -> list[Op]:
    """Return them without the values that only served to find partners."""
    return [Op(kind=REMOVE, path=op.path) if op.kind == REMOVE else op for op in ops]


def _is_telling(value: Any) -> bool:
    """Whether a value is so much its own that it can be recognised elsewhere."""
    if isinstance(value, dict | list):
        return bool(value)
    return value is not None and not isinstance(value, bool) and len(str(value)) >= _TELLING


def _shape(path: str) -> Steps:
    return tuple(pointers.STAR if pointers.is_index(step) else step for step in pointers.split(path))


def _general(exact: list[Op], plain: list[Op], before: Any, after: Any) -> tuple[Op, ...]:
    """Let stars stand for indexes wherever the outcome stays the same."""
    wide = _unique([_starred(op) for op in exact])
    if _makes(wide, before, after):
        return tuple(wide)
    # Where names are swapped, say, they would go through each other: then each value is put for itself.
    ops = exact if _makes(exact, before, after) else plain
    for starred in _unique([_starred(op) for op in ops])[:MOST_OPS]:
        tried = _unique([starred if _is_same(_starred(op), starred) else op for op in ops])
        if _makes(tried, before, after):
            ops = tried
    return tuple(ops)


def _starred(op: Op) -> Op:
    path, to = pointers.join(_shape(op.path)), op.to
    if op.kind == MOVE:
        to = pointers.join(_shape(op.to))
    return Op(kind=op.kind, path=path, value=op.value, old=op.old, to=to, is_part=op.is_part)


def _unique(ops: Iterable[Op]) -> list[Op]:
    found: list[Op] = []
    for op in ops:
        if not any(_is_same(op, one) for one in found):
            found.append(op)
    return found


def _is_same(one: Op, other: Op) -> bool:
    mine, theirs = ([op.kind, op.path, op.to, op.is_part, op.value, op.old] for op in (one, other))
    return pointers.same(mine, theirs)


def _makes(ops: Sequence[Op], before: Any, after: Any) -> bool:
    try:
        for op in ops:
            operations.checked(op)
        return pointers.same(apply(ops, before)[0], after)
    except RecipeError:
        return False
