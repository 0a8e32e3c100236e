"""Channels: what kind, where to, what they hear about, how often they are told, and who gets it while they are down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from responses.alerting import setup
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import TargetError
from responses.models import Channel, Integration

THIS, EVERY = "this", "every"


class _Habits(forms.Form):
    """What may be changed of every channel."""

    name = forms.CharField(
        label="Name", required=False, max_length=120, help_text="What the pages call it, for example “On call”."
    )
    hourly_cap = forms.IntegerField(
        label="Messages an hour, at most",
        required=False,
        min_value=1,
        max_value=setup.MOST_AN_HOUR,
        initial=setup.DEFAULT_CAP,
        help_text="The rest is counted in one message (“… and 37 more”). What is worse than all before goes out anyway.",
    )
    fallback = forms.ModelChoiceField(
        label="While it does not work",
        queryset=Channel.objects.none(),
        required=False,
        empty_label="Its messages wait",
        help_text="Where its messages go as well after three failures in a row.",
    )

    def clean_hourly_cap(self) -> int:
        given: int | None = self.cleaned_data["hourly_cap"]
        return setup.DEFAULT_CAP if given is None else given

    def point_out(self) -> None:
        """Let the browser go to the first field that was refused: on a phone it is far down."""
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                return

    def choose_fallback(self, integration: Integration | None, *, but: Channel | None = None) -> None:
        """Offer the channels that may stand in."""
        found = setup.stand_ins(integration)
        field = self.fields["fallback"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = found if but is None else found.exclude(pk=but.pk)


class ChannelForm(_Habits):
    """A new channel. Its target is checked here once, and again whenever a message is sent."""

    kind = forms.ChoiceField(label="Kind", widget=forms.RadioSelect, initial=Channel.Kind.EMAIL.value)
    target = forms.CharField(
        label="Where to",
        max_length=4_000,
        strip=False,
        help_text="It is kept encrypted and not shown again.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    scope = forms.ChoiceField(label="Hears about", widget=forms.RadioSelect, initial=THIS)
    field_order = ("kind", "target", "name", "scope", "hourly_cap", "fallback")

    def __init__(self, data: Mapping[str, Any] | None = None, *, integration: Integration, may_hear_all: bool) -> None:
        super().__init__(data, initial={"hourly_cap": setup.DEFAULT_CAP})
        choices = [(THIS, integration.name)]
        if may_hear_all:
            choices.append((EVERY, "Every integration, later ones included"))
        kind, scope = self.fields["kind"], self.fields["scope"]
        assert isinstance(kind, forms.ChoiceField)
        assert isinstance(scope, forms.ChoiceField)
        kind.choices = [(one.value, one.label) for one in kinds.available()]
        scope.choices = choices
        if not may_hear_all:
            scope.widget = forms.HiddenInput()  # there is nothing to choose
        self._integration = integration
        self.choose_fallback(integration)

    @property
    def has_more_to_show(self) -> bool:
        """Whether something was typed into the fields that are folded away."""
        return self.is_bound and not {"hourly_cap", "fallback"}.isdisjoint(self.changed_data)

    @property
    def integration(self) -> Integration | None:
        """What the channel hears about; ``None``: every integration."""
        return None if self.cleaned_data["scope"] == EVERY else self._integration

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "target" in cleaned:
            try:
                cleaned["target"] = kinds.of(cleaned["kind"]).validate(cleaned["target"])
            except TargetError as error:
                self.add_error("target", str(error))
        fallback = cleaned.get("fallback")
        if fallback is not None and cleaned.get("scope") == EVERY and fallback.integration_id is not None:
            self.add_error("fallback", f"“{fallback.name}” may hear about one integration only.")
        return cleaned


class ChannelChangeForm(_Habits):
    """What may be changed later: to lead elsewhere, a channel is made anew."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, channel: Channel) -> None:
        initial = {"name": channel.name, "hourly_cap": channel.hourly_cap, "fallback": channel.fallback_id}
        super().__init__(data, initial=initial)
        self.choose_fallback(channel.integration, but=channel)
