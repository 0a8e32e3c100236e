"""A rule: where it looks, from which number on, who is told, and how often. Which fields there are depends on its trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django import forms
from django.conf import settings

from responses.alerting import conditions, rules
from responses.alerting.conditions import RuleError
from responses.alerting.sentences import name_of
from responses.models import AlertRule, Channel, Integration

Trigger = AlertRule.Trigger
THIS, EVERY = "this", "every"
ALL, CHOSEN = "all", "chosen"
NEVER = "never"
REMINDERS = {
    30: "Every 30 minutes",
    60: "Every hour",
    120: "Every 2 hours",
    240: "Every 4 hours",
    480: "Every 8 hours",
    1440: "Once a day",
}
OUTCOMES = (
    ("needs_fix", "Needs a fix"),
    ("partial", "Partial"),
    ("transient", "Transient"),
    ("no_answer", "No answer"),
)
SECTIONS = (
    ("How much", ("threshold", "window_minutes")),
    ("Where", ("scope", "environment", "endpoint", "codes", "outcomes")),
    ("Who is told", ("to", "channels")),
    ("How", ("remind", "tells_end", "quiet_from", "quiet_until")),
    ("What it is called", ("name",)),
)
BY_CALL = (
    Trigger.NEW_ISSUE,
    Trigger.PARTIAL,
    Trigger.REGRESSION,
    Trigger.GROWTH,
    Trigger.LASTING,
    Trigger.EXHAUSTED,
    Trigger.REPEATED,
    Trigger.MANY,
    Trigger.AUTH,
    Trigger.UNKNOWN,
    Trigger.EXPIRING,
    Trigger.EXPIRED,
)
"""What is found in calls, so that an endpoint and codes can be named."""
BY_OUTCOME = (
    Trigger.NEW_ISSUE,
    Trigger.REGRESSION,
    Trigger.GROWTH,
    Trigger.REPEATED,
    Trigger.MANY,
    Trigger.EXPIRING,
    Trigger.EXPIRED,
)
_THRESHOLDS = {
    Trigger.GROWTH: ("Grows how many fold", "Compared with the time of the same length before."),
    Trigger.REPEATED: ("How many times", "Calls of your own systems with the same error; our attempts do not count."),
    Trigger.MANY: ("How many requests", ""),
    Trigger.AUTH: ("How many 401 and 403", ""),
    Trigger.DIGEST: ("At which hour of the day", "0 to 23, in {zone}."),
}
_WINDOWS = {
    Trigger.LASTING: "Longer than how many minutes",
    Trigger.UNKNOWN: "For how many minutes",
    Trigger.SILENCE: "For how many minutes",
    Trigger.MONITOR: "For how many minutes",
    Trigger.EXHAUSTED: "At most one message in how many minutes",
    Trigger.EXPIRED: "At most one message in how many minutes",
}


class RuleForm(forms.Form):
    """Checked here field by field, and again by the rules themselves when it is stored."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=conditions.NAME_LENGTH,
        help_text="Without one, its sentence is its name.",
    )
    scope = forms.ChoiceField(label="Which integration", widget=forms.RadioSelect)
    environment = forms.ChoiceField(
        label="Environment", required=False, choices=[("", "Both"), *Integration.Environment.choices]
    )
    endpoint = forms.CharField(
        label="Endpoint",
        required=False,
        max_length=120,
        help_text="Its name, for example POST /subscription/create. Empty: any.",
        widget=forms.TextInput(attrs={"list": "known-endpoints", "autocomplete": "off", "spellcheck": "false"}),
    )
    codes = forms.CharField(
        label="Codes",
        required=False,
        max_length=120,
        help_text="For example 400, 5xx, none; none stands for no answer. Empty: any.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    outcomes = forms.MultipleChoiceField(
        label="Outcomes",
        required=False,
        choices=OUTCOMES,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: any.",
    )
    threshold = forms.IntegerField()
    window_minutes = forms.IntegerField(label="Within how many minutes")
    to = forms.ChoiceField(label="Channels", widget=forms.RadioSelect, initial=ALL)
    channels = forms.MultipleChoiceField(label="Which", required=False, widget=forms.CheckboxSelectMultiple)
    remind = forms.ChoiceField(label="Reminds until somebody acknowledges", initial=NEVER)
    tells_end = forms.BooleanField(label="Say when it is over", required=False, initial=True)
    quiet_from = forms.TimeField(label="Quiet from", required=False)
    quiet_until = forms.TimeField(label="Quiet until", required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        trigger: AlertRule.Trigger,
        integration: Integration,
        may_be_for_all: bool,
        channels: Sequence[Channel],
        rule: AlertRule | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(trigger, rule))
        self.trigger, self.integration, self.rule = trigger, integration, rule
        self.known = {str(channel.pk): channel for channel in channels}
        self._offer(may_be_for_all=may_be_for_all)
        self._fit_to_trigger()

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Its fields in groups with a title; without those that nobody has to see."""
        titles = {"How much": "When"} if self.trigger == Trigger.DIGEST else {}
        found = [
            (
                titles.get(title, title),
                [self[name] for name in names if name in self.fields and not self[name].is_hidden],
            )
            for title, names in SECTIONS
        ]
        return [(title, fields) for title, fields in found if fields]

    def _offer(self, *, may_be_for_all: bool) -> None:
        """Fill in what can be chosen here."""
        scopes = [(THIS, self.integration.name)] if self.trigger != Trigger.MONITOR else []
        if may_be_for_all:
            scopes.append((EVERY, "Every integration, later ones included"))
        self._choices("scope", scopes)
        self.initial.setdefault("scope", scopes[0][0] if scopes else "")
        self._choices("to", [(ALL, "Every channel that hears about it"), (CHOSEN, "Only these")])
        self._choices("channels", [(key, name_of(channel)) for key, channel in self.known.items()])
        reminders = dict(REMINDERS)
        if self.rule is not None and self.rule.remind_minutes and self.rule.remind_minutes not in reminders:
            reminders[self.rule.remind_minutes] = f"Every {self.rule.remind_minutes} minutes"
        self._choices(
            "remind", [(NEVER, "Never"), *((str(minutes), words) for minutes, words in sorted(reminders.items()))]
        )
        for name in ("quiet_from", "quiet_until"):
            self.fields[name].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        words = f"In {settings.DISPLAY_TIME_ZONE}. What is found then waits for the digest, unless it is critical."
        self.fields["quiet_from"].help_text = words

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        if name == "scope" and len(choices) < 2:
            field.widget = forms.HiddenInput()  # there is nothing to choose

    def _fit_to_trigger(self) -> None:
        """Leave out what the trigger does not know, and call its numbers by what they count."""
        trigger = self.trigger
        for name in self._unknown():
            del self.fields[name]
        if bounds := conditions.THRESHOLDS.get(trigger):
            label, help_text = _THRESHOLDS[trigger]
            self._number("threshold", bounds, label, help_text.format(zone=settings.DISPLAY_TIME_ZONE))
        if bounds := conditions.WINDOWS.get(trigger):
            self._number("window_minutes", bounds, _WINDOWS.get(trigger, "Within how many minutes"), "")

    def _unknown(self) -> list[str]:
        trigger = self.trigger
        unknown = [] if trigger in conditions.THRESHOLDS else ["threshold"]
        unknown += [] if trigger in conditions.WINDOWS else ["window_minutes"]
        unknown += [] if trigger in BY_CALL else ["endpoint", "codes"]
        unknown += [] if trigger in BY_OUTCOME else ["outcomes"]
        if trigger == Trigger.DIGEST:
            unknown += ["remind", "tells_end", "quiet_from", "quiet_until"]
        has_every = any(value == EVERY for value, _ in self._scopes())
        return unknown if has_every and trigger != Trigger.MONITOR else [*unknown, "environment"]

    def _scopes(self) -> list[tuple[str, str]]:
        field = self.fields["scope"]
        assert isinstance(field, forms.ChoiceField)
        return list(field.choices)  # type: ignore[arg-type]  # they are pairs of texts

    def _number(self, name: str, bounds: conditions.Bounds, label: str, help_text: str) -> None:
        attributes = {"min": bounds.least, "max": bounds.most, "autocomplete": "off"}
        self.fields[name] = forms.IntegerField(
            label=label,
            min_value=bounds.least,
            max_value=bounds.most,
            help_text=help_text,
            widget=forms.NumberInput(attrs=attributes),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                conditions.checked(self.values())
                conditions.checked_channels(self.values())
            except RuleError as error:
                field = {"integration": "scope", "remind_minutes": "remind"}.get(error.field, error.field)
                self.add_error(field if field in self.fields else None, str(error))
        return cleaned

    def values(self) -> dict[str, Any]:
        """What was entered, as ``rules.add`` and ``rules.change`` take it."""
        given = self.cleaned_data
        is_for_all = given["scope"] == EVERY
        remind = given.get("remind", NEVER)
        return {
            "trigger": self.trigger.value,
            "name": given["name"],
            "integration": None if is_for_all else self.integration,
            "environment": given.get("environment", "") if is_for_all else "",
            "endpoint": given.get("endpoint", ""),
            "codes": given.get("codes", ""),
            "outcomes": given.get("outcomes", []),
            "threshold": given.get("threshold"),
            "window_minutes": given.get("window_minutes"),
            "every_channel": given["to"] == ALL,
            "channels": [self.known[key] for key in given["channels"]],
            "quiet_from": given.get("quiet_from"),
            "quiet_until": given.get("quiet_until"),
            "remind_minutes": None if remind == NEVER else int(remind),
            "tells_end": given.get("tells_end", False),
        }

    def candidate(self) -> tuple[AlertRule, list[Channel]]:
        """The rule that a valid form describes, not stored, and the channels chosen."""
        values = self.values()
        rule = AlertRule(**conditions.checked(values))
        return rule, conditions.checked_channels(values)


def _initial(trigger: AlertRule.Trigger, rule: AlertRule | None) -> dict[str, Any]:
    """How a rule stands in the form: the stored one, else what the product would bring."""
    if rule is None:
        shipped: Mapping[str, Any] = next((one for one in rules.DEFAULTS if one["shipped"] == trigger), {})
        rule = AlertRule(trigger=trigger, **shipped)
        return _fields_of(rule) | {"to": ALL}
    chosen = [str(channel.pk) for channel in rule.channels.all()]
    scope = EVERY if rule.integration_id is None else THIS
    return _fields_of(rule) | {"scope": scope, "to": ALL if rule.every_channel else CHOSEN, "channels": chosen}


def _fields_of(rule: AlertRule) -> dict[str, Any]:
    same = ("name", "environment", "endpoint", "codes", "outcomes", "threshold", "window_minutes", "tells_end")
    quiet: dict[str, time | None] = {"quiet_from": rule.quiet_from, "quiet_until": rule.quiet_until}
    remind = str(rule.remind_minutes) if rule.remind_minutes else NEVER
    return {name: getattr(rule, name) for name in same} | quiet | {"remind": remind}
