"""What was changed between two documents, and how that may be shown and kept: never a value that redaction hides. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from responses import redaction
from responses.correcting import documents, locks
from responses.correcting.locks import Path
from responses.ordergroove import storable

MISSING = object()
LONGEST = 200
MOST = 200
_PARTS = 60


class Change(msgspec.Struct, frozen=True):
    """One change as it may be shown; ``before`` or ``after`` is ``None`` where nothing stood, or stands, there."""

    path: str
    before: str | None
    after: str | None


class Found(msgspec.Struct, frozen=True):
    """One change with its values: ``before`` has placeholders, ``after`` is what somebody typed."""

    path: Path
    before: Any
    after: Any

    def __repr__(self) -> str:
        return f"Found({len(self.path)} steps)"


def between(before: Any, after: Any, path: Path = ()) -> list[Found]:
    """Return what differs, the deepest places that tell it. Elements of a list are compared from both its ends."""
    if documents.same(before, after):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        found = (between(before.get(name, MISSING), after.get(name, MISSING), (*path, name)) for name in names)
        return [one for inner in found for one in inner]
    if isinstance(before, list) and isinstance(after, list):
        return _of_lists(before, after, path)
    return [Found(path, before, after)]


def shown(one: Found) -> Change:
    """Return a change as it may be shown and kept."""
    parts = tuple(storable.text(redaction.of_id(part), _PARTS) if isinstance(part, str) else part for part in one.path)
    return Change(locks.pointer(parts), _words(one.before), _words(_redacted(one.path, one.after)))


def is_for_others(one: Found) -> bool:
    """Whether a change holds nothing that belongs to one person only."""
    before = one.before is MISSING or documents.same(_redacted(one.path, one.before), locks.plain(one.before))
    return before and (one.after is MISSING or documents.same(_redacted(one.path, one.after), locks.plain(one.after)))


def leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every single value in ``value`` with its whole path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves((*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves((*path, index), inner)
    elif value is not MISSING:
        yield path, value


def written(value: Any) -> str | None:
    """Return a value as one short text."""
    return _words(value)


def _of_lists(before: list[Any], after: list[Any], path: Path) -> list[Found]:
    start, most = 0, min(len(before), len(after))
    while start < most and documents.same(before[start], after[start]):
        start += 1
    end = 0
    while end < most - start and documents.same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    found = []
    for index in range(max(len(old), len(new))):
        one = old[index] if index < len(old) else MISSING
        other = new[index] if index < len(new) else MISSING
        found += between(one, other, (*path, start + index))
    return found


def _redacted(path: Path, value: Any) -> Any:
    """Return a value as it may be shown where it stands: its names decide."""
    if value is MISSING:
        return value
    tree: Any = locks.plain(value)
    for part in reversed(path):
        tree = {part: tree} if isinstance(part, str) else [tree]
    if not isinstance(tree, dict | list):
        return tree
    tree = redaction.of_data(tree).value
    for _ in path:
        tree = next(iter(tree.values())) if isinstance(tree, dict) else tree[0]
    return tree


def _words(value: Any) -> str | None:
    if value is MISSING:
        return None
    if isinstance(value, str):
        return storable.text(value, LONGEST)
    if isinstance(value, dict | list):
        return storable.text(" ".join(documents.pretty(value).split()), LONGEST)
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )
