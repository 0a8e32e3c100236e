"""A new API token: what it is for, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "A year", "never": "Until it is revoked"}


class TokenForm(forms.Form):
    """A token for a script of one's own."""

    name = forms.CharField(
        label="Name", max_length=120, help_text="Which script will use it, for example “weekly report”."
    )
    lifetime = forms.ChoiceField(label="Works for", choices=LIFETIMES.items(), initial="90")

    def expires_at(self, now: datetime) -> datetime | None:
        """When it ends; ``None`` for never. Only of a valid form."""
        days = self.cleaned_data["lifetime"]
        return None if days == "never" else now + timedelta(days=int(days))
