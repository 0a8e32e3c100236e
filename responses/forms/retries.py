"""When what failed is sent again: one group of fields for each class of failure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms

from responses.ordergroove.schedules import (
    DEFAULTS,
    LEAST_AFTER_SERVER_ERROR,
    LONGEST_WAIT,
    MOST_SENDS,
    MOST_TIMES,
    Schedules,
)

_MINUTES = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_LEAST_FIRST = {"locked": 1, "limited": 1, "safe": LEAST_AFTER_SERVER_ERROR}


def _number(label: str, least: int, most: int, help_text: str = "") -> forms.IntegerField:
    # The limits are asked of the schedules, whose words name them; the attributes only help to type.
    attributes = {"min": least, "max": most, "autocomplete": "off"}
    return forms.IntegerField(label=label, help_text=help_text, widget=forms.NumberInput(attrs=attributes))


class SchedulesForm(forms.Form):
    """All schedules of an integration, checked by the schedules themselves."""

    purchase_times = forms.CharField(
        label="Minutes after the first failure",
        required=False,
        max_length=120,
        help_text=f"Separated by commas, at most {MOST_TIMES}, each at least a minute later than the one before.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )
    purchase_after_a_day = forms.BooleanField(label="Once more when 24 hours are over", required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, schedules: Schedules) -> None:
        super().__init__(data, initial=_initial_of(schedules))
        for name, least in _LEAST_FIRST.items():
            self.fields[f"{name}_first"] = _number("First wait, in seconds", least, LONGEST_WAIT)
            self.fields[f"{name}_cap"] = _number("Longest wait, in seconds", least, LONGEST_WAIT)
            self.fields[f"{name}_most"] = _number("At most so many times", 0, MOST_SENDS, "0: never by itself.")
        self.fields["safe_within"] = _number("Given up after so many minutes", 5, 24 * 60)

    def group(self, name: str) -> list[forms.BoundField]:
        """The fields of one class that are no check box, in the order of its settings."""
        fields = getattr(DEFAULTS, name).__struct_fields__
        return [self[f"{name}_{field}"] for field in fields if field != "after_a_day"]

    def clean_purchase_times(self) -> list[int]:
        words = [word for word in re.split(r"[,;\s]+", self.cleaned_data["purchase_times"]) if word]
        if not all(_MINUTES.fullmatch(word) for word in words):
            raise forms.ValidationError("Write numbers of minutes, separated by commas, for example 1, 3, 9.")
        return [round(float(word) * 60) for word in words]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for problem in Schedules.problems(self.wanted()):
            name, _, words = problem.partition(": ")
            self.add_error(name.replace(".", "_", 1), f"{words[:1].upper()}{words[1:]}")
        return cleaned

    def wanted(self) -> dict[str, dict[str, Any]]:
        """What was entered, in the form in which it is stored. A field that could not be read is left out."""
        found: dict[str, dict[str, Any]] = {}
        for name in Schedules.__struct_fields__:
            part = {
                field: self.cleaned_data[f"{name}_{field}"]
                for field in getattr(DEFAULTS, name).__struct_fields__
                if f"{name}_{field}" in self.cleaned_data
            }
            if "within" in part:
                part["within"] *= 60
            # Without all of its fields a class cannot be judged: the missing one has its own complaint already.
            if len(part) == len(getattr(DEFAULTS, name).__struct_fields__):
                found[name] = part
        return found


def _initial_of(schedules: Schedules) -> dict[str, Any]:
    values = {
        f"{name}_{field}": value
        for name in schedules.__struct_fields__
        for field, value in msgspec.to_builtins(getattr(schedules, name)).items()
    }
    values["purchase_times"] = ", ".join(f"{time / 60:.8g}" for time in schedules.purchase.times)
    values["safe_within"] = f"{schedules.safe.within / 60:.8g}"
    return values
