"""Credentials, which are only written, and who repeats what failed; keys, and the password that allows a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from responses.models import Integration
from responses.sending import credentials

_RETRIES = [
    (
        Integration.Retry.MONITOR.value,
        "The monitor: it sends what failed for a passing reason again, by itself, with these credentials",
    ),
    (Integration.Retry.CALLER.value, "Our own systems repeat what failed for a passing reason"),
    (Integration.Retry.NEVER.value, "Nobody: people decide, one by one"),
]


class WrittenOnly(forms.TextInput):
    """A field that never shows what was sent in it. No password field: browsers would offer to keep it."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false"})

    def format_value(self, value: Any) -> None:
        """Nothing is written into the page."""


class CredentialsForm(forms.Form):
    """An empty key leaves the one that is kept. Who retries must be chosen, not overlooked, in production."""

    api_key = forms.CharField(
        label="API key (x-api-key)", required=False, max_length=600, strip=False, widget=WrittenOnly
    )
    hash_key = forms.CharField(
        label="Hash key (HMAC signature)", required=False, max_length=600, strip=False, widget=WrittenOnly
    )
    retry_by = forms.ChoiceField(
        label="Who sends a failed request again?",
        choices=_RETRIES,
        widget=forms.RadioSelect,
        help_text=(
            "One of them, never two: two that repeat the same order are the commonest way to create it twice. Before you"
            " choose the monitor, switch the repeating off in your own systems."
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, integration: Integration) -> None:
        is_open = integration.is_production and not integration.has_credentials
        super().__init__(data, initial={} if is_open else {"retry_by": integration.retry_by})
        self._has_credentials = integration.has_credentials
        for name, last4, is_kept in (
            ("api_key", integration.api_key_last4, bool(integration.api_key_sealed)),
            ("hash_key", integration.hash_key_last4, bool(integration.hash_key_sealed)),
        ):
            kept = f"Kept, ends in {last4}. Leave empty to keep it." if last4 else "Kept. Leave empty to keep it."
            self.fields[name].help_text = kept if is_kept else "Not given yet."

    def _key(self, name: str) -> str:
        value: str = self.cleaned_data[name].strip()
        if not value:
            return ""
        try:
            return credentials.checked(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_api_key(self) -> str:
        return self._key("api_key")

    def clean_hash_key(self) -> str:
        return self._key("hash_key")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        has_credentials = self._has_credentials or cleaned.get("api_key") or cleaned.get("hash_key")
        if cleaned.get("retry_by") == Integration.Retry.MONITOR and not has_credentials and not self.errors:
            self.add_error("retry_by", "The monitor can send nothing without credentials: give a key as well.")
        return cleaned


class KeyForm(forms.Form):
    """A new intake key."""

    name = forms.CharField(
        label="Name", required=False, max_length=120, help_text="Which service will use it, for example “checkout”."
    )
    may_retry = forms.BooleanField(
        label="What it reports may be sent again by the monitor",
        required=False,
        help_text=(
            "It counts where the monitor retries. Leave it out for a key that many can read: whoever has the key could"
            " make the monitor send in your name."
        ),
    )
