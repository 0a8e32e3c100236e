"""A new channel: what kind, where to, and whose issues it hears about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from responses.alerting.channels import kinds
from responses.alerting.channels.errors import TargetError
from responses.models import Channel

THIS, EVERY = "this", "every"


class ChannelForm(forms.Form):
    """Its target is checked here once, and again whenever a message is sent."""

    kind = forms.ChoiceField(label="Kind", choices=Channel.Kind.choices, widget=forms.RadioSelect, initial="email")
    target = forms.CharField(
        label="Where to",
        max_length=4_000,
        strip=False,
        help_text="Email: up to 20 addresses, separated by commas. Slack: the address of an incoming webhook, "
        "https://hooks.slack.com/… It is kept encrypted and not shown again.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label="Name", required=False, max_length=120, help_text="What the pages call it, for example “On call”."
    )
    scope = forms.ChoiceField(label="Hears about", widget=forms.RadioSelect, initial=THIS)

    def __init__(self, data: Mapping[str, Any] | None = None, *, integration: str, may_hear_all: bool) -> None:
        super().__init__(data)
        choices = [(THIS, f"New and returning issues of {integration}")]
        if may_hear_all:
            choices.append((EVERY, "Those of every integration, later ones included"))
        scope = self.fields["scope"]
        assert isinstance(scope, forms.ChoiceField)
        scope.choices = choices
        if not may_hear_all:
            scope.widget = forms.HiddenInput()  # there is nothing to choose

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "target" in cleaned:
            try:
                cleaned["target"] = kinds.of(cleaned["kind"]).validate(cleaned["target"])
            except TargetError as error:
                self.add_error("target", str(error))
        return cleaned
