"""What a person sends from the editor: the text, single values of it, why, and what they do with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from responses.correcting import fields

DEEDS = ("check", "send", "try", "drop")
MOST_VALUES = 100
LONGEST_VALUE = 20_000


class CorrectionForm(forms.Form):
    """The editor's form. ``nonce`` makes a form that is sent twice one send; ``saw`` is what the request was then."""

    deed = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    text = forms.CharField(required=False, strip=False)
    nonce = forms.CharField(max_length=60)
    saw = forms.CharField(max_length=120, required=False)
    reason = forms.CharField(max_length=300, required=False)
    staging = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def clean_text(self) -> str:
        """Give lines their one end again: a browser sends them with two characters."""
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        """Put the single values that were changed into the text."""
        cleaned: dict[str, Any] = super().clean() or {}
        assert isinstance(self.data, QueryDict)
        rows = zip(*(self.data.getlist(name)[:MOST_VALUES] for name in ("path", "was", "value")), strict=False)
        text = cleaned.get("text", "")
        for path, was, value in rows:
            if value != was and len(value) <= LONGEST_VALUE:
                text = fields.put(text, path, value)
        cleaned["text"] = text
        cleaned["overrides"] = tuple(code[:40] for code in self.data.getlist("override")[:20])
        return cleaned
