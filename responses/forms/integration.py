"""An integration's settings: what it is called, where its hosts are, how its accepted purchases are followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from responses import configuring
from responses.models import Integration
from responses.ordergroove import endpoints
from responses.sending.destinations import DestinationError

ROLE_NAMES = {
    "sc": "Purchases and customers (sc)",
    "restapi": "REST API (restapi)",
    "api": "Older API (api)",
    "om": "Order management (om)",
    "webhooks": "Webhooks (webhooks)",
}
_TEXT = RegexValidator(
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$", "Leave out control characters."
)
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


class IntegrationForm(forms.Form):
    """The settings that may be changed later."""

    name = forms.CharField(label="Name", max_length=120, validators=[_TEXT], help_text="For example “Shop EU”.")
    merchant_id = forms.CharField(
        label="Merchant id",
        required=False,
        max_length=200,
        validators=[_TEXT],
        help_text="Ordergroove's public id of the merchant. With it, a call of another merchant stands out.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    follow_schedule = forms.CharField(
        label="When we ask for the result of an accepted purchase",
        max_length=120,
        help_text="Seconds after the acceptance, separated by commas. The last gap repeats. It needs credentials.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )
    follow_minutes = forms.IntegerField(
        label="For how many minutes we keep asking",
        min_value=configuring.LEAST_FOLLOWING // 60,
        max_value=configuring.MOST_FOLLOWING // 60,
        help_text="After that the result counts as unknown, and a person decides.",
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, settings: configuring.Settings, environment: str
    ) -> None:
        super().__init__(data, initial=initial_of(settings))
        defaults = endpoints.DEFAULT_HOSTS.get(environment, {})
        for role in endpoints.ROLES:
            self.fields[f"host_{role}"] = forms.CharField(
                label=ROLE_NAMES[role],
                required=False,
                max_length=300,
                initial=settings.hosts.get(role, ""),
                widget=forms.TextInput(
                    attrs={"placeholder": defaults.get(role, "https://…"), "autocomplete": "off", "spellcheck": "false"}
                ),
            )

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """All but the hosts."""
        return [field for field in self if not field.name.startswith("host_")]

    @property
    def host_fields(self) -> list[forms.BoundField]:
        """Only the hosts: they are rarely needed."""
        return [field for field in self if field.name.startswith("host_")]

    @property
    def has_host_errors(self) -> bool:
        """Whether the hosts must be shown, because one of them is wrong."""
        return any(field.errors for field in self.host_fields)

    def clean_follow_schedule(self) -> list[int]:
        words = [word for word in re.split(r"[,\s]+", self.cleaned_data["follow_schedule"]) if word]
        if not all(_NUMBER.fullmatch(word) for word in words):
            raise forms.ValidationError("Write whole numbers of seconds, separated by commas.")
        try:
            return configuring.checked_schedule([int(word) for word in words])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for role in endpoints.ROLES:
            if url := cleaned.get(f"host_{role}", ""):
                try:
                    cleaned[f"host_{role}"] = configuring.checked_host(url)
                except DestinationError as error:
                    self.add_error(f"host_{role}", str(error))
        return cleaned

    def settings(self) -> configuring.Settings:
        """What was entered, once it is valid."""
        given = self.cleaned_data
        return configuring.Settings(
            name=given["name"],
            merchant_id=given["merchant_id"],
            hosts={role: given[f"host_{role}"] for role in endpoints.ROLES if given[f"host_{role}"]},
            follow_schedule=given["follow_schedule"],
            follow_for_seconds=given["follow_minutes"] * 60,
        )


class NewIntegrationForm(IntegrationForm):
    """The same with what is chosen once and for all."""

    slug = forms.SlugField(
        label="Short name",
        max_length=60,
        help_text="Small letters, digits and hyphens: it stands in addresses and commands, and stays.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    environment = forms.ChoiceField(
        label="Environment",
        choices=Integration.Environment.choices,
        widget=forms.RadioSelect,
        help_text="It stays: what was recorded in staging must never be sent to production.",
    )
    field_order = ("name", "slug", "environment", "merchant_id")

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if Integration.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is an integration with this short name already.")
        return slug


def settings_of(integration: Integration) -> configuring.Settings:
    """What an integration is set to now."""
    return configuring.Settings(
        name=integration.name,
        merchant_id=integration.merchant_id,
        hosts=integration.hosts,
        follow_schedule=integration.follow_schedule,
        follow_for_seconds=integration.follow_for_seconds,
    )


def initial_of(settings: configuring.Settings) -> dict[str, Any]:
    """How settings stand in the form."""
    return {
        "name": settings.name,
        "merchant_id": settings.merchant_id,
        "follow_schedule": ", ".join(str(second) for second in settings.follow_schedule),
        "follow_minutes": settings.follow_for_seconds // 60,
    }
