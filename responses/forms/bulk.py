"""What a person plans for many requests: a recipe row by row, a name, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms

from responses.correcting import operations, recipes
from responses.correcting.operations import MOVE, REMOVE, RENAME, REPLACE, SET, Op
from responses.correcting.recipes import RecipeError

KINDS = (
    (SET, "Set to"),
    (REPLACE, "Replace"),
    ("part", "Replace a part"),
    (REMOVE, "Remove"),
    (RENAME, "Rename to"),
    (MOVE, "Move to"),
)
_TYPED = {"autocomplete": "off", "spellcheck": "false", "class": "form-control mono"}


class OpForm(forms.Form):
    """One operation. A row without a field is left out."""

    path = forms.CharField(label="Field", required=False, strip=True, max_length=operations.LONGEST_PATH)
    kind = forms.ChoiceField(label="What to do", choices=KINDS, required=False)
    old = forms.CharField(label="What stands there now", required=False, strip=False, max_length=20_000)
    value = forms.CharField(label="New value, name or place", required=False, strip=False, max_length=20_000)

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        for name in ("path", "old", "value"):
            self.fields[name].widget.attrs.update(_TYPED)
        self.fields["kind"].widget.attrs["class"] = "form-select"
        self.op: Op | None = None

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or self.cleaned_data
        if sent.get("path") and not self.errors:
            try:
                self.op = operations.checked(_op_of(sent))
            except RecipeError as error:
                self.add_error("path", str(error))
        elif not self.errors and (sent.get("value") or sent.get("old")):
            self.add_error("path", "Name the field: /products/*/offer.")
        return sent


class PlanForm(forms.Form):
    """Name, reason and kind of a run."""

    name = forms.CharField(label="Name", max_length=120, help_text="It is how others find the run.")
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        help_text="Needed where order or customer ids change. Everybody sees it.",
    )
    only_failed = forms.BooleanField(label="Send only the products that failed", required=False)
    nonce = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial))
        for name in ("name", "reason"):
            self.fields[name].widget.attrs.update({"class": "form-control", "autocomplete": "off"})


class OpForms:
    """The rows of a recipe. A button asks for one more: it works without script."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, ops: Iterable[Op] = ()) -> None:
        initial = [_initial_of(op) for op in ops]
        number = _number(data.get("rows", "")) + ("more" in data) if data is not None else max(1, len(initial))
        self.wants_more = data is not None and "more" in data
        self.rows = [
            OpForm(data, prefix=f"op{place}", initial=initial[place] if place < len(initial) else None)
            for place in range(min(number, recipes.MOST_OPS))
        ]

    def is_valid(self) -> bool:
        """Whether every row is an operation, or empty."""
        wrong = [row for row in self.rows if not row.is_valid()]
        return not wrong

    @property
    def recipe(self) -> tuple[Op, ...]:
        """What was entered. Ask ``is_valid`` first."""
        return tuple(row.op for row in self.rows if row.op is not None)


def value_of(typed: str) -> Any:
    """Return what a person typed as a value: JSON where it is JSON, else the text as it stands. Raises ``RecipeError``."""
    try:
        return json.loads(typed, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise RecipeError(operations.TOO_DEEP) from None
    except ValueError:
        return typed


def typed_of(value: Any) -> str:
    """Return a value as a person would type it."""
    if isinstance(value, str) and value_of(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _op_of(sent: Mapping[str, Any]) -> Op:
    kind, path = sent["kind"] or SET, sent["path"]
    if kind in (RENAME, MOVE):
        return Op(kind=kind, path=path, to=sent["value"].strip())
    if kind == REMOVE:
        return Op(kind=kind, path=path)
    if kind == "part":
        return Op(kind=REPLACE, path=path, old=sent["old"], value=sent["value"], is_part=True)
    return Op(
        kind=kind, path=path, old=value_of(sent["old"]) if kind == REPLACE else None, value=value_of(sent["value"])
    )


def _initial_of(op: Op) -> dict[str, str]:
    kind = "part" if op.is_part else op.kind
    value = op.to or (typed_of(op.value) if op.kind in (SET, REPLACE) else "")
    return {"path": op.path, "kind": kind, "old": typed_of(op.old) if op.kind == REPLACE else "", "value": value}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
